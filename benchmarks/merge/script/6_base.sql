-- The base tables: each attribute from the claim with the smallest order among those that say something.

create macro best(value, claim) as {
    'value': arg_min(value, claim) filter (where value is not null),
    'claim': min(claim) filter (where value is not null)
};

create macro resource_name(source) as [
    'civil_affairs.death', 'civil_affairs.marriage', 'civil_affairs.social_organisation', 'education.school_enrolment',
    'establishment_office.public_institution', 'health.birth_certificate', 'human_resources.social_insurance',
    'market_regulation.business_licence', 'market_regulation.enterprise_registration', 'market_regulation.food_licence',
    'market_regulation.shareholder', 'natural_resources.real_estate_certificate', 'public_security.household_registration',
    'public_security.identity_card', 'tax.tax_registration'
][source];

create macro row_at(address) as
    case when address is not null then {
        'resource': resource_name(address >> 53),
        'batch': lpad(cast(2097151 - ((address >> 32) & 2097151) as varchar), 6, '0'),
        'row': 4294967295 - (address & 4294967295)
    } end;

create macro place(claim) as list_transform([cast(claim & 9223372036854775807::hugeint as bigint)], lambda address: row_at(address))[1];

create macro sources_in(bits) as list_transform(list_filter(range(1, 16), lambda n: bits & (1 << cast(n as integer)) > 0), lambda n: resource_name(n));

-- What contradicts the number itself comes last.
create macro unless_other(value, of_number, claim) as claim + case when value <> of_number then ranked(0::hugeint, 60) else 0::hugeint end;

create macro born(number) as cast(try_strptime(number[7:14], '%Y%m%d') as date);

create macro sex_of(number) as
    case when number[17] in ('1', '3', '5', '7', '9') then '1' when number[17] in ('0', '2', '4', '6', '8') then '2' end;

create macro kind_of(code) as
    case code[1:2]
        when '91' then 'enterprise' when '92' then 'self_employed' when '93' then 'cooperative' when '12' then 'public_institution'
        when '51' then 'social_organisation' when '52' then 'social_organisation' when '53' then 'social_organisation'
        when '54' then 'self_governing' when '71' then 'religious_place' when '11' then 'agency'
        when 'N1' then 'collective' when 'N2' then 'collective' when 'N3' then 'collective' else 'other'
    end;

create view population_identified as
select *, id_number as _entity from population_claims where id_number is not null
union all by name
select claims.*, links.entity_id as _entity
from population_claims as claims
join population_links as links using (_resource, _batch, _row, _role)
where claims.id_number is null and links.entity_id is not null;

-- A telephone number on which two registers agree.
create table agreed_phones as
select _entity, phone
from (select distinct _entity, phone, _source from population_identified where phone is not null)
group by _entity, phone having count(*) > 1;

create view population_ranked as
-- Whom to believe: 14 card, 13 household, 2 marriage, 1 death, 6 birth, 7 insurance, 4 school, 11 shareholder.
select
    claims.*,
    ranked(_order, case _source when 14 then 0 when 13 then 1 when 2 then 2 when 1 then 3 when 6 then 4 when 7 then 5 when 4 then 6 else 7 end) as by_name,
    ranked(_order, case _source when 14 then 0 when 13 then 1 when 6 then 2 when 1 then 3 when 2 then 4 when 7 then 5 else 6 end) as by_birth,
    ranked(_order, case _source when 14 then 0 when 13 then 1 when 6 then 2 when 1 then 3 when 7 then 4 when 4 then 5 else 6 end) as by_sex,
    ranked(_order, case _source when 2 then 0 when 1 then 1 when 7 then 2 when 13 then 3 when 4 then 4 when 14 then 5 else 6 end) as by_fact,
    ranked(by_fact, case when agreed.phone is null then 31 else 0 end) as by_phone
from population_identified as claims
left join agreed_phones as agreed on claims._entity = agreed._entity and claims.phone = agreed.phone;

