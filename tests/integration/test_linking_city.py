"""Linking on small demo cities, against the truth that only the test knows.

Claims are read from the departments' deliveries in memory, cleaned by what the delivery knows of itself: neither the
pipeline's collecting nor its cleaning is tried here. ``python -m linking.measure`` measures behind the whole pipeline.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from test_linking import KNOWN, LOOSE

from demo_city.city import deliver, portions
from demo_city.delivery import Delivery, Role
from demo_city.departments import REGISTERS
from demo_city.office import Office
from demo_city.rates import Rates
from demo_city.standard import Standard
from demo_city.vocabulary import PLACEHOLDERS
from demo_city.world import make_world
from linking.link import Linked, link
from linking.measure import judge
from linking.settings import Settings
from linking.suspicions import suspect

PEOPLE = 6000
SETTINGS = Settings.load()
SEX = {"husband": "1", "father": "1", "wife": "2", "mother": "2"}
ADDRESSES = {"civil_affairs.death": "户籍地址", "education.school_enrolment": "户口所在地"}
SAID = {
    "name", "former_name", "sex", "ethnic_group", "birth_date", "phone", "household_number", "household_address",
    "residence_address", "employer_name", "school_name",
}  # fmt: skip
Row = dict[str, Any]


def day(text: str | None) -> date | None:
    for form in ("%Y-%m-%d", "%Y%m%d"):
        try:
            return datetime.strptime(text or "", form).date()
        except ValueError:
            continue
    return None


def said(delivery: Delivery, role: Role) -> dict[str, list[Any]]:
    """What rows say of the persons in a role: in standard form, or as it stands where nobody can repair it."""
    found: dict[str, list[Any]] = {}
    for item in delivery.items.values():
        for tell in item.tells:
            if tell.role != role.name or tell.attribute not in SAID or item.name == role.number:
                continue
            raw, standard = item.values.to_pylist(), tell.value.to_pylist()
            values = [r if s else t for r, t, s in zip(raw, standard, item.spoiled.tolist(), strict=True)]
            found[tell.attribute] = [
                None if r is None or v in PLACEHOLDERS else v for r, v in zip(raw, values, strict=True)
            ]
    if delivery.resource in ADDRESSES and role.name == "person":
        found["household_address"] = delivery.items[ADDRESSES[delivery.resource]].values.to_pylist()
    if "phone" in found:
        found["phone"] = [p if p and re.fullmatch("1[0-9]{10}", p) else None for p in found["phone"]]
    if "birth_date" in found:
        found["birth_date"] = [day(text) for text in found["birth_date"]]
    if role.name in SEX:
        found["sex"] = [SEX[role.name]] * delivery.rows
    return found


def claims(delivery: Delivery, numbers: list[str]) -> list[Row]:
    """All claims on persons of a delivery: as rows of ``loose`` and ``known``, with the true person beside."""
    keys = delivery.items[delivery.key].values.to_pylist()
    rows: dict[int, list[Row]] = {}
    for role in delivery.roles.values():
        if role.table != "population":
            continue
        values, usable = said(delivery, role), delivery.usable_number(role)
        written = delivery.items[role.number or ""].values.to_pylist()
        for at in np.flatnonzero(delivery.legible & (role.entity >= 0)).tolist():
            true = numbers[role.entity[at]]
            row = {name: column[at] for name, column in values.items()}
            row |= {
                "claim_id": f"{delivery.resource}|000001|{at}|{role.name}",
                "claim_key": f"{delivery.resource}|{keys[at]}|{role.name}",
                "register": delivery.resource,
                "person_id": true if usable[at] else None,
                "written_number": re.sub("[^0-9A-Z]", "", (written[at] or "").upper()) or None,
                "person": true,
                "role": role.name,
            }
            rows.setdefault(at, []).append(row)
    for several in rows.values():
        for row in several:
            row["related"] = [
                {"relation": o["role"], "id_number": o["person_id"], "name": o["name"], "birth_date": o.get("birth_date")}
                for o in several if o is not row
            ] or None  # fmt: skip
    return [row for several in rows.values() for row in several]


class City:
    def __init__(self, level: str, seed: int) -> None:
        world = make_world(PEOPLE, seed)
        office = Office(world, Standard(world), Rates.load(level))
        numbers = world.people.id_number.to_pylist()
        listed: list[Row] = []
        for register in REGISTERS:
            for number, records in enumerate(portions(register.records(world))):
                listed += claims(deliver(office, register, number, records), numbers)
        self.connection = duckdb.connect()
        loose = [row for row in listed if not row["person_id"]]
        self._table("loose", loose, LOOSE)
        self._table("known", [row for row in listed if row["person_id"]], KNOWN)
        truth = pa.schema([("claim_id", pa.string()), ("person", pa.string())])
        self._table("claimed", loose, truth)
        self.connection.execute(
            "create table truth as select *, person in (select person_id from known) as known from claimed"
        )
        self.linked: Linked = link(self.connection, "loose", "known", SETTINGS)
        self.score = judge(self.connection)

    def _table(self, name: str, rows: list[Row], schema: pa.Schema) -> None:
        self.connection.register(name, pa.Table.from_pylist(rows, schema=schema))


@pytest.fixture(scope="module", params=[("usual", 41), ("heavy", 42)], ids=["usual", "heavy"])
def city(request: pytest.FixtureRequest) -> tuple[str, City]:
    level, seed = request.param
    return level, City(level, seed)


def test_claims_find_the_person_they_mean(city: tuple[str, City]) -> None:
    """One wrong link of a small city's few hundred is already more than the rate for a city allows."""
    level, built = city
    wrong = built.connection.sql(
        "select claim_id, person, person_id, method from judged where person_id is not null and not is_right"
    ).fetchall()
    allowed = {"usual": 0.001, "heavy": 0.005}[level] * built.score.linked
    assert len(wrong) <= max(1, allowed), wrong
    assert built.score.recall >= {"usual": 0.95, "heavy": 0.90}[level]
    assert built.score.records > 500


def test_every_claim_has_an_outcome_and_one_only(city: tuple[str, City]) -> None:
    _, built = city
    counted = built.connection.execute("""
        select count(*), count(distinct claim_id), count(*) filter ((person_id is null) = (rule is null)),
            count(*) filter (person_id is not null and method is null),
            count(*) filter (probability not between 0 and 1)
        from links
    """).fetchall()
    records = built.score.records
    assert counted == [(records, records, 0, 0, 0)]
    assert built.linked.claims == records


def test_what_waits_for_a_clerk_has_its_reason(city: tuple[str, City]) -> None:
    _, built = city
    rows = built.connection.execute("""
        select links.claim_id, count(review.person_id), bool_and(length(review.reason) > 3)
        from links left join review on links.claim_id = review.claim_id
        where links.rule in ('link_in_review', 'ambiguous_link')
        group by 1
    """).fetchall()
    assert rows and all(candidates >= 1 and reasoned for _, candidates, reasoned in rows)
    [others] = built.connection.execute("""
        select count(*) from review join links using (claim_id) where links.person_id is not null
    """).fetchall()
    assert others == (0,)


def test_nobody_is_suspected_without_reason(city: tuple[str, City]) -> None:
    """The demo city spoils numbers only into invalid ones: each suspicion would be a false alarm."""
    _, built = city
    suspect(built.connection, "known")
    assert built.connection.sql("from suspicions").fetchall() == []
