"""Whom a claim's row names beside the person itself, which known persons these are, and where they live.

A newborn's mother, a pupil's guardian, a spouse: who lives with them and has the name is the person meant. Tables:
``linking_claim_kin`` (claim_id, kin_id, kin_name, kin_birth), ``linking_relatives`` (claim_id, person_id, by_number),
``linking_homes`` (claim_id, by_number, household_number, address). Candidates are made of them in ``candidates``.
"""

from __future__ import annotations

import duckdb


def kin_columns() -> str:
    """The aggregates over (kin_id, kin_name, kin_birth) that a record's relatives are compared by."""
    return """
        linking_list(list(hash(kin_id)) filter (kin_id is not null)) as kin_numbers,
        linking_list(
            list(hash(kin_name, kin_birth)) filter (kin_name is not null and kin_birth is not null)
        ) as kin_births,
        linking_list(list(hash(kin_name)) filter (kin_name is not null)) as kin_names
    """


def resolve(connection: duckdb.DuckDBPyConnection) -> None:
    """Relatives of ``linking_claims`` among ``linking_known``: by number, or by name and birth date."""
    connection.execute("create or replace temp table linking_claim_kin as from linking_claims_kin")
    connection.execute("""
        create or replace temp table linking_relatives as
        with named as (
            select distinct claim_id, hash(kin_id) as reference, true as by_number
            from linking_claim_kin where kin_id is not null
            union
            select distinct claim_id, hash(kin_name, kin_birth) as reference, false as by_number
            from linking_claim_kin where kin_name is not null and kin_birth is not null
        )
        select named.claim_id, known.person_id, bool_or(named.by_number) as by_number
        from (
            select person_id, unnest([
                hash(person_id), case when name is not null then hash(name, number_birth) end
            ]) as reference
            from linking_known
        ) as known
        join named on known.reference = named.reference
        group by named.claim_id, known.person_id
    """)
    connection.execute(
        "create or replace temp table linking_relative_rows as from linking_known_of('linking_relatives')"
    )
    connection.execute("""
        create or replace temp table linking_homes as
        select distinct relatives.claim_id, relatives.by_number, rows.household_number, home.address
        from linking_relatives as relatives
        join linking_relative_rows as rows on relatives.person_id = rows.person_id
        cross join unnest([household_address, residence_address]) as home(address)
        where rows.household_number is not null or home.address is not null
    """)
