{{ differing_in('certificate') }}
