with {{ stage('education', 'school_enrolment') }}

select
    {{ row_columns(defects=[
        disagrees_with_id('sex', decode('性别', 'sex'), '身份证件号', '性别'),
        disagrees_with_id('birth_date', date_of('出生日期'), '身份证件号', '出生日期'),
    ]) }},
    {{ person_key('person_', '身份证件号') }},
    {{ clean_name('姓名') }} as person_name,
    {{ decode('性别', 'sex') }} as person_sex,
    {{ date_of('出生日期') }} as person_birth_date,
    {{ decode('民族', 'ethnic_group') }} as person_ethnic_group,
    {{ clean_organisation_name('学校名称') }} as person_school_name,
    {{ clean_text('现住址') }} as person_residence_address,
    {{ person_key('guardian_', '监护人身份证号') }},
    {{ clean_name('监护人姓名') }} as guardian_name,
    {{ phone('监护人电话') }} as guardian_phone
from landed
