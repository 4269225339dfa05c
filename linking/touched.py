"""Which claims a day's changes of known persons concern, so that a run need not link all of them again.

A claim's result depends on its candidates, on whom these live with and are related to, and on the relatives that its
own row names. A run over the claims that are new, changed or touched, together with all that had no known person
before, gives what a run over all claims gives; ``tests/integration/test_linking_increments.py`` proves it.
"""

from __future__ import annotations

import duckdb

from linking import candidates, records, relatives
from linking.link import prepare
from linking.settings import Settings


def touched(
    connection: duckdb.DuckDBPyConnection,
    loose: str,
    known: str,
    before: str,
    settings: Settings,
    related: str | None = None,
    into: str = "temp table touched",
) -> None:
    """``touched`` (claim_id) out of the claims ``loose``.

    ``known``: what is known now; ``before``: rows of ``known`` as they were, of the persons who have gained, lost or
    changed any row. A person with new rows only has to be in ``before`` with at least the number. ``related``: as
    for ``link``, with the rows that are now and those that were.
    """
    prepare(connection, loose, f"(from {known} union all by name from {before})", related)
    connection.execute(f"create or replace temp table linking_changed as select distinct person_id from {before}")
    _concerned(connection)
    records.only(connection, "linking_known", "linking_concerned")
    relatives.resolve(connection)
    candidates.find(connection, settings)
    connection.execute(f"""
        create or replace {into} as
        select claim_id from linking_relatives union select claim_id from linking_pairs
    """)


def _concerned(connection: duckdb.DuckDBPyConnection) -> None:
    """The changed persons, who shares a household or an address with them, whom they name, and who names them."""
    connection.execute("create or replace temp table linking_changed_rows as from linking_known_of('linking_changed')")
    connection.execute("""
        create or replace temp table linking_concerned as
        with households as (
            select household_number from linking_changed_rows where household_number is not null
        ),
        addresses as (
            select household_address as address from linking_changed_rows where household_address is not null
            union
            select residence_address from linking_changed_rows where residence_address is not null
        )
        from linking_changed
        union
        select person_id from linking_known
        where household_number in (from households)
            or household_address in (from addresses) or residence_address in (from addresses)
        union
        select kin_id from linking_known_kin where person_id in (from linking_changed) and kin_id is not null
        union
        select person_id from linking_known_kin where kin_id in (from linking_changed)
    """)
