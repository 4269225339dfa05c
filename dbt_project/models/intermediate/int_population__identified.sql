{{ config(materialized=passed_through(), tags=['as_before']) }}

{%- set loose = ref('int_population__loose') %}

{{ identified('population', ref('int_population__claims'), ref('int_population__links'), loose if keeps_builds() else none) }}
