with {{ stage('register_office', 'doubtful_register') }}

select
    {{ row_columns(defects=[
        several_people(item('法＊＊＊'), '法＊＊＊'),
        capital_defect('注册资金', '注册资金'),
    ]) }},
    {{ legal_entity_key('entity_', '统一社会信用代码') }},
    {{ registration_number(as_written('统一社会信用代码')) }} as entity_registration_number,
    企业名称 as entity_name,
    企业类型 as entity_type,
    {{ item('法＊＊＊') }} as entity_representative_name,
    {{ capital_amount('注册资金') }} as entity_capital_amount,
    {{ capital_currency('注册资金') }} as entity_capital_currency,
    注册日期 as entity_establishment_date,
    经营范围 as entity_business_scope,
    注册地址 as entity_address
from landed
