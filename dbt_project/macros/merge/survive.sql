{#
    Survivorship by attribute: for each entity and attribute the value of the claim with the smallest order, the
    order itself (it says where the value came from), and what the entity's row as a whole rests on.
#}

{# One row per entity: each attribute, <attribute>__order, _bits<n> (which resources speak of it), _updated_at. #}
{% macro survivors(table, identified) -%}
    {%- if not execute -%}{{ return('select * from ' ~ identified) }}{%- endif -%}
    {{ return('select * from ' ~ merged_slices() if slices_of(table) > 1 else merged(table, to_be_ordered(table, identified))) }}
{%- endmacro %}

{# Pre-hook of base tables: where there are more claims than can be merged at a time, they are merged slice by slice. #}
{% macro merge_in_slices() -%}
    {%- set table = this.identifier -%}
    {%- set identified = claims_to_merge(table) -%}
    {%- set slices = slices_of(table) -%}
    {%- if slices > 1 -%}
        {{ merge_slices(table, identified, merged_columns(table), slices) }}
    {%- endif -%}
{%- endmacro %}

{# What merging, and the governance of what is merged, reads of identified claims: a third less than they are wide. #}
{% macro merged_columns(table) -%}
    {%- set columns = ['_entity_id', '_order', '_number', '_recorded_at', '_damaged', '_register'] -%}
    {%- for name in attributes_of(table) if name != identifier_of(table) -%}{%- do columns.append(name) -%}{%- endfor -%}
    {{ return(columns) }}
{%- endmacro %}

{% macro merged(table, claims) -%}
    {%- set key = table_meta(table).key -%}
    {%- set attributes = attributes_of(table) -%}
    {%- set registers = registers_of(table) -%}
    select
        _entity_id as {{ key }},
        {% for name, attribute in attributes.items() if name != identifier_of(table) -%}
        {{ survivor(name, attribute, registers) }} as {{ name }},
        {{ survivor_order(name, attribute, registers) }} as {{ name }}__order,
        {% endfor -%}
        min(_order) as {{ key }}__order,
        {% for word in range(resource_words(table)) -%}
        {{ any_bits(bit_in_word('_number', word, 60)) }} as _bits{{ word }},
        {% endfor -%}
        max(_recorded_at) as _updated_at
    from {{ claims }} as identified
    group by _entity_id
{%- endmacro %}

{# The aggregate that picks an attribute's value from the claims of an entity. #}
{% macro survivor(name, attribute, registers) -%}
    {{ return(first_by(name, attribute_order(name, attribute, '_entity_id', registers), may_supply(name, attribute, registers))) }}
{%- endmacro %}

{# The order of the claim that `survivor` takes. #}
{% macro survivor_order(name, attribute, registers) -%}
    {{ return(
        "min(case when " ~ may_supply(name, attribute, registers) ~ " then " ~ attribute_order(name, attribute, '_entity_id', registers) ~ " end)"
    ) }}
{%- endmacro %}

{#
    The base table's columns out of `survivors`: said "none" becomes null, the key fills what nobody supplied.
    `instead`: expressions for attributes (or their <attribute>__order) that depend on more than their own claims, and
    for all that are derived.
#}
{% macro surviving_columns(table, instead={}) -%}
    {%- if not execute -%}{{ return('*') }}{%- endif -%}
    {%- set key = table_meta(table).key -%}
    {%- set entries = [] -%}
    {%- if key != identifier_of(table) %}
    survivors.{{ key }},
    {%- endif -%}
    {%- for name, attribute in attributes_of(table, derived=true).items() -%}
        {%- set order = instead.get(name ~ '__order', (key if name == identifier_of(table) else name) ~ '__order') -%}
        {%- if name in instead %}
    {{ instead[name] }} as {{ name }},
        {%- elif attribute.from_key %}
    coalesce(survivors.{{ name }}, {{ context[attribute.from_key]('survivors.' ~ key) }}) as {{ name }},
            {%- set order = "coalesce(" ~ order ~ ", " ~ key ~ "__order)" -%}
        {%- elif name != key and attribute.type in ('varchar', 'date') %}
    nullif(survivors.{{ name }}, {{ none_of(attribute.type) }}) as {{ name }},
        {%- else %}
    survivors.{{ name }},
        {%- endif -%}
        {%- if not attribute.derived_from -%}
            {%- do entries.append((name, "case when " ~ order ~ " is not null then " ~ address_of(table, order) ~ " end")) -%}
        {%- endif -%}
    {%- endfor %}
    {{ struct_of(entries) }} as _provenance,
    {{ sources_of(table) }} as _sources,
    _updated_at
{%- endmacro %}

{% macro address_type() %}{{ return('struct(resource varchar, batch varchar, "row" bigint)') }}{% endmacro %}

{# The row that an order points to: struct(resource, batch, row). #}
{% macro address_of(table, order) %}{{ return(struct_of(address_fields(table, order_low(order)))) }}{% endmacro %}

{# The same as fields, of the low number of an order. A batch's six digits are cut out of seven: padding takes twice the time. #}
{% macro address_fields(table, place) -%}
    {{ return([
        ('resource', resource_at(table, place)),
        ('batch', "substr(cast(3097151 - " ~ bits_of(place, 32, 2097151) ~ " as string), 2)"),
        ('row', "4294967295 - " ~ bits_of(place, 0, 4294967295)),
    ]) }}
{%- endmacro %}

{# The resource in an address. #}
{% macro resource_at(table, place) -%}
    {%- set branches = [] -%}
    {%- for name in resource_names(table) -%}{%- do branches.append("when " ~ loop.index0 ~ " then " ~ name) -%}{%- endfor -%}
    {{ return("case " ~ bits_of(place, 53, 1023) ~ " " ~ branches | join(' ') ~ " end") }}
{%- endmacro %}

{# All resources that speak of the entity, sorted. #}
{% macro sources_of(table) -%}
    {%- set entries = [] -%}
    {%- for resource in resource_names(table) -%}
        {%- do entries.append(if_bit('_bits' ~ (loop.index0 // 60), loop.index0 % 60, resource)) -%}
    {%- endfor -%}
    {{ return(without_nulls(list_of(entries)) if entries else no_list('varchar')) }}
{%- endmacro %}

{# Quoted names of the resources that speak of a table, in the order of their numbers. #}
{% macro resource_names(table) -%}
    {%- set names = [] -%}
    {%- for model in staged_models(table) -%}{%- do names.append("'" ~ staged_resource(model) | join('.') ~ "'") -%}{%- endfor -%}
    {{ return(names or ["''"]) }}
{%- endmacro %}

{% macro resource_words(table) %}{{ return((resource_names(table) | length + 59) // 60) }}{% endmacro %}