create table persons as
select
    _entity as person_id,
    min(_order) as known,
    bit_or(1 << _source) as spoken,
    max(_recorded_at) as _updated_at,
    best(id_card_valid_to, _order) as id_card_valid_to,
    best(name, by_name) as name,
    best(former_name, _order) as former_name,
    best(sex, unless_other(sex, sex_of(_entity), by_sex)) as sex,
    best(ethnic_group, by_birth) as ethnic_group,
    best(birth_date, unless_other(birth_date, born(_entity), by_birth)) as birth_date,
    best(birth_division, _order) as birth_division,
    best(household_number, _order) as household_number,
    best(household_relation, _order) as household_relation,
    best(household_division, _order) as household_division,
    best(case when _source = 13 then household_address end, _order) as household_address,
    best(residence_address, by_fact) as residence_address,
    best(marital_status, by_fact) as marital_status,
    best(marriage_date, _order) as marriage_date,
    best(spouse_id_number, _order) as spouse_id_number,
    best(education, by_fact) as education,
    best(employer_name, _order) as employer_name,
    best(employer_credit_code, _order) as employer_credit_code,
    best(insurance_status, _order) as insurance_status,
    best(school_name, _order) as school_name,
    best(phone, by_phone) as phone,
    best(father_id_number, _order) as father_id_number,
    best(mother_id_number, _order) as mother_id_number,
    best(move_out_date, _order) as move_out_date,
    best(death_date, by_fact) as death_date
from population_ranked
group by _entity;

-- Towns and villages by the names that addresses have for them, the longest first; a short form of a village may go on as the
-- name of a street, and counts only before a number or at the end.
create table places as
with named as (
    select
        place_code, place_name, case when length(place_code) = 9 then place_code[1:6] else place_code[1:9] end as parent,
        case when length(place_code) = 12 then regexp_replace(regexp_replace(regexp_replace(
            place_name, '[(（].*$', ''), '(社区居民委员会|社区居委会|社区|村民委员会|村民委员民|居民委员会|村委会|居委会)$', ''), '村$', '') end as stem
    from read_csv(getvariable('seeds') || '/place.csv', all_varchar = true)
),

forms as (
    select parent, place_code, unnest([place_name, case when place_name like '%街道' then replace(place_name, '街道', '街道办事处') end,
        case when place_name like '%街道' then replace(place_name, '街道', '办事处') end]) as form, true as whole
    from named
    where stem is null
    union all
    select parent, place_code, stem || case when contains(place_name, '社区') then '社区' else '村' end, true from named where stem is not null
    union all
    select parent, place_code, stem, false from named where length(stem) > 1 and not regexp_matches(stem, '[路街道巷]$')
),

own as (
    select parent, form, min(place_code) as code, bool_and(whole) as whole
    from forms
    where form is not null
    group by all
    having count(distinct place_code) = 1
)

select parent, form[1:2] as head, list({'form': form, 'code': code, 'whole': whole} order by length(form) desc, form) as candidates
from own
group by parent, head;

-- A county of former days has its successor's towns.
create table counties as
select code, coalesce(successor, code) as present from read_csv(getvariable('seeds') || '/division.csv', all_varchar = true);

create table homes as
with begun as (
    select person_id, household_address.value as address, household_division.value as division, regexp_extract(household_address.value, getvariable('division_names')) as begin
    from persons
),

behind_county as (
    select person_id, coalesce(said.present, given.present) as present, substr(address, length(coalesce(begin, '')) + 1) as rest
    from begun
    left join counties as given on division[1:6] = given.code
    left join counties as said on coded(begin, 'division') = said.code and said.code not like '%00'
),

behind_town as (
    select behind_county.*, list_filter(candidates, lambda one: starts_with(rest, one.form))[1] as town
    from behind_county
    left join places on present = parent and rest[1:2] = head
),

in_village as (
    select person_id, town.code as town, substr(rest, length(coalesce(town.form, '')) + 1) as rest from behind_town
)

select
    person_id, town,
    list_filter(candidates, lambda one:
        starts_with(rest, one.form) and (one.whole or regexp_matches(rest[length(one.form) + 1:length(one.form) + 1], '^[0-9村社居组队第(（-]?$'))
    )[1].code as village
from in_village
left join places on town = parent and rest[1:2] = head;

