with {{ stage('market_regulation', 'business_licence', recorded_at=timestamp_of('gxsj')) }}

select
    {{ row_columns(defects=[
        several_people('fddbr', 'fddbr'),
        capital_defect('zczb', 'zczb'),
    ]) }},
    {{ legal_entity_key('entity_', 'tyshxydm') }},
    {{ registration_number(as_written('tyshxydm')) }} as entity_registration_number,
    mc as entity_name,
    lx as entity_type,
    fddbr as entity_representative_name,
    {{ capital_amount('zczb') }} as entity_capital_amount,
    {{ capital_currency('zczb') }} as entity_capital_currency,
    clrq as entity_establishment_date,
    yyqx_q as entity_valid_from,
    {{ end_date('yyqx_z') }} as entity_valid_to,
    zt as entity_registration_status,
    djjg as entity_registration_office,
    zs as entity_address,
    {{ division_of_address('zs') }} as entity_division_code,
    jyfw as entity_business_scope,
    {{ certificate_key('11100000MB0143028R001', 'zzbh') }},
    'legal_entity' as certificate_holder_kind,
    tyshxydm as certificate_holder_id,
    {{ old_number(as_written('tyshxydm')) }} as certificate_holder_old_number,
    mc as certificate_holder_name,
    djjg as certificate_issuer_name,
    hzrq as certificate_issue_date,
    yyqx_q as certificate_valid_from,
    {{ end_date('yyqx_z') }} as certificate_valid_to,
    {{ status_by_registration('zt') }} as certificate_status
from landed
