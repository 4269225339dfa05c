{{ config(pre_hook="{{ keep_before() }}") }}

-- Claims on legal entities without a usable credit code, each with the one entity that its old numbers lead to, or else
-- its registered name, or why there is none. Names are unique within a register (企业名称登记管理规定), not across them:
-- so only one entity may bear the name, and its representative must not be another, or the representative decides among
-- several.

with claims as (
    select * from {{ ref('int_legal_entity__claims') }}
),

loose as (
    select _resource, _batch, _row, _role, name, representative_name, registration_number, organisation_code, tax_number
    from claims
    where credit_code is null
),

numbers as (
    select _resource, _batch, _row, _role, 'registration_number' as kind, registration_number as number from loose
    union all
    select _resource, _batch, _row, _role, 'organisation_code' as kind, organisation_code as number from loose
    union all
    select _resource, _batch, _row, _role, 'tax_number' as kind, tax_number as number from loose
    union all
    select _resource, _batch, _row, _role, 'organisation_code' as kind, {{ organisation_code_in_tax_number('tax_number') }} as number
    from loose
),

by_number as (
    select
        numbers._resource,
        numbers._batch,
        numbers._row,
        numbers._role,
        count(distinct case when crosswalk.legal_entities = 1 then crosswalk.credit_code end) as legal_entities,
        min(case when crosswalk.legal_entities = 1 then crosswalk.credit_code end) as legal_entity,
        min(case when crosswalk.legal_entities = 1 then numbers.kind end) as kind,
        count(crosswalk.credit_code) as matches
    from numbers
    left join {{ ref('int_legal_entity__number_crosswalk') }} as crosswalk
        on numbers.kind = crosswalk.kind and numbers.number = crosswalk.number
    group by numbers._resource, numbers._batch, numbers._row, numbers._role
),

namesakes as (
    select
        loose._resource,
        loose._batch,
        loose._row,
        loose._role,
        known.credit_code,
        max({{ representatives_agree('loose', 'known') }}) as agrees
    from loose
    inner join claims as known on loose.name = known.name
    where known.credit_code is not null
    group by loose._resource, loose._batch, loose._row, loose._role, known.credit_code
),

by_name as (
    select
        _resource,
        _batch,
        _row,
        _role,
        count(*) as bearers,
        count(case when agrees = 2 then 1 end) as sure,
        coalesce(min(case when agrees = 2 then credit_code end), min(case when agrees = 1 then credit_code end)) as legal_entity
    from namesakes
    group by _resource, _batch, _row, _role
),

decided as (
    select
        by_number.*,
        by_name.bearers,
        case
            when by_number.matches > 0 then null
            when by_name.sure = 1 or (by_name.bearers = 1 and by_name.sure = 0) then by_name.legal_entity
        end as by_its_name
    from by_number
    left join by_name on {{ same_claim('by_number', 'by_name') }}
)

select
    _resource,
    _batch,
    _row,
    _role,
    case when legal_entities = 1 then legal_entity else by_its_name end as entity_id,
    case when legal_entities = 1 then kind when by_its_name is not null then 'name' end as method,
    case
        when legal_entities = 1 or by_its_name is not null then null
        when matches > 0 or bearers > 0 then 'ambiguous_link'
        else 'not_linked'
    end as rule
from decided
