with {{ stage('civil_affairs', 'death', recorded_at=timestamp_of(item('登记日期'), excel_day=true)) }}

select
    {{ row_columns(defects=[
        disagrees_with_id('sex', '性别', '身份证号', '性别'),
        disagrees_with_id('birth_date', '出生日期', '身份证号', '出生日期'),
    ]) }},
    {{ person_key('person_', '身份证号') }},
    {{ item('姓名') }} as person_name,
    {{ item('性别') }} as person_sex,
    {{ item('出生日期') }} as person_birth_date,
    {{ item('户籍地址') }} as person_household_address,
    {{ item('死亡日期') }} as person_death_date
from landed
