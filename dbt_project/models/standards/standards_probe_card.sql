{{ config(materialized='ephemeral') }}

select written, {{ id_card_validity("date '1990-03-07'", "date '2010-05-06'", date_of('written'), '有效期止') }} as defect
from {{ ref('standards_probe_text') }}
