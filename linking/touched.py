"""Which claims a day's changes of known persons concern, so that a run need not link all of them again.

A claim's result depends on its candidates, on whom these live with and are related to, and on the relatives that its
own row names. A run over the claims that are new, changed or touched, together with all that had no known person
before, gives what a run over all claims gives; ``tests/integration/test_linking_increments.py`` proves it.
"""

from __future__ import annotations

from itertools import chain

import duckdb

from linking import candidates, functions, records
from linking.link import LOOSE_KEYS
from linking.marks import ADDRESSES, DOORS, HOUSEHOLD, KIN, NAME_BIRTH, PERSON, Marks, doors, looked_up, mark


def touched(connection: duckdb.DuckDBPyConnection, loose: str, changed: str, marks: Marks) -> None:
    """``touched`` (claim_id) out of the claims ``loose``, and harmlessly a few more of them.

    ``changed``: relation (person_id) of the persons who have gained, lost or changed any row; ``marks``: of what is
    known now and was before.
    """
    functions.install(connection)
    records.standardise(connection, loose, "linking_claims", LOOSE_KEYS)
    candidates.slips(connection)
    # A change concerns claims on the person itself, on who lives there, and on who is related.
    own = marks.changed(connection, changed, HOUSEHOLD, KIN, *ADDRESSES, *DOORS)
    connection.execute(f"""
        create or replace temp table linking_concerned as
        from linking_changed union {marks.family("linking_changed", own)}
    """)
    rules = looked_up(marks.settings)
    concerned = marks.rows(connection, "linking_concerned", "linking_marked_too", NAME_BIRTH, *chain(*rules))
    named = [
        (mark(PERSON), "(select claim_id, number as person_id from linking_neighbours)", concerned.said(PERSON)),
        (mark(("kin_id",)), "linking_claims_kin", concerned.said(PERSON)),
        (mark(("kin_name", "kin_birth")), "linking_claims_kin", concerned.said(NAME_BIRTH)),
        *((f"unnest([{', '.join(map(mark, rule))}])", "linking_claims", concerned.said(*rule)) for rule in rules),
    ]
    found = (
        f"select claim_id from (select claim_id, {entry} as entry from {relation}) where entry in ({said})"
        for entry, relation, said in named
    )
    # Who lives where a relative lives may be meant too, if the name is the same. Relatives are few of a block's people.
    connection.execute(f"""
        create or replace temp table linking_there as
        select person from ({marks.found(own.said(*ADDRESSES), ADDRESSES)})
        where person in (select {mark(("kin_id",))} from linking_claims_kin)
    """)
    there = marks.rows(connection, "linking_there", "linking_marked_there", *ADDRESSES)
    connection.execute(f"""
        create or replace temp table touched as
        {" union ".join(found)}
        union
        select claim_id from {doors(there)} where door in ({own.said(*DOORS)})
    """)
