{{ config(materialized=passed_through(), tags=['as_before']) }}

{{ claims_on('legal_entity') }}
