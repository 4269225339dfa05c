with {{ stage('tax', 'tax_registration', recorded_at=timestamp_of(item('更新日期'))) }}

select
    {{ row_columns(defects=[
        several_people(item('法定代表人姓名'), '法定代表人姓名'),
        capital_defect(item('注册资本'), '注册资本'),
    ]) }},
    coalesce({{ item('社会信用代码') }}, {{ credit_code(item('纳税人识别号')) }}) as entity_credit_code,
    case when {{ credit_code(item('纳税人识别号')) }} is null then {{ item('社会信用代码:problem') }} end as entity_key_problem,
    '社会信用代码' as entity_key_item,
    {{ item('组织机构代码') }} as entity_organisation_code,
    coalesce({{ credit_code(item('纳税人识别号')) }}, {{ item('纳税人识别号') }}) as entity_tax_number,
    {{ item('纳税人名称') }} as entity_name,
    {{ item('登记注册类型') }} as entity_type,
    {{ item('法定代表人姓名') }} as entity_representative_name,
    {{ item('法定代表人证件号码') }} as entity_representative_id_number,
    {{ capital_amount(item('注册资本')) }} as entity_capital_amount,
    {{ capital_currency(item('注册资本')) }} as entity_capital_currency,
    {{ item('开业日期') }} as entity_establishment_date,
    {{ item('行业') }} as entity_industry,
    {{ item('注册地址') }} as entity_address,
    {{ division_of_address(item('注册地址')) }} as entity_division_code,
    {{ item('纳税人状态') }} as entity_tax_status
from landed
