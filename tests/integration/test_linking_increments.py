"""The same result in whatever order and in however many runs: subsets, shuffles, and days of random changes."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Mapping
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from test_linking import KNOWN, LOOSE, SETTINGS, claim, kin, number, person

from linking import functions, records
from linking.link import KNOWN_KEYS, link
from linking.marks import Marks, marks_of
from linking.touched import marked, touched

Row = dict[str, Any]
SURNAMES, GIVEN = "王李张刘", ["伟", "建国", "秀英", "小明", "一鸣", "建军", "秀兰", "春梅", "德福", "浩宇"]
DAYS = [dt.date(year, month, 7) for year in (1980, 1981, 2015) for month in (1, 3, 7, 12)]
PLACES = 60


class Town:
    """A few persons in households with records of two registers, and claims on some of them; names are few."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.persons = {sequence: self.drawn(sequence) for sequence in range(100, 260)}
        self.claims = {str(n): self.claim(str(n)) for n in range(120)}

    def drawn(self, sequence: int) -> Row:
        rng = self.rng
        name = rng.choice(SURNAMES) + rng.choice(GIVEN)
        return {
            "name": name, "day": rng.choice(DAYS), "sequence": sequence, "household": f"H{rng.randrange(PLACES)}",
            "address": f"A{rng.randrange(PLACES)}", "phone": f"138{rng.randrange(PLACES):08d}", "kin": None,
        }  # fmt: skip

    def known(self) -> list[Row]:
        rows = []
        for one in self.persons.values():
            base = (one["name"], one["day"], one["sequence"])
            rows.append(person(*base, household_number=one["household"], household_address=one["address"]))
            if one["sequence"] % 3:
                related = [kin("person", one["kin"], "某某")] if one["kin"] else None
                rows.append(person(*base, phone=one["phone"], related=related) | {"register": "insurance"})
        return rows

    def claim(self, row: str) -> Row:
        rng, one = self.rng, self.rng.choice([*self.persons.values(), self.drawn(999)])
        home = [p for p in self.persons.values() if p["household"] == one["household"] and p is not one]
        other = rng.choice(home if home and rng.random() < 0.8 else list(self.persons.values()))
        written = number("410702", one["day"], one["sequence"])
        said: Row = {
            "phone": one["phone"] if rng.random() < 0.3 else None,
            "residence_address": one["address"] if rng.random() < 0.3 else None,
            "written_number": written[:9] + "7" + written[10:] if rng.random() < 0.3 else None,
            "household_number": one["household"] if rng.random() < 0.2 else None,
        }
        if rng.random() < 0.4:
            said["related"] = [kin("mother", number("410702", other["day"], other["sequence"]), other["name"])]
        elif rng.random() < 0.3:
            said["related"] = [kin("person", None, other["name"], other["day"])]
        day = one["day"] if rng.random() < 0.5 else None
        return claim(row, one["name"], day, sex="1" if one["sequence"] % 2 else "2", **said)

    def change(self) -> None:
        """Persons come, go, move, are renamed, are related to another; claims come, go and change."""
        rng = self.rng
        for sequence in rng.sample(sorted(self.persons), 8):
            one = self.persons[sequence]
            kind = rng.randrange(6)
            if kind == 0:
                del self.persons[sequence]
            elif kind == 1:
                one["household"] = f"H{rng.randrange(PLACES)}"
            elif kind == 2:
                one["name"] = rng.choice(SURNAMES) + rng.choice(GIVEN)
            elif kind == 3:
                one["address"], one["phone"] = f"A{rng.randrange(PLACES)}", f"138{rng.randrange(PLACES):08d}"
            elif kind == 4:
                kin_of = rng.choice(sorted(self.persons))
                one["kin"] = number("410702", self.persons[kin_of]["day"], kin_of)
            else:
                new = max(self.persons) + 1
                self.persons[new] = self.drawn(new)
        for row in rng.sample(sorted(self.claims), 3):
            self.claims[row] = self.claim(row)
        del self.claims[rng.choice(sorted(self.claims))]
        new_row = str(max(map(int, self.claims)) + 1)
        self.claims[new_row] = self.claim(new_row)


def register(connection: duckdb.DuckDBPyConnection, name: str, rows: list[Row], schema: pa.Schema) -> None:
    connection.register(name, pa.Table.from_pylist(rows, schema=schema))


def result(loose: list[Row], known: list[Row], few: bool = False) -> dict[str, Row]:
    connection = duckdb.connect()
    register(connection, "loose", loose, LOOSE)
    register(connection, "known", known, KNOWN)
    link(connection, "loose", "known", SETTINGS, marks=marks_in(connection, "known") if few else None)
    rows = connection.sql("select * from links").to_arrow_table().to_pylist()
    return {row["claim_id"]: row for row in rows}


