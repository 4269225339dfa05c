{{ config(pre_hook="{{ keep_before() }}") }}

-- Offices and institutions that issue certificates: the one credit code that bears the name (1: 机构编制), and the division
-- that the name begins with, else the one in the code.

with named as (
    select name, min(credit_code) as credit_code
    from {{ ref('int_legal_entity__claims') }}
    where substr(credit_code, 1, 1) = '1' and name is not null
    group by name
    having min(credit_code) = max(credit_code)
)

select
    name,
    credit_code,
    coalesce({{ division_named_in('name') }}, substr(credit_code, 3, 6)) as division
from named
