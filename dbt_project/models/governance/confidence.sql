{{ config(materialized='table') }}

-- How sure the values of an attribute are: whether the register that the standard names first supplied them, and whether
-- anybody says otherwise. Counted from what `supply` has counted; a single value's level is the row of its attribute, its
-- resource and whether it is in conflicts, so that no base table carries it.

with leads as (
    {{ leading_resources() }}
),

split as (
    select table_name, attribute, resource, false as contested, supplied - least(conflicts_won, supplied) as entities
    from {{ ref('supply') }}
    where resource is not null
    union all
    select table_name, attribute, resource, true as contested, least(conflicts_won, supplied) as entities
    from {{ ref('supply') }}
    where resource is not null
)

select
    split.table_name,
    split.attribute,
    split.resource,
    split.contested,
    case
        when leads.resource is not null and not split.contested then 'high'
        when leads.resource is null and split.contested then 'low'
        else 'medium'
    end as level,
    split.entities,
    cast(split.entities as double) / nullif(sum(split.entities) over (partition by split.table_name, split.attribute), 0) as share
from split
left join leads
    on split.table_name = leads.table_name and split.attribute = leads.attribute and split.resource = leads.resource
