"""What the candidate persons are known by: all that any record with their number says, as one record to compare.

``linking_records`` holds claims and candidate persons side by side in the shape of ``records.RECORD``. Relatives of a
person are those whom the person's records name and who share the household. Nothing is weighed here.
"""

from __future__ import annotations

import duckdb

from linking.records import RECORD
from linking.relatives import kin_columns


def gather(connection: duckdb.DuckDBPyConnection) -> None:
    """``linking_person_records`` of all persons in ``linking_pairs``, and ``linking_records``."""
    connection.execute("create or replace temp table linking_person_rows as from linking_known_of('linking_pairs')")
    _relatives(connection)
    connection.execute(f"""
        create or replace temp table linking_person_records as
        with said as (
            select
                person_id,
                list_concat(list(name), list(former_name)) as names,
                list_prepend(max(number_birth), list(birth)) as births,
                list(ethnic_group) as ethnic_groups,
                list(phone) as phones,
                list_distinct(list_concat(list(household_address), list(residence_address))) as addresses,
                list(household_number) as households,
                list(employer_name) as employers,
                list(school_name) as schools
            from linking_person_rows
            group by person_id
        ),
        persons as (
            select
                person_id,
                linking_list(names) as names,
                linking_list(births) as births,
                linking_list(ethnic_groups) as ethnic_groups,
                linking_list(phones) as phones,
                linking_list(list_transform(addresses, lambda a: linking_address(a))) as addresses,
                linking_list(households) as households,
                linking_list(employers) as employers,
                linking_list(schools) as schools
            from said
        ),
        relatives as (select person_id, {kin_columns()} from linking_person_kin group by person_id)
        select
            persons.person_id as unique_id,
            hash(persons.person_id) as own,
            persons.person_id as number,
            cast(null as varchar[]) as papers,
            linking_list(flatten(list_transform(names, lambda n: linking_masked(n)))) as masked,
            linking_list(list_transform(names, lambda n: linking_masked_short(n))) as masked_short,
            linking_list(list_transform(names, lambda n: n[1])) as surnames,
            cast(null as integer[]) as births_near,
            linking_list([linking_number_sex(persons.person_id)]) as sexes,
            persons.* exclude (person_id),
            kin_numbers, kin_births, kin_names,
            cast(null as varchar[]) as kin_households,
            cast(null as varchar[]) as kin_addresses
        from persons
        left join relatives on persons.person_id = relatives.person_id
    """)
    columns = ", ".join(RECORD)
    connection.execute(f"""
        create or replace temp view linking_records as
        select {columns} from linking_claim_records
        union all
        select {columns} from linking_person_records
    """)


def _relatives(connection: duckdb.DuckDBPyConnection) -> None:
    """(person_id, kin_id, kin_name, kin_birth) of the candidates; a person is no relative of its own."""
    connection.execute("""
        create or replace temp table linking_person_kin as
        with homes as (
            select distinct person_id, household_number
            from linking_person_rows where household_number is not null
        ),
        members as (
            select distinct household_number, person_id as kin_id, name as kin_name
            from linking_known
            where household_number in (select household_number from homes)
        ),
        found as (
            select person_id, kin_id, kin_name, linking_birth(kin_id) as kin_birth
            from homes join members on homes.household_number = members.household_number
            union all
            select person_id, kin_id, kin_name, kin_birth from linking_known_kin
            where person_id in (select person_id from linking_pairs)
        )
        select distinct person_id, kin_id, kin_name, kin_birth from found where kin_id is distinct from person_id
    """)
