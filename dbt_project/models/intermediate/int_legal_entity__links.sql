{{ config(pre_hook="{{ keep_before() }}") }}

-- Claims on legal entities without a usable credit code, each with the one entity that its old numbers lead to,
-- or why there is none. An old tax number is the area (6) and the organisation code (9).

with loose as (
    select _resource, _batch, _row, _role, registration_number, organisation_code, tax_number
    from {{ ref('int_legal_entity__claims') }}
    where credit_code is null
),

numbers as (
    select _resource, _batch, _row, _role, 'registration_number' as kind, registration_number as number from loose
    union all
    select _resource, _batch, _row, _role, 'organisation_code' as kind, organisation_code as number from loose
    union all
    select _resource, _batch, _row, _role, 'tax_number' as kind, tax_number as number from loose
    union all
    select _resource, _batch, _row, _role, 'organisation_code' as kind, substr(tax_number, 7, 9) as number
    from loose
    where length(tax_number) = 15
),

candidates as (
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
)

select
    _resource,
    _batch,
    _row,
    _role,
    case when legal_entities = 1 then legal_entity end as entity_id,
    case when legal_entities = 1 then kind end as method,
    case
        when legal_entities = 1 then null
        when matches > 0 then 'ambiguous_link'
        else 'not_linked'
    end as rule
from candidates
