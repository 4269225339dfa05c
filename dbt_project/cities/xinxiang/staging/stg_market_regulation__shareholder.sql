-- One number column for persons and organisations, so no standard can be declared of it: which one is in it, the kind of
-- shareholder says, or where that is silent the kind of document.
with {{ stage('market_regulation', 'shareholder', recorded_at=timestamp_of('gxsj')) }},

told_apart as (
    select
        *,
        coalesce(invtype, certype, '自然人') like '%自然人%' or coalesce(invtype, certype) like '%身份证%' as is_person
    from landed
),

numbers as (
    select
        *,
        case when is_person then {{ id_number_checked('cerno') }} end as person_number,
        case when not is_person then {{ credit_code_checked('cerno') }} end as organisation_code
    from told_apart
)

select
    {{ row_columns(defects=[
        several_people('case when is_person then inv end', 'inv'),
        capital_defect('subconam', 'subconam'),
    ] + repairs_of('id_number', '(case when is_person then cerno end)', 'cerno')
      + repairs_of('credit_code', '(case when not is_person then cerno end)', 'cerno')) }},
    {{ legal_entity_key('enterprise_', 'uni_social_crd_cd') }},
    comp_nm as enterprise_name,
    person_number.value as shareholder_id_number,
    person_number.problem as shareholder_key_problem,
    'cerno' as shareholder_key_item,
    case when is_person then {{ number_text('cerno') }} end as shareholder_written_number,
    case when is_person then {{ clean_name('inv') }} end as shareholder_name,
    case when is_person then dom end as shareholder_residence_address,
    organisation_code.value as corporate_shareholder_credit_code,
    organisation_code.problem as corporate_shareholder_key_problem,
    'cerno' as corporate_shareholder_key_item,
    case when not is_person then {{ clean_organisation_name('inv') }} end as corporate_shareholder_name,
    {{ capital_amount('subconam') }} as capital_amount,
    {{ capital_currency('subconam', kind='capt_kind') }} as capital_currency,
    condate as contribution_date
from numbers
