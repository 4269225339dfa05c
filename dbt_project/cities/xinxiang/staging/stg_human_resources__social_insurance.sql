with {{ stage('human_resources', 'social_insurance', recorded_at=timestamp_of(item('更新时间'))) }}

select
    {{ row_columns(defects=[
        disagrees_with_id('sex', '性别', '证件号码', '性别'),
        disagrees_with_id('birth_date', '出生日期', '证件号码', '出生日期'),
    ]) }},
    {{ person_key('person_', '证件号码') }},
    {{ item('姓名') }} as person_name,
    {{ item('性别') }} as person_sex,
    {{ item('出生日期') }} as person_birth_date,
    {{ item('民族') }} as person_ethnic_group,
    {{ item('文化程度') }} as person_education,
    {{ item('参保状态') }} as person_insurance_status,
    {{ item('单位名称') }} as person_employer_name,
    {{ item('单位统一社会信用代码') }} as person_employer_credit_code,
    {{ item('联系电话') }} as person_phone,
    {{ item('联系地址') }} as person_residence_address
from landed
