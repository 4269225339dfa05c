"""Marks: 32-bit hashes of what is said of known persons, kept from build to build: so a day finds the few it needs.

A relation of marks has a row for each record of a known person, and for each person that it names as related, and a
column for each way in which linking or suspicions look persons up. Looking through these is many times cheaper than
through names and addresses. A mark may belong to two texts, and a record that has changed keeps its old marks beside
the new: what is found is all that is needed, and a little more, and every step compares the texts themselves. Sets of
persons are tables of marks of their numbers (``person``).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import product

import duckdb

from linking.settings import Settings

Parts = tuple[str, ...]  # SQL over a row of a standard view (``records``)

PERSON: Parts = ("person_id",)
KIN: Parts = ("kin_id",)
HOUSEHOLD: Parts = ("household_number",)
ADDRESSES: tuple[Parts, ...] = (("household_address",), ("nullif(residence_address, household_address)",))
NAME_BIRTH: Parts = ("name", "number_birth")
# Each slip (one digit is wrong or two neighbours are exchanged) leaves the name and one of these as they are.
SLIPS: tuple[Parts, ...] = (
    NAME_BIRTH,
    ("name", "substr(person_id, 1, 9)", "substr(person_id, 16, 2)"),
    ("name", "substr(person_id, 1, 5)", "substr(person_id, 11, 7)"),
)

# By part of a blocking rule.
BLOCKING: dict[str, tuple[str, ...]] = {
    "name": ("name", "former_name"),
    "masked_name": tuple(
        f"case when length(name) > {max(2, n - 1)} then substr(name, 1, {n - 1}) || '_' || substr(name, {n + 1}) end"
        for n in (1, 2, 3, 4)
    ),
    "birth": ("number_birth", "nullif(birth, number_birth)"),
    "phone": ("phone",),
    "address": tuple(address for (address,) in ADDRESSES),
    "household": HOUSEHOLD,
}
# What few share is enough to look a person up by; names, birth dates and the addresses of whole blocks are common, and
# asked for together.
RARE = ("phone", "household")


def hash_of(parts: Parts) -> str:
    """64 bits; null where a part is."""
    filled = " and ".join(f"({part}) is not null" for part in parts)
    return f"case when {filled} then hash({', '.join(parts)}) end"


def mark(parts: Parts) -> str:
    return f"cast({hash_of(parts)} >> 32 as uinteger)"


# Who of a name lives at an address; that as a mark, so that marked rows and names make up a door too.
DOORS: tuple[Parts, ...] = tuple((mark(address), "name") for address in ADDRESSES)


def looked_up(settings: Settings) -> list[tuple[Parts, ...]]:
    """For each blocking rule what a person is looked up by; entries of one rule are compared with each other."""
    by = BLOCKING | {"address": tuple(map(mark, ADDRESSES))}  # as doors have it, so that the two share columns
    found = []
    for rule in settings.blocking:
        rare = [part for part in rule.parts if part in RARE]
        found.append(tuple(product(*(by[part] for part in rare[:1] or rule.parts))))
    return list(dict.fromkeys(found))


def columns(settings: Settings) -> dict[Parts, str]:
    """The columns of a relation of marks."""
    rules = [parts for rule in looked_up(settings) for parts in rule]
    named = [PERSON, KIN, HOUSEHOLD, *ADDRESSES, *DOORS, *SLIPS, *rules]
    return {parts: f"mark_{number}" for number, parts in enumerate(dict.fromkeys(named))}


def marks_of(view: str, settings: Settings) -> str:
    """The query for the marks of a standard view of known persons, and for those of whom its rows name as related."""
    said = {parts: name for parts, name in columns(settings).items() if parts != KIN}
    return f"""
        select {", ".join(f"{mark(parts)} as {name}" for parts, name in said.items())} from {view}
        union all by name
        select {", ".join(f"{mark(parts)} as {columns(settings)[parts]}" for parts in (PERSON, KIN))}
        from {view}_kin where kin_id is not null
    """


@dataclass(frozen=True)
class Marks:
    """``relation``: one of marks, made with the same settings."""

    relation: str
    settings: Settings

    def of(self, parts: Parts) -> str:
        return columns(self.settings)[parts]

    def found(self, asked: str, by: Iterable[Parts]) -> str:
        """The query for the persons of whom a record has one of the marks that ``asked`` gives."""
        return " union ".join(
            f"select {self.of(PERSON)} as person from {self.relation} where {self.of(parts)} in ({asked})"
            for parts in by
        )

    def rows(self, connection: duckdb.DuckDBPyConnection, persons: str, into: str, *parts: Parts) -> Marks:
        """The rows of those persons as a table of their own, with the marks of ``parts``: few of all."""
        kept = dict.fromkeys(map(self.of, (PERSON, *parts)))
        connection.execute(f"""
            create or replace temp table {into} as
            select {", ".join(kept)} from {self.relation} where {self.of(PERSON)} in (select person from {persons})
        """)
        return Marks(into, self.settings)

    def changed(self, connection: duckdb.DuckDBPyConnection, persons: str, *parts: Parts) -> Marks:
        """``linking_changed``: the set of those in the relation ``persons`` (person_id); their rows."""
        connection.execute(f"""
            create or replace temp table linking_changed as select distinct {mark(PERSON)} as person from {persons}
        """)
        return self.rows(connection, "linking_changed", "linking_marked", *parts)

    def said(self, *parts: Parts) -> str:
        """The query for all marks in these columns."""
        return " union ".join(
            f"select {self.of(one)} from {self.relation} where {self.of(one)} is not null" for one in parts
        )

    def family(self, persons: str, own: Marks) -> str:
        """The query for who shares a household with these, whom their rows ``own`` name, and who names them."""
        return f"""
            {self.found(own.said(HOUSEHOLD), [HOUSEHOLD])}
            union {self.found(own.said(KIN), [PERSON])}
            union {self.found(f"select person from {persons}", [KIN])}
        """


def doors(relatives: Marks, claims: str) -> str:
    """A relation (claim_id, door): who of a claim's name lives with a relative that it names by number. ``claims``:
    (claim_id, name, person), a row for each relative."""
    addresses = ", ".join(relatives.of(address) for address in ADDRESSES)
    return f"""(
        select claim_id, {mark(("address", "name"))} as door from (
            select claims.claim_id, claims.name, unnest([{addresses}]) as address
            from {relatives.relation} as relatives
            join {claims} as claims on relatives.{relatives.of(PERSON)} = claims.person
        )
    )"""


def asked(connection: duckdb.DuckDBPyConnection, marks: Marks) -> None:
    """``linking_near``: of whom linking ``linking_claims`` reads anything. Needs ``linking_neighbours``."""
    kin, neighbour, kin_by_birth = mark(("kin_id",)), mark(("number",)), mark(("kin_name", "kin_birth"))
    with_kin = f"""(
        select claims.claim_id, claims.name, {kin} as person
        from linking_claims as claims join linking_claims_kin as kin on claims.claim_id = kin.claim_id
    )"""
    connection.execute(f"""
        create or replace temp table linking_asked as
        {marks.found(f"select {kin} from linking_claims_kin", [PERSON])}
        union {marks.found(f"select {kin_by_birth} from linking_claims_kin", [NAME_BIRTH])}
    """)
    own = marks.rows(connection, "linking_asked", "linking_marked", HOUSEHOLD, KIN, *ADDRESSES)
    by_rules = " union ".join(
        marks.found(f"select unnest([{', '.join(map(mark, rule))}]) from linking_claims", rule)
        for rule in looked_up(marks.settings)
    )
    connection.execute(f"""
        create or replace temp table linking_met as
        from linking_asked
        union {marks.family("linking_asked", own)}
        union {marks.found(f"select door from {doors(own, with_kin)}", DOORS)}
        union {marks.found(f"select {neighbour} from linking_neighbours", [PERSON])}
        union {by_rules}
    """)
    met = marks.rows(connection, "linking_met", "linking_marked", HOUSEHOLD)
    connection.execute(f"""
        create or replace temp table linking_near as
        from linking_met union {marks.found(met.said(HOUSEHOLD), [HOUSEHOLD])}
    """)
