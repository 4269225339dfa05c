with {{ stage('civil_affairs', 'marriage', recorded_at=timestamp_of(item('登记日期'))) }}

select
    {{ row_columns() }},
    {{ person_key('husband_', '男方身份证号') }},
    {{ item('男方姓名') }} as husband_name,
    '1' as husband_sex,
    {{ item('男方出生日期') }} as husband_birth_date,
    {{ marriage_state('husband_', '女方身份证号', '业务类型', '登记日期') }},
    {{ person_key('wife_', '女方身份证号') }},
    {{ item('女方姓名') }} as wife_name,
    '2' as wife_sex,
    {{ item('女方出生日期') }} as wife_birth_date,
    {{ marriage_state('wife_', '男方身份证号', '业务类型', '登记日期') }},
    {{ certificate_key('local:marriage', '登记字号') }},
    'person' as certificate_holder_kind,
    {{ item('男方身份证号') }} as certificate_holder_id,
    {{ item('男方姓名') }} as certificate_holder_name,
    {{ item('登记机关') }} as certificate_issuer_name,
    {{ item('登记日期') }} as certificate_issue_date,
    {{ item('登记日期') }} as certificate_valid_from
from landed
