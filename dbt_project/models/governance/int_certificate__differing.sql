{{ config(materialized='table', pre_hook="{{ differ_in_slices('certificate') }}", post_hook="{{ drop_slices() }}") }}

{{ differing_in('certificate') }}
