{{ config(materialized='table') }}

{{ differing_in('certificate') }}
