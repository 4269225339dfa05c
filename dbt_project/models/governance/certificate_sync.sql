{{ config(materialized=passed_through()) }}

-- Certificates as the province's store takes them (省市分建、省级集中). All of them: `missing` says why one cannot go.
-- A view, since nothing but publishing reads it.

{#- In the order of the hash that tells the receiver what changed: a field more changes it for all records. -#}
{%- set fields = [
    'file_number', 'catalogue_code', 'certificate_number', 'certificate_type_name', 'issue_date', 'valid_from', 'valid_to',
    'issuer_code', 'issuer_name', 'issuer_division', 'holder_name', 'holder_id', 'category', 'holder_kind_code', 'validity',
    'file_type', 'certificate_type', 'identifier',
] -%}
{#- Without end there is no last day; the others the city has of no certificate, or the record does without. -#}
{%- set may_lack = ['file_number', 'catalogue_code', 'valid_to', 'file_type', 'identifier'] -%}

{%- set texts, lacks = [], [] -%}
{%- for field in fields -%}
    {%- do texts.append("coalesce(cast(" ~ field ~ " as string), '')") -%}
    {%- if field not in may_lack -%}{%- do lacks.append("case when " ~ field ~ " is null then '" ~ field ~ "' end") -%}{%- endif -%}
{%- endfor %}

with records as (
    select
        certificates.certificate_id,
        cast(null as string) as file_number,
        types.catalogue_code,
        certificates.certificate_number,
        certificates.certificate_type_name,
        certificates.issue_date,
        certificates.valid_from,
        certificates.valid_to,
        certificates.issuer_code,
        certificates.issuer_name,
        certificates.issuer_division,
        certificates.holder_name,
        -- What the merge calls somebody without a number means nothing to the province.
        case when certificates.holder_kind = 'legal_entity' or certificates.holder_id not like 'U%' then certificates.holder_id end as holder_id,
        types.category,
        case certificates.holder_kind when 'person' then '0' when 'legal_entity' then '1' end as holder_kind_code,
        -- Not `status`: a register's "valid" may be an old one.
        certificates.validity,
        cast(null as string) as file_type,
        case when length(certificates.certificate_type) = 21 then certificates.certificate_type end as certificate_type,
        certificates.identifier,
        certificates._updated_at
    from {{ ref('certificate') }} as certificates
    left join {{ ref('certificate_types') }} as types on certificates.certificate_type = types.code
)

select
    certificate_id,
    {{ fields | join(',\n    ') }},
    {{ without_nulls(list_of(lacks)) }} as missing,
    {{ sha256_text("concat_ws('\x1f', " ~ texts | join(', ') ~ ")") }} as record_hash,
    _updated_at
from records
