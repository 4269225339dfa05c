with {{ stage('public_security', 'identity_card', recorded_at=timestamp_of('gxsj')) }}

select
    {{ row_columns(defects=[
        disagrees_with_id('sex', decode('xb', 'sex'), 'gmsfhm', 'xb'),
        disagrees_with_id('birth_date', date_of('csrq'), 'gmsfhm', 'csrq'),
    ]) }},
    {{ person_key('person_', 'gmsfhm') }},
    {{ clean_name('xm') }} as person_name,
    {{ decode('xb', 'sex') }} as person_sex,
    {{ decode('mz', 'ethnic_group') }} as person_ethnic_group,
    {{ date_of('csrq') }} as person_birth_date,
    {{ clean_text('zz') }} as person_residence_address,
    {{ certificate_key('11100000000013127D001', 'slh') }},
    'person' as certificate_holder_kind,
    {{ id_number('gmsfhm') }} as certificate_holder_id,
    {{ clean_name('xm') }} as certificate_holder_name,
    {{ clean_organisation_name('qfjg') }} as certificate_issuer_name,
    {{ date_of('yxqqsrq') }} as certificate_issue_date,
    {{ date_of('yxqqsrq') }} as certificate_valid_from,
    {{ end_date('yxqjzrq') }} as certificate_valid_to,
    {{ decode('zjzt', 'certificate_status') }} as certificate_status
from landed
