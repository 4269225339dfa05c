{{ config(pre_hook="{{ keep_before() }}") }}

-- Claims on certificates without a number. A certificate is its type and number: nothing else can stand for it.

select
    _resource,
    _batch,
    _row,
    _role,
    cast(null as string) as entity_id,
    cast(null as string) as method,
    coalesce(_key_problem, 'certificate_number_missing') as rule
from {{ ref('int_certificate__claims') }}
where certificate_id is null
