{{ config(materialized='table') }}

-- Numbers that are valid and doubtful all the same. Nothing is changed or linked by a suspicion: a clerk looks at it.
-- Of numbers that are placeholders nothing was linked: they are listed so that somebody may say otherwise.

select person_id, kind, other_person_id, reason
from {{ ref('int_population__suspicions') }}

union all

-- Nobody in China has lived to 123: whom no register says to have died has, or the number is another's.
select
    person_id,
    'over_120' as kind,
    cast(null as string) as other_person_id,
    '出生于 ' || cast(birth_date as string) || '，已满 120 岁，没有死亡登记' as reason
from {{ ref('population') }}
where death_date is null and birth_date <= {{ years_after(build_day(), '-120') }}

union all

select
    number as person_id,
    'placeholder_' || kind as kind,
    cast(null as string) as other_person_id,
    cast(names as string) || ' 个不同名称的单位登记此号码，视为占位，不用于对应' as reason
from {{ ref('int_legal_entity__number_crosswalk') }}
where names is not null
