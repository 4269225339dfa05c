{{ config(post_hook="{{ keep_touched_claims() }}") }}

-- Persons that this build has to merge again; empty in a full build, where all are. Who survives a spouse depends on
-- the spouse's death, so a touched person touches everyone who names them as spouse.
-- depends_on: {{ ref('int_row__disposed') }}, {{ ref('int_population__identified') }}

{% if goes_on() -%}
with direct as (
    {{ entities_of_touched_rows('population') }}
)

select entity_id from direct
union
select _entity_id as entity_id
from {{ ref('int_population__identified') }}
where spouse_id_number in (select entity_id from direct)
{%- else -%}
select cast(null as string) as entity_id
where false
{%- endif %}
