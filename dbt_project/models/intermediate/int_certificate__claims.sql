{{ config(materialized='view') }}

{{ claims_on('certificate') }}
