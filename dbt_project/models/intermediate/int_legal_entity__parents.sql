{{ config(pre_hook="{{ keep_before() }}") }}

-- Names that branches put in front of their own, each with the one legal entity that bears it.

with claims as (
    select credit_code, name
    from {{ ref('int_legal_entity__claims') }}
    where credit_code is not null
),

wanted as (
    select distinct {{ parent_name_in('name') }} as name
    from claims
)

select claims.name, min(claims.credit_code) as credit_code
from claims
inner join wanted on claims.name = wanted.name
group by claims.name
having min(claims.credit_code) = max(claims.credit_code)
