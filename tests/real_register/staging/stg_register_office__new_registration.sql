with {{ stage('register_office', 'new_registration') }}

select
    {{ row_columns(defects=[
        several_people('OperName', 'OperName'),
        capital_defect('RegistCapi', 'RegistCapi'),
    ]) }},
    {{ legal_entity_key('entity_', 'CreditCode') }},
    {{ registration_number(as_written('CreditCode')) }} as entity_registration_number,
    Name as entity_name,
    OperName as entity_representative_name,
    {{ capital_amount('RegistCapi') }} as entity_capital_amount,
    {{ capital_currency('RegistCapi') }} as entity_capital_currency,
    StartDate as entity_establishment_date,
    Address as entity_address,
    Status as entity_registration_status,
    {{ division("split_part(AreaCode, ' ', 2)") }} as entity_division_code
from landed
