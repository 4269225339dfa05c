with {{ stage('market_regulation', 'food_licence', recorded_at=timestamp_of(item('发证日期'))) }}

select
    {{ row_columns(defects=[
        several_people(item('法定代表人'), '法定代表人'),
    ]) }},
    {{ legal_entity_key('entity_', '统一社会信用代码') }},
    {{ registration_number(as_written('统一社会信用代码')) }} as entity_registration_number,
    {{ item('经营者名称') }} as entity_name,
    {{ item('法定代表人') }} as entity_representative_name,
    {{ item('住所') }} as entity_address,
    {{ division_of_address(item('住所')) }} as entity_division_code,
    {{ certificate_key('local:food_licence', '许可证编号') }},
    'legal_entity' as certificate_holder_kind,
    {{ item('统一社会信用代码') }} as certificate_holder_id,
    {{ old_number(as_written('统一社会信用代码')) }} as certificate_holder_old_number,
    {{ item('经营者名称') }} as certificate_holder_name,
    {{ item('发证机关') }} as certificate_issuer_name,
    {{ item('发证日期') }} as certificate_issue_date,
    {{ item('有效期自') }} as certificate_valid_from,
    {{ end_date('有效期至') }} as certificate_valid_to,
    {{ item('许可证状态') }} as certificate_status
from landed
