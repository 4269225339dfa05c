with {{ stage('market_regulation', 'business_licence', recorded_at=timestamp_of('gxsj')) }}

select
    {{ row_columns(defects=[
        several_people('fddbr', 'fddbr'),
        capital_defect('zczb', 'zczb'),
    ]) }},
    {{ legal_entity_key('entity_', 'tyshxydm') }},
    {{ registration_number('tyshxydm') }} as entity_registration_number,
    {{ clean_organisation_name('mc') }} as entity_name,
    {{ decode('lx', 'entity_type') }} as entity_entity_type,
    {{ clean_name('fddbr') }} as entity_representative_name,
    {{ capital_amount('zczb') }} as entity_capital_amount,
    {{ capital_currency('zczb') }} as entity_capital_currency,
    {{ date_of('clrq') }} as entity_establishment_date,
    {{ date_of('yyqx_q') }} as entity_valid_from,
    {{ end_date('yyqx_z') }} as entity_valid_to,
    {{ decode('zt', 'registration_status') }} as entity_registration_status,
    {{ clean_organisation_name('djjg') }} as entity_registration_office,
    {{ clean_text('zs') }} as entity_address,
    {{ clean_text('jyfw') }} as entity_business_scope,
    {{ certificate_key('11100000MB0143028R001', 'zzbh') }},
    'legal_entity' as certificate_holder_kind,
    {{ credit_code('tyshxydm') }} as certificate_holder_id,
    {{ old_number('tyshxydm') }} as certificate_holder_old_number,
    {{ clean_organisation_name('mc') }} as certificate_holder_name,
    {{ clean_organisation_name('djjg') }} as certificate_issuer_name,
    {{ date_of('hzrq') }} as certificate_issue_date,
    {{ date_of('yyqx_q') }} as certificate_valid_from,
    {{ end_date('yyqx_z') }} as certificate_valid_to
from landed
