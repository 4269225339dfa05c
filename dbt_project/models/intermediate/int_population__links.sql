{{ config(pre_hook="{{ keep_before() }}") }}

-- Claims on persons without a usable identity number, each with the one person they can mean, or why there is none:
-- the same name and date of birth (and sex, where both say it), and exactly one such person. Issue 5 puts a weighing
-- of all evidence here; whatever finds the links, this model's columns stay.

with claims as (
    select * from {{ ref('int_population__claims') }}
),

loose as (
    select _resource, _batch, _row, _role, name, birth_date, sex
    from claims
    where id_number is null
),

known as (
    select distinct
        id_number,
        name,
        {{ id_number_birth_date('id_number') }} as birth_date,
        {{ id_number_sex('id_number') }} as sex
    from claims
    where id_number is not null and name in (select name from loose where birth_date is not null)
),

candidates as (
    select
        loose._resource,
        loose._batch,
        loose._row,
        loose._role,
        count(distinct known.id_number) as persons,
        min(known.id_number) as person
    from loose
    left join known
        on
            loose.name = known.name
            and loose.birth_date = known.birth_date
            and coalesce(loose.sex = known.sex, true)
    group by loose._resource, loose._batch, loose._row, loose._role
)

select
    _resource,
    _batch,
    _row,
    _role,
    case when persons = 1 then person end as entity_id,
    case when persons = 1 then 'name_and_birth_date' end as method,
    case when persons = 0 then 'not_linked' when persons > 1 then 'ambiguous_link' end as rule
from candidates
