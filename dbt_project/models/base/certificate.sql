with survivors as (
    {{ survivors('certificate', ref('int_certificate__identified')) }}
)

select
    {{ surviving_columns('certificate') }}
from survivors

-- depends_on: {{ ref('int_certificate__touched') }}
