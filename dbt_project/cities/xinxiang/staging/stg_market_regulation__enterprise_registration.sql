with {{ stage('market_regulation', 'enterprise_registration', recorded_at=timestamp_of('gxsj')) }}

select
    {{ row_columns(defects=[
        several_people('legal_repre', 'legal_repre'),
        capital_defect('reg_capt', 'reg_capt'),
    ]) }},
    {{ legal_entity_key('entity_', 'uni_social_crd_cd') }},
    {{ registration_number('reg_no', 'uni_social_crd_cd') }} as entity_registration_number,
    {{ clean_organisation_name('comp_nm') }} as entity_name,
    {{ decode('comp_type', 'entity_type') }} as entity_entity_type,
    {{ clean_name('legal_repre') }} as entity_representative_name,
    {{ id_number('legal_repre_id') }} as entity_representative_id_number,
    {{ capital_amount('reg_capt') }} as entity_capital_amount,
    {{ capital_currency('reg_capt', kind='capt_kind') }} as entity_capital_currency,
    {{ date_of('est_dt') }} as entity_establishment_date,
    {{ date_of('opt_from') }} as entity_valid_from,
    {{ end_date('opt_to') }} as entity_valid_to,
    {{ decode('reg_state', 'registration_status') }} as entity_registration_status,
    {{ clean_organisation_name('reg_org') }} as entity_registration_office,
    {{ division('domdi_strict') }} as entity_division_code,
    {{ clean_text('addr') }} as entity_address,
    {{ clean_text('indv_id') }} as entity_industry,
    {{ clean_text('opt_scop') }} as entity_business_scope,
    {{ phone('tel') }} as entity_phone
from landed
