{{ differing_in('population') }}
