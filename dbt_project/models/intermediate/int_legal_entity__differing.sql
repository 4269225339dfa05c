{{ differing_in('legal_entity') }}