def marks_in(connection: duckdb.DuckDBPyConnection, known: str) -> Marks:
    functions.install(connection)
    records.standardise(connection, known, "marked", KNOWN_KEYS)
    connection.sql(marks_of("marked", SETTINGS)).create("marks")
    return Marks("marks", SETTINGS)


def unsettled(links: Mapping[str, Row]) -> set[str]:
    """Claims without a known person: they may come together with what is new."""
    return {name for name, row in links.items() if row["person_id"] is None or row["person_id"].startswith("U")}


def changed_rows(before: list[Row], after: list[Row]) -> list[Row]:
    """Rows of before of the persons with any difference, and the bare numbers of new persons."""

    def by_person(rows: list[Row]) -> dict[str, list[Row]]:
        found: dict[str, list[Row]] = {}
        for row in rows:
            found.setdefault(row["person_id"], []).append(row)
        return found

    old, new = by_person(before), by_person(after)
    differing = {p for p in old.keys() | new.keys() if old.get(p) != new.get(p)}
    return [row for p in sorted(differing) for row in old.get(p, [{"person_id": p}])]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_days_of_changes_end_where_a_full_run_does(seed: int) -> None:
    town = Town(seed)
    known, claims = town.known(), dict(town.claims)
    links = result(list(claims.values()), known)
    for _ in range(3):
        town.change()
        connection = duckdb.connect()
        new_known, loose = town.known(), list(town.claims.values())
        register(connection, "loose", loose, LOOSE)
        register(connection, "known", new_known, KNOWN)
        register(connection, "before", changed_rows(known, new_known), KNOWN)
        marked(connection, "loose", SETTINGS).create("marked_loose")
        touched(connection, "marked_loose", "before", marks_in(connection, "(from known union all from before)"))
        again = {row[0] for row in connection.execute("select claim_id from touched").fetchall()}
        again |= unsettled(links)
        again |= {row["claim_id"] for name, row in town.claims.items() if claims.get(name) != row}
        ids = {row["claim_id"] for row in loose}
        linked = result([row for row in loose if row["claim_id"] in again], new_known)
        links = {name: row for name, row in links.items() if name in ids and name not in again} | linked
        full = result(loose, new_known)
        assert links == full
        assert len(again & ids) < len(ids), "nothing is left alone: the test says nothing"
        known, claims = new_known, dict(town.claims)
    outcomes = {row["rule"] for row in links.values()}
    assert {None, "ambiguous_link", "not_linked"} <= outcomes | {"not_linked"}


def test_the_order_of_rows_changes_nothing() -> None:
    town = Town(4)
    loose, known = list(town.claims.values()), town.known()
    expected = result(loose, known)
    town.rng.shuffle(loose)
    town.rng.shuffle(known)
    assert result(loose, known) == expected


def test_linked_claims_alone_or_together_are_linked_alike() -> None:
    """What became of a claim that found a known person does not depend on the other claims."""
    town = Town(5)
    loose, known = list(town.claims.values()), town.known()
    expected = result(loose, known)
    for part in (loose[::2], loose[1::2], loose[:5]):
        found = result(part, known)
        assert result(part, known, few=True) == found
        settled = found.keys() - unsettled(expected)
        assert settled and {name: found[name] for name in settled} == {name: expected[name] for name in settled}


MOTHER, CHILD = number("410702", DAYS[0], 102), person("王小明", DAYS[-1], 101)
WITH_MOTHER = {
    "named in her row": ({"related": [kin("child", CHILD["person_id"])]}, {}),
    "at her address": ({"household_address": "A1"}, {"residence_address": "A1"}),
    "in her household": ({"household_number": "H1"}, {"household_number": "H1"}),
}


@pytest.mark.parametrize("how", WITH_MOTHER)
def test_a_child_is_found_and_touched_through_its_mother_alone(how: str) -> None:
    """The claim says the child's name and the mother's number: no mark of the child's own."""
    of_mother, of_child = WITH_MOTHER[how]
    loose = [claim("1", CHILD["name"], None, related=[kin("mother", MOTHER)])]
    mother = person("李秀英", DAYS[0], 102, **of_mother)
    known = [mother, CHILD | of_child]
    found = result(loose, known)
    assert result(loose, known, few=True) == found
    assert found != result(loose, [mother]), "the child is no candidate: the test says nothing"

    connection = duckdb.connect()
    register(connection, "loose", loose, LOOSE)
    register(connection, "known", known, KNOWN)
    register(connection, "changed", [{"person_id": CHILD["person_id"]}], KNOWN)
    marked(connection, "loose", SETTINGS).create("marked_loose")
    touched(connection, "marked_loose", "changed", marks_in(connection, "known"))
    assert connection.execute("select claim_id from touched").fetchall() == [(loose[0]["claim_id"],)]
