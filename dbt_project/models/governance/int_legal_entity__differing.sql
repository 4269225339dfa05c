{{ config(materialized='table', pre_hook="{{ differ_in_slices('legal_entity') }}", post_hook="{{ drop_slices() }}") }}

{{ differing_in('legal_entity') }}
