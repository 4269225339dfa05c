{{ config(materialized='ephemeral') }}

{#- The unit tests say by variables which standard or code table they ask. -#}
{%- set standard, codes = var('probe_standard', 'name'), var('probe_codes', none) -%}
{%- set doubt = doubt_of('judged.value', standard) -%}

with texts as (
    select written, {{ clean_text('written') }} as t
    from {{ ref('standards_probe_text') }}
),

judged as (
    select written, {{ standard_of('t', standard, codes) if execute else 't' }} as judged
    from texts
)

select
    written,
    cast(judged.value as string) as value,
    coalesce(judged.problem, {{ doubt or 'cast(null as string)' }}) as rule
from judged
