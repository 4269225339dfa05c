with {{ stage('establishment_office', 'public_institution', recorded_at=timestamp_of(item('有效期起'), excel_day=true)) }}

select
    {{ row_columns(defects=[
        several_people(item('法定代表人'), '法定代表人'),
        capital_defect(item('开办资金(万元)'), '开办资金(万元)'),
    ]) }},
    {{ legal_entity_key('entity_', '统一社会信用代码') }},
    {{ item('单位名称') }} as entity_name,
    {{ item('法定代表人') }} as entity_representative_name,
    {{ capital_amount(item('开办资金(万元)')) }} as entity_capital_amount,
    {{ capital_currency(item('开办资金(万元)')) }} as entity_capital_currency,
    {{ item('有效期起') }} as entity_valid_from,
    {{ end_date('有效期止') }} as entity_valid_to,
    {{ item('状态') }} as entity_registration_status,
    {{ item('登记管理机关') }} as entity_registration_office,
    {{ item('住所') }} as entity_address,
    {{ division_of_address(item('住所')) }} as entity_division_code,
    {{ item('宗旨和业务范围') }} as entity_business_scope,
    {{ certificate_key('local:public_institution', '证书号') }},
    'legal_entity' as certificate_holder_kind,
    {{ item('统一社会信用代码') }} as certificate_holder_id,
    {{ item('单位名称') }} as certificate_holder_name,
    {{ item('登记管理机关') }} as certificate_issuer_name,
    {{ item('有效期起') }} as certificate_issue_date,
    {{ item('有效期起') }} as certificate_valid_from,
    {{ end_date('有效期止') }} as certificate_valid_to,
    {{ status_by_registration(item('状态')) }} as certificate_status
from landed
