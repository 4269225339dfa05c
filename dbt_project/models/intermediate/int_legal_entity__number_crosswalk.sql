{{ config(pre_hook="{{ keep_before() }}") }}

-- Old numbers and the unified social credit code that stands for them, from claims that carry both, and from the
-- organisation code inside every credit code (GB 32100-2015, characters 9 to 17). No code: several have it, or so many
-- claims of different names have nothing but this number that it is a placeholder (`names`, how many; else null). Such a
-- number is of no use.

with claims as (
    select credit_code, name, registration_number, organisation_code, tax_number
    from {{ ref('int_legal_entity__claims') }}
    where credit_code is not null or registration_number is not null or organisation_code is not null or tax_number is not null
),

numbers as (
    select 'registration_number' as kind, registration_number as number, credit_code, name from claims
    union all
    select 'organisation_code' as kind, organisation_code as number, credit_code, name from claims
    union all
    select 'organisation_code' as kind, {{ organisation_code_in('credit_code') }} as number, credit_code, name from claims
    union all
    select 'tax_number' as kind, tax_number as number, credit_code, name from claims
),

judged as (
    select
        kind,
        number,
        {{ the_only('credit_code') }} as credit_code,
        count(credit_code) as known,
        count(distinct case when credit_code is null then name end) as names
    from numbers
    where number is not null
    group by kind, number
)

select
    kind,
    number,
    case when names < {{ names_of_a_placeholder() }} then credit_code end as credit_code,
    case when names >= {{ names_of_a_placeholder() }} then names end as names
from judged
where known > 0 or names >= {{ names_of_a_placeholder() }}
