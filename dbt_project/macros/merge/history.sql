{#
    History: what the base tables said before. A base table's hooks keep in `<table>__before` every entity that a build
    touches as it was (`_provenance` null: it was not there); the model `history` compares that with the table of now,
    writes down what changed, and drops it in the same transaction. An entity kept already stays as it is: its build was
    killed before `history` came to it, and the older state is the one that history has not seen.
#}

{# Pre-hook of base tables: the rows about to go. In a first build there are none, and nothing is kept. #}
{% macro keep_former() -%}
    {%- if execute and keeps_builds() and load_relation(this) is not none -%}
        {%- if increments() -%}{%- do graph.update({'last row of ' ~ this.identifier: last_row(this)}) -%}{%- endif -%}
        {%- set former = former_of(this) -%}
        {%- set names = columns_if_there(this).keys() | list -%}
        {#- Kept by a build of another standard: the columns both have. -#}
        {%- set kept = columns_if_there(former) or names -%}
        {%- set shared = names | select('in', kept) | join(', ') -%}
        create table if not exists {{ former }} as select * from {{ this }} where false;
        insert into {{ former }} ({{ shared }}) select {{ shared }} from {{ this }} where {{ not_kept_yet() }}
    {%- endif -%}
{%- endmacro %}

{# Post-hook of base tables: entities that were not there before. #}
{% macro keep_newcomers() -%}
    {%- set former = former_of(this) -%}
    {%- if execute and keeps_builds() and columns_if_there(former) -%}
        {%- set key = table_meta(this.identifier).key -%}
        insert into {{ former }} ({{ key }}) select {{ key }} from {{ this }} where {{ not_kept_yet() }}
    {%- endif -%}
{%- endmacro %}

{# The entities of a base table that this build has merged. #}
{% macro merged_now(table) -%}
    {%- set before = graph.get('last row of ' ~ table) -%}
    {{ return(ref(table) if before is none else rows_after(ref(table), before)) }}
{%- endmacro %}

{% macro not_kept_yet() -%}
    {%- set key = table_meta(this.identifier).key -%}
    {%- set touched = key ~ " in (select entity_id from " ~ touched_relation(this.identifier) ~ ") and " if increments() else '' -%}
    {{ return(touched ~ key ~ " not in (select " ~ key ~ " from " ~ former_of(this) ~ ")") }}
{%- endmacro %}

{# Post-hook of history. #}
{% macro forget_former() -%}
    {%- for table in base_tables() if keeps_builds() -%}
        drop table if exists {{ former_of(api.Relation.create(schema='base', identifier=table)) }};
    {% endfor -%}
{%- endmacro %}

{#
    The changes of a base table, one row for each attribute: of what is gone all attributes, of what is new its key alone,
    else the attributes that differ. The row whose attribute is the key tells of the entity's existence.
#}
{% macro changes_in(table) -%}
    {%- set now = ref(table) -%}
    {%- if not execute -%}{{ return('select 1 as parsing') }}{%- endif -%}
    {%- set key = table_meta(table).key -%}
    {%- set kept = columns_if_there(former_of(now)) -%}
    {%- set was_there = "former._provenance is not null" -%}
    {%- set is_there = "now." ~ key ~ " is not null" -%}
    {%- set differs = [] -%}
    {%- set changes = [change(
        table, "not (" ~ was_there ~ " and " ~ is_there ~ ")", key, "case when " ~ was_there ~ " then former." ~ key ~ " end", identifier_of(table), []
    )] -%}
    {%- for name, attribute in attributes_of(table, derived=true).items() if name != key and name in kept -%}
        {%- set differ = "former." ~ name ~ " is distinct from now." ~ name -%}
        {%- if kept[name] != attribute.type -%}
            {#- Of another standard: compared as history will show it. -#}
            {%- set differ = "cast(former." ~ name ~ " as string) is distinct from cast(now." ~ name ~ " as string)" -%}
        {%- endif -%}
        {%- do differs.append(differ) -%}
        {%- do changes.append(change(
            table, was_there ~ " and (not " ~ is_there ~ " or " ~ differ ~ ")", name, "former." ~ name, none if attribute.derived_from else name,
            attribute.derived_from | select('in', kept) | list
        )) -%}
    {%- endfor -%}
select
    '{{ table }}' as table_name,
    '{{ key }}' as key_attribute,
    former.{{ key }} as entity_id,
    {{ each_of(without_nulls(list_of(changes))) }} as change
from {{ former_of(now) if kept else now }} as former
left join {{ merged_now(table) }} as now on former.{{ key }} = now.{{ key }}
where
    {% if kept -%}
    ({{ was_there }} or {{ is_there }})
    and (not ({{ was_there }} and {{ is_there }}) or {{ differs | join(' or ') or 'false' }})
    {%- else -%}
    false
    {%- endif %}
{%- endmacro %}

{#
    One change: `address` of the row that supplied the former value, and the rows whose times tell when it held: `since`
    this one, `until` the one that supplied the next value; `record`: whose later versions tell it where nothing supplied
    the next one. A derived value has the rows of the first of its `inputs` that changed; what is retired went with the
    record that its number rested on.
#}
{% macro change(table, condition, attribute, value, supplied, inputs) -%}
    {%- set none_at = "cast(null as " ~ type_of(address_type()) ~ ")" -%}
    {%- set address = "former._provenance." ~ supplied if supplied else none_at -%}
    {%- set since = address if supplied else supplied_by_changed('former', table, inputs) or none_at -%}
    {%- set until = "now._provenance." ~ supplied if supplied else supplied_by_changed('now', table, inputs) or none_at -%}
    {{ return(case_struct(condition, [
        ('attribute', "'" ~ attribute ~ "'"),
        ('value', "cast(" ~ value ~ " as string)"),
        ('address', address),
        ('since', since),
        ('until', until),
        ('record', "case when now." ~ table_meta(table).key ~ " is null then former._provenance." ~ identifier_of(table) ~ " else " ~ since ~ " end"),
    ])) }}
{%- endmacro %}

{# The address of the first attribute in `names` that is not what it was; none where they are derived themselves. #}
{% macro supplied_by_changed(side, table, names) -%}
    {%- set branches = [] -%}
    {%- for name in names if name in attributes_of(table) -%}
        {%- do branches.append("when cast(former." ~ name ~ " as string) is distinct from cast(now." ~ name ~ " as string) then " ~ side ~ "._provenance." ~ name) -%}
    {%- endfor -%}
    {{ return("case " ~ branches | join(' ') ~ " end" if branches else none) }}
{%- endmacro %}

{#
    Of the rows that changes name: the time that the register gave each, and whether another version of its record stands
    now, of what time, and whether that withdrew it.
#}
{% macro times_of_rows(model) -%}
    {%- set resource = staged_resource(model) -%}
select
    named.address,
    staged._recorded_at as recorded_at,
    standing._recorded_at as outdated_at,
    coalesce(standing._op = 'delete', false) as withdrawn
from named
inner join {{ ref(model) }} as staged
    on named.address.resource = '{{ resource | join('.') }}' and named.address.batch = staged._batch and named.address.{{ item('row') }} = staged._row
left join {{ ref(model) }} as standing
    on
        staged._record_key = standing._record_key
        {#- What was merged stood in the last build: what has taken its place since is staged by this one. #}
        and standing._build = '{{ inputs().build }}'
        and standing._status = 'current'
        and standing._problem is null
        and (staged._batch <> standing._batch or staged._row <> standing._row)
{%- endmacro %}

{# Since when the registers have known the entities of `newcomers`. Its supplier does not tell: the key has the newest. #}
{% macro first_records(table) -%}
    {%- set claims = claims_to_merge(table) -%}
    {%- if not execute -%}{{ return('select 1 as parsing') }}{%- endif -%}
select '{{ table }}' as table_name, _entity_id as entity_id, min(_recorded_at) as recorded_at
from {{ claims }} as claims
{%- if columns_if_there(former_of(ref(table))) %}
where _entity_id in (select entity_id from newcomers where table_name = '{{ table }}')
{%- else %}
where false
{%- endif %}
group by _entity_id
{%- endmacro %}

{# History as written so far; a new warehouse goes on from the release that was published of it, if there is one. #}
{% macro recorded_history() -%}
    {%- if not execute -%}{{ return('select 1 as parsing') }}{%- endif -%}
    {%- if increments() -%}{{ return("select * from " ~ this) }}{%- endif -%}
    {%- set files = inputs().history -%}
    {#- One released by an older govshare lacks the columns that came later. -#}
    {%- set there = get_columns_in_query(read_batches(files)) if files else [] -%}
    {%- set columns = [] -%}
    {%- for name, column in model.columns.items() -%}
        {%- do columns.append((item(name) if name in there else "cast(null as " ~ type_of(column.data_type) ~ ")") ~ " as " ~ item(name)) -%}
    {%- endfor -%}
    {{ return("select " ~ columns | join(', ') ~ (" from (" ~ read_batches(files) ~ ") as released" if files else " where false")) }}
{%- endmacro %}

{#
    The records on which retired entities rested, with the role in which each spoke of them: it named the entity's number,
    or none and was linked.
#}
{% macro records_of_retired(model) -%}
    {%- set resource = staged_resource(model) -%}
    {%- set roles = [] -%}
    {%- for role in roles_of(source_node(resource[0], resource[1])) -%}
        {%- set named = "staged." ~ role_column(role.prefix, identifier_of(role.table)) -%}
        {%- do roles.append("case when retired.table_name = '" ~ role.table ~ "' and coalesce(" ~ named ~ ", retired.entity_id) = retired.entity_id then '" ~ role.role ~ "' end") -%}
    {%- endfor -%}
select
    retired.table_name,
    retired.entity_id,
    staged._resource as resource,
    staged._record_key as record_key,
    {{ each_of(without_nulls(list_of(roles)) if roles else no_list('varchar')) }} as role
from retired
inner join {{ ref(model) }} as staged
    on retired.resource = '{{ resource | join('.') }}' and retired.batch = staged._batch and retired.{{ item('row') }} = staged._row
{%- endmacro %}
