with {{ stage('register_office', 'register_of_province') }}

select
    {{ row_columns(defects=credit_code_defects(item('code'), 'code') + [
        date_defect(item('registrationDay'), 'registrationDay'),
        several_people(item('legalRepresentative'), 'legalRepresentative'),
        digits_in_name(item('legalRepresentative'), 'legalRepresentative'),
        capital_defect(item('capital'), 'capital'),
    ]) }},
    {{ legal_entity_key('entity_', 'code') }},
    {{ clean_organisation_name(item('name')) }} as entity_name,
    {{ decode(item('character'), 'entity_type') }} as entity_type,
    {{ clean_name(item('legalRepresentative')) }} as entity_representative_name,
    {{ capital_amount(item('capital')) }} as entity_capital_amount,
    {{ capital_currency(item('capital')) }} as entity_capital_currency,
    {{ date_of(item('registrationDay')) }} as entity_establishment_date,
    {{ clean_text(item('businessScope')) }} as entity_business_scope,
    {{ clean_text(item('address')) }} as entity_address
from landed
