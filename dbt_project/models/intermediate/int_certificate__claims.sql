{{ config(materialized=passed_through()) }}

{{ claims_on('certificate') }}
