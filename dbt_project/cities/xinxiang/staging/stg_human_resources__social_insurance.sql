with {{ stage('human_resources', 'social_insurance', recorded_at=timestamp_of('更新时间')) }}

select
    {{ row_columns(defects=[
        disagrees_with_id('sex', '性别', '证件号码', '性别'),
        disagrees_with_id('birth_date', '出生日期', '证件号码', '出生日期'),
    ]) }},
    {{ person_key('person_', '证件号码') }},
    姓名 as person_name,
    性别 as person_sex,
    出生日期 as person_birth_date,
    民族 as person_ethnic_group,
    文化程度 as person_education,
    参保状态 as person_insurance_status,
    单位名称 as person_employer_name,
    单位统一社会信用代码 as person_employer_credit_code,
    联系电话 as person_phone,
    联系地址 as person_residence_address
from landed
