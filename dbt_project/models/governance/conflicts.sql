-- Where the departments' current claims on one attribute disagree after cleaning; `claims` begins with the one kept.

with found as (
    {% for table in ['population', 'legal_entity', 'certificate'] -%}
    {{ conflicts_in(table) }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
)

select table_name, entity_id, attribute, kept, kept_resource, claims
from found
order by table_name, entity_id, attribute
