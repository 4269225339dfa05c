{%- set is_person = "coalesce(zjzl, '身份证') like '%身份证%'" -%}
with {{ stage('natural_resources', 'real_estate_certificate', recorded_at=timestamp_of('djsj')) }}

select
    {{ row_columns(defects=[several_people('qlr', 'qlr')]) }},
    {{ certificate_key('11100000MB03271699001', 'bdcqzh') }},
    zsgbh as certificate_serial_number,
    case when {{ is_person }} then 'person' else 'legal_entity' end as certificate_holder_kind,
    case when {{ is_person }} then {{ id_number('zjh') }} else {{ credit_code('zjh') }} end as certificate_holder_id,
    case when not ({{ is_person }}) then zjh end as certificate_holder_old_number,
    case when {{ is_person }} then {{ clean_name('qlr') }} else {{ clean_organisation_name('qlr') }} end as certificate_holder_name,
    djjg as certificate_issuer_name,
    {{ date_of('djsj') }} as certificate_issue_date,
    {{ date_of('djsj') }} as certificate_valid_from,
    case qszt when '现势' then '11' when '历史' then '5' end as certificate_status
from landed
