{{ config(post_hook="{{ keep_touched_claims() }}") }}

-- Legal entities that this build has to merge again; empty in a full build, where all are. A former name may come from a
-- record that speaks of another entity now; a branch depends on who bears its parent's name.
-- depends_on: {{ ref('int_row__disposed') }}, {{ ref('int_legal_entity__identified') }}, {{ ref('int_legal_entity__former_names') }},
-- {{ ref('int_legal_entity__parents') }}

{% if goes_on() -%}
{{ entities_of_touched_rows('legal_entity') }}
union
select credit_code as entity_id
from {{ changed_rows(ref('int_legal_entity__former_names')) }} as renamed
union
select base.credit_code as entity_id
from {{ adapter.get_relation(target.database, 'base', 'legal_entity') }} as base
where {{ parent_name_in('base.name') }} in (select name from {{ changed_rows(ref('int_legal_entity__parents')) }} as changed)
{%- else -%}
select cast(null as string) as entity_id
where false
{%- endif %}
