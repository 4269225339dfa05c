{{ config(materialized='table') }}

-- One number, one source (一数一源): which resource supplies how many of the published values of each attribute, and
-- what became of what it said where resources disagree. Made whole, of sums.

with counted as (
    select table_name, attribute, resource, entities, 0 as won, 0 as lost
    from {{ ref('int_supply__counted') }}

    union all

    select table_name, attribute, kept_resource as resource, 0 as entities, count(*) as won, 0 as lost
    from {{ ref('conflicts') }}
    group by table_name, attribute, kept_resource

    union all

    select table_name, attribute, resource, 0 as entities, 0 as won, count(*) as lost
    from (
        select distinct table_name, entity_id, attribute, claim.resource as resource
        from (
            select table_name, entity_id, attribute, kept, {{ each_of('claims') }} as claim
            from {{ ref('conflicts') }}
        ) as said
        where claim.value <> kept
    ) as losers
    group by table_name, attribute, resource
),

by_resource as (
    select
        table_name,
        attribute,
        resource,
        sum(entities) as supplied,
        sum(won) as won,
        sum(lost) as lost
    from counted
    group by table_name, attribute, resource
    having sum(entities) <> 0 or sum(won) <> 0 or sum(lost) <> 0
),

with_totals as (
    select
        *,
        sum(supplied) over (partition by table_name, attribute) as entities,
        sum(case when resource is not null then supplied else 0 end) over (partition by table_name, attribute) as filled
    from by_resource
)

-- Entities without a value are in the row without a resource; it is only shown where nobody supplies the attribute.
select
    table_name,
    attribute,
    resource,
    cast(case when resource is not null then supplied else 0 end as bigint) as supplied,
    case when resource is not null then cast(supplied as double) / nullif(filled, 0) end as share,
    cast(filled as double) / nullif(entities, 0) as filled,
    cast(won as bigint) as conflicts_won,
    cast(lost as bigint) as conflicts_lost
from with_totals
where resource is not null or filled = 0
