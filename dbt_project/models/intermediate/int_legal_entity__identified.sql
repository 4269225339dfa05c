{{ config(materialized=passed_through()) }}

{{ identified('legal_entity', ref('int_legal_entity__claims'), ref('int_legal_entity__links')) }}
