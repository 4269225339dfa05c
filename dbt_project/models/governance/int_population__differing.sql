{{ config(materialized='table', pre_hook="{{ differ_in_slices() }}", post_hook="{{ drop_compared() }}") }}

{{ differing_in('population') }}
