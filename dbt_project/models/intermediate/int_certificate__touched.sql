{{ config(post_hook="{{ keep_touched_claims(numbered=true) }}") }}

-- Certificates that this build has to merge again; empty in a full build, where all are. A holder named by an old
-- number depends on what that number leads to; what is derived depends on the day (worth changes when a validity begins or
-- ends), on the issuers' codes, and on the other certificates of the same kind and holder.
-- depends_on: {{ ref('int_row__disposed') }}, {{ ref('int_certificate__identified') }}, {{ ref('int_certificate__claims') }},
-- {{ ref('int_legal_entity__number_crosswalk') }}, {{ ref('int_certificate__issuers') }}, {{ ref('certificate_types') }}

{% if goes_on() -%}
{%- set days = days_since_last_build() -%}
{%- set base = adapter.get_relation(target.database, 'base', 'certificate') -%}
with direct as (
    {{ entities_of_touched_rows('certificate') }}
    union
    select certificate_id as entity_id
    from {{ ref('int_certificate__claims') }}
    where
        holder_old_number is not null  -- what says so of nobody is not read
        and holder_old_number in (select number from {{ changed_rows(ref('int_legal_entity__number_crosswalk')) }} as changed)
        and certificate_id is not null
    union
    select certificate_id as entity_id
    from {{ base }} as base
    where
        issuer_name in (select name from {{ changed_rows(ref('int_certificate__issuers')) }} as changed)
        or (valid_to >= {{ days[0] }} and valid_to < {{ days[1] }})
        or (valid_from > {{ days[0] }} and valid_from <= {{ days[1] }})
),

holders as (
    select certificate_type, holder_id
    from {{ ref('int_certificate__identified') }}
    where certificate_id in (select entity_id from direct)
    union
    select certificate_type, holder_id
    from {{ base }}
    where certificate_id in (select entity_id from direct)
),

-- A step of its own: DuckDB looks for the values of one column while it reads, and for none where it may join by two.
theirs as materialized (
    select certificate_id, certificate_type, holder_id
    from {{ base }}
    where holder_id in (select holder_id from holders)
)

select entity_id from direct
union
select theirs.certificate_id as entity_id
from theirs
inner join holders on theirs.certificate_type = holders.certificate_type and theirs.holder_id = holders.holder_id
where theirs.certificate_type in (select code from {{ ref('certificate_types') }} where single = 'yes')
{%- else -%}
select cast(null as string) as entity_id
where false
{%- endif %}
