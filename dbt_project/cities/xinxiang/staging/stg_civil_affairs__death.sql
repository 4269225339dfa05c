with {{ stage('civil_affairs', 'death', recorded_at=timestamp_of('登记日期')) }}

select
    {{ row_columns(defects=[
        disagrees_with_id('sex', decode('性别', 'sex'), '身份证号', '性别'),
        disagrees_with_id('birth_date', date_of('出生日期'), '身份证号', '出生日期'),
    ]) }},
    {{ person_key('person_', '身份证号') }},
    {{ clean_name('姓名') }} as person_name,
    {{ decode('性别', 'sex') }} as person_sex,
    {{ date_of('出生日期') }} as person_birth_date,
    {{ date_of('死亡日期') }} as person_death_date
from landed
