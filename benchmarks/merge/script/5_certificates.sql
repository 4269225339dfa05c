-- Claims on certificates. A holder without a usable number is the one person or entity to which the same row was linked.

create view certificate_claims as
with certificates as (
    select
        _resource, _source, _batch, _row, _recorded_at, '11100000000013127D001' as certificate_type, certificate_number,
        'person' as holder_kind, id_number as holder_id, name as holder_name, issuer_name, valid_from as issue_date, valid_from, valid_to, status
    from card
    union all by name
    select
        _resource, _source, _batch, _row, _recorded_at, 'local:marriage' as certificate_type, number as certificate_number,
        'person' as holder_kind, husband_id as holder_id, husband as holder_name, issuer_name, registered_on as issue_date, registered_on as valid_from
    from marriage
    union all by name
    select
        _resource, _source, _batch, _row, _recorded_at, 'local:birth' as certificate_type, number as certificate_number,
        'person' as holder_kind, child_id as holder_id, child as holder_name, issuer_name, issue_date, issue_date as valid_from
    from birth
    union all by name
    select
        _resource, _source, _batch, _row, _recorded_at, '11100000MB0143028R001' as certificate_type, certificate_number,
        'legal_entity' as holder_kind, credit_code as holder_id, old_number as holder_old_number, name as holder_name,
        registration_office as issuer_name, issue_date, valid_from, valid_to, status_by_registration(registration_status) as status
    from licence
    union all by name
    select
        _resource, _source, _batch, _row, _recorded_at, 'local:food_licence' as certificate_type, certificate_number,
        'legal_entity' as holder_kind, credit_code as holder_id, old_number as holder_old_number, name as holder_name,
        issuer_name, issue_date, valid_from, valid_to, status
    from food
    union all by name
    select
        _resource, _source, _batch, _row, _recorded_at, 'local:social_organisation' as certificate_type, certificate_number,
        'legal_entity' as holder_kind, credit_code as holder_id, name as holder_name, registration_office as issuer_name,
        valid_from as issue_date, valid_from, valid_to, status_by_registration(registration_status) as status
    from social_organisation
    union all by name
    select
        _resource, _source, _batch, _row, _recorded_at, 'local:public_institution' as certificate_type, certificate_number,
        'legal_entity' as holder_kind, credit_code as holder_id, name as holder_name, registration_office as issuer_name,
        valid_from as issue_date, valid_from, valid_to, status_by_registration(registration_status) as status
    from institution
    union all by name
    select
        _resource, _source, _batch, _row, _recorded_at, '11100000MB03271699001' as certificate_type, certificate_number, serial_number,
        holder_kind, holder_id, holder_old_number, holder_name, issuer_name, issue_date, issue_date as valid_from, status
    from real_estate
)

select
    *, certificate_type || ':' || certificate_number as certificate_id,
    getvariable('certificate_types')[certificate_type] as certificate_type_name,
    claim_order(_recorded_at, _source, _batch, _row) as _order
from certificates
where certificate_number is not null;

create view certificate_identified as
with linked as (
    select _resource, _batch, _row, 'person' as holder_kind, min(entity_id) as found
    from population_links
    where entity_id is not null
    group by all
    having count(distinct entity_id) = 1
    union all
    select _resource, _batch, _row, 'legal_entity', credit_code from legal_entity_links
),

mapped as (
    select number as holder_old_number, 'legal_entity' as holder_kind, min(credit_code) as mapped
    from old_numbers
    where entities = 1
    group by number
    having count(distinct credit_code) = 1
)

select claims.* replace (coalesce(claims.holder_id, linked.found, mapped.mapped) as holder_id)
from certificate_claims as claims
left join linked using (_resource, _batch, _row, holder_kind)
left join mapped using (holder_old_number, holder_kind);
