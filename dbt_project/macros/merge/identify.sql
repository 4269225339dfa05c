{#
    From claims to entities: by the key itself, else by what int_<table>__links found for the claim.
    A link names a claim by its address: _resource, _batch, _row, _role.
#}

{% macro same_claim(one, other) -%}
    {{ return(one ~ "._batch = " ~ other ~ "._batch and " ~ one ~ "._row = " ~ other ~ "._row and "
        ~ one ~ "._resource = " ~ other ~ "._resource and " ~ one ~ "._role = " ~ other ~ "._role") }}
{%- endmacro %}

{# Whether two legal entities' representatives are the same (2), differ (0), or one of the two says none (1). #}
{% macro representatives_agree(one, other) -%}
    case
        when {{ one }}.representative_name = {{ other }}.representative_name then 2
        when {{ one }}.representative_name is null or {{ other }}.representative_name is null then 1
        else 0
    end
{%- endmacro %}

{#
    The same over all claims on the known one: one that agrees settles it, and one that differs is not outweighed by those
    that say none, as who lists an entity's shareholders does.
#}
{% macro agreement_over(agrees) %}{{ return("case when max(" ~ agrees ~ ") = 2 then 2 else min(" ~ agrees ~ ") end") }}{% endmacro %}

{# The claims that reached an entity, with _entity_id. #}
{% macro identified(table, claims, links) -%}
    {%- if not execute -%}{{ return('select * from ' ~ claims ~ ', ' ~ links) }}{%- endif -%}
    {%- set key = identifier_of(table) -%}
select claims.*, claims.{{ key }} as _entity_id
from {{ claims }} as claims
where claims.{{ key }} is not null

union all

select claims.*, links.entity_id as _entity_id
from {{ claims }} as claims
inner join {{ links }} as links on {{ same_claim('claims', 'links') }}
where claims.{{ key }} is null and links.entity_id is not null
{%- endmacro %}
