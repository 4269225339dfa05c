-- What no source says of a certificate follows from what is said: the issuer's code from its name, the end by law where none
-- is given, which certificate took its place, and what it is worth on the day of the build.

with survivors as {{ survivors_kept('certificate') }}(
    {{ survivors('certificate', claims_to_merge('certificate')) }}
),

-- Of a kind of which a holder can have one only, the next one issued takes the place of the last.
in_order as (
    select
        certificate_id,
        lead(certificate_id) over (partition by certificate_type, holder_id order by issue_date, certificate_id) as replaced_by
    from survivors
    where
        certificate_type in (select code from {{ ref('certificate_types') }} where single = 'yes')
        and holder_id <> {{ none_of('varchar') }} and issue_date <> {{ none_of('date') }}
),

told as (
    select
        survivors.*,
        issuers.credit_code as issuer_code,
        issuers.division as issuer_division,
        in_order.replaced_by,
        types.term,
        case
            when survivors.valid_to is not null then survivors.valid_to
            else {{ certificate_end_by_law('types.term', id_number_birth_date('survivors.holder_id'), 'survivors.valid_from') }}
        end as last_day
    from survivors
    left join {{ ref('certificate_types') }} as types on survivors.certificate_type = types.code
    left join {{ ref('int_certificate__issuers') }} as issuers on survivors.issuer_name = issuers.name
    left join in_order on survivors.certificate_id = in_order.certificate_id
)

select
    {{ surviving_columns('certificate', instead={
        'issuer_code': 'issuer_code',
        'issuer_division': 'issuer_division',
        'identifier': certificate_identifier('certificate_type', 'issuer_code', 'coalesce(serial_number, certificate_number)'),
        'valid_to': "nullif(last_day, " ~ none_of('date') ~ ")",
        'valid_to__order': "coalesce(valid_to__order, case when last_day is not null then valid_from__order end)",
        'replaced_by': 'replaced_by',
        'validity': certificate_validity('status', 'valid_from', 'last_day', 'replaced_by', build_day() if execute else 'current_date'),
    }) }}
from told as survivors
