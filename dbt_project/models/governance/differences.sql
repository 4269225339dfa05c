{{ config(materialized='table') }}

-- Legal entities whose standing in two registers does not go together. Which pairs do not, and of which kinds of entity, is
-- said in difference_kinds: the self-employed need no registration of their own with the tax office.
-- A register that has nothing at all (not connected yet, or not this city's) is not accused of lacking an entity.

{%- set concerned = "(kinds.entity_kinds is null or '|' || kinds.entity_kinds || '|' like '%|' || " ~ credit_code_kind('one.credit_code') ~ " || '|%')" %}

with standings as (
    select
        _entity_id as credit_code,
        _register as register,
        {{ first_by('_resource', '_order', 'true') }} as resource,
        {{ first_by('coalesce(registration_status, tax_status)', '_order', 'true') }} as status
    from {{ ref('int_legal_entity__identified') }}
    group by _entity_id, _register

    union all

    select holder_id as credit_code, _register as register, min(_resource) as resource, status
    from {{ ref('int_certificate__identified') }}
    where holder_kind = 'legal_entity' and status is not null
    group by holder_id, _register, status

    union all

    select employer_credit_code as credit_code, _register as register, min(_resource) as resource, insurance_status as status
    from {{ ref('int_population__claims') }}
    where employer_credit_code is not null
    group by employer_credit_code, _register, insurance_status
),

-- A step of its own, or every entity meets itself in every pair of registers before anybody asks for its status.
accused as (
    select kinds.kind, kinds.other_register, kinds.other_statuses, one.credit_code, one.resource, one.status
    from {{ ref('difference_kinds') }} as kinds
    inner join standings as one on kinds.register = one.register
    where
        {{ text_holds("'|' || kinds.statuses || '|'", "'|' || one.status || '|'") }}
        and {{ concerned }}
),

found as (
    select accused.kind, accused.credit_code, accused.resource, accused.status, other.resource as other_resource, other.status as other_status
    from accused
    inner join standings as other on accused.other_register = other.register and accused.credit_code = other.credit_code
    where {{ text_holds("'|' || accused.other_statuses || '|'", "'|' || other.status || '|'") }}

    union all

    select accused.kind, accused.credit_code, accused.resource, accused.status, null as other_resource, null as other_status
    from accused
    left join standings as other on accused.other_register = other.register and accused.credit_code = other.credit_code
    where
        coalesce(accused.other_statuses, '') = ''
        and other.credit_code is null
        and accused.other_register in (select register from standings)
)

select
    kinds.kind,
    kinds.title,
    found.credit_code,
    kinds.register,
    min(found.resource) as resource,
    min(found.status) as status,
    kinds.other_register,
    min(found.other_resource) as other_resource,
    min(found.other_status) as other_status,
    kinds.remedy
from found
inner join {{ ref('difference_kinds') }} as kinds on found.kind = kinds.kind
group by kinds.kind, kinds.title, found.credit_code, kinds.register, kinds.other_register, kinds.remedy
