{%- set death = attributes_of('population').get('death_date', {}) -%}
-- Who has died and when, by the same survivorship as the base table: a marriage ends with it, and the base table
-- must know before it is written.

select
    _entity_id as person_id,
    {{ survivor('death_date', death) }} as death_date,
    {{ survivor_order('death_date', death) }} as death_order
from {{ ref('int_population__identified') }}
where death_date is not null
group by _entity_id
