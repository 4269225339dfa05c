with {{ stage('civil_affairs', 'social_organisation', recorded_at=timestamp_of(item('有效期起'), excel_day=true)) }}

select
    {{ row_columns(defects=[
        capital_defect(item('注册资金'), '注册资金'),
        several_people(item('法定代表人'), '法定代表人'),
    ]) }},
    {{ legal_entity_key('entity_', '统一社会信用代码') }},
    {{ item('组织名称') }} as entity_name,
    {{ item('法定代表人') }} as entity_representative_name,
    {{ item('法定代表人证件号') }} as entity_representative_id_number,
    {{ capital_amount(item('注册资金')) }} as entity_capital_amount,
    {{ capital_currency(item('注册资金')) }} as entity_capital_currency,
    {{ item('成立登记日期') }} as entity_establishment_date,
    {{ item('有效期起') }} as entity_valid_from,
    {{ end_date('有效期止') }} as entity_valid_to,
    {{ item('登记状态') }} as entity_registration_status,
    {{ item('登记管理机关') }} as entity_registration_office,
    {{ item('住所') }} as entity_address,
    {{ division_of_address(item('住所')) }} as entity_division_code,
    {{ certificate_key('local:social_organisation', '登记证号') }},
    'legal_entity' as certificate_holder_kind,
    {{ item('统一社会信用代码') }} as certificate_holder_id,
    {{ item('组织名称') }} as certificate_holder_name,
    {{ item('登记管理机关') }} as certificate_issuer_name,
    {{ item('有效期起') }} as certificate_issue_date,
    {{ item('有效期起') }} as certificate_valid_from,
    {{ end_date('有效期止') }} as certificate_valid_to,
    {{ status_by_registration(item('登记状态')) }} as certificate_status
from landed
