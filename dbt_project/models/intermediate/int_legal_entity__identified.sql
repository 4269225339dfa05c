{{ config(materialized=passed_through(), tags=['as_before']) }}

{{ identified('legal_entity', ref('int_legal_entity__claims'), ref('int_legal_entity__links')) }}
