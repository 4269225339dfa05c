"""What departments deliver against what the catalogue's sources declare, and how much is wrong with it."""

from __future__ import annotations

from collections import Counter
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
import yaml

from demo_city.city import deliver
from demo_city.delivery import Delivery
from demo_city.departments import REGISTERS
from demo_city.identifiers import credit_is_valid, id_is_valid
from demo_city.office import Office
from demo_city.rates import FILE, Rates
from demo_city.register import File, Register, Table
from demo_city.standard import CERTIFICATE, Standard
from demo_city.systems.parts import delivered
from demo_city.text import present
from demo_city.world import World, make_world

SOURCES = Path(__file__).parents[2] / "dbt_project" / "cities" / "xinxiang" / "sources"
# Old cards and licences show what was; a wedding is followed by a divorce or a death.
OF_THE_PAST = {
    "residence_address",
    "registration_status",
    "marital_status",
    "spouse_id_number",
    "marriage_date",
}
KIND_OF = {
    "delimited": "delimited",
    "json": "json",
    "json_lines": "json_lines",
    "xlsx": "excel",
    "xls": "excel",
}


def declared() -> dict[str, dict[str, Any]]:
    """Resource to its source table's declaration."""
    resources = {}
    for file in sorted(SOURCES.glob("*.yml")):
        for source in yaml.safe_load(file.read_text(encoding="utf-8"))["sources"]:
            for table in source["tables"]:
                resources[f"{source['name']}.{table['name']}"] = table
    return resources


DECLARED = declared()
BY_NAME = {register.resource: register for register in REGISTERS}


@pytest.fixture(scope="module")
def world() -> World:
    return make_world(8000, 5)


def office(world: World, level: str) -> Office:
    return Office(world, Standard(world), Rates.load(level))


@pytest.fixture(scope="module")
def clean(world: World) -> dict[str, Delivery]:
    made = office(world, "none")
    return {r.resource: deliver(made, r, 0, r.records(world)) for r in REGISTERS}


@pytest.fixture(scope="module")
def heavy(world: World) -> dict[str, Delivery]:
    made = office(world, "heavy")
    return {r.resource: deliver(made, r, 0, r.records(world)) for r in REGISTERS}


def test_every_declared_resource_has_a_register() -> None:
    assert set(BY_NAME) == set(DECLARED)


@pytest.mark.parametrize("register", REGISTERS, ids=lambda r: r.resource)
def test_columns_key_and_place(register: Register, clean: dict[str, Delivery]) -> None:
    delivery, table = clean[register.resource], DECLARED[register.resource]
    connector = table["config"]["meta"]["connector"]
    assert [item.name for item in delivered(delivery)] == [column["name"] for column in table["columns"]]
    assert connector["key"] == [delivery.key]
    keys = delivery.items[delivery.key].values
    assert pc.count_distinct(keys).as_py() == delivery.rows == len(keys), "keys are unique"
    assert delivery.rows > 0
    place = register.place
    assert connector["connection"] == place.connection
    if isinstance(place, Table):
        assert (connector["kind"], connector["table"]) == ("database", place.name)
        assert connector["watermark"] == place.clock
    else:
        assert isinstance(place, File) and connector["kind"] == KIND_OF[place.kind]
        assert fnmatchcase(place.name.format(part="红旗区", day="20261101"), connector["path"])
        assert connector.get("delimiter", ",") == place.delimiter
        assert connector.get("header_row", 1) == (3 if place.title else 1)
        assert connector.get("records") == place.records


@pytest.mark.parametrize("register", REGISTERS, ids=lambda r: r.resource)
def test_roles_and_tells(register: Register, clean: dict[str, Delivery], world: World) -> None:
    """Roles are those that the source claims; a clean delivery tells the truth unless it is of the past."""
    delivery, made = clean[register.resource], office(world, "none")
    claims = DECLARED[register.resource]["config"]["meta"]["claims"]
    assert {(r.name, r.table) for r in delivery.roles.values()} == {(c["role"], c["table"]) for c in claims}
    for item in delivery.items.values():
        for tell in item.tells:
            role = delivery.roles[tell.role]
            if role.table == "certificate":
                assert tell.attribute in CERTIFICATE
                truth = delivery.certificates[tell.attribute]
            else:
                of = made.person if role.table == "population" else made.entity
                truth = of(tell.attribute, role.entity)
            said = present(tell.value)
            right = np.asarray(pc.fill_null(pc.equal(tell.value, truth), False))[said]
            least = 0.5 if tell.attribute in OF_THE_PAST else 1.0
            assert right.mean() >= least if len(right) else True, (item.name, tell.role, tell.attribute)


def test_nothing_is_wrong_at_level_none(clean: dict[str, Delivery]) -> None:
    for delivery in clean.values():
        assert not delivery.applied
        assert delivery.legible.all()


def test_every_defect_occurs_at_heavy(heavy: dict[str, Delivery]) -> None:
    applied: Counter[str] = Counter()
    for delivery in heavy.values():
        for (defect, _), rows in delivery.applied.items():
            applied[defect] += rows
    assert set(Rates.load("heavy").defects) - set(applied) == set()


