{{ config(materialized=passed_through()) }}

{{ identified('population', ref('int_population__claims'), ref('int_population__links')) }}
