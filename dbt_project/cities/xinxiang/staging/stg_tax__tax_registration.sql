with {{ stage('tax', 'tax_registration', recorded_at=timestamp_of('更新日期')) }}

select
    {{ row_columns(defects=[
        several_people('法定代表人姓名', '法定代表人姓名'),
        capital_defect('注册资本', '注册资本'),
    ]) }},
    coalesce(社会信用代码, {{ credit_code('纳税人识别号') }}) as entity_credit_code,
    case when {{ credit_code('纳税人识别号') }} is null then {{ item('社会信用代码:problem') }} end as entity_key_problem,
    '社会信用代码' as entity_key_item,
    组织机构代码 as entity_organisation_code,
    coalesce({{ credit_code('纳税人识别号') }}, 纳税人识别号) as entity_tax_number,
    纳税人名称 as entity_name,
    登记注册类型 as entity_type,
    法定代表人姓名 as entity_representative_name,
    法定代表人证件号码 as entity_representative_id_number,
    {{ capital_amount('注册资本') }} as entity_capital_amount,
    {{ capital_currency('注册资本') }} as entity_capital_currency,
    开业日期 as entity_establishment_date,
    行业 as entity_industry,
    注册地址 as entity_address,
    {{ division_of_address('注册地址') }} as entity_division_code,
    纳税人状态 as entity_tax_status
from landed
