{{ config(materialized='table') }}

{{ differing_in('legal_entity') }}
