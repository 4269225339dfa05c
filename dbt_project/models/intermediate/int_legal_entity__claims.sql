{{ config(materialized=passed_through()) }}

{{ claims_on('legal_entity') }}
