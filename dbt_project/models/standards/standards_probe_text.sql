{{ config(materialized='ephemeral') }}

select cast(null as varchar) as written
where false
