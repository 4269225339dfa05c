with {{ stage('register_office', 'register_of_province') }}

select
    {{ row_columns(defects=[
        several_people('legalRepresentative', 'legalRepresentative'),
        capital_defect('capital', 'capital'),
    ]) }},
    {{ legal_entity_key('entity_', 'code') }},
    {{ registration_number(as_written('code')) }} as entity_registration_number,
    name as entity_name,
    "character" as entity_type,
    legalRepresentative as entity_representative_name,
    {{ capital_amount('capital') }} as entity_capital_amount,
    {{ capital_currency('capital') }} as entity_capital_currency,
    registrationDay as entity_establishment_date,
    businessScope as entity_business_scope,
    address as entity_address
from landed
