-- How many values of each attribute each resource supplies, and without a resource, how many entities lack one: counted
-- over everything once, then only what a build takes back of the entities that it touches and counts of them anew.
-- `history` drops what the base tables said before, and so comes after this.

{% if increments() -%}
with {% for table in base_tables() -%}
merged_{{ table }} as materialized (
    select * from {{ merged_now(table) }} as merged
){{ ',' if not loop.last }}
{% endfor %}
{% endif -%}

{% for table in base_tables() -%}
{% if increments() -%}
{{ supplied_values(table, 'merged_' ~ table) }}

union all

{{ supplied_values(table, "(select * from " ~ former_of(ref(table)) ~ " where _provenance is not null)", entities='-count(*)') }}
{%- else -%}
{{ supplied_values(table, ref(table)) }}
{%- endif %}
{{ 'union all' if not loop.last }}
{% endfor %}
