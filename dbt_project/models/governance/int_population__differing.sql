{{ config(materialized='table', pre_hook="{{ differ_in_slices('population') }}", post_hook="{{ drop_slices() }}") }}

{{ differing_in('population') }}
