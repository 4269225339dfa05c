{{ config(materialized=passed_through(), tags=['as_before']) }}

{{ identified('population', ref('int_population__claims'), ref('int_population__links')) }}
