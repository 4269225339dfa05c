with {{ stage('register_office', 'new_registration') }}

select
    {{ row_columns(defects=credit_code_defects(item('CreditCode'), 'CreditCode') + [
        date_defect(item('StartDate'), 'StartDate'),
        several_people(item('OperName'), 'OperName'),
        digits_in_name(item('OperName'), 'OperName'),
        capital_defect(item('RegistCapi'), 'RegistCapi'),
    ]) }},
    {{ legal_entity_key('entity_', 'CreditCode') }},
    {{ clean_organisation_name(item('Name')) }} as entity_name,
    {{ clean_name(item('OperName')) }} as entity_representative_name,
    {{ capital_amount(item('RegistCapi')) }} as entity_capital_amount,
    {{ capital_currency(item('RegistCapi')) }} as entity_capital_currency,
    {{ date_of(item('StartDate')) }} as entity_establishment_date,
    {{ clean_text(item('Address')) }} as entity_address,
    {{ decode(item('Status'), 'registration_status') }} as entity_registration_status,
    {{ division("split_part(" ~ item('AreaCode') ~ ", chr(9), 2)") }} as entity_division_code
from landed
