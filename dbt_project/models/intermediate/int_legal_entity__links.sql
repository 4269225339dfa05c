{{ config(pre_hook="{{ keep_before() }}") }}

-- Claims on legal entities without a usable credit code, each with the one entity that its old numbers lead to, or else
-- its registered name, or why there is none. A number that leads to nobody for sure (several have it, or it is a
-- placeholder) says nothing; two that lead to different entities, or one and the name, leave the claim to a clerk. Names are unique within a
-- register (企业名称登记管理规定), not across them: so only one entity may bear the name, its representative must not be
-- another, nor its county, unless the address is the same; and a name that anybody may have (便民超市) needs
-- something that agrees, and must not be known from another county. Among several, representative and address decide. A
-- name without its division is enough where the representative is the same and the address lies in that division. What a
-- reviewer decided comes before all that.

{#- A number of one entity beside the name of another: one of the two is wrong, and nothing tells which. -#}
{%- set agree = 'coalesce(by_number.legal_entity = by_name.legal_entity, true)' %}

{%- set refused -%}
    exists (
        select 1 from {{ ref('int_legal_entity__decisions') }} as decisions
        where
            decisions.verdict = 'different' and decisions.claim_key = loose._claim_key
            and (decisions.credit_code is null or decisions.credit_code = known.credit_code)
    )
{%- endset %}

with claims as (
    select * from {{ ref('int_legal_entity__claims') }}
),

loose as (
    select _resource, _batch, _row, _role, _claim_key, name, representative_name, address, division_code, registration_number, organisation_code, tax_number
    from claims
    where credit_code is null
),

numbers as (
    select _resource, _batch, _row, _role, _claim_key, 'registration_number' as kind, registration_number as number from loose
    union all
    select _resource, _batch, _row, _role, _claim_key, 'organisation_code' as kind, organisation_code as number from loose
    union all
    select _resource, _batch, _row, _role, _claim_key, 'tax_number' as kind, tax_number as number from loose
    union all
    select _resource, _batch, _row, _role, _claim_key, 'organisation_code' as kind, {{ organisation_code_in_tax_number('tax_number') }} as number
    from loose
),

by_number as (
    select
        loose._resource,
        loose._batch,
        loose._row,
        loose._role,
        {{ the_only('known.credit_code') }} as legal_entity,
        min(known.credit_code) <> max(known.credit_code) as contradicts_itself,
        min(case when known.credit_code is not null then loose.kind end) as kind
    from numbers as loose
    inner join {{ ref('int_legal_entity__number_crosswalk') }} as known on loose.kind = known.kind and loose.number = known.number
    where not {{ refused }}
    group by loose._resource, loose._batch, loose._row, loose._role
),

namesakes as (
    select
        loose._resource,
        loose._batch,
        loose._row,
        loose._role,
        loose.name,
        known.credit_code,
        {{ agreement_over(legal_entities_agree('loose', 'known')) }} as agrees,
        max({{ in_one_county('loose', 'known') }}) as in_county
    from loose
    inner join claims as known on loose.name = known.name
    where known.credit_code is not null and not {{ refused }}
    group by loose._resource, loose._batch, loose._row, loose._role, loose.name, known.credit_code
),

by_name as (
    select
        _resource,
        _batch,
        _row,
        _role,
        case
            when count(*) > 1 then null
            when min(in_county) = 0 and min(agrees) < 4 then null
            when min(agrees) >= 3 then min(credit_code)
            when max(bearers) > 1 or min(agrees) < 1 then null
            when {{ says_whose_it_is('name') }} then min(credit_code)
            when min(elsewhere) = 1 and (min(agrees) = 2 or min(in_county) = 1) then min(credit_code)
        end as legal_entity
    from (
        select
            *,
            count(*) over (partition by _resource, _batch, _row, _role) as bearers,
            max(agrees) over (partition by _resource, _batch, _row, _role) as best,
            -- 0: somebody says this name of another county than that of the entity
            min(coalesce(in_county, 1)) over (partition by name, credit_code) as elsewhere
        from namesakes
    ) as ranked
    where agrees = best
    group by name, _resource, _batch, _row, _role
),

nameless as (
    select loose.*
    from loose
    left join by_number on {{ same_claim('loose', 'by_number') }}
    left join by_name on {{ same_claim('loose', 'by_name') }}
    where by_number.legal_entity is null and not coalesce(by_number.contradicts_itself, false) and by_name._row is null
),

by_short_name as (
    select
        _resource,
        _batch,
        _row,
        _role,
        {{ the_only('case when in_place then credit_code end') }} as legal_entity
    from (
        {{ shortened_names('nameless', 'claims') }}
    ) as known
    where not {{ refused | replace('loose.', 'known.') }}
    group by _resource, _batch, _row, _role
),

found as (
    select
        loose._resource,
        loose._batch,
        loose._row,
        loose._role,
        decisions.credit_code as decided,
        case when {{ agree }} then by_number.legal_entity end as by_its_number,
        by_number.kind,
        case when {{ agree }} and not coalesce(by_number.contradicts_itself, false) then coalesce(by_name.legal_entity, by_short_name.legal_entity) end as by_its_name,
        coalesce(by_number._row, by_name._row, by_short_name._row) is not null as there_are
    from loose
    left join by_number on {{ same_claim('loose', 'by_number') }}
    left join by_name on {{ same_claim('loose', 'by_name') }}
    left join by_short_name on {{ same_claim('loose', 'by_short_name') }}
    left join {{ ref('int_legal_entity__decisions') }} as decisions on loose._claim_key = decisions.claim_key and decisions.verdict = 'same'
)

select
    _resource,
    _batch,
    _row,
    _role,
    coalesce(decided, by_its_number, by_its_name) as entity_id,
    case
        when decided is not null then 'decided by a reviewer'
        when by_its_number is not null then kind
        when by_its_name is not null then 'name'
    end as method,
    case
        when coalesce(decided, by_its_number, by_its_name) is not null then null
        when there_are then 'ambiguous_link'
        else 'not_linked'
    end as rule
from found
