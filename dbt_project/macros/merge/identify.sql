{#
    From claims to entities: by the key itself, else by what int_<table>__links found for the claim.
    A link names a claim by its address: _resource, _batch, _row, _role.
#}

{% macro same_claim(one, other) -%}
    {{ return(one ~ "._batch = " ~ other ~ "._batch and " ~ one ~ "._row = " ~ other ~ "._row and "
        ~ one ~ "._resource = " ~ other ~ "._resource and " ~ one ~ "._role = " ~ other ~ "._role") }}
{%- endmacro %}

{#
    How well a claim on a legal entity goes with a known one of the same name, the best first: 4 the same representative at
    the same address, 3 the same representative (or one of several in the field), 2 one written much alike or the same address,
    1 nothing to compare, 0 another representative elsewhere.
#}
{% macro legal_entities_agree(one, other) -%}
    {%- set here, there = one ~ ".representative_name", other ~ ".representative_name" -%}
    {%- set listed, other_listed = "'、' || " ~ here ~ " || '、'", "'、' || " ~ there ~ " || '、'" -%}
    case
        when {{ text_holds(listed, other_listed) }} or {{ text_holds(other_listed, listed) }} then case when {{ one }}.address = {{ other }}.address then 4 else 3 end
        when {{ one }}.address = {{ other }}.address then 2
        when {{ here }} is null or {{ there }} is null then 1
        when length({{ here }}) = length({{ there }}) and length({{ here }}) > 1 and levenshtein({{ here }}, {{ there }}) = 1 then 2
        else 0
    end
{%- endmacro %}

{#
    The same over all claims on the known one: what agrees settles it, and one that differs is not outweighed by those
    that say none, as who lists an entity's shareholders does.
#}
{% macro agreement_over(agrees) %}{{ return("case when max(" ~ agrees ~ ") >= 2 then max(" ~ agrees ~ ") else min(" ~ agrees ~ ") end") }}{% endmacro %}

{#
    The county of a division code, as it is called today; null for a city or province, which say too little, and for zones
    (41077x) and the rest of a city (410799), which lie within counties.
#}
{% macro county_in(code) -%}
    {%- set county = "substr(" ~ code ~ ", 1, 6)" -%}
    {%- set successors = code_table('division').get('successors') -%}
    {%- set today = "coalesce(" ~ looked_up(county, successors) ~ ", " ~ county ~ ")" if successors else county -%}
    {{ return("case when length(" ~ code ~ ") >= 6 and substr(" ~ code ~ ", 5, 2) not in ('00', '99') and substr(" ~ code ~ ", 5, 2) not between '71' and '80' then " ~ today ~ " end") }}
{%- endmacro %}

{# Whether two claims lie in one county: 1, 0, or null where one of them does not say. #}
{% macro in_one_county(one, other) -%}
    {{ return("case when " ~ county_in(one ~ '.division_code') ~ " = " ~ county_in(other ~ '.division_code') ~ " then 1 when " ~ county_in(one ~ '.division_code') ~ " <> " ~ county_in(other ~ '.division_code') ~ " then 0 end") }}
{%- endmacro %}

{# Whether a name is of a kind that one register gives once: a company's or a co-operative's, or one with its division in front (企业名称登记管理规定). #}
{% macro says_whose_it_is(name) %}{{ return("(" ~ text_has(name, '公司|合作社') ~ " or " ~ division_named_in(name) ~ " is not null)") }}{% endmacro %}

{#
    Claims of `loose` and the known legal entities with the same representative whose name is the same but for a division
    in front (企业名称登记管理规定, 6), which many leave out: 百货店 for 牧野区百货店. `in_place`: who says the shorter name also
    says that division.
#}
{% macro shortened_names(loose, claims) -%}
    select
        _resource,
        _batch,
        _row,
        _role,
        _claim_key,
        credit_code,
        coalesce(lies_in = division or (division like '%00' and substr(lies_in, 1, 4) = substr(division, 1, 4)), false) as in_place
    from (
        select
            loose._resource,
            loose._batch,
            loose._row,
            loose._role,
            loose._claim_key,
            known.credit_code,
            coalesce({{ division_before('loose.name', 'known.name') }}, {{ division_before('known.name', 'loose.name') }}) as division,
            substr(case when length(loose.name) < length(known.name) then loose.division_code else known.division_code end, 1, 6) as lies_in
        from {{ loose }} as loose
        inner join {{ claims }} as known on loose.representative_name = known.representative_name
        where
            known.credit_code is not null
            and loose.name <> known.name
            and (
                substr(known.name, greatest(length(known.name) - length(loose.name), 0) + 1) = loose.name
                or substr(loose.name, greatest(length(loose.name) - length(known.name), 0) + 1) = known.name
            )
    ) as named_alike
    where division is not null
{%- endmacro %}

{# The division that stands in `long` in front of `short`; null for anything else there. #}
{% macro division_before(short, long) %}{{ return(decode("substr(" ~ long ~ ", 1, greatest(length(" ~ long ~ ") - length(" ~ short ~ "), 0))", 'division') if execute else long) }}{% endmacro %}

{# The one value that a group has; null where it has several. #}
{% macro the_only(x) %}{{ return("case when min(" ~ x ~ ") = max(" ~ x ~ ") then min(" ~ x ~ ") end") }}{% endmacro %}

{#
    The claims that reached an entity, with _entity_id. `loose`: where those without a number are kept by themselves;
    `entities`: only those that reached one of these, by a query.
#}
{% macro identified(table, claims, links, loose=none, entities=none) -%}
    {%- if not execute -%}{{ return('select * from ' ~ claims ~ ', ' ~ links) }}{%- endif -%}
    {%- set key = identifier_of(table) -%}
select
    {{ claim_columns(table, 'claims') }},
    claims.{{ key }} as _entity_id
from {{ claims }} as claims
where
    claims.{{ key }} is not null{{ ' and claims.' ~ key ~ ' in (' ~ entities ~ ')' if entities }}
    {%- if key == 'id_number' %}
    and claims.id_number not in (select {{ element_of('candidates', 1) }}.entity_id from {{ links }} where rule = 'id_number_shared')
    {%- endif %}

union all

select
    {{ claim_columns(table, 'claims') }},
    links.entity_id as _entity_id
from {{ loose or claims }} as claims
inner join {{ links }} as links on {{ same_claim('claims', 'links') }}
where
    claims.{{ key }} is null
    and links.entity_id is not null
    {%- if entities %}
    and links.entity_id in ({{ entities }})
    {#- DuckDB looks for the values of one column while it reads, not for addresses. #}
    and claims._row in (select _row from {{ links }} where entity_id in ({{ entities }}))
    {%- endif %}
{%- endmacro %}