-- Who outlives the spouse of a standing marriage is a widow or widower.
create table population as
with widowed as (
    select persons.person_id, spouses.death_date.claim as by_death
    from persons
    join persons as spouses on persons.spouse_id_number.value = spouses.person_id
    where
        persons.marital_status.value like '2%'
        and spouses.death_date.value >= coalesce(nullif(persons.marriage_date.value, date '9999-12-31'), date '0001-01-01')
        and spouses.death_date.value < coalesce(nullif(persons.death_date.value, date '9999-12-31'), date '9999-12-31')
)

select
    person_id,
    case when person_id not like 'U%' then person_id end as id_number,
    case
        when person_id[1:6] in ('810000', '820000', '830000') then 'hk_mo_tw_permit'
        when person_id[1] = '9' then 'foreigner'
        when person_id not like 'U%' then 'citizen'
    end as id_number_kind,
    nullif(id_card_valid_to.value, date '9999-12-31') as id_card_valid_to,
    nullif(name.value, '') as name,
    nullif(former_name.value, '') as former_name,
    coalesce(sex.value, sex_of(person_id)) as sex,
    nullif(ethnic_group.value, '') as ethnic_group,
    coalesce(birth_date.value, born(person_id)) as birth_date,
    nullif(birth_division.value, '') as birth_division,
    nullif(household_number.value, '') as household_number,
    nullif(household_relation.value, '') as household_relation,
    nullif(household_division.value, '') as household_division,
    nullif(household_address.value, '') as household_address,
    town as household_town,
    village as household_village,
    nullif(residence_address.value, '') as residence_address,
    case when by_death is not null then '30' else marital_status.value end as marital_status,
    case when by_death is null then nullif(marriage_date.value, date '9999-12-31') end as marriage_date,
    case when by_death is null then nullif(spouse_id_number.value, '') end as spouse_id_number,
    nullif(education.value, '') as education,
    nullif(employer_name.value, '') as employer_name,
    nullif(employer_credit_code.value, '') as employer_credit_code,
    nullif(insurance_status.value, '') as insurance_status,
    nullif(school_name.value, '') as school_name,
    nullif(phone.value, '') as phone,
    nullif(father_id_number.value, '') as father_id_number,
    nullif(mother_id_number.value, '') as mother_id_number,
    nullif(move_out_date.value, date '9999-12-31') as move_out_date,
    nullif(death_date.value, date '9999-12-31') as death_date,
    {
        'id_number': place(known),
        'id_card_valid_to': place(id_card_valid_to.claim),
        'name': place(name.claim),
        'former_name': place(former_name.claim),
        'sex': place(coalesce(sex.claim, known)),
        'ethnic_group': place(ethnic_group.claim),
        'birth_date': place(coalesce(birth_date.claim, known)),
        'birth_division': place(birth_division.claim),
        'household_number': place(household_number.claim),
        'household_relation': place(household_relation.claim),
        'household_division': place(household_division.claim),
        'household_address': place(household_address.claim),
        'residence_address': place(residence_address.claim),
        'marital_status': place(coalesce(by_death, marital_status.claim)),
        'marriage_date': place(marriage_date.claim),
        'spouse_id_number': place(spouse_id_number.claim),
        'education': place(education.claim),
        'employer_name': place(employer_name.claim),
        'employer_credit_code': place(employer_credit_code.claim),
        'insurance_status': place(insurance_status.claim),
        'school_name': place(school_name.claim),
        'phone': place(phone.claim),
        'father_id_number': place(father_id_number.claim),
        'mother_id_number': place(mother_id_number.claim),
        'move_out_date': place(move_out_date.claim),
        'death_date': place(death_date.claim)
    } as _provenance,
    sources_in(spoken) as _sources,
    _updated_at
from persons
left join homes using (person_id)
left join widowed using (person_id);

create table entities as
with identified as (
    -- 9 enterprise, 5 institution, 3 social organisation, 8 licence, 15 tax, 10 food licence, 11 shareholder
    select *, ranked(_order, case _source when 9 then 0 when 5 then 1 when 3 then 2 when 8 then 3 when 15 then 4 when 10 then 5 else 6 end) as by_rank
    from legal_entity_identified
)

