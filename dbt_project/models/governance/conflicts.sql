{{ config(pre_hook="{{ forget_touched_conflicts() }}") }}

-- Where the departments' current claims on one attribute disagree after cleaning; `claims` begins with the one kept.

with found as (
    {% for table in base_tables() -%}
    {{ conflicts_in(table) }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
)

select table_name, entity_id, attribute, kept, kept_resource, claims
from found
