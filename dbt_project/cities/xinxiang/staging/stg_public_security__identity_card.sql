with {{ stage('public_security', 'identity_card', recorded_at=timestamp_of('gxsj')) }}

select
    {{ row_columns(defects=[
        disagrees_with_id('sex', 'xb', 'gmsfhm', 'xb'),
        disagrees_with_id('birth_date', 'csrq', 'gmsfhm', 'csrq'),
        id_card_validity(id_number_birth_date('gmsfhm'), 'yxqqsrq', end_date('yxqjzrq'), 'yxqjzrq'),
    ]) }},
    {{ person_key('person_', 'gmsfhm') }},
    xm as person_name,
    xb as person_sex,
    mz as person_ethnic_group,
    csrq as person_birth_date,
    zz as person_residence_address,
    {#- A void card says nothing of the one that took its place. -#}
    case when coalesce(zjzt, '11') <> '5' then {{ end_date('yxqjzrq') }} end as person_id_card_valid_to,
    {{ certificate_key('11100000000013127D001', 'slh') }},
    'person' as certificate_holder_kind,
    gmsfhm as certificate_holder_id,
    xm as certificate_holder_name,
    qfjg as certificate_issuer_name,
    yxqqsrq as certificate_issue_date,
    yxqqsrq as certificate_valid_from,
    {{ end_date('yxqjzrq') }} as certificate_valid_to,
    zjzt as certificate_status
from landed
