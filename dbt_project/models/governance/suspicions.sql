{{ config(materialized='table') }}

-- Numbers that are valid and doubtful all the same. Nothing is changed or linked by a suspicion: a clerk looks at it.

select person_id, kind, other_person_id, reason
from {{ ref('int_population__suspicions') }}
