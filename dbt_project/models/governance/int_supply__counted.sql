-- How many values of each attribute each resource supplies, and without a resource, how many entities lack one: counted
-- over everything once, then only what a build takes back of the entities that it touches and counts of them anew.
-- `history` drops what the base tables said before, and so comes after this.
-- depends_on: {{ ref('int_population__touched') }}, {{ ref('int_legal_entity__touched') }}, {{ ref('int_certificate__touched') }}

{% if increments() -%}
with {% for table in base_tables() -%}
touched_{{ table }} as materialized (
    select base.*
    from {{ ref(table) }} as base
    where base.{{ table_meta(table).key }} in (select entity_id from {{ ref('int_' ~ table ~ '__touched') }})
){{ ',' if not loop.last }}
{% endfor %}
{% endif -%}

{% for table in base_tables() -%}
{% if increments() -%}
{{ supplied_values(table, 'touched_' ~ table) }}

union all

{{ supplied_values(table, "(select * from " ~ former_of(ref(table)) ~ " where _provenance is not null)", entities='-count(*)') }}
{%- else -%}
{{ supplied_values(table, ref(table)) }}
{%- endif %}
{{ 'union all' if not loop.last }}
{% endfor %}
