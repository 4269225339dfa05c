with survivors as (
    {{ survivors('legal_entity', ref('int_legal_entity__identified')) }}
)

select
    {{ surviving_columns('legal_entity') }}
from survivors

-- depends_on: {{ ref('int_legal_entity__touched') }}
