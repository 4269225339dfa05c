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
from linking.marks import ADDRESSES, DOORS, HOUSEHOLD, KIN, NAME_BIRTH, PERSON, Marks, Parts, doors, looked_up, mark
from linking.settings import Settings


def marked(connection: duckdb.DuckDBPyConnection, loose: str, settings: Settings) -> duckdb.DuckDBPyRelation:
    """The claims ``loose`` with a list of marks for each way in which a person's change may concern them: what
    ``touched`` looks through, made once for a claim and kept with it."""
    functions.install(connection)
    records.standardise(connection, loose, "linking_claims", LOOSE_KEYS)
    candidates.slips(connection)
    kin, kin_by_birth = mark(("kin_id",)), mark(("kin_name", "kin_birth"))
    by_rules = ", ".join(
        f"list_filter([{', '.join(map(mark, rule))}], lambda one: one is not null) as {_of_rule(number)}"
        for number, rule in enumerate(looked_up(settings))
    )
    return connection.sql(f"""
        select loose.*, mark_neighbours, mark_kin, mark_kin_births, claims.* exclude (claim_id)
        from {loose} as loose
        join (select claim_id, {by_rules} from linking_claims) as claims on loose.claim_id = claims.claim_id
        left join (
            select claim_id, list({mark(("number",))}) as mark_neighbours from linking_neighbours group by claim_id
        ) as near on loose.claim_id = near.claim_id
        left join (
            select claim_id, list({kin}) filter ({kin} is not null) as mark_kin,
                list({kin_by_birth}) filter ({kin_by_birth} is not null) as mark_kin_births
            from linking_claims_kin group by claim_id
        ) as kin on loose.claim_id = kin.claim_id
    """)


def touched(connection: duckdb.DuckDBPyConnection, loose: str, changed: str, marks: Marks) -> None:
    """``touched`` (claim_id) out of the claims ``loose``, and harmlessly a few more of them.

    ``loose``: ``marked`` claims; ``changed``: relation (person_id) of the persons who have gained, lost or changed any
    row; ``marks``: of what is known now and was before.
    """
    # A change concerns claims on the person itself, on who lives there, and on who is related.
    own = marks.changed(connection, changed, HOUSEHOLD, KIN, *ADDRESSES, *DOORS)
    connection.execute(f"""
        create or replace temp table linking_concerned as
        from linking_changed union {marks.family("linking_changed", own)}
    """)
    rules = looked_up(marks.settings)
    concerned = marks.rows(connection, "linking_concerned", "linking_marked_too", NAME_BIRTH, *chain(*rules))
    by: dict[str, tuple[Parts, ...]] = {
        "mark_neighbours": (PERSON,), "mark_kin": (PERSON,), "mark_kin_births": (NAME_BIRTH,),
    }  # fmt: skip
    by |= {_of_rule(number): rule for number, rule in enumerate(rules)}
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


def _of_rule(number: int) -> str:
    return f"mark_rule_{number}"
