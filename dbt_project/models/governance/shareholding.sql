{{ config(materialized='table') }}

-- Who holds an enterprise and what they subscribed, made whole each time: only links know when a shareholder means another
-- person than before. Of several records of one shareholder the newest counts; who is not known is told apart from nobody.
-- depends_on: {{ ref('int_population__links') }}, {{ ref('int_legal_entity__links') }}

with holdings as (
    {{ holdings() }}
),

in_order as (
    select
        *,
        row_number() over (
            partition by credit_code, shareholder_kind, shareholder_id
            order by _recorded_at desc nulls last, _batch desc, _row desc, _resource
        ) as place
    from holdings
)

select
    credit_code,
    shareholder_kind,
    shareholder_id,
    shareholder_name,
    cast(capital_amount * cast(0.0001 as decimal(5, 4)) as decimal(24, 6)) as subscribed_capital,
    capital_currency,
    contribution_date,
    _resource as resource,
    _batch as batch,
    _row as {{ item('row') }}
from in_order
where place = 1 or shareholder_id is null
