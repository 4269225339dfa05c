-- What each row says of a person. Claims of one register are ordered by age, then by where they landed: 34 bits of age in
-- seconds and 63 bits of address, the smallest first. The winner's address is its provenance.

create macro address(source, batch, row) as (cast(source as bigint) << 53) + ((2097151 - cast(batch as bigint)) << 32) + (4294967295 - row);

create macro claim_order(recorded_at, source, batch, row) as
    cast(17179869183 - greatest(coalesce(epoch_ms(recorded_at) // 1000 + 2208988800, 0), 0) as hugeint) * 9223372036854775808 + address(source, batch, row);

create macro ranked(claim, rank) as claim + cast(rank as hugeint) * 158456325028528675187087900672; -- 2^97

create view population_claims as
with people as (
    select *, 'person' as _role from household
    union all by name
    select
        * exclude (certificate_number, issuer_name, valid_from, valid_to, status),
        case when coalesce(status, '11') <> '5' then valid_to end as id_card_valid_to, 'person' as _role
    from card
    union all by name
    select *, 'person' as _role from death
    union all by name
    select *, 'person' as _role from insurance
    union all by name
    select * exclude (guardian_id, guardian_written, guardian, guardian_phone), 'person' as _role from school
    union all by name
    select
        _resource, _source, _register, _batch, _row, _record_key, _recorded_at, 'guardian' as _role,
        guardian_id as id_number, guardian_written as written_number, guardian as name, guardian_phone as phone
    from school
    union all by name
    select
        _resource, _source, _register, _batch, _row, _record_key, _recorded_at, 'husband' as _role,
        husband_id as id_number, husband_written as written_number, husband as name, '1' as sex, husband_birth as birth_date,
        case when divorced then '40' else '20' end as marital_status,
        case when divorced then date '9999-12-31' when not issued_again then registered_on end as marriage_date,
        case when divorced then '' else wife_id end as spouse_id_number
    from marriage
    union all by name
    select
        _resource, _source, _register, _batch, _row, _record_key, _recorded_at, 'wife' as _role,
        wife_id as id_number, wife_written as written_number, wife as name, '2' as sex, wife_birth as birth_date,
        case when divorced then '40' else '20' end as marital_status,
        case when divorced then date '9999-12-31' when not issued_again then registered_on end as marriage_date,
        case when divorced then '' else husband_id end as spouse_id_number
    from marriage
    union all by name
    select
        _resource, _source, _register, _batch, _row, _record_key, _recorded_at, 'child' as _role,
        child_id as id_number, child_written as written_number, child as name, sex, birth_date,
        mother_id as mother_id_number, father_id as father_id_number
    from birth
    union all by name
    select
        _resource, _source, _register, _batch, _row, _record_key, _recorded_at, 'mother' as _role,
        mother_id as id_number, mother_written as written_number, mother as name, '2' as sex, mother_ethnic_group as ethnic_group
    from birth
    union all by name
    select
        _resource, _source, _register, _batch, _row, _record_key, _recorded_at, 'father' as _role,
        father_id as id_number, father_written as written_number, father as name, '1' as sex
    from birth
    union all by name
    select
        _resource, _source, _register, _batch, _row, _record_key, _recorded_at, 'shareholder' as _role,
        person_id as id_number, person_written as written_number, person as name, person_address as residence_address
    from shareholder
)

select
    *, claim_order(_recorded_at, _source, _batch, _row) as _order,
    _resource in ('education.school_enrolment', 'civil_affairs.marriage', 'health.birth_certificate') as _of_several,
    _resource || '|' || coalesce(_record_key, _batch || '|' || _row) || '|' || _role as _claim_key
from people
where id_number is not null or name is not null;
