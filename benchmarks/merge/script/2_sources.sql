-- The rows of each source that count, clean. `resource` is the folder of its batches, `key` what names a record.

create macro landed(resource) as table
select *
from read_parquet(getvariable('landing') || '/' || resource || '/*/*.parquet', union_by_name = true)
where _problem is null;

-- Of a record's versions the newest; of copies of one version the first. A withdrawal ends all that landed before it.
create macro current_rows(resource, key, recorded_at) as table
with repeated as (
    select cast(key as varchar) as _key from landed(resource) group by all having count(*) > 1
),

versions as (
    select
        _batch, _row, cast(key as varchar) as _key, moment(tidy(cast(recorded_at as varchar))) as _at, _op = 'delete' as _withdraws,
        hash(*columns(* exclude (_batch, _row, _file, _line))) as _content
    from landed(resource)
    where cast(key as varchar) in (select _key from repeated)
),

withdrawn as (
    select versions._batch, versions._row
    from versions
    join (select _key, max((_batch, _row)) as _end from versions where _withdraws group by all) as withdrawals using (_key)
    where (versions._batch, versions._row) <= withdrawals._end
),

compared as (
    select *, _content is not distinct from lag(_content) over (partition by _key order by _at nulls first, _batch, _row) as _copy
    from versions
    anti join withdrawn using (_batch, _row)
),

passed as (
    select _batch, _row
    from compared
    qualify _copy or row_number() over (partition by _key, _copy order by _at desc nulls last, _batch desc, _row desc) > 1
    union all
    from withdrawn
)

select *
from landed(resource)
anti join passed using (_batch, _row)
where coalesce(_op, 'upsert') <> 'delete';

-- Older versions of records that still stand.
create macro former_rows(resource, key, recorded_at) as table
with repeated as (
    select cast(key as varchar) as _key from landed(resource) group by all having count(*) > 1
),

versions as (
    select
        _batch, _row, cast(key as varchar) as _key, moment(tidy(cast(recorded_at as varchar))) as _at, _op = 'delete' as _withdraws,
        hash(*columns(* exclude (_batch, _row, _file, _line))) as _content
    from landed(resource)
    where cast(key as varchar) in (select _key from repeated)
),

withdrawn as (
    select versions._batch, versions._row
    from versions
    join (select _key, max((_batch, _row)) as _end from versions where _withdraws group by all) as withdrawals using (_key)
    where (versions._batch, versions._row) <= withdrawals._end
),

compared as (
    select *, _content is not distinct from lag(_content) over (partition by _key order by _at nulls first, _batch, _row) as _copy
    from versions
    anti join withdrawn using (_batch, _row)
),

older as (
    select _batch, _row
    from compared
    qualify not _copy and row_number() over (partition by _key, _copy order by _at desc nulls last, _batch desc, _row desc) > 1
)

select *
from landed(resource)
semi join older using (_batch, _row);

create table household as
with texts as (
    select
        _batch, _row, czrkrkid as _record_key, moment(tidy(czrksjxgxsj)) as _recorded_at,
        tidy(identi_id) as number, tidy(nm) as nm, tidy(used_nm) as used_nm, tidy(gen) as gen, tidy(nation) as nation,
        tidy(birth_dt) as birth_dt, tidy(birth_pcc) as birth_pcc, tidy(czrkhhid) as czrkhhid, tidy(household_rela) as household_rela,
        tidy(belo_pcc) as belo_pcc, tidy(addr) as addr, tidy(marital_status) as marital_status, tidy(edu_degree) as edu_degree,
        tidy(tel) as tel, tidy(moveout_dt) as moveout_dt, tidy(dead_dt) as dead_dt
    from current_rows('public_security/household_registration', czrkrkid, czrksjxgxsj)
)

select
    'public_security.household_registration' as _resource, 13 as _source, 'household_registration' as _register,
    _batch, _row, _record_key, _recorded_at,
    id_number(number) as id_number, compact(number) as written_number,
    person_name(nm) as name, person_name(used_nm) as former_name, coded(gen, 'sex') as sex, coded(nation, 'ethnic_group') as ethnic_group,
    date_of(birth_dt) as birth_date, division(birth_pcc) as birth_division, czrkhhid as household_number,
    coded(household_rela, 'household_relation') as household_relation, division(belo_pcc) as household_division, addr as household_address,
    coded(marital_status, 'marital_status') as marital_status, coded(edu_degree, 'education_1984') as education,
    phone(tel) as phone, date_of(moveout_dt) as move_out_date, date_of(dead_dt) as death_date
