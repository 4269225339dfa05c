with {{ stage('register_office', 'register_by_year') }}

select
    {{ row_columns(defects=credit_code_defects(item('统一社会信用代码'), '统一社会信用代码') + [
        date_defect(item('注册日期'), '注册日期'),
        several_people(item('法人代表'), '法人代表'),
        digits_in_name(item('法人代表'), '法人代表'),
        capital_defect(item('注册资金'), '注册资金'),
    ]) }},
    {{ legal_entity_key('entity_', '统一社会信用代码') }},
    {{ clean_organisation_name(item('企业名称')) }} as entity_name,
    {{ decode(item('企业类型'), 'entity_type') }} as entity_type,
    {{ clean_name(item('法人代表')) }} as entity_representative_name,
    {{ capital_amount(item('注册资金')) }} as entity_capital_amount,
    {{ capital_currency(item('注册资金')) }} as entity_capital_currency,
    {{ date_of(item('注册日期')) }} as entity_establishment_date,
    {{ clean_text(item('经营范围')) }} as entity_business_scope,
    {{ clean_text(item('注册地址')) }} as entity_address
from landed
