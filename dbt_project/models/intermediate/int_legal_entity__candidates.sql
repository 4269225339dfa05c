-- For the clerks: the legal entities that an ambiguous claim may mean, by an old number or its name, and why.

{%- set shared = [
    ('registration_number', '注册号'),
    ('organisation_code', '组织机构代码'),
    ('tax_number', '纳税人识别号'),
    ('old_organisation_code', '纳税人识别号所含组织机构代码'),
    ('name', '名称'),
    ('short_name', '不含行政区划的名称'),
] %}
{%- set agreement = {4: '，法定代表人一致，住所或所在行政区划也一致', 3: '，法定代表人一致', 2: '，法定代表人或住所相近', 0: '，法定代表人不同'} %}

with claims as (
    select
        *,
        {{ organisation_code_in_tax_number('tax_number') }} as old_organisation_code
    from {{ ref('int_legal_entity__claims') }}
),

ambiguous as (
    select claims.*
    from claims
    inner join {{ ref('int_legal_entity__links') }} as links on {{ same_claim('claims', 'links') }}
    where claims.credit_code is null and links.rule = 'ambiguous_link'
),

known as (
    select
        credit_code,
        name,
        representative_name,
        address,
        division_code,
        registration_number,
        tax_number,
        {{ organisation_code_in('credit_code') }} as organisation_code,
        {{ organisation_code_in('credit_code') }} as old_organisation_code
    from claims
    where credit_code is not null
),

pairs as (
    {% for column, _ in shared if column != 'short_name' -%}
    select
        ambiguous._resource,
        ambiguous._batch,
        ambiguous._row,
        ambiguous._role,
        ambiguous._claim_key,
        known.credit_code,
        '{{ column }}' as shared,
        {{ legal_entities_agree('ambiguous', 'known') }} as agrees,
        {{ in_one_county('ambiguous', 'known') }} as in_county
    from ambiguous
    inner join known on ambiguous.{{ column }} = known.{{ column }}
    union all
    {% endfor -%}
    select _resource, _batch, _row, _role, _claim_key, credit_code, 'short_name' as shared, case when in_place then 4 else 3 end as agrees, null as in_county
    from (
        {{ shortened_names('ambiguous', 'claims') }}
    ) as named_alike
),

judged as (
    select
        _resource,
        _batch,
        _row,
        _role,
        credit_code,
        count(distinct shared) as points,
        {{ agreement_over('agrees') }} as agrees,
        max(in_county) as in_county,
        substr(
            {% for column, word in shared -%}
            {{ '|| ' if not loop.first }}max(case when shared = '{{ column }}' then '、{{ word }}' else '' end)
            {% endfor %}, 2
        ) as shared
    from pairs
    where not exists (
        select 1 from {{ ref('int_legal_entity__decisions') }} as decisions
        where decisions.verdict = 'different' and decisions.claim_key = pairs._claim_key and decisions.credit_code = pairs.credit_code
    )
    group by _resource, _batch, _row, _role, credit_code
)

select
    _resource,
    _batch,
    _row,
    _role,
    credit_code as entity_id,
    shared || '一致' || case agrees{% for level, words in agreement.items() %} when {{ level }} then '{{ words }}'{% endfor %} else '' end || case when in_county = 0 then '，所在县区不同' else '' end as reason,
    row_number() over (
        partition by _resource, _batch, _row, _role
        order by points desc, agrees desc, credit_code
    ) as place
from judged
