"""Identity numbers that so many different people bear in one register that they are nobody's: a sample number, or the
clerk's own, that had to stand in the field.

A claim with such a number is no claim on the person of that number, and is not linked either: it is set aside
(``RULE``), and the number is listed among the suspicions.
"""

from __future__ import annotations

import duckdb

RULE = "id_number_shared"
KIND = "placeholder_number"


def find(connection: duckdb.DuckDBPyConnection, claims: str, names: int, among: str | None = None) -> None:
    """``linking_shared`` (id_number, names): numbers of ``claims`` with at least so many different ``names`` in one
    register. A name of which a part is hidden or lost counts for none. ``among``: a query for the numbers to look at.
    """
    of_these = f"and id_number in ({among})" if among else ""
    # Few numbers stand in so many records of a register: only their names are counted.
    connection.execute(f"""
        create or replace temp table linking_shared as
        with often as (
            select _register, id_number from {claims}
            where id_number is not null {of_these}
            group by all having count(*) >= {names}
        ),
        counted as (
            select said._register, said.id_number, count(distinct said.name) as names
            from {claims} as said join often using (_register, id_number)
            where said.id_number in (select id_number from often)
                and not regexp_matches(said.name, '[*＊?？□×]')
            group by all
        )
        select id_number, max(names) as names from counted group by id_number having max(names) >= {names}
    """)