def test_rates_are_met(heavy: dict[str, Delivery]) -> None:
    """Of the values a defect can hit its share gets it, but for chance (5 sigma) and earlier defects."""
    rates = Rates.load("heavy")
    checked = 0
    for resource, delivery in heavy.items():
        for defect, entry in rates.defects.items():
            if not {"id_number", "credit_code"} & set(entry["on"]):
                continue
            for name, item in delivery.items.items():
                if not set(entry["on"]) & set(item.kind.split()):
                    continue
                eligible = int(present(item.values).sum()) + delivery.applied["id_missing", name]
                found, share = delivery.applied[defect, name], rates.rate(defect, resource)
                tolerance = 5 * (eligible * share) ** 0.5 + 1
                assert found < eligible * share + tolerance, (resource, name, defect, found, eligible * share)
                if defect in ("id_missing", "code_missing", "id_full_width"):  # not limited to some values
                    # Defects that come earlier take their share first: at most a half and a tenth at heavy.
                    assert found > 0.35 * eligible * share - tolerance, (resource, name, defect, found)
                checked += 1
    assert checked > 50


def test_levels_follow_the_file() -> None:
    usual, heavy, none = (Rates.load(level) for level in ("usual", "heavy", "none"))
    for defect in usual.defects:
        assert none.rate(defect, "x.y") == 0 < usual.rate(defect, "x.y") <= heavy.rate(defect, "x.y")
    with pytest.raises(ValueError, match="none of"):
        Rates.load("much")
    assert FILE.is_file()


def test_spoiled_numbers_are_nobodys(heavy: dict[str, Delivery]) -> None:
    """What is marked as beyond repair is no valid number."""
    seen = 0
    for delivery in heavy.values():
        for item in delivery.items.values():
            kinds = set(item.kind.split())
            valid = id_is_valid if "id_number" in kinds else credit_is_valid if "credit_code" in kinds else None
            if valid is None:
                continue
            broken = [v for v in item.values.filter(item.spoiled).to_pylist() if v and len(v) == 18]
            ascii_only = [v for v in broken if v.isascii() and (valid is not id_is_valid or v[:17].isdigit())]
            if ascii_only:
                seen += len(ascii_only)
                values = pc.utf8_upper(pa.array(ascii_only))
                # Illegal letters of a credit code are judged by the alphabet, which `credit_is_valid` knows.
                assert not valid(values).any(), item.name
    assert seen > 100


def test_versions_and_copies(heavy: dict[str, Delivery]) -> None:
    """An older version has an earlier update time than the current one; copies are equal in every column."""
    for resource, delivery in heavy.items():
        keys = np.asarray(delivery.items[delivery.key].values.to_pylist())
        if delivery.clock and delivery.items[delivery.clock].kind == "timestamp":
            times = np.asarray(delivery.items[delivery.clock].values.to_pylist())
            newest = {key: t for key, t in zip(keys[delivery.legible], times[delivery.legible], strict=True)}
            older = ~delivery.current & ~delivery.copy
            assert older.any(), resource
            assert all(t < newest[k] for k, t in zip(keys[older], times[older], strict=True) if k in newest)
        copies = np.flatnonzero(delivery.copy)
        for row in copies[:20]:
            twins = np.flatnonzero((keys == keys[row]) & ~delivery.copy)
            ours = [item.values[int(row)].as_py() for item in delivered(delivery)]
            assert any(ours == [item.values[int(t)].as_py() for item in delivered(delivery)] for t in twins)


def test_a_record_is_the_same_in_any_portion(world: World) -> None:
    """Clean deliveries depend on the record only, so that later days and other portions agree."""
    made = office(world, "none")
    for register in REGISTERS:
        records = register.records(world)
        whole, part = register.build(made, records), register.build(made, records[3:9])
        for name, item in part.items.items():
            assert item.values.equals(whole.items[name].values.slice(3, 6)), (register.resource, name)


def test_old_numbers_are_numbers(heavy: dict[str, Delivery]) -> None:
    """A placeholder in the column of the organisation code leads to nobody."""
    delivery = heavy["tax.tax_registration"]
    role = delivery.roles["entity"]
    led = delivery.old_number(role) & (role.mapped_by == 0)
    codes = delivery.items["组织机构代码"].values.filter(pa.array(led)).to_pylist()
    assert len(codes) > 5 and {len(code) for code in codes} == {9}


def test_who_holds_an_enterprise(clean: dict[str, Delivery], heavy: dict[str, Delivery], world: World) -> None:
    """One to three, no one twice, the representative among them; persons mostly, and other enterprises."""
    delivery = clean["market_regulation.shareholder"]
    firm, person, owner = (delivery.roles[r].entity for r in ("enterprise", "shareholder", "corporate_shareholder"))
    assert ((person >= 0) != (owner >= 0)).all() and (owner != firm).all()
    held = list(zip(firm.tolist(), person.tolist(), owner.tolist(), strict=True))
    assert len(set(held)) == len(held)
    each = Counter(firm.tolist())
    assert set(each.values()) == {1, 2, 3}
    represented = {(at, world.entities.representative[at], -1) for at in each}
    assert represented <= set(held)
    assert 0.05 < (owner >= 0).mean() < 0.4
    # what is wrong with the number of a person or an enterprise is wrong in the one column that is delivered
    spoiled = heavy["market_regulation.shareholder"]
    for role in ("shareholder", "corporate_shareholder"):
        inner = spoiled.items[spoiled.roles[role].number or ""]
        rows = np.flatnonzero(spoiled.roles[role].entity >= 0)
        assert inner.touched[rows].any()
        assert spoiled.items["cerno"].values.take(rows).equals(inner.values.take(rows))
