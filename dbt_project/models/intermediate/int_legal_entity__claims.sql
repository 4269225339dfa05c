{{ config(materialized='view') }}

{{ claims_on('legal_entity') }}
