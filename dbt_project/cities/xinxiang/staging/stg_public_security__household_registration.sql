with {{ stage('public_security', 'household_registration', recorded_at=timestamp_of('czrksjxgxsj')) }}

select
    {{ row_columns(defects=[
        disagrees_with_id('sex', decode('gen', 'sex'), 'identi_id', 'gen'),
        disagrees_with_id('birth_date', date_of('birth_dt'), 'identi_id', 'birth_dt'),
    ]) }},
    {{ person_key('person_', 'identi_id') }},
    {{ clean_name('nm') }} as person_name,
    {{ clean_name('used_nm') }} as person_former_name,
    {{ decode('gen', 'sex') }} as person_sex,
    {{ decode('nation', 'ethnic_group') }} as person_ethnic_group,
    {{ date_of('birth_dt') }} as person_birth_date,
    {{ division('birth_pcc') }} as person_birth_division,
    {{ clean_text('czrkhhid') }} as person_household_number,
    {{ decode('household_rela', 'household_relation') }} as person_household_relation,
    {{ division('belo_pcc') }} as person_household_division,
    {{ clean_text('addr') }} as person_household_address,
    {{ decode('marital_status', 'marital_status') }} as person_marital_status,
    {{ decode('edu_degree', 'education_1984') }} as person_education,
    {{ phone('tel') }} as person_phone,
    {{ date_of('moveout_dt') }} as person_move_out_date,
    {{ date_of('dead_dt') }} as person_death_date
from landed
