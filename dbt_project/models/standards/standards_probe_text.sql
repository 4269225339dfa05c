{{ config(materialized='ephemeral') }}

select cast(null as string) as written
where false
