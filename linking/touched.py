"""Which claims a day's changes of known persons concern, so that a run need not link all of them again.

A claim's result depends on its candidates, on whom these live with and are related to, and on the relatives that its
own row names. A run over the claims that are new, changed or touched, together with all that had no known person
before, gives what a run over all claims gives; ``tests/integration/test_linking_increments.py`` proves it.
"""

from __future__ import annotations

from itertools import chain

import duckdb

from linking.marks import (
    ADDRESSES,
    CLAIM_MARKS,
    DOORS,
    HOUSEHOLD,
    KIN,
    NAME_BIRTH,
    Marks,
    Parts,
    doors,
    looked_up,
    rule_marks,
)


def touched(connection: duckdb.DuckDBPyConnection, loose: str, changed: str, marks: Marks) -> None:
    """``touched`` (claim_id) out of the claims ``loose``, and harmlessly a few more of them.

    ``loose``: relation with claim_id, name, and the claims' marks (``marks_of_claims``); ``changed``: relation
    (person_id) of the persons who have gained, lost or changed any row; ``marks``: of what is known now and was before.
    """
    # A change concerns claims on the person itself, on who lives there, and on who is related.
    own = marks.changed(connection, changed, HOUSEHOLD, KIN, *ADDRESSES, *DOORS)
    connection.execute(f"""
        create or replace temp table linking_concerned as
        from linking_changed union {marks.family("linking_changed", own)}
    """)
    rules = looked_up(marks.settings)
    concerned = marks.rows(connection, "linking_concerned", "linking_marked_too", NAME_BIRTH, *chain(*rules))
    by: dict[str, tuple[Parts, ...]] = {name: (parts,) for name, parts in CLAIM_MARKS.items()}
    by |= {rule_marks(number): rule for number, rule in enumerate(rules)}
    found = (
        f"select claim_id from (select claim_id, unnest({name}) as mark from {loose}) where mark in ({said})"
        for name, said in ((name, concerned.said(*parts)) for name, parts in by.items())
    )
    # Who lives where a relative lives may be meant too, if the name is the same. Relatives are few of a block's people.
    connection.execute(f"""
        create or replace temp table linking_there as
        select person from ({marks.found(own.said(*ADDRESSES), ADDRESSES)})
        where person in (select unnest(mark_kin) from {loose})
    """)
    there = marks.rows(connection, "linking_there", "linking_marked_there", *ADDRESSES)
    with_kin = f"(select claim_id, nullif(name, '') as name, unnest(mark_kin) as person from {loose})"
    connection.execute(f"""
        create or replace temp table touched as
        {" union ".join(found)}
        union
        select claim_id from {doors(there, with_kin)} where door in ({own.said(*DOORS)})
    """)
