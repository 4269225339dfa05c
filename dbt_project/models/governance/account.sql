{{ config(materialized='table') }}

-- The account of every resource: delivered and left out are counted where the source was read, landed in the landing
-- views, everything else in the disposition, so that a row lost or doubled on the way shows.

with delivered as (
    {{ over_resources(delivered_count) }}
),

landed as (
    {{ over_resources(landed_count) }}
),

outcomes as (
    select
        resource,
        count(*) as disposed,
        count(case when outcome = 'merged' then 1 end) as merged,
        count(case when outcome = 'superseded' then 1 end) as superseded,
        count(case when outcome = 'duplicate' then 1 end) as duplicate,
        count(case when outcome = 'set_aside' then 1 end) as set_aside,
        count(case when outcome = 'set_aside' and {{ list_size('reasons') }} = 0 then 1 end) as without_reason
    from {{ ref('disposition') }}
    group by resource
),

reasons as (
    select resource, reason, count(*) as times
    from (
        select resource, {{ each_of('reasons') }} as reason
        from {{ ref('disposition') }}
        where outcome = 'set_aside'
    ) as given
    group by resource, reason
),

reason_maps as (
    select resource, {{ map_of(collected(struct_of([('key', 'reason'), ('value', 'times')]), 'reason')) }} as reasons
    from reasons
    group by resource
)

select
    landed.resource,
    delivered.delivered,
    delivered.left_out,
    delivered.left_out_kinds,
    landed.landed,
    coalesce(outcomes.merged, 0) as merged,
    coalesce(outcomes.superseded, 0) as superseded,
    coalesce(outcomes.duplicate, 0) as duplicate,
    coalesce(outcomes.set_aside, 0) as set_aside,
    coalesce(reason_maps.reasons, {{ no_map('varchar', 'bigint') }}) as reasons,
    delivered.delivered = landed.landed + delivered.left_out
    and landed.landed = coalesce(outcomes.disposed, 0)
    and landed.landed = coalesce(outcomes.merged + outcomes.superseded + outcomes.duplicate + outcomes.set_aside, 0)
    and coalesce(outcomes.without_reason, 0) = 0 as balanced
from landed
inner join delivered on landed.resource = delivered.resource
left join outcomes on landed.resource = outcomes.resource
left join reason_maps on landed.resource = reason_maps.resource
order by landed.resource
