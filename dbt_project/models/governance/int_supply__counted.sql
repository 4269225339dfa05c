-- How many values of each attribute each resource supplies, and without a resource, how many entities lack one: counted
-- over everything once, then only what a build takes back of the entities that it touches and counts of them anew.
-- `history` drops what the base tables said before, and so comes after this.

{% for table in base_tables() -%}
{% if increments() -%}
{{ supplied_values(table, merged_now(table)) }}

union all

{#- Who was not there has no sources. Nor a provenance, but asking for that would read all its fields each time. #}
{{ supplied_values(table, "(select * from " ~ former_of(ref(table)) ~ " where _sources is not null)", entities='-count(*)') }}
{%- else -%}
{{ supplied_values(table, ref(table)) }}
{%- endif %}
{{ 'union all' if not loop.last }}
{% endfor %}
