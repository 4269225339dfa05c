with {{ stage('human_resources', 'social_insurance', recorded_at=timestamp_of('更新时间')) }}

select
    {{ row_columns(defects=[
        disagrees_with_id('sex', decode('性别', 'sex'), '证件号码', '性别'),
        disagrees_with_id('birth_date', date_of('出生日期'), '证件号码', '出生日期'),
    ]) }},
    {{ person_key('person_', '证件号码') }},
    {{ clean_name('姓名') }} as person_name,
    {{ decode('性别', 'sex') }} as person_sex,
    {{ date_of('出生日期') }} as person_birth_date,
    {{ decode('民族', 'ethnic_group') }} as person_ethnic_group,
    {{ decode('文化程度', 'education') }} as person_education,
    {{ decode('参保状态', 'insurance_status') }} as person_insurance_status,
    {{ clean_organisation_name('单位名称') }} as person_employer_name,
    {{ credit_code('单位统一社会信用代码') }} as person_employer_credit_code,
    {{ phone('联系电话') }} as person_phone,
    {{ clean_text('联系地址') }} as person_residence_address
from landed
