{{ config(pre_hook="{{ keep_before() }}") }}

-- What a register's record said the name was before a later version of it: the last two names that differ, since the last
-- may be the one that the entity still bears.

with spoken as (
    {{ former_versions('legal_entity', 'name') }}
),

names as (
    select credit_code, name, min(_order) as _order
    from spoken
    group by credit_code, name
),

in_order as (
    select *, row_number() over (partition by credit_code order by _order) as place
    from names
)

select
    credit_code,
    max(case when place = 1 then name end) as name,
    max(case when place = 1 then _order end) as _order,
    max(case when place = 2 then name end) as name_before,
    max(case when place = 2 then _order end) as _order_before
from in_order
where place <= 2
group by credit_code