from texts;

create table card as
with texts as (
    select
        _batch, _row, slh as _record_key, moment(tidy(gxsj)) as _recorded_at, tidy(slh) as slh, tidy(gmsfhm) as number,
        tidy(xm) as xm, tidy(xb) as xb, tidy(mz) as mz, tidy(csrq) as csrq, tidy(zz) as zz, tidy(qfjg) as qfjg,
        tidy(yxqqsrq) as yxqqsrq, tidy(yxqjzrq) as yxqjzrq, tidy(zjzt) as zjzt
    from current_rows('public_security/identity_card', slh, gxsj)
)

select
    'public_security.identity_card' as _resource, 14 as _source, 'identity_card' as _register, _batch, _row, _record_key, _recorded_at,
    id_number(number) as id_number, compact(number) as written_number,
    person_name(xm) as name, coded(xb, 'sex') as sex, coded(mz, 'ethnic_group') as ethnic_group, date_of(csrq) as birth_date, zz as residence_address,
    slh as certificate_number, organisation_name(qfjg) as issuer_name, date_of(yxqqsrq) as valid_from, last_day(yxqjzrq) as valid_to,
    coded(zjzt, 'certificate_status') as status
from texts;

create table marriage as
with texts as (
    select
        _batch, _row, 登记字号 as _record_key, tidy(登记字号) as number, coalesce(tidy(业务类型), '') as kind, tidy(登记日期) as date,
        tidy(男方姓名) as husband, tidy(男方身份证号) as husband_number, tidy(男方出生日期) as husband_birth,
        tidy(女方姓名) as wife, tidy(女方身份证号) as wife_number, tidy(女方出生日期) as wife_birth, tidy(登记机关) as office
    from current_rows('civil_affairs/marriage', 登记字号, 登记日期)
)

select
    'civil_affairs.marriage' as _resource, 2 as _source, 'marriage_registration' as _register, _batch, _row, _record_key,
    moment(date) as _recorded_at, date_of(date) as registered_on, number, organisation_name(office) as issuer_name,
    id_number(husband_number) as husband_id, compact(husband_number) as husband_written, person_name(husband) as husband, date_of(husband_birth) as husband_birth,
    id_number(wife_number) as wife_id, compact(wife_number) as wife_written, person_name(wife) as wife, date_of(wife_birth) as wife_birth,
    kind like '离婚%' as divorced, kind like '补%' as issued_again
from texts;

create table death as
with texts as (
    select
        _batch, _row, 火化证号 as _record_key, tidy(登记日期) as date, tidy(身份证号) as number, tidy(姓名) as name, tidy(性别) as sex,
        tidy(出生日期) as birth, tidy(户籍地址) as address, tidy(死亡日期) as death
    from current_rows('civil_affairs/death', 火化证号, 登记日期)
)

select
    'civil_affairs.death' as _resource, 1 as _source, 'death_registration' as _register, _batch, _row, _record_key, moment(date) as _recorded_at,
    id_number(number) as id_number, compact(number) as written_number, person_name(name) as name, coded(sex, 'sex') as sex,
    date_of(birth) as birth_date, address as household_address, date_of(death) as death_date
from texts;

create table birth as
with texts as (
    select
        _batch, _row, certNo as _record_key, tidy(updatedAt) as updated, tidy(certNo) as number, tidy(babyName) as child, tidy(babySex) as sex,
        tidy(birthTime) as birth, tidy(babyIdNo) as child_number, tidy(motherName) as mother, tidy(motherIdNo) as mother_number,
        tidy(motherNation) as nation, tidy(fatherName) as father, tidy(fatherIdNo) as father_number, tidy(issueOrg) as office, tidy(issueDate) as issued
    from current_rows('health/birth_certificate', certNo, updatedAt)
)

