"""Which known persons a claim is compared with at all: equality of selective keys, never all with all.

A key is a hash of a rule and its parts; two texts with one hash only cost a comparison. Tables: ``linking_keys``
(claim_id, key), ``linking_pairs`` (claim_id, person_id). Nothing is weighed here.
"""

from __future__ import annotations

from itertools import product

import duckdb
import pyarrow as pa

from linking.marks import BLOCKING, hash_of
from linking.numbers import neighbours
from linking.settings import Blocking, Settings


def keys(blocking: tuple[Blocking, ...]) -> str:
    """A list of the row's keys, some of them null."""
    listed = []
    for number, rule in enumerate(blocking):
        for parts in product(*(BLOCKING[part] for part in rule.parts)):
            listed.append(hash_of((str(number), *parts)))
    return f"[{', '.join(listed)}]"


def find(connection: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    """``linking_pairs`` between ``linking_claims`` and ``linking_known``. Needs ``linking_neighbours``."""
    claim_keys(connection, settings)
    _of_relatives(connection)
    _of_numbers(connection)
    connection.execute(f"""
        create or replace temp table linking_pairs as
        select claim_id, person_id from (
            select keys.claim_id, known.person_id
            from (
                select person_id, unnest({keys(settings.blocking)}) as key from linking_known
            ) as known
            join linking_keys as keys on keys.key = known.key
            union all
            select claim_id, person_id from linking_pairs_of_numbers
            union all
            select claim_id, person_id from linking_pairs_of_relatives
        )
        group by claim_id, person_id
    """)
    connection.execute("""
        create or replace temp view linking_person_pairs as
        select claim_id as one, person_id as other from linking_pairs
    """)


def claim_keys(connection: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    connection.execute(f"""
        create or replace temp table linking_keys as
        select distinct claim_id, key
        from (select claim_id, unnest({keys(settings.blocking)}) as key from linking_claims)
        where key is not null
    """)


def slips(connection: duckdb.DuckDBPyConnection) -> None:
    """``linking_neighbours`` (claim_id, number): what is one slip of the pen away from a claim's number."""
    written = connection.sql("select claim_id, number from linking_claims where number is not null").to_arrow_table()
    found = neighbours(written["number"].combine_chunks())
    near = pa.table({"claim_id": written["claim_id"].take(found["position"]), "number": found["number"]})
    connection.register("linking_neighbours_found", near)
    connection.execute("create or replace temp table linking_neighbours as from linking_neighbours_found")
    connection.unregister("linking_neighbours_found")


def _of_numbers(connection: duckdb.DuckDBPyConnection) -> None:
    """Persons whose number is one slip of the pen away from the written one."""
    connection.execute("""
        create or replace temp table linking_pairs_of_numbers as
        select near.claim_id, persons.person_id
        from (
            select distinct person_id from linking_known
            where person_id in (select number from linking_neighbours)
        ) as persons
        join linking_neighbours as near on persons.person_id = near.number
    """)


def _of_relatives(connection: duckdb.DuckDBPyConnection) -> None:
    """Who lives with those whom the claim's row names, or is named by them, if the name or the birth date fits.

    At the address of a relative only who has the very name: some addresses are a whole dormitory's.
    """
    connection.execute("""
        create or replace temp table linking_pairs_of_relatives as
        with houses as (
            select distinct claim_id, household_number from linking_homes where household_number is not null
        ),
        doors as (
            select distinct homes.claim_id, hash(homes.address, claims.name) as door
            from linking_homes as homes join linking_claims as claims on homes.claim_id = claims.claim_id
            where homes.by_number and homes.address is not null and claims.name is not null
        ),
        named as (
            select distinct relatives.claim_id, kin.kin_id as person_id
            from linking_relatives as relatives
            join linking_known_kin as kin on relatives.person_id = kin.person_id
            where kin.kin_id is not null
        ),
        found as (
            select houses.claim_id, known.person_id, known.name, known.former_name
            from linking_known as known join houses on known.household_number = houses.household_number
            union all
            select named.claim_id, known.person_id, known.name, known.former_name
            from linking_known as known join named on known.person_id = named.person_id
        ),
        neighbours as (
            select person_id, unnest([hash(household_address, name), hash(residence_address, name)]) as door
            from linking_known where name in (
                select name from linking_claims where claim_id in (select claim_id from doors)
            )
        )
        select distinct found.claim_id, found.person_id
        from found join linking_claims as claims on found.claim_id = claims.claim_id
        where found.name = claims.name or found.former_name = claims.name or found.name = claims.former_name
            or linking_birth(found.person_id) = claims.birth or levenshtein(found.name, claims.name) <= 1
        union
        select doors.claim_id, neighbours.person_id from neighbours join doors on neighbours.door = doors.door
    """)
