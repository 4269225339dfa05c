with survivors as (
    {{ survivors('population', ref('int_population__identified')) }}
),

-- Nobody registers a widow: whoever outlives the spouse of a standing marriage is one (GB/T 2261.2-2003, 30).
widowed as (
    select
        survivors.id_number,
        spouses.death_order
    from survivors
    inner join {{ ref('int_population__deaths') }} as spouses on survivors.spouse_id_number = spouses.id_number
    where
        survivors.marital_status like '2%'
        and spouses.death_date >= coalesce(nullif(survivors.marriage_date, {{ none_of('date') }}), date '0001-01-01')
        and spouses.death_date < coalesce(nullif(survivors.death_date, {{ none_of('date') }}), date '9999-12-31')
)

select
    {{ surviving_columns('population', instead={
        'marital_status': "case when widowed.id_number is not null then '30' else survivors.marital_status end",
        'marital_status__order': "coalesce(widowed.death_order, marital_status__order)",
        'spouse_id_number': "case when widowed.id_number is null then nullif(spouse_id_number, " ~ none_of('varchar') ~ ") end",
        'marriage_date': "case when widowed.id_number is null then nullif(marriage_date, " ~ none_of('date') ~ ") end",
    }) }}
from survivors
left join widowed on survivors.id_number = widowed.id_number
order by survivors.id_number