select
    'health.birth_certificate' as _resource, 6 as _source, 'birth_certificate' as _register, _batch, _row, _record_key, moment(updated) as _recorded_at,
    number, organisation_name(office) as issuer_name, date_of(issued) as issue_date,
    id_number(child_number) as child_id, compact(child_number) as child_written, person_name(child) as child, coded(sex, 'sex') as sex, date_of(birth) as birth_date,
    id_number(mother_number) as mother_id, compact(mother_number) as mother_written, person_name(mother) as mother, coded(nation, 'ethnic_group') as mother_ethnic_group,
    id_number(father_number) as father_id, compact(father_number) as father_written, person_name(father) as father
from texts;

create table insurance as
with texts as (
    select
        _batch, _row, 个人编号 as _record_key, tidy(更新时间) as updated, tidy(证件号码) as number, tidy(姓名) as name, tidy(性别) as sex,
        tidy(出生日期) as birth, tidy(民族) as nation, tidy(文化程度) as education, tidy(参保状态) as status, tidy(单位名称) as employer,
        tidy(单位统一社会信用代码) as employer_code, tidy(联系电话) as phone, tidy(联系地址) as address
    from current_rows('human_resources/social_insurance', 个人编号, 更新时间)
)

select
    'human_resources.social_insurance' as _resource, 7 as _source, 'social_insurance' as _register, _batch, _row, _record_key, moment(updated) as _recorded_at,
    id_number(number) as id_number, compact(number) as written_number, person_name(name) as name, coded(sex, 'sex') as sex, date_of(birth) as birth_date,
    coded(nation, 'ethnic_group') as ethnic_group, coded(education, 'education') as education, coded(status, 'insurance_status') as insurance_status,
    organisation_name(employer) as employer_name, credit_code(employer_code) as employer_credit_code, phone(phone) as phone, address as residence_address
from texts;

create table school as
with texts as (
    select
        _batch, _row, 学籍号 as _record_key, tidy(身份证件号) as number, tidy(姓名) as name, tidy(性别) as sex, tidy(出生日期) as birth,
        tidy(民族) as nation, tidy(学校名称) as school, tidy(户口所在地) as household, tidy(现住址) as address,
        tidy(监护人姓名) as guardian, tidy(监护人身份证号) as guardian_number, tidy(监护人电话) as guardian_phone
    from current_rows('education/school_enrolment', 学籍号, null)
)

select
    'education.school_enrolment' as _resource, 4 as _source, 'school_enrolment' as _register, _batch, _row, _record_key, cast(null as timestamp) as _recorded_at,
    id_number(number) as id_number, compact(number) as written_number, person_name(name) as name, coded(sex, 'sex') as sex, date_of(birth) as birth_date,
    coded(nation, 'ethnic_group') as ethnic_group, organisation_name(school) as school_name, household as household_address, address as residence_address,
    id_number(guardian_number) as guardian_id, compact(guardian_number) as guardian_written, person_name(guardian) as guardian, phone(guardian_phone) as guardian_phone
from texts;

create table enterprise as
with texts as (
    select
        _batch, _row, main_identi_id as _record_key, tidy(gxsj) as updated, tidy(uni_social_crd_cd) as code, tidy(reg_no) as reg_no, tidy(comp_nm) as name,
        tidy(comp_type) as type, tidy(legal_repre) as representative, tidy(legal_repre_id) as representative_number,
        tidy(cast(reg_capt as varchar)) as capital, tidy(capt_kind) as kind, tidy(est_dt) as established, tidy(opt_from) as opt_from, tidy(opt_to) as opt_to,
        tidy(reg_state) as state, tidy(reg_org) as office, tidy(domdi_strict) as division, tidy(addr) as addr, tidy(indv_id) as industry,
        tidy(opt_scop) as scope, tidy(tel) as tel
    from current_rows('market_regulation/enterprise_registration', main_identi_id, gxsj)
)

select
    'market_regulation.enterprise_registration' as _resource, 9 as _source, _batch, _row, moment(updated) as _recorded_at,
    credit_code(code) as credit_code, coalesce(if_of_15(compact(reg_no)), if_of_15(compact(code))) as registration_number,
    organisation_name(name) as name, coded(type, 'entity_type') as entity_type, person_name(representative) as representative_name,
    id_number(representative_number) as representative_id_number, capital_amount(capital) as capital_amount,
    capital_currency(capital, kind) as capital_currency, date_of(established) as establishment_date, date_of(opt_from) as valid_from,
    last_day(opt_to) as valid_to, coded(state, 'registration_status') as registration_status, organisation_name(office) as registration_office,
    coalesce(division(division)[1:6], division_of(addr)) as division_code, addr as address, industry(industry) as industry, scope as business_scope, phone(tel) as phone
