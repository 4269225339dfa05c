{{ config(materialized='table') }}

-- Claims that linking left to a clerk, each with those whom it may mean. What a reviewer decides of a claim
-- (govshare review) is obeyed by the next build.

with candidate_lists as (
    select
        _resource,
        _batch,
        _row,
        _role,
        {{ collected(struct_of([('entity_id', 'entity_id'), ('probability', 'cast(null as double)'), ('reason', 'reason')]), 'place') }} as candidates
    from {{ ref('int_legal_entity__candidates') }}
    where place <= 10
    group by _resource, _batch, _row, _role
),

open_claims as (
    select 'population' as table_name, _claim_key, _resource, _batch, _row, _role, _record_key, rule, candidates
    from {{ ref('int_population__links') }}
    where rule in ('link_in_review', 'ambiguous_link')

    union all

    select
        'legal_entity' as table_name,
        claims._claim_key,
        links._resource,
        links._batch,
        links._row,
        links._role,
        claims._record_key,
        links.rule,
        candidate_lists.candidates
    from {{ ref('int_legal_entity__links') }} as links
    inner join {{ ref('int_legal_entity__claims') }} as claims on {{ same_claim('links', 'claims') }}
    left join candidate_lists on {{ same_claim('links', 'candidate_lists') }}
    where links.rule = 'ambiguous_link'
)

select
    table_name,
    _claim_key as claim_key,
    _resource as resource,
    _batch as batch,
    _row as {{ item('row') }},
    {{ key_hash('_resource', '_record_key') }} as record_key_hash,
    _role as role,
    rule,
    coalesce(candidates, {{ no_list(candidate_type()) }}) as candidates
from open_claims
