{{ config(full_refresh=false, on_schema_change='append_new_columns', post_hook="{{ forget_former() }}") }}

-- What the base tables said before this build changed it (macros/merge/history.sql). No full build makes it anew: what
-- has been overwritten cannot be computed again.
-- depends_on: {{ ref('int_supply__counted') }}

with recorded as (
    {{ recorded_history() }}
),

changes as (
    {% for table in base_tables() -%}
    {{ changes_in(table) }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

changed as (
    select
        table_name,
        key_attribute,
        entity_id,
        change.attribute as attribute,
        change.value as value,
        change.since as since,
        change.until as until,
        change.record as record,
        change.address.resource as resource,
        change.address.batch as batch,
        change.address.{{ item('row') }} as {{ item('row') }}
    from changes
),

retired as (
    select distinct table_name, entity_id, resource, batch, {{ item('row') }}
    from changed
    where
        resource is not null
        and (table_name, entity_id) in (select table_name, entity_id from changed where attribute = key_attribute and value is not null)
),

records as (
    {{ over_resources(records_of_retired) }}
),

spoken_of as (
    select records.table_name, records.entity_id, records.role, {{ each_of('disposition.claims') }} as claim
    from records
    inner join {{ ref('disposition') }} as disposition
        on records.resource = disposition.resource and records.record_key = disposition.record_key
    where disposition.outcome = 'merged'
),

successors as (
    select table_name, entity_id, min(claim.entity_id) as successor_id
    from spoken_of
    where claim.table_name = table_name and claim.role = role
    group by table_name, entity_id
    having min(claim.entity_id) = max(claim.entity_id)
),

named as (
    select since as address from changed where since is not null
    union
    select until as address from changed where until is not null
    union
    select record as address from changed where record is not null
),

times as (
    {{ over_resources(times_of_rows) }}
),

newcomers as (
    select table_name, entity_id from changed where attribute = key_attribute and value is null
),

first_recorded as (
    {% for table in base_tables() -%}
    {{ first_records(table) }}
    {{ 'union all' if not loop.last }}
    {% endfor -%}
),

last_recorded as (
    select table_name, entity_id, attribute, max(recorded_to) as recorded_to
    from recorded
    group by table_name, entity_id, attribute
)

select
    changed.table_name,
    changed.entity_id,
    changed.attribute,
    changed.value,
    changed.resource,
    changed.batch,
    changed.{{ item('row') }},
    of_former.recorded_at as valid_from,
    -- What no register wrote (a decision, a link, another standard, a day that came) has no time but the build's.
    case
        when changed.attribute = changed.key_attribute and changed.value is null then first_recorded.recorded_at
        when of_record.withdrawn or changed.until is null then of_record.outdated_at
        when changed.until <> changed.since or changed.since is null then of_next.recorded_at
    end as valid_to,
    greatest(own.recorded_to, existence.recorded_to) as recorded_from,
    cast('{{ inputs().at if execute }}' as {{ type_of('timestamp with time zone') }}) as recorded_to,
    case when changed.attribute = changed.key_attribute and changed.value is not null then successors.successor_id end as successor_id
from changed
left join last_recorded as own
    on changed.table_name = own.table_name and changed.entity_id = own.entity_id and changed.attribute = own.attribute
left join last_recorded as existence
    on changed.table_name = existence.table_name and changed.entity_id = existence.entity_id and changed.key_attribute = existence.attribute
left join times as of_former on changed.since = of_former.address
left join times as of_next on changed.until = of_next.address
left join times as of_record on changed.record = of_record.address
left join first_recorded on changed.table_name = first_recorded.table_name and changed.entity_id = first_recorded.entity_id
left join successors on changed.table_name = successors.table_name and changed.entity_id = successors.entity_id
{% if not increments() %}
union all

select table_name, entity_id, attribute, value, resource, batch, {{ item('row') }}, valid_from, valid_to, recorded_from, recorded_to, successor_id
from recorded
{%- endif %}