from texts;

create table licence as
with texts as (
    select
        _batch, _row, zzbh as _record_key, tidy(gxsj) as updated, tidy(zzbh) as number, tidy(tyshxydm) as code, tidy(mc) as name, tidy(lx) as type,
        tidy(fddbr) as representative, tidy(zczb) as capital, tidy(clrq) as established, tidy(yyqx_q) as since, tidy(yyqx_z) as until,
        tidy(zt) as state, tidy(djjg) as office, tidy(zs) as address, tidy(jyfw) as scope, tidy(hzrq) as approved
    from current_rows('market_regulation/business_licence', zzbh, gxsj)
)

select
    'market_regulation.business_licence' as _resource, 8 as _source, _batch, _row, moment(updated) as _recorded_at,
    credit_code(code) as credit_code, compact(code) as old_number, if_of_15(compact(code)) as registration_number,
    organisation_name(name) as name, coded(type, 'entity_type') as entity_type, person_name(representative) as representative_name,
    capital_amount(capital) as capital_amount, capital_currency(capital, null) as capital_currency, date_of(established) as establishment_date,
    date_of(since) as valid_from, last_day(until) as valid_to, coded(state, 'registration_status') as registration_status,
    organisation_name(office) as registration_office, division_of(address) as division_code, address, scope as business_scope, number as certificate_number, date_of(approved) as issue_date
from texts;

create table food as
with texts as (
    select
        _batch, _row, 许可证编号 as _record_key, tidy(发证日期) as issued, tidy(许可证编号) as number, tidy(统一社会信用代码) as code, tidy(经营者名称) as name,
        tidy(法定代表人) as representative, tidy(住所) as address, tidy(发证机关) as office, tidy(有效期自) as since, tidy(有效期至) as until, tidy(许可证状态) as state
    from current_rows('market_regulation/food_licence', 许可证编号, 发证日期)
)

select
    'market_regulation.food_licence' as _resource, 10 as _source, _batch, _row, moment(issued) as _recorded_at,
    credit_code(code) as credit_code, compact(code) as old_number, if_of_15(compact(code)) as registration_number,
    organisation_name(name) as name, person_name(representative) as representative_name, division_of(address) as division_code, address, number as certificate_number,
    organisation_name(office) as issuer_name, date_of(issued) as issue_date, date_of(since) as valid_from, last_day(until) as valid_to,
    coded(state, 'certificate_status') as status
from texts;

create table shareholder as
with texts as (
    select
        _batch, _row, invid as _record_key, tidy(gxsj) as updated, tidy(uni_social_crd_cd) as code, tidy(comp_nm) as enterprise, tidy(inv) as holder,
        coalesce(tidy(invtype), tidy(certype), '自然人') similar to '.*(自然人|身份证).*' as of_person, tidy(cerno) as number, tidy(dom) as address
    from current_rows('market_regulation/shareholder', invid, gxsj)
)

select
    'market_regulation.shareholder' as _resource, 11 as _source, 'shareholder_registration' as _register, _batch, _row, _record_key,
    moment(updated) as _recorded_at, credit_code(code) as enterprise_code, organisation_name(enterprise) as enterprise_name,
    case when of_person then id_number(number) end as person_id, case when of_person then compact(number) end as person_written,
    case when of_person then person_name(holder) end as person, case when of_person then address end as person_address,
    case when not of_person then credit_code(number) end as owner_code, case when not of_person then organisation_name(holder) end as owner_name
from texts;

create table tax as
with texts as (
    select
        _batch, _row, 税务登记序号 as _record_key, tidy(更新日期) as updated, credit_code(tidy(社会信用代码)) as code, compact(tidy(纳税人识别号)) as number,
        compact(tidy(组织机构代码)) as organisation, tidy(纳税人名称) as name, tidy(登记注册类型) as type, tidy(法定代表人姓名) as representative,
        tidy(法定代表人证件号码) as representative_number, tidy(注册资本) as capital, tidy(开业日期) as established, tidy(行业) as industry,
        tidy(注册地址) as address, tidy(纳税人状态) as state
    from current_rows('tax/tax_registration', 税务登记序号, 更新日期)
)