select
    _entity as credit_code,
    min(_order) as known,
    bit_or(1 << _source) as spoken,
    max(_recorded_at) as _updated_at,
    best(name, by_rank) as name,
    best(entity_type, by_rank) as entity_type,
    best(representative_name, by_rank) as representative_name,
    best(representative_id_number, by_rank) as representative_id_number,
    best(capital_amount, by_rank) as capital_amount,
    best(capital_currency, by_rank) as capital_currency,
    best(establishment_date, by_rank) as establishment_date,
    best(valid_from, by_rank) as valid_from,
    best(valid_to, by_rank) as valid_to,
    best(registration_status, by_rank) as registration_status,
    best(registration_office, by_rank) as registration_office,
    best(division_code, by_rank) as division_code,
    best(address, by_rank) as address,
    best(industry, by_rank) as industry,
    best(business_scope, by_rank) as business_scope,
    best(registration_number, by_rank) as registration_number,
    best(organisation_code, unless_other(organisation_code, _entity[9:17], _order)) as organisation_code,
    best(tax_number, by_rank) as tax_number,
    best(tax_status, by_rank) as tax_status,
    best(phone, by_rank) as phone
from identified
group by _entity;

-- A branch bears its parent's name in front.
create macro parent_of(name) as
    case when regexp_matches(name, '(公司|合作社).+(分公司|支公司|分社|分店|分行|支行|分理处|营业部|经营部|门市部)[)]?$') then regexp_extract(name, '^.+?(公司|合作社)') end;

create table parents as
select name as parent_name, min(credit_code) as parent
from legal_entity_claims
where credit_code is not null
group by name
having count(distinct credit_code) = 1;

create table legal_entity as
with told as (
    select *, list_filter(former, lambda one: one.value is distinct from name.value)[1] as former_name
    from entities
    left join former_names using (credit_code)
    left join parents on parent_of(name.value) = parent_name and parent <> credit_code
)

select
    credit_code,
    nullif(name.value, '') as name,
    former_name.value as former_name,
    parent as parent_credit_code,
    kind_of(credit_code) as entity_kind,
    nullif(entity_type.value, '') as entity_type,
    nullif(representative_name.value, '') as representative_name,
    nullif(representative_id_number.value, '') as representative_id_number,
    capital_amount.value as capital_amount,
    nullif(capital_currency.value, '') as capital_currency,
    nullif(establishment_date.value, date '9999-12-31') as establishment_date,
    nullif(valid_from.value, date '9999-12-31') as valid_from,
    nullif(valid_to.value, date '9999-12-31') as valid_to,
    nullif(registration_status.value, '') as registration_status,
    nullif(registration_office.value, '') as registration_office,
    nullif(division_code.value, '') as division_code,
    nullif(address.value, '') as address,
    nullif(industry.value, '') as industry,
    nullif(business_scope.value, '') as business_scope,
    nullif(registration_number.value, '') as registration_number,
    coalesce(organisation_code.value, credit_code[9:17]) as organisation_code,
    nullif(tax_number.value, '') as tax_number,
    nullif(tax_status.value, '') as tax_status,
    nullif(phone.value, '') as phone,
    {
        'credit_code': place(known),
        'name': place(name.claim),
        'former_name': place(former_name.claim),
        'parent_credit_code': place(case when parent is not null then name.claim end),
        'entity_kind': place(known),
        'entity_type': place(entity_type.claim),
        'representative_name': place(representative_name.claim),
        'representative_id_number': place(representative_id_number.claim),
        'capital_amount': place(capital_amount.claim),
        'capital_currency': place(capital_currency.claim),
        'establishment_date': place(establishment_date.claim),
        'valid_from': place(valid_from.claim),
        'valid_to': place(valid_to.claim),
        'registration_status': place(registration_status.claim),
        'registration_office': place(registration_office.claim),
        'division_code': place(division_code.claim),
        'address': place(address.claim),
        'industry': place(industry.claim),
        'business_scope': place(business_scope.claim),
        'registration_number': place(registration_number.claim),
        'organisation_code': place(coalesce(organisation_code.claim, known)),
        'tax_number': place(tax_number.claim),
        'tax_status': place(tax_status.claim),
        'phone': place(phone.claim)
    } as _provenance,
    sources_in(spoken) as _sources,
    _updated_at
from told;

