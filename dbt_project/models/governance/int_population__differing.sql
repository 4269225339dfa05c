{{ config(materialized='table') }}

{{ differing_in('population') }}
