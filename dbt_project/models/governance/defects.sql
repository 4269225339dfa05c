{{ config(pre_hook="{{ forget_touched_rows() }}") }}

-- Defects of the rows that count: repaired, or let through with a mark. A wrong key of a claim that was linked all the
-- same stands here as repaired; one that kept its claim out stands in set_aside.

with found as (
    select resource, batch, {{ item('row') }}, record_key, {{ each_of('defects') }} as defect
    from {{ rows_to_dispose() }}
    where outcome in ('merged', 'set_aside') and {{ list_size('defects') }} > 0
)

select
    found.resource,
    found.batch,
    found.{{ item('row') }},
    {{ key_hash('found.resource', 'found.record_key') }} as record_key_hash,
    found.defect.rule as rule,
    found.defect.item as item,
    case rules.severity when 'set_aside' then 'repaired' else coalesce(rules.severity, 'warn') end as severity,
    rules.dimension,
    rules.title,
    rules.remedy
from found
left join {{ ref('rules') }} as rules on found.defect.rule = rules.rule

-- depends_on: {{ ref('int_row__touched') }}
