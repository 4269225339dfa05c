{{ config(materialized=passed_through()) }}

-- Claims on certificates with their holder: the number that the row gives, else the person or legal entity to which
-- the same row was linked, else the credit code that the holder's old number leads to.

with linked_holders as (
    select _resource, _batch, _row, 'person' as holder_kind, min(entity_id) as entity_id
    from {{ ref('int_population__links') }}
    where entity_id is not null
    group by _resource, _batch, _row
    having min(entity_id) = max(entity_id)

    union all

    select _resource, _batch, _row, 'legal_entity' as holder_kind, min(entity_id) as entity_id
    from {{ ref('int_legal_entity__links') }}
    where entity_id is not null
    group by _resource, _batch, _row
    having min(entity_id) = max(entity_id)
),

old_numbers as (
    select number, min(credit_code) as credit_code
    from {{ ref('int_legal_entity__number_crosswalk') }}
    where credit_code is not null
    group by number
    having min(credit_code) = max(credit_code)
)

select
    {{ claim_columns('certificate', 'claims', except=['holder_id']) }},
    coalesce(claims.holder_id, linked_holders.entity_id, old_numbers.credit_code) as holder_id,
    claims.certificate_id as _entity_id
from {{ ref('int_certificate__claims') }} as claims
left join linked_holders
    on
        claims._resource = linked_holders._resource
        and claims._batch = linked_holders._batch
        and claims._row = linked_holders._row
        and claims.holder_kind = linked_holders.holder_kind
left join old_numbers on claims.holder_kind = 'legal_entity' and claims.holder_old_number = old_numbers.number
where claims.certificate_id is not null
