{{ config(post_hook="{{ keep_touched_claims() }}") }}

-- Persons that this build has to merge again; empty in a full build, where all are. Who survives a spouse depends on
-- the spouse's death, so that another date touches everyone who names them as spouse.
-- depends_on: {{ ref('int_row__disposed') }}, {{ ref('int_population__identified') }}, {{ ref('int_population__deaths') }}

{% if goes_on() -%}
{{ entities_of_touched_rows('population') }}
union
select _entity_id as entity_id
from {{ ref('int_population__identified') }}
where
    spouse_id_number is not null  -- what says so of nobody is not read
    and spouse_id_number in (select person_id from {{ changed_rows(ref('int_population__deaths')) }} as changed)
{%- else -%}
select cast(null as string) as entity_id
where false
{%- endif %}
