{{ config(materialized='view') }}

{{ claims_on('population') }}
