-- Certificates that this build has to merge again; empty in a full build, where all are. A holder named by an old
-- number depends on what that number leads to.
-- depends_on: {{ ref('int_row__touched') }}, {{ ref('int_certificate__identified') }}, {{ ref('int_certificate__claims') }},
-- {{ ref('int_population__links') }}, {{ ref('int_legal_entity__number_crosswalk') }}

{% if goes_on() -%}
{%- set crosswalk = ref('int_legal_entity__number_crosswalk') -%}
with spoken_of as (
    {{ entities_of_touched_rows('certificate') }}
),

changed_numbers as (
    select number from (select * from {{ crosswalk }} except select * from {{ before(crosswalk) }}) as added
    union
    select number from (select * from {{ before(crosswalk) }} except select * from {{ crosswalk }}) as gone
)

select entity_id from spoken_of where entity_id is not null
union
select certificate_id as entity_id
from {{ ref('int_certificate__claims') }}
where holder_old_number in (select number from changed_numbers) and certificate_id is not null
{%- else -%}
select cast(null as varchar) as entity_id
where false
{%- endif %}
