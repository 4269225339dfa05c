with {{ stage('market_regulation', 'enterprise_registration', recorded_at=timestamp_of('gxsj')) }}

select
    {{ row_columns(defects=[
        several_people('legal_repre', 'legal_repre'),
        capital_defect('reg_capt', 'reg_capt'),
    ]) }},
    {{ legal_entity_key('entity_', 'uni_social_crd_cd') }},
    {{ registration_number('reg_no', as_written('uni_social_crd_cd')) }} as entity_registration_number,
    comp_nm as entity_name,
    comp_type as entity_type,
    legal_repre as entity_representative_name,
    legal_repre_id as entity_representative_id_number,
    {{ capital_amount('reg_capt') }} as entity_capital_amount,
    {{ capital_currency('reg_capt', kind='capt_kind') }} as entity_capital_currency,
    est_dt as entity_establishment_date,
    opt_from as entity_valid_from,
    {{ end_date('opt_to') }} as entity_valid_to,
    reg_state as entity_registration_status,
    reg_org as entity_registration_office,
    coalesce(substr(domdi_strict, 1, 6), {{ division_of_address('addr') }}) as entity_division_code,
    addr as entity_address,
    indv_id as entity_industry,
    opt_scop as entity_business_scope,
    tel as entity_phone
from landed
