-- Legal entities that this build has to merge again; empty in a full build, where all are.
-- depends_on: {{ ref('int_row__touched') }}, {{ ref('int_legal_entity__identified') }}, {{ ref('int_legal_entity__links') }}

{% if goes_on() -%}
with spoken_of as (
    {{ entities_of_touched_rows('legal_entity') }}
)

select entity_id from spoken_of where entity_id is not null
union
select entity_id
from {{ changed_links(ref('int_legal_entity__links')) }} as relinked
where entity_id is not null
{%- else -%}
select cast(null as varchar) as entity_id
where false
{%- endif %}
