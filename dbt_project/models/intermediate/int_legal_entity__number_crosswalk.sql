{{ config(pre_hook="{{ keep_before() }}") }}

-- Old numbers and the unified social credit code that stands for them, from claims that carry both, and from the
-- organisation code inside every credit code (GB 32100-2015, characters 9 to 17). No code: several have it,
-- and it is of no use.

with claims as (
    select credit_code, registration_number, organisation_code, tax_number
    from {{ ref('int_legal_entity__claims') }}
    where credit_code is not null
),

numbers as (
    select 'registration_number' as kind, registration_number as number, credit_code from claims
    union all
    select 'organisation_code' as kind, organisation_code as number, credit_code from claims
    union all
    select 'organisation_code' as kind, {{ organisation_code_in('credit_code') }} as number, credit_code from claims
    union all
    select 'tax_number' as kind, tax_number as number, credit_code from claims
)

select
    kind,
    number,
    {{ the_only('credit_code') }} as credit_code
from numbers
where number is not null
group by kind, number
