with {{ stage('civil_affairs', 'social_organisation', recorded_at=timestamp_of('有效期起')) }}

select
    {{ row_columns(defects=[
        capital_defect('注册资金', '注册资金'),
        several_people('法定代表人', '法定代表人'),
    ]) }},
    {{ legal_entity_key('entity_', '统一社会信用代码') }},
    组织名称 as entity_name,
    法定代表人 as entity_representative_name,
    法定代表人证件号 as entity_representative_id_number,
    {{ capital_amount('注册资金') }} as entity_capital_amount,
    {{ capital_currency('注册资金') }} as entity_capital_currency,
    成立登记日期 as entity_establishment_date,
    有效期起 as entity_valid_from,
    {{ end_date('有效期止') }} as entity_valid_to,
    登记状态 as entity_registration_status,
    登记管理机关 as entity_registration_office,
    住所 as entity_address,
    {{ division_of_address('住所') }} as entity_division_code,
    {{ certificate_key('local:social_organisation', '登记证号') }},
    'legal_entity' as certificate_holder_kind,
    统一社会信用代码 as certificate_holder_id,
    组织名称 as certificate_holder_name,
    登记管理机关 as certificate_issuer_name,
    有效期起 as certificate_issue_date,
    有效期起 as certificate_valid_from,
    {{ end_date('有效期止') }} as certificate_valid_to,
    {{ status_by_registration('登记状态') }} as certificate_status
from landed
