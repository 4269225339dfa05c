-- The list has no credit code: a university is known by its name until a register that has both brings the code.
with {{ stage('register_office', 'university') }}

select
    {{ row_columns() }},
    cast(null as varchar) as entity_credit_code,
    'credit_code_missing' as entity_key_problem,
    'name' as entity_key_item,
    name as entity_name,
    address as entity_address
from landed
