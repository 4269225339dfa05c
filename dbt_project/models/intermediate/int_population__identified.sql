{{ config(materialized='view') }}

{{ identified('population', ref('int_population__claims'), ref('int_population__links')) }}
