-- The one credit code that an old number leads to, of the numbers by which certificates name their holders. A step of its
-- own, for `int_certificate__identified` is read several times.

select number, min(credit_code) as credit_code
from {{ ref('int_legal_entity__number_crosswalk') }}
where
    credit_code is not null
    and number in (select holder_old_number from {{ ref('int_certificate__claims') }} where holder_old_number is not null)
group by number
having min(credit_code) = max(credit_code)