select
    'tax.tax_registration' as _resource, 15 as _source, _batch, _row, moment(updated) as _recorded_at,
    coalesce(code, valid_credit_code(number)) as credit_code, number as tax_number,
    case when regexp_matches(organisation, '^[0-9A-Z]{8}[0-9X]$') then organisation end as organisation_code,
    organisation_name(name) as name, coded(type, 'entity_type') as entity_type, person_name(representative) as representative_name,
    id_number(representative_number) as representative_id_number, capital_amount(capital) as capital_amount,
    capital_currency(capital, null) as capital_currency, date_of(established) as establishment_date, industry(industry) as industry, division_of(address) as division_code, address, state as tax_status
from texts;

create table social_organisation as
with texts as (
    select
        _batch, _row, 登记证号 as _record_key, tidy(有效期起) as since, tidy(登记证号) as number, tidy(统一社会信用代码) as code, tidy(组织名称) as name,
        tidy(法定代表人) as representative, tidy(法定代表人证件号) as representative_number, tidy(注册资金) as capital,
        tidy(成立登记日期) as established, tidy(有效期止) as until, tidy(登记状态) as state, tidy(登记管理机关) as office, tidy(住所) as address
    from current_rows('civil_affairs/social_organisation', 登记证号, 有效期起)
)

select
    'civil_affairs.social_organisation' as _resource, 3 as _source, _batch, _row, moment(since) as _recorded_at,
    credit_code(code) as credit_code, organisation_name(name) as name, person_name(representative) as representative_name,
    id_number(representative_number) as representative_id_number, capital_amount(capital) as capital_amount,
    capital_currency(capital, null) as capital_currency, date_of(established) as establishment_date, date_of(since) as valid_from, last_day(until) as valid_to,
    coded(state, 'registration_status') as registration_status, organisation_name(office) as registration_office, division_of(address) as division_code, address, number as certificate_number
from texts;

create table institution as
with texts as (
    select
        _batch, _row, 证书号 as _record_key, tidy(有效期起) as since, tidy(证书号) as number, tidy(统一社会信用代码) as code, tidy(单位名称) as name,
        tidy(法定代表人) as representative, tidy("开办资金(万元)") as capital, tidy(有效期止) as until, tidy(状态) as state,
        tidy(登记管理机关) as office, tidy(住所) as address, tidy(宗旨和业务范围) as scope
    from current_rows('establishment_office/public_institution', 证书号, 有效期起)
)

select
    'establishment_office.public_institution' as _resource, 5 as _source, _batch, _row, moment(since) as _recorded_at,
    credit_code(code) as credit_code, organisation_name(name) as name, person_name(representative) as representative_name,
    capital_amount(capital) as capital_amount, capital_currency(capital, null) as capital_currency, date_of(since) as valid_from, last_day(until) as valid_to,
    coded(state, 'registration_status') as registration_status, organisation_name(office) as registration_office, division_of(address) as division_code, address, scope as business_scope,
    number as certificate_number
from texts;

create table real_estate as
with texts as (
    select
        _batch, _row, bdcqzh as _record_key, tidy(djsj) as updated, tidy(bdcqzh) as number, tidy(qlr) as owner, coalesce(tidy(zjzl), '身份证') like '%身份证%' as of_person,
        tidy(zjh) as owner_number, tidy(zsgbh) as serial, tidy(djjg) as office, tidy(qszt) as state
    from current_rows('natural_resources/real_estate_certificate', bdcqzh, djsj)
)

select
    'natural_resources.real_estate_certificate' as _resource, 12 as _source, _batch, _row, moment(updated) as _recorded_at, number as certificate_number, serial as serial_number,
    case when of_person then 'person' else 'legal_entity' end as holder_kind,
    case when of_person then id_number(owner_number) else credit_code(owner_number) end as holder_id,
    case when not of_person then owner_number end as holder_old_number,
    case when of_person then person_name(owner) else organisation_name(owner) end as holder_name,
    organisation_name(office) as issuer_name, date_of(updated) as issue_date, case state when '现势' then '11' when '历史' then '5' end as status
from texts;
