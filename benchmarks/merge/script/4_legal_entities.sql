-- Claims on legal entities; those without a usable credit code go to the entity that their old numbers or their name mean.

create view legal_entity_claims as
with entities as (
    select * from enterprise
    union all by name
    select * exclude (old_number, certificate_number, issue_date) from licence
    union all by name
    select _resource, _source, _batch, _row, _recorded_at, credit_code, registration_number, name, representative_name, division_code, address from food
    union all by name
    select * from tax
    union all by name
    select * exclude (certificate_number) from social_organisation
    union all by name
    select * exclude (certificate_number) from institution
    union all by name
    select
        _resource, _source, _batch, _row, _recorded_at, 'enterprise' as _role, enterprise_code as credit_code, enterprise_name as name
    from shareholder
    union all by name
    select
        _resource, _source, _batch, _row, _recorded_at, 'corporate_shareholder' as _role, owner_code as credit_code, owner_name as name
    from shareholder
)

select * replace (coalesce(_role, 'entity') as _role), claim_order(_recorded_at, _source, _batch, _row) as _order
from entities
where coalesce(credit_code, name, registration_number, organisation_code, tax_number) is not null;

create table former_names as
with spoken as (
    select 9 as _source, _batch, _row, gxsj as updated, uni_social_crd_cd as code, comp_nm as name
    from former_rows('market_regulation/enterprise_registration', main_identi_id, gxsj)
    union all
    select 3 as _source, _batch, _row, 有效期起 as updated, 统一社会信用代码 as code, 组织名称 as name
    from former_rows('civil_affairs/social_organisation', 登记证号, 有效期起)
    union all
    select 5 as _source, _batch, _row, 有效期起 as updated, 统一社会信用代码 as code, 单位名称 as name
    from former_rows('establishment_office/public_institution', 证书号, 有效期起)
),

names as (
    select
        credit_code(tidy(code)) as credit_code, organisation_name(tidy(name)) as name,
        min(claim_order(moment(tidy(updated)), _source, _batch, _row)) as claim
    from spoken
    group by all
)

select credit_code, list({'value': name, 'claim': claim} order by claim) as former
from names
where credit_code is not null and name is not null
group by credit_code;

create table old_numbers as
with numbers as (
    select 'registration_number' as kind, registration_number as number, credit_code from legal_entity_claims
    union all
    select 'organisation_code', organisation_code, credit_code from legal_entity_claims
    union all
    select 'organisation_code', credit_code[9:17], credit_code from legal_entity_claims
    union all
    select 'tax_number', tax_number, credit_code from legal_entity_claims
)

select kind, number, min(credit_code) as credit_code, count(distinct credit_code) as entities
from numbers
where number is not null and credit_code is not null
group by kind, number;

create table legal_entity_links as
with loose as (
    select * from legal_entity_claims where credit_code is null
),

numbers as (
    select _resource, _batch, _row, _role, 'registration_number' as kind, registration_number as number from loose
    union all
    select _resource, _batch, _row, _role, 'organisation_code', organisation_code from loose
    union all
    select _resource, _batch, _row, _role, 'tax_number', tax_number from loose
    union all
    select _resource, _batch, _row, _role, 'organisation_code', tax_number[7:15] from loose where length(tax_number) = 15
),

by_number as (
    select _resource, _batch, _row, _role, count(distinct credit_code) filter (entities = 1) as found, min(credit_code) filter (entities = 1) as credit_code
    from numbers
    join old_numbers using (kind, number)
    group by all
),

compared as (
    select
        loose._resource, loose._batch, loose._row, loose._role, known.credit_code,
        case
            when contains('、' || loose.representative_name || '、', '、' || known.representative_name || '、')
                or contains('、' || known.representative_name || '、', '、' || loose.representative_name || '、')
                then if(loose.address = known.address, 4, 3)
            when loose.address = known.address then 2
            when loose.representative_name is null or known.representative_name is null then 1
            when length(loose.representative_name) = length(known.representative_name) and length(loose.representative_name) > 1
                and levenshtein(loose.representative_name, known.representative_name) = 1 then 2
            else 0
        end as level
    from loose
    join legal_entity_claims as known using (name)
    where known.credit_code is not null
),

namesakes as (
    select _resource, _batch, _row, _role, credit_code, if(max(level) >= 2, max(level), min(level)) as agrees
    from compared
    anti join by_number using (_resource, _batch, _row, _role)
    group by all
),

ranked as (
    select *, max(agrees) over claim as best, count(*) over claim as bearers
    from namesakes
    window claim as (partition by _resource, _batch, _row, _role)
),

-- Only one entity may bear the name and have no other representative, or representative and address decide among several.
by_name as (
    select _resource, _batch, _row, _role, if(count(*) = 1 and (max(best) >= 3 or max(bearers) = 1 and max(best) >= 1), min(credit_code), null) as credit_code
    from ranked
    where agrees = best
    group by all
),

-- A name without its division, where representative and division are the same.
shortened as (
    select
        loose._resource, loose._batch, loose._row, loose._role, known.credit_code,
        if(length(loose.name) < length(known.name), loose.division_code, known.division_code)[1:6] as lies_in,
        coded(if(length(loose.name) < length(known.name), known.name[:-length(loose.name) - 1], loose.name[:-length(known.name) - 1]), 'division') as division
    from loose
    anti join by_number using (_resource, _batch, _row, _role)
    anti join by_name using (_resource, _batch, _row, _role)
    join legal_entity_claims as known using (representative_name)
    where known.credit_code is not null and loose.name <> known.name and (suffix(known.name, loose.name) or suffix(loose.name, known.name))
),

by_short_name as (
    select _resource, _batch, _row, _role, if(count(distinct credit_code) = 1, min(credit_code), null) as credit_code
    from shortened
    where lies_in = division or (division like '%00' and lies_in[1:4] = division[1:4])
    group by all
)

select _resource, _batch, _row, _role, credit_code from by_number where found = 1
union all
select _resource, _batch, _row, _role, credit_code from by_name where credit_code is not null
union all
select _resource, _batch, _row, _role, credit_code from by_short_name where credit_code is not null;

create view legal_entity_identified as
select *, credit_code as _entity from legal_entity_claims where credit_code is not null
union all by name
select claims.*, links.credit_code as _entity
from legal_entity_claims as claims
join legal_entity_links as links using (_resource, _batch, _row, _role)
where claims.credit_code is null;
