-- Persons that this build has to merge again; empty in a full build, where all are. Who survives a spouse depends on
-- the spouse's death, so a touched person touches everyone who names them as spouse.
-- depends_on: {{ ref('int_row__touched') }}, {{ ref('int_population__identified') }}, {{ ref('int_population__links') }}

{% if goes_on() -%}
with spoken_of as (
    {{ entities_of_touched_rows('population') }}
),

relinked as (
    select entity_id
    from {{ changed_links(ref('int_population__links')) }} as links
),

direct as (
    select entity_id from spoken_of where entity_id is not null
    union
    select entity_id from relinked where entity_id is not null
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
