{{ config(materialized=passed_through(), tags=['as_before']) }}

-- Claims on certificates with their holder: the number that the row gives, else the person or legal entity to which
-- the same row was linked, else the credit code that the holder's old number leads to, unless a clerk has to say who it is.

select
    {{ claim_columns('certificate', 'claims', except=['holder_id']) }},
    coalesce(claims.holder_id, holders.entity_id, case when not coalesce(holders.is_ambiguous, false) then old_numbers.credit_code end) as holder_id,
    claims.certificate_id as _entity_id
from {{ ref('int_certificate__claims') }} as claims
left join {{ ref('int_certificate__holders') }} as holders
    on
        claims._resource = holders._resource
        and claims._batch = holders._batch
        and claims._row = holders._row
        and claims.holder_kind = holders.holder_kind
left join {{ ref('int_certificate__old_numbers') }} as old_numbers
    on claims.holder_kind = 'legal_entity' and claims.holder_old_number = old_numbers.number
where claims.certificate_id is not null