-- 机构编制 gives codes that begin with 1; a name leads to its one code, and to the division that it begins with.
create table issuers as
select name as office, min(credit_code) as issuer_code, coalesce(division_named_in(name), min(credit_code)[3:8]) as issuer_division
from legal_entity_claims
where credit_code[1] = '1' and name is not null
group by name
having count(distinct credit_code) = 1;

create table certificate as
with certificates as (
    select
        certificate_id,
        min(_order) as known,
        bit_or(1 << _source) as spoken,
        max(_recorded_at) as _updated_at,
        best(certificate_type, _order) as certificate_type,
        best(certificate_type_name, _order) as certificate_type_name,
        best(certificate_number, _order) as certificate_number,
        best(serial_number, _order) as serial_number,
        best(holder_kind, _order) as holder_kind,
        best(holder_id, _order) as holder_id,
        best(holder_name, _order) as holder_name,
        best(issuer_name, _order) as issuer_name,
        best(issue_date, _order) as issue_date,
        best(valid_from, _order) as valid_from,
        best(valid_to, _order) as valid_to,
        best(status, _order) as status
    from certificate_identified
    group by certificate_id
),

-- Of a kind of which a holder can have one only, the next one issued takes the place of the last.
replaced as (
    select
        certificate_id,
        lead(certificate_id) over (partition by certificate_type.value, holder_id.value order by issue_date.value, certificate_id) as replaced_by
    from certificates
    join certificate_kinds on certificate_type.value = code
    where single = 'yes' and holder_id.value <> '' and issue_date.value <> date '9999-12-31'
),

told as (
    select
        *,
        coalesce(
            valid_to.value,
            case term when 'age' then card_end(born(holder_id.value), valid_from.value)
            else cast(valid_from.value + to_years(cast(term as integer)) - interval 1 day as date) end
        ) as last_day
    from certificates
    left join replaced using (certificate_id)
    left join certificate_kinds on certificate_type.value = code
    left join issuers on issuer_name.value = office
)

select
    certificate_id,
    nullif(certificate_type.value, '') as certificate_type,
    nullif(certificate_type_name.value, '') as certificate_type_name,
    nullif(certificate_number.value, '') as certificate_number,
    nullif(serial_number.value, '') as serial_number,
    case
        when length(certificate_type.value) = 21 and regexp_matches(compact(coalesce(serial_number.value, certificate_number.value)), '^[0-9A-Z]+$')
            then list_transform(
                [certificate_type.value || '.' || issuer_code || '.' || compact(coalesce(serial_number.value, certificate_number.value)) || '.001'],
                lambda m: '1.2.156.3005.2.' || m || '.' || check_37_36(replace(m, '.', ''))
            )[1]
    end as identifier,
    nullif(holder_kind.value, '') as holder_kind,
    nullif(holder_id.value, '') as holder_id,
    nullif(holder_name.value, '') as holder_name,
    nullif(issuer_name.value, '') as issuer_name,
    issuer_code,
    issuer_division,
    nullif(issue_date.value, date '9999-12-31') as issue_date,
    nullif(valid_from.value, date '9999-12-31') as valid_from,
    nullif(last_day, date '9999-12-31') as valid_to,
    nullif(status.value, '') as status,
    case
        when status.value = '5' then '5'
        when status.value = '4' or last_day < getvariable('day') then '4'
        when replaced_by is not null then '5'
        when status.value = '10' or valid_from.value > getvariable('day') then '10'
        else '11'
    end as validity,
    replaced_by,
    {
        'certificate_id': place(known),
        'certificate_type': place(certificate_type.claim),
        'certificate_type_name': place(certificate_type_name.claim),
        'certificate_number': place(certificate_number.claim),
        'serial_number': place(serial_number.claim),
        'holder_kind': place(holder_kind.claim),
        'holder_id': place(holder_id.claim),
        'holder_name': place(holder_name.claim),
        'issuer_name': place(issuer_name.claim),
        'issue_date': place(issue_date.claim),
        'valid_from': place(valid_from.claim),
        'valid_to': place(coalesce(valid_to.claim, case when last_day is not null then valid_from.claim end)),
        'status': place(status.claim)
    } as _provenance,
    sources_in(spoken) as _sources,
    _updated_at
from told;
