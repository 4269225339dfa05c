-- Whom a row was linked to that gives no holder's number: the one person, the one legal entity; and rows whose legal
-- entity is for a clerk to find, so that no number of theirs finds one past the clerk. A step of its own, for
-- `int_certificate__identified` is read several times.

select _resource, _batch, _row, 'person' as holder_kind, min(entity_id) as entity_id, false as is_ambiguous
from {{ ref('int_population__links') }}
where entity_id is not null
group by _resource, _batch, _row
having min(entity_id) = max(entity_id)

union all

select _resource, _batch, _row, 'legal_entity' as holder_kind, min(entity_id) as entity_id, min(entity_id) is null as is_ambiguous
from {{ ref('int_legal_entity__links') }}
where entity_id is not null or rule = 'ambiguous_link'
group by _resource, _batch, _row
having min(entity_id) is null or min(entity_id) = max(entity_id)
