{#
    Where every landed row went: the SQL of the governance models, one branch for each staging model.
    A branch reads the staged rows with the few links of their claims; nothing is grouped over all rows.
#}

{% macro finding_type() %}{{ return('struct(role varchar, item varchar, rule varchar)') }}{% endmacro %}
{% macro disposed_claim_type() %}{{ return('struct(role varchar, table_name varchar, entity_id varchar, reason varchar)') }}{% endmacro %}
{% macro candidate_type() %}{{ return('struct(entity_id varchar, probability double, reason varchar)') }}{% endmacro %}

{# One branch per staging model, joined by union all; `branch` is a macro of (model). #}
{% macro over_resources(branch) -%}
    {%- set models = staged_models() -%}
    {%- for model in models -%}{%- do ref(model) -%}{%- endfor -%}
    {%- if not execute -%}{{ return('select 1 as parsing') }}{%- endif -%}
    {%- set branches = [] -%}
    {%- for model in models -%}{%- do branches.append(branch(model)) -%}{%- endfor -%}
    {{ return(branches | join('\n\nunion all\n\n')) }}
{%- endmacro %}

{# The roles of a staged row, each with its SQL: alias of its link, entity, whether it speaks, why it is not usable. #}
{% macro row_roles(model) -%}
    {%- set resource = staged_resource(model) -%}
    {%- set staged = column_names(ref(model)) -%}
    {%- set roles = [] -%}
    {%- for role in roles_of(source_node(resource[0], resource[1])) -%}
        {%- set key = role_column(role.prefix, identifier_of(role.table)) -%}
        {%- set problem = role_column(role.prefix, 'key_problem') -%}
        {%- set item = role_column(role.prefix, 'key_item') -%}
        {%- do roles.append({
            'table': role.table,
            'role': role.role,
            'link': 'link_' ~ loop.index,
            'entity': ("case when link_" ~ loop.index ~ ".rule = 'id_number_shared' then null else " if role.table == 'population' else "(")
                ~ "coalesce(staged." ~ key ~ ", link_" ~ loop.index ~ ".entity_id)" ~ (" end" if role.table == 'population' else ")"),
            'speaks': speaks(staged, role.prefix, table_meta(role.table)),
            'problem': "staged." ~ problem if problem in staged else "cast(null as string)",
            'item': "staged." ~ item if item in staged else "cast(null as string)",
        }) -%}
    {%- endfor -%}
    {{ return(roles) }}
{%- endmacro %}

{# The staged rows, each with the links of its claims. #}
{% macro with_links(rows, model, roles) -%}
from {{ rows }} as staged
{%- for role in roles %}
left join {{ ref('int_' ~ role.table ~ '__links') }} as {{ role.link }}
    on
        {{ role.link }}._resource = '{{ staged_resource(model) | join('.') }}'
        and {{ role.link }}._role = '{{ role.role }}'
        and staged._batch = {{ role.link }}._batch
        and staged._row = {{ role.link }}._row
{%- endfor %}
{%- endmacro %}

{% macro disposed_rows(model) -%}
    {%- set roles = row_roles(model) -%}
    {%- set entities, speaking, findings, claims, repairs = [], [], [], [], [] -%}
    {%- for role in roles -%}
        {%- do entities.append(role.entity) -%}
        {%- do speaking.append(role.speaks) -%}
    {%- endfor -%}
    {%- set nobody = "not (" ~ (speaking | join(' or ') or 'false') ~ ")" -%}
    {%- for role in roles -%}
        {%- set lost = role.entity ~ " is null and (" ~ role.speaks ~ " or " ~ nobody ~ ")" -%}
        {%- set linked = role.link ~ ".entity_id is not null" -%}
        {%- set old_number = role.link ~ ".method in ('registration_number', 'organisation_code', 'tax_number')" -%}
        {%- set named = [('role', "'" ~ role.role ~ "'"), ('item', role.item)] -%}
        {%- do findings.append(case_struct(lost ~ " and " ~ role.problem ~ " is not null", named + [('rule', role.problem)])) -%}
        {%- do findings.append(case_struct(lost ~ " and " ~ role.link ~ ".rule is not null", named + [('rule', role.link ~ '.rule')])) -%}
        {%- do repairs.append(case_struct(linked ~ " and " ~ role.problem ~ " is not null", [('rule', role.problem), ('item', role.item)])) -%}
        {%- if role.table == 'legal_entity' -%}
            {%- do repairs.append(case_struct(old_number, [('rule', "'registration_number_mapped'"), ('item', role.item)])) -%}
        {%- endif -%}
        {%- do claims.append(case_struct(role.speaks, [
            ('role', "'" ~ role.role ~ "'"),
            ('table_name', "'" ~ role.table ~ "'"),
            ('entity_id', role.entity),
            ('reason', "coalesce(case when " ~ role.entity ~ " is null then " ~ role.problem ~ " end, " ~ role.link ~ ".rule, " ~ role.link ~ ".method)"),
        ])) -%}
    {%- endfor -%}
{%- for rows in rows_to_judge(model) %}
select
    staged._resource as resource,
    staged._batch as batch,
    staged._row as {{ item('row') }},
    staged._record_key as record_key,
    case
        when staged._status <> 'current' then staged._status
        when staged._problem is not null then 'set_aside'
        when staged._op = 'delete' then 'merged'
        when coalesce({{ (['null'] + entities) | join(', ') }}) is not null then 'merged'
        else 'set_aside'
    end as outcome,
    case
        when staged._status <> 'current' or staged._op = 'delete' then {{ no_list(finding_type()) }}
        when staged._problem is not null
            then {{ list_of([struct_of([('role', 'cast(null as string)'), ('item', 'cast(null as string)'), ('rule', 'staged._problem')])]) }}
        else {{ without_nulls(list_of(findings)) if findings else no_list(finding_type()) }}
    end as findings,
    case
        when {{ counts('staged') }} then {{ without_nulls(list_of(claims)) if claims else no_list(disposed_claim_type()) }}
        else {{ no_list(disposed_claim_type()) }}
    end as claims,
    case
        when {{ counts('staged') }} then {{ list_joined('staged._defects', without_nulls(list_of(repairs))) if repairs else 'staged._defects' }}
        else {{ no_list(defect_type()) }}
    end as defects
{{ with_links(rows, model, roles) }}
{{ 'union all' if not loop.last }}
{%- endfor %}
{%- endmacro %}

{# The staged rows that a build judges: all, or those that it has staged and, apart, those whose claims are only linked anew. #}
{% macro rows_to_judge(model) -%}
    {%- set resource = staged_resource(model) | join('.') -%}
    {%- set staged = ref(model) -%}
    {%- if not goes_on() -%}{{ return([staged]) }}{%- endif -%}
    {%- set rows = ["(select * from " ~ staged ~ " where _build = '" ~ inputs().build ~ "')"] -%}
    {%- if resource in relinked_resources() -%}
        {%- do rows.append(
            "(select rows.* from " ~ staged ~ " as rows inner join " ~ intermediate('int_row__touched') ~ " as touched on touched._resource = '" ~ resource
            ~ "' and not touched._staged and rows._batch = touched._batch and rows._row = touched._row)"
        ) -%}
    {%- endif -%}
    {{ return(rows) }}
{%- endmacro %}

{% macro case_struct(condition, fields) -%}
    {{ return("case when " ~ condition ~ " then " ~ struct_of(fields) ~ " end") }}
{%- endmacro %}

{# The rules that set a row aside; a row that said nothing of anybody is not linked. #}
{% macro reasons_of(outcome, findings) -%}
    {%- set none_given = list_of(["'not_linked'"]) -%}
    {%- set given = sorted_distinct(field_of_each(findings, 'rule')) -%}
    case
        when {{ outcome }} <> 'set_aside' then {{ no_list('varchar') }}
        when {{ list_size(findings) }} = 0 then {{ none_given }}
        else {{ given }}
    end
{%- endmacro %}

{#
    A record's key as it may leave the warehouse: the same hash wherever a record is named without its key. Keys are
    mostly identity numbers, whose plain hashes are soon tried out.
#}
{% macro key_hash(resource, record_key) %}{{ return(keyed_hash(resource ~ " || '|' || " ~ record_key)) }}{% endmacro %}

{#
    Rows of the landing views, counted apart from everything that staging did with them. Of a resource that is held at its
    last good state not all can be read any more: there it is what the manifests of its batches say.
#}
{% macro landed_count(model) -%}
    {%- set resource = staged_resource(model) -%}
    {%- set landed = source(resource[0], resource[1]) -%}
    {%- set kept = inputs().get('kept', {}) -%}
    {%- if resource | join('.') in kept -%}
select '{{ resource | join('.') }}' as resource, cast({{ kept[resource | join('.')] }} as bigint) as landed
    {%- else -%}
select '{{ resource | join('.') }}' as resource, count(*) as landed from {{ landed }}
    {%- endif -%}
{%- endmacro %}

{# What the manifests of the batches say that the source held: landed and left out, counted where it was read. #}
{% macro delivered_count(model) -%}
    {%- set resource = staged_resource(model) | join('.') -%}
    {%- set delivered = inputs().delivered.get(resource, {'rows': 0, 'left_out': 0, 'kinds': {}}) -%}
    {%- set kinds = [] -%}
    {%- for kind, number in delivered.kinds.items() -%}
        {%- do kinds.append(struct_of([('key', "'" ~ kind ~ "'"), ('value', 'cast(' ~ number ~ ' as bigint)')])) -%}
    {%- endfor -%}
select
    '{{ resource }}' as resource,
    cast({{ delivered.rows }} as bigint) as delivered,
    cast({{ delivered.left_out }} as bigint) as left_out,
    {{ map_of(list_of(kinds)) if kinds else no_map('varchar', 'bigint') }} as left_out_kinds
{%- endmacro %}

{# The attributes of which departments can disagree, by number. #}
{% macro contestable(table) -%}
    {%- set names = [] -%}
    {%- for name in attributes_of(table) if name not in (table_meta(table).key, identifier_of(table)) -%}{%- do names.append(name) -%}{%- endfor -%}
    {{ return(names) }}
{%- endmacro %}

{#
    The pairs of entity and attribute (by number) for which some claim says otherwise than the base table. A step of its
    own: a whole city's claims beside its base table and the lists of what they say are too much for the memory at a time.
#}
{% macro differing_in(table) -%}
    {%- set pairs = differing_pairs(table, claims_to_merge(table), merged_now(table)) -%}
    {{ return("select entity_id, attribute from " ~ merged_slices() if slices_to_compare(table) > 1 else pairs) }}
{%- endmacro %}

{% macro differing_pairs(table, claims, base) -%}
    {%- if not execute -%}{{ return('select 1 as parsing') }}{%- endif -%}
    {%- set differs = [] -%}
    {%- for name in contestable(table) -%}
        {%- do differs.append("case when claims." ~ name ~ " <> base." ~ name ~ " or (claims." ~ name ~ " is not null and base." ~ name ~ " is null) then " ~ loop.index0 ~ " end") -%}
    {%- endfor -%}
select distinct entity_id, attribute
from (
    select claims._entity_id as entity_id, {{ each_of(without_nulls(list_of(differs))) }} as attribute
    from {{ claims }} as claims
    inner join {{ base }} as base on claims._entity_id = base.{{ table_meta(table).key }}
) as pairs
{%- endmacro %}

{# Attributes on which the current claims of an entity disagree, with what was kept and what every claim says of them. #}
{% macro conflicts_in(table) -%}
    {%- set claims = to_be_ordered(table, claims_to_merge(table)) -%}
    {%- set differing = ref('int_' ~ table ~ '__differing') -%}
    {%- if not execute -%}{{ return('select 1 as parsing') }}{%- endif -%}
    {%- set registers = registers_of(table) -%}
    {%- set attributes = attributes_of(table) -%}
    {%- set values, places, names = [], [], [] -%}
    {%- for name in contestable(table) -%}
        {%- set chosen = "when " ~ loop.index0 ~ " then " -%}
        {%- do names.append(chosen ~ "'" ~ name ~ "'") -%}
        {%- do values.append(chosen ~ "case when " ~ may_supply(name, attributes[name], registers) ~ " then cast(" ~ name ~ " as string) end") -%}
        {%- do places.append(chosen ~ attribute_order(name, attributes[name], 'claims._entity_id', registers)) -%}
    {%- endfor -%}
select
    '{{ table }}' as table_name,
    entity_id,
    case attribute {{ names | join(' ') }} end as attribute,
    {{ first_by('value', 'place', 'true') }} as kept,
    {{ resource_at(table, order_low('min(place)')) }} as kept_resource,
    {#- Lists are what no engine spills: the address is spelt out when they are made. -#}
    {%- set said = collected(struct_of([('place', order_low('place')), ('value', 'value')]), 'place') %}
    {{ each_as(said, struct_of(address_fields(table, '_one.place') + [('value', '_one.value')])) }} as claims
from (
    select
        claims._entity_id as entity_id,
        differing.attribute,
        case differing.attribute {{ values | join('\n            ') }} end as value,
        case differing.attribute {{ places | join('\n            ') }} end as place
    from {{ claims }} as claims
    inner join {{ differing }} as differing on claims._entity_id = differing.entity_id
) as spoken
where value is not null
group by entity_id, attribute
having min(value) <> max(value)
{%- endmacro %}

{# For each attribute the resources that lead: those of the register that stands first in its authority, or all where none does. #}
{% macro leading_resources() -%}
    {%- if not execute -%}{{ return('select 1 as parsing') }}{%- endif -%}
    {%- set rows = [] -%}
    {%- for table in base_tables() -%}
        {%- for model in staged_models(table) -%}
            {%- set resource = staged_resource(model) -%}
            {%- set node = source_node(resource[0], resource[1]) -%}
            {%- set register = meta_of(node).get('register', node.name) -%}
            {%- for name, attribute in attributes_of(table).items() if not attribute.authority or attribute.authority[0] == register -%}
                {%- do rows.append("select '" ~ table ~ "' as table_name, '" ~ name ~ "' as attribute, '" ~ resource | join('.') ~ "' as resource") -%}
            {%- endfor -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(rows | join('\nunion all\n') or "select cast(null as string) as table_name, cast(null as string) as attribute, cast(null as string) as resource where false") }}
{%- endmacro %}

{#
    How many values of a base table's attributes each resource supplies in `relation`, the table or entities of it; without
    a resource: entities without the value. A branch reads one attribute and one field of the provenance, no wide row.
    `entities`: how they are counted, so that what was there before can be taken back.
#}
{% macro supplied_values(table, relation, entities='count(*)') -%}
    {%- if not execute -%}{{ return('select 1 as parsing') }}{%- endif -%}
    {%- set branches = [] -%}
    {%- for name in attributes_of(table) -%}
        {%- do branches.append(
            "select '" ~ table ~ "' as table_name, '" ~ name ~ "' as attribute, resource, " ~ entities ~ " as entities"
            ~ "\nfrom (select case when " ~ name ~ " is not null then _provenance." ~ name ~ ".resource end as resource from " ~ relation ~ " as entity) as supplier"
            ~ "\ngroup by resource"
        ) -%}
    {%- endfor -%}
    {{ return(branches | join('\n\nunion all\n\n')) }}
{%- endmacro %}
