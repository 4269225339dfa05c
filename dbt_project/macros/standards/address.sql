{#
    Addresses: division (GB/T 2260), town or street, village or community (GB/T 10114, seed `place`), and the rest. A town or
    village is what the address goes on with, the longest name first. A join on the parent and the name's first two
    characters brings the one or two that may be meant, instead of 3,825 patterns for each row.
#}

{#
    A query over `relation`: its `keys` (column names) with division, town and village (codes or null) and rest (what stands
    behind the last that was found). `within`: a column with the code of a division, for addresses that begin with the
    town. A county of former days (seed `division`) is itself; its towns are looked for under its successor.

        located as ({{ address_parts('people', ['id_number'], 'household_address', within='household_division') }})
#}
{% macro address_parts(relation, keys, address, within=none) -%}
    {%- set given = "substr(" ~ within ~ ", 1, 6)" if within else "cast(null as string)" -%}
    {%- set begins = "substr(_rest, 1, length(_one.form)) = _one.form" -%}
    {#- A short form (刘庄 for 刘庄村) may go on as 刘庄路: it counts before a number or at the end only. -#}
    {%- set ends = "(_one.whole or " ~ text_has("substr(_rest, length(_one.form) + 1, 1)", '^[0-9村社居组队第(（-]?$') ~ ")" -%}
    with divisions as (
        select code, coalesce(successor, code) as present
        from {{ ref('division') }}
    ),

    {{ _places_by_name() }},

    read as (
        select
            {{ keys | join(', ') }},
            cast({{ address }} as string) as _text,
            {{ text_found("cast(" ~ address ~ " as string)", _division_pattern()) }} as _head,
            {{ given }} as _given
        from {{ relation }}
    ),

    begun as (
        select
            *,
            {{ decode('_head', 'division') if execute else '_head' }} as _said,
            substr(_text, length(coalesce(_head, '')) + 1) as _rest
        from read
    ),

    in_division as (
        select
            begun.{{ keys | join(', begun.') }},
            coalesce(said.code, given.code, begun._said) as _division,
            coalesce(said.present, given.present) as _present,
            _rest
        from begun
        left join divisions as given on begun._given = given.code
        {# A city alone says less than the county that is known from elsewhere. -#}
        left join divisions as said on begun._said = said.code and substr(said.code, 5, 2) <> '00'
    ),

    in_town as (
        select in_division.*, {{ first_where('places.candidates', begins) }} as _town
        from in_division
        left join places on in_division._present = places.parent and substr(in_division._rest, 1, 2) = places.head
    ),

    behind_town as (
        select
            {{ keys | join(', ') }},
            _division,
            _town.place_code as _town_code,
            case when _town is null then _rest else substr(_rest, length(_town.form) + 1) end as _rest
        from in_town
    ),

    in_village as (
        select behind_town.*, {{ first_where('places.candidates', begins ~ " and " ~ ends) }} as _village
        from behind_town
        left join places on behind_town._town_code = places.parent and substr(behind_town._rest, 1, 2) = places.head
    )

    select
        {{ keys | join(', ') }},
        _division as division,
        _town_code as town,
        _village.place_code as village,
        nullif(case when _village is null then _rest else substr(_rest, length(_village.form) + 1) end, '') as rest
    from in_village
{%- endmacro %}

{# The division whose name a text begins with; null for none. #}
{% macro division_named_in(x) %}{{ return(decode(text_found(x, _division_pattern()), 'division') if execute else x) }}{% endmacro %}

{# The county or district that an address begins with; a city alone says too little. #}
{% macro division_of_address(x) -%}
    {{ return(with_value(division_named_in(x), "case when _v not like '%00' then _v end")) }}
{%- endmacro %}

{# Any name of the table `division` at the beginning, the longest first: they come with and without province and city. #}
{% macro _division_pattern() -%}
    {%- set names = [] -%}
    {%- if execute -%}
        {%- for size in range(30, 1, -1) -%}
            {%- for word in code_table('division').words if word | length == size and not word[0].isdigit() and '(' not in word and '（' not in word -%}
                {%- do names.append(word) -%}
            {%- endfor -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return('^(' ~ names | join('|') ~ ')') }}
{%- endmacro %}

{#
    The step `places`: parent, the first two characters of a name, and the names that begin so, the longest first, as {form,
    place_code, whole}. Villages are written 刘庄村村民委员会, 刘庄村委会, 刘庄村 and 刘庄, communities 曙光社区居民委员会, 曙光社区 and 曙光.
    A form that two places of one parent share is nobody's.
#}
{% macro _places_by_name() -%}
    {%- set bare = text_replaced(text_replaced('place_name', '[(（].*$', ''), '(社区居民委员会|社区居委会|社区|村民委员会|村民委员民|居民委员会|村委会|居委会)$', '') -%}
    named_places as (
        select
            place_code,
            place_name,
            case when length(place_code) = 9 then substr(place_code, 1, 6) else substr(place_code, 1, 9) end as parent,
            case when length(place_code) = 12 then {{ text_replaced(bare, '村$', '') }} end as stem,
            case when {{ place_in('place_name', "'社区'") }} > 0 then '社区' else '村' end as kind
        from {{ ref('place') }}
    ),

    place_forms as (
        select parent, place_code, place_name as form, true as whole
        from named_places
        where stem is null
        union all
        select parent, place_code, replace(place_name, '街道', '街道办事处') as form, true as whole
        from named_places
        where stem is null and place_name like '%街道'
        union all
        select parent, place_code, replace(place_name, '街道', '办事处') as form, true as whole
        from named_places
        where stem is null and place_name like '%街道'
        union all
        select parent, place_code, stem || kind as form, true as whole
        from named_places
        where stem is not null
        union all
        select parent, place_code, stem as form, false as whole
        from named_places
        where length(stem) > 1 and not {{ text_has('stem', '[路街道巷]$') }}
    ),

    own_forms as (
        select parent, form, substr(form, 1, 2) as head, min(place_code) as place_code, min(cast(whole as integer)) = 1 as whole
        from place_forms
        group by parent, form
        having count(distinct place_code) = 1
    ),

    places as (
        select parent, head, {{ collected(struct_of([('form', 'form'), ('place_code', 'place_code'), ('whole', 'whole')]), ['-length(form)', 'form']) }} as candidates
        from own_forms
        group by parent, head
    )
{%- endmacro %}
