{%- set number = "case when survivors.person_id not like 'U%' then survivors.person_id end" -%}
-- A person's id is the identity number, or U and a hash for someone whom no source names by a usable one.

with survivors as {{ survivors_kept('population') }}(
    {{ survivors('population', claims_to_merge('population')) }}
),

-- Nobody registers a widow: whoever outlives the spouse of a standing marriage is one (GB/T 2261.2-2003, 30).
widowed as (
    select
        survivors.person_id,
        spouses.death_order
    from survivors
    inner join {{ ref('int_population__deaths') }} as spouses on survivors.spouse_id_number = spouses.person_id
    where
        survivors.marital_status like '2%'
        and spouses.death_date >= coalesce(nullif(survivors.marriage_date, {{ none_of('date') }}), date '0001-01-01')
        and spouses.death_date < coalesce(nullif(survivors.death_date, {{ none_of('date') }}), date '9999-12-31')
),

located as (
    {{ address_parts('survivors', ['person_id'], 'household_address', within='household_division') }}
)

select
    {{ surviving_columns('population', instead={
        'id_number': number,
        'id_number_kind': id_number_kind('(' ~ number ~ ')'),
        'household_town': 'located.town',
        'household_village': 'located.village',
        'marital_status': "case when widowed.person_id is not null then '30' else survivors.marital_status end",
        'marital_status__order': "coalesce(widowed.death_order, marital_status__order)",
        'spouse_id_number': "case when widowed.person_id is null then nullif(spouse_id_number, " ~ none_of('varchar') ~ ") end",
        'marriage_date': "case when widowed.person_id is null then nullif(marriage_date, " ~ none_of('date') ~ ") end",
    }) }}
from survivors
left join widowed on survivors.person_id = widowed.person_id
left join located on survivors.person_id = located.person_id
