{#
    From staged rows to claims: what one source record says of one entity, in the standard's names.
    A claim's order is two numbers read one after the other: whether the value is damaged (1 bit), rank of its register for
    the attribute (7) and age in seconds (34); then its address, which decides ties: resource (10), batch (21) and row (32) counted down. The smallest
    wins, and its address says which row supplied the value.
#}

{#
    All claims on a base table, as one query over its staging models. `former`: as they were before this build, of the
    records that it has staged again.
#}
{% macro claims_on(table, former=false) -%}
    {%- set models = staged_models(table) -%}
    {%- for model in models -%}{%- do ref(model) -%}{%- endfor -%}
    {%- if not execute -%}{{ return('select 1 as parsing') }}{%- endif -%}
    {%- if models | length > 1023 -%}
        {{ exceptions.raise_compiler_error(
            "Of " ~ table ~ " speak " ~ models | length ~ " resources; a claim's order has room for 1,023. Remedy: let fewer resources claim " ~ table ~ ", or unite those of one register") }}
    {%- endif -%}
    {%- set attributes = attributes_of(table) -%}
    {%- set meta = table_meta(table) -%}
    {%- set columns = {} -%}
    {%- for name, attribute in attributes.items() -%}{%- do columns.update({name: type_of(attribute.type)}) -%}{%- endfor -%}
    {%- for name, type in meta.get('evidence', {}).items() -%}{%- do columns.update({name: type_of(type)}) -%}{%- endfor -%}
    {%- set branches = [] -%}
    {%- for model in models -%}
        {%- set resource = staged_resource(model) -%}
        {%- set relation = former_of(ref(model)) if former else ref(model) -%}
        {%- if not former -%}{%- set staged = column_names(relation) -%}
        {%- elif is_new(resource | join('.')) -%}{%- set staged = columns_if_there(relation).keys() | list -%}
        {%- else -%}{%- set staged = [] -%}{#- what an older build has left is not what this one staged again -#}
        {%- endif -%}
        {%- set roles = roles_of(source_node(resource[0], resource[1]), table) -%}
        {%- for role in roles if staged -%}
            {%- do branches.append(one_claim(relation, staged, resource | join('.'), models.index(model), role, roles | length > 1, columns, meta)) -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- if not branches -%}{%- do branches.append(no_claim(columns)) -%}{%- endif -%}
    {{ return(branches | join('\n\nunion all\n\n')) }}
{%- endmacro %}

{# `several`: whether this resource's rows speak of several entities of the table. #}
{% macro one_claim(relation, staged, resource, number, role, several, columns, meta) -%}
select
    '{{ resource }}' as _resource,
    _batch,
    _row,
    _record_key,
    _build,
    {{ lasting_key("'" ~ resource ~ "'", "'" ~ role.role ~ "'") }} as _claim_key,
    '{{ role.role }}' as _role,
    {{ 'true' if several else 'false' }} as _of_several,
    '{{ role.register }}' as _register,
    _recorded_at,
    _damaged,
    {{ claim_order(number) }} as _order,
    {{ number }} as _number,
    {{ role_value(staged, role.prefix, 'key_problem', 'string') }} as _key_problem,
    {{ role_value(staged, role.prefix, 'key_item', 'string') }} as _key_item,
    _defects,
    {% for name, type in columns.items() -%}
    {{ role_value(staged, role.prefix, name, type) }} as {{ name }}{{ ',' if not loop.last }}
    {% endfor -%}
from {{ relation }}
where {{ speaks(staged, role.prefix, meta) }}
{%- endmacro %}

{% macro no_claim(columns) -%}
select
    cast(null as string) as _resource,
    cast(null as string) as _batch,
    cast(null as bigint) as _row,
    cast(null as string) as _record_key,
    cast(null as string) as _build,
    cast(null as string) as _claim_key,
    cast(null as string) as _role,
    cast(null as boolean) as _of_several,
    cast(null as string) as _register,
    cast(null as timestamp) as _recorded_at,
    cast(null as boolean) as _damaged,
    cast(null as {{ order_type() }}) as _order,
    cast(null as integer) as _number,
    cast(null as string) as _key_problem,
    cast(null as string) as _key_item,
    {{ no_list(defect_type()) }} as _defects,
    {% for name, type in columns.items() -%}
    cast(null as {{ type }}) as {{ name }}{{ ',' if not loop.last }}
    {% endfor -%}
where false
{%- endmacro %}

{#
    What older versions of records that still stand said of an attribute, by registers that may supply it: the entity that
    the version itself names, the value, and its order.
#}
{% macro former_versions(table, name) -%}
    {%- set models = staged_models(table) -%}
    {%- for model in models -%}{%- do ref(model) -%}{%- endfor -%}
    {%- if not execute -%}{{ return('select 1 as parsing') }}{%- endif -%}
    {%- set key = identifier_of(table) -%}
    {%- set attribute = attributes_of(table)['former_' ~ name] -%}
    {%- set branches = [] -%}
    {%- for model in models -%}
        {%- set resource = staged_resource(model) -%}
        {%- for role in roles_of(source_node(resource[0], resource[1]), table) if role.register in attribute.authority -%}
            {%- set said = role_column(role.prefix, name) -%}
            {%- set of = role_column(role.prefix, key) -%}
            {%- do branches.append(
                "select " ~ of ~ " as " ~ key ~ ", " ~ said ~ " as " ~ name ~ ", " ~ claim_order(models.index(model)) ~ " as _order\nfrom " ~ ref(model)
                ~ "\nwhere _status = 'superseded' and _problem is null and _op <> 'delete' and " ~ of ~ " is not null and " ~ said ~ " is not null and not coalesce(_damaged and " ~ text_damaged(said) ~ ", false)"
                ~ "\n    and _record_key in (select _record_key from " ~ ref(model) ~ " where " ~ counts() ~ ")") -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- if not branches -%}
        {%- do branches.append("select cast(null as string) as " ~ key ~ ", cast(null as " ~ type_of(attribute.type) ~ ") as " ~ name ~ ", cast(null as " ~ order_type() ~ ") as _order where false") -%}
    {%- endif -%}
    {{ return(branches | join('\n\nunion all\n\n')) }}
{%- endmacro %}

{#
    What a claim is called beyond one delivery, so that a reviewer's decision on it holds: its record's key and its role; of a
    record without a key the row's address, behind ^, with which and a digit no key of several parts begins.
#}
{% macro lasting_key(resource, role) -%}
    {{ return(resource ~ " || '|' || coalesce(_record_key, '^' || _batch || '|' || cast(_row as string)) || '|' || " ~ role) }}
{%- endmacro %}

{# The staging column of a role's attribute, or null where the model has none; `type` as the engine spells it. #}
{% macro role_value(staged, prefix, name, type) -%}
    {%- set column = role_column(prefix, name) -%}
    {{ return("cast(" ~ (column if column in staged else 'null') ~ " as " ~ type ~ ")") }}
{%- endmacro %}

{#
    Whether a staged row makes a claim in this role: it counts (current, readable, not withdrawn), and any of the
    attributes that the table's meta `presence` lists is filled (a guardian who is not named is nobody).
#}
{% macro speaks(staged, prefix, meta) -%}
    {%- set filled = [] -%}
    {%- for name in meta.presence if role_column(prefix, name) in staged -%}
        {%- do filled.append(role_column(prefix, name) ~ " is not null") -%}
    {%- endfor -%}
    {{ return(counts() ~ " and (" ~ (filled | join(' or ') or 'false') ~ ")") }}
{%- endmacro %}

{# A row whose content is to be merged. #}
{% macro counts(alias='') -%}
    {%- set of = alias ~ '.' if alias else '' -%}
    {{ return(of ~ "_status = 'current' and " ~ of ~ "_problem is null and " ~ of ~ "_op <> 'delete'") }}
{%- endmacro %}

{# Order among claims of one register: newest first, then what landed last. Seconds are counted from 1900. #}
{% macro claim_order(number) -%}
    {%- set age = "17179869183 - greatest(coalesce(" ~ epoch_seconds('_recorded_at') ~ " + 2208988800, 0), 0)" -%}
    {%- set place = number * 9007199254740992 ~ " + (2097151 - cast(_batch as bigint)) * 4294967296 + (4294967295 - _row)" -%}
    {{ return(order_of(age, "(" ~ place ~ ")")) }}
{%- endmacro %}

{#
    An attribute's order: the rank of the claim's register in front. Where an attribute asks for agreement, values on which
    so many registers agree come before all others, and what contradicts the key itself comes after everything else; after
    that only a text that has lost a character, or is masked: whoever says it, one that is whole is better.
#}
{% macro attribute_order(name, attribute, key, registers) -%}
    {%- set rank_unit = 17179869184 -%}
    {%- if attribute.authority | length > 30 -%}
        {{ exceptions.raise_compiler_error(
            "The authority of " ~ name ~ " lists " ~ attribute.authority | length ~ " registers; an order has room for 30. Remedy: list those that matter; all others rank behind them") }}
    {%- endif -%}
    {%- set rank -%}
        {%- if attribute.authority -%}
        case _register_number
        {%- for register in attribute.authority %} when {{ registers.index(register) }} then {{ loop.index0 * rank_unit }}{% endfor %} else {{ 30 * rank_unit }} end
        {%- else -%}0{%- endif -%}
    {%- endset -%}
    {%- if attribute.agreement -%}
        {%- set rank = rank ~ " + case when " ~ name ~ "__agreed then 0 else " ~ 31 * rank_unit ~ " end" -%}
    {%- endif -%}
    {%- if attribute.from_key -%}
        {%- set rank = rank ~ " + case when " ~ name ~ " <> " ~ context[attribute.from_key](key) ~ " then " ~ 60 * rank_unit ~ " else 0 end" -%}
    {%- endif -%}
    {%- if attribute.text -%}
        {%- set rank = rank ~ " + case when _damaged and " ~ text_damaged(name) ~ " then " ~ 128 * rank_unit ~ " else 0 end" -%}
    {%- endif -%}
    {{ return("_order" if rank == '0' else order_after("_order", "(" ~ rank ~ ")")) }}
{%- endmacro %}

{# Registers that the standard of a table names, in order of appearance. #}
{% macro registers_of(table) -%}
    {%- set registers = [] -%}
    {%- for attribute in attributes_of(table).values() -%}
        {%- for register in attribute.authority if register not in registers -%}{%- do registers.append(register) -%}{%- endfor -%}
    {%- endfor -%}
    {{ return(registers) }}
{%- endmacro %}

{#
    Claims with what `attribute_order` asks of them: the number of their register (thirty attributes ask for it, and
    comparing texts each time took two thirds of a merge), and <attribute>__agreed where an attribute (of `names`, or any)
    is declared with `agreement`: whether at least so many registers say of the entity what the claim says.
#}
{% macro to_be_ordered(table, claims, names=none) -%}
    {%- set branches = [] -%}
    {%- for register in registers_of(table) -%}{%- do branches.append("when '" ~ register ~ "' then " ~ loop.index0) -%}{%- endfor -%}
    {%- set number = "case _register " ~ branches | join(' ') ~ " end" if branches else "cast(null as integer)" -%}
    {%- set columns, joins = ["claims.*", number ~ " as _register_number"], [] -%}
    {%- for name, attribute in attributes_of(table).items() if attribute.agreement and (names is none or name in names) -%}
        {%- do columns.append("agreed_" ~ name ~ ".entity_id is not null as " ~ name ~ "__agreed") -%}
        {%- do joins.append(
            "left join (select entity_id, said from (select distinct _entity_id as entity_id, " ~ name ~ " as said, _register from " ~ claims
            ~ " where " ~ name ~ " is not null) as said_by group by entity_id, said having count(*) >= " ~ attribute.agreement
            ~ ") as agreed_" ~ name ~ " on claims._entity_id = agreed_" ~ name ~ ".entity_id and claims." ~ name ~ " = agreed_" ~ name ~ ".said"
        ) -%}
    {%- endfor -%}
    {{ return("(select " ~ columns | join(', ') ~ " from " ~ claims ~ " as claims " ~ joins | join(' ') ~ ")") }}
{%- endmacro %}

{% macro may_supply(name, attribute, registers) -%}
    {%- set condition = name ~ " is not null" -%}
    {%- if attribute.exclusive -%}
        {%- set numbers = [] -%}
        {%- for register in attribute.authority -%}{%- do numbers.append(registers.index(register)) -%}{%- endfor -%}
        {%- set condition = condition ~ " and _register_number in (" ~ numbers | join(', ') ~ ")" -%}
    {%- endif -%}
    {{ return(condition) }}
{%- endmacro %}

{# All columns of a table's claims but those of `except`. #}
{% macro claim_columns(table, alias, except=[]) -%}
    {%- set names = ['_resource', '_batch', '_row', '_record_key', '_role', '_register', '_recorded_at', '_damaged', '_order', '_number', '_key_problem', '_key_item', '_defects'] -%}
    {%- for name in attributes_of(table) if name not in except -%}{%- do names.append(name) -%}{%- endfor -%}
    {%- set qualified = [] -%}
    {%- for name in names -%}{%- do qualified.append(alias ~ '.' ~ name) -%}{%- endfor -%}
    {{ return(qualified | join(',\n    ')) }}
{%- endmacro %}
