with {{ stage('public_security', 'household_registration', recorded_at=timestamp_of('czrksjxgxsj')) }}

select
    {{ row_columns(defects=[
        disagrees_with_id('sex', 'gen', 'identi_id', 'gen'),
        disagrees_with_id('birth_date', 'birth_dt', 'identi_id', 'birth_dt'),
    ]) }},
    {{ person_key('person_', 'identi_id') }},
    nm as person_name,
    used_nm as person_former_name,
    gen as person_sex,
    nation as person_ethnic_group,
    birth_dt as person_birth_date,
    birth_pcc as person_birth_division,
    czrkhhid as person_household_number,
    household_rela as person_household_relation,
    belo_pcc as person_household_division,
    addr as person_household_address,
    marital_status as person_marital_status,
    edu_degree as person_education,
    tel as person_phone,
    moveout_dt as person_move_out_date,
    dead_dt as person_death_date
from landed
