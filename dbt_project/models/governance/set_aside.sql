{{ config(pre_hook="{{ forget_touched_rows() }}") }}

-- What did not reach the base tables, one row for each rule: whole rows, and single claims of rows that were merged
-- for another claim (the husband of a marriage whose wife's number is wrong).

with findings as (
    select resource, batch, {{ item('row') }}, record_key, outcome, {{ each_of('findings') }} as finding
    from {{ rows_to_dispose() }}
    where outcome in ('merged', 'set_aside') and {{ list_size('findings') }} > 0
)

select
    findings.resource,
    findings.batch,
    findings.{{ item('row') }},
    {{ key_hash('findings.resource', 'findings.record_key') }} as record_key_hash,
    case when findings.outcome = 'merged' then 'claim' else 'row' end as scope,
    findings.finding.role as role,
    findings.finding.rule as rule,
    findings.finding.item as item,
    coalesce(rules.severity, 'set_aside') as severity,
    rules.dimension,
    rules.title,
    rules.remedy
from findings
left join {{ ref('rules') }} as rules on findings.finding.rule = rules.rule

-- depends_on: {{ ref('int_row__touched') }}
