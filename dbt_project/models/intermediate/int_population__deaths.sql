{%- set registers = registers_of('population') -%}
{%- set death = attributes_of('population').get('death_date', {}) -%}
-- Who has died and when, by the same survivorship as the base table: a marriage ends with it, and the base table
-- must know before it is written.

select
    _entity_id as person_id,
    {{ survivor('death_date', death, registers) }} as death_date,
    {{ survivor_order('death_date', death, registers) }} as death_order
from {{ to_be_ordered('population', ref('int_population__identified'), ['death_date']) }} as identified
where death_date is not null
group by _entity_id
