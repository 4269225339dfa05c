with {{ stage('education', 'school_enrolment') }}

select
    {{ row_columns(defects=[
        disagrees_with_id('sex', '性别', '身份证件号', '性别'),
        disagrees_with_id('birth_date', '出生日期', '身份证件号', '出生日期'),
    ]) }},
    {{ person_key('person_', '身份证件号') }},
    {{ item('姓名') }} as person_name,
    {{ item('性别') }} as person_sex,
    {{ item('出生日期') }} as person_birth_date,
    {{ item('民族') }} as person_ethnic_group,
    {{ item('学校名称') }} as person_school_name,
    {{ item('户口所在地') }} as person_household_address,
    {{ item('现住址') }} as person_residence_address,
    {{ person_key('guardian_', '监护人身份证号') }},
    {{ item('监护人姓名') }} as guardian_name,
    {{ item('监护人电话') }} as guardian_phone
from landed
