"""The truth beside a city agrees with the world and with what lies in the departments' systems."""

from __future__ import annotations

import csv
import json
import sqlite3
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import duckdb
import numpy as np
import pyarrow.parquet as pq
import pytest
from stdnum.cn import ric

from demo_city import city
from demo_city.standard import Standard
from demo_city.world import World, make_world

ORDER = city.Order(4000, 7, "heavy")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("truth") / "city"
    city.make(ORDER, folder)
    return folder


@pytest.fixture(scope="module")
def world() -> World:
    return make_world(ORDER.people, ORDER.seed)


def cleaned(number: str | None) -> str | None:
    """An identity number by the standard, written here once more: the truth must not judge itself."""
    text = unicodedata.normalize("NFKC", number or "").strip().upper()
    if len(text) == 15 and text.isdigit():
        text = f"{text[:6]}19{text[6:]}"
        text += ric.calc_check_digit(text + "0")
    if len(text) == 18 and text[:17].isdigit() and ric.calc_check_digit(text) == text[-1]:
        return text
    return None


def truth_of(folder: Path, resource: str, role: str) -> dict[str, tuple[str, str]]:
    """Record key to true entity and the state of its number."""
    file = folder / "truth" / "records" / f"{resource}.parquet"
    rows = duckdb.execute("select record_key, entity, number from read_parquet(?) where role = ?", [str(file), role])
    return {key: (entity, number) for key, entity, number in rows.fetchall()}


def household(folder: Path) -> Iterator[tuple[str, str | None, str]]:
    session = sqlite3.connect(folder / "public_security.sqlite")
    yield from session.execute("select czrkrkid, identi_id, czrksjxgxsj from czrkhk")


def marriages(folder: Path) -> Iterator[tuple[str, str | None, str]]:
    for file in sorted(folder.glob("civil_affairs/婚姻登记_*.csv")):
        with file.open(encoding="gb18030", newline="") as text:
            reader = csv.reader(text)
            place = next(reader).index("女方身份证号")
            for number, row in enumerate(reader):
                if len(row) == 12:
                    yield row[0], row[place], f"{number:06}"


def births(folder: Path) -> Iterator[tuple[str, str | None, str]]:
    for file in folder.glob("health/*.jsonl"):
        for line in file.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            yield row["certNo"], row["motherIdNo"], row["updatedAt"]


def persons_who_hold(folder: Path) -> Iterator[tuple[str, str | None, str]]:
    session = sqlite3.connect(folder / "market_regulation.sqlite")
    yield from session.execute("select invid, cerno, gxsj from gdczxx where invtype = '自然人'")


@pytest.mark.parametrize(
    ("resource", "role", "rows", "more_than"),
    [
        ("public_security.household_registration", "person", household, 100),
        ("civil_affairs.marriage", "wife", marriages, 100),
        ("health.birth_certificate", "mother", births, 100),
        ("market_regulation.shareholder", "shareholder", persons_who_hold, 80),
    ],
)
def test_numbers_in_the_systems(made: Path, resource: str, role: str, rows, more_than: int) -> None:  # type: ignore[no-untyped-def]
    """The newest version of each record carries its person's number exactly where the truth says so."""
    newest: dict[str, tuple[str, str | None]] = {}
    for key, number, order in rows(made):
        if key not in newest or order >= newest[key][0]:
            newest[key] = order, number
    truth = truth_of(made, resource, role)
    readable = {key: entry for key, entry in truth.items() if entry[1] != "unreadable"}
    assert set(readable) <= set(newest)
    for key, (entity, state) in readable.items():
        assert (cleaned(newest[key][1]) == entity) == (state == "usable"), (key, newest[key], entity, state)
        assert state == "usable" or cleaned(newest[key][1]) is None, "a broken number is nobody's"
    assert len(readable) > more_than


def test_values_are_those_of_the_world(made: Path, world: World) -> None:
    standard = Standard(world)
    for table, columns in (("population", standard.people), ("legal_entity", standard.entities)):
        written = pq.read_table(made / "truth" / f"{table}.parquet")
        for name in columns.names:
            column = written[name].cast("string").combine_chunks()
            assert column.equals(columns[name]), (table, name)


def test_what_is_told_is_true_and_somewhere(made: Path, world: World) -> None:
    """Nothing is told of what is not there; whoever has a clean record in the household register is named."""
    population = pq.read_table(made / "truth" / "population.parquet")
    for name in (n for n in population.column_names if not n.startswith("told_")):
        told = population[f"told_{name}"].to_numpy()
        there = np.asarray(population[name].combine_chunks().is_valid())
        assert not (told[~there] > 0).any(), name
        assert there.sum() == 0 or told.max() == 2, name
    told = dict(zip(population["id_number"].to_pylist(), population["told_id_number"].to_pylist(), strict=True))
    session = sqlite3.connect(made / "public_security.sqlite")
    written = {number for (number,) in session.execute("select identi_id from czrkhk")}
    found = [told[number] for number in written & set(told)]
    assert len(found) > 1000 and min(found) == 2


def test_certificates(made: Path) -> None:
    rows = duckdb.sql(f"""
        select count(*), count(distinct certificate_id), count(*) filter (holder_id is null),
            count(*) filter (told_certificate_id = 0)
        from read_parquet('{made}/truth/certificate.parquet')
    """).fetchall()[0]
    records = duckdb.sql(f"""
        select count(*) from read_parquet('{made}/truth/records/*.parquet') where role = 'certificate'
    """).fetchall()[0][0]
    assert rows[0] == rows[1] == records
    assert rows[2] == 0
    assert 0 < rows[3] < 0.02 * rows[0], "only those on broken lines are untold"


def test_the_same_order_makes_the_same_bytes(made: Path, tmp_path: Path) -> None:
    city.make(ORDER, tmp_path / "again")

    def contents(folder: Path) -> dict[str, object]:
        found: dict[str, object] = {}
        for path in sorted(folder.rglob("*")):
            name = str(path.relative_to(folder))
            if path.suffix == ".sqlite":
                found[name] = list(sqlite3.connect(path).iterdump())
            elif path.suffix in (".csv", ".txt", ".json", ".jsonl", ".toml", ".xlsx"):
                found[name] = path.read_bytes()
            elif path.suffix == ".parquet":
                found[name] = pq.read_table(path).to_pydict()
        return found

    one, other = contents(made), contents(tmp_path / "again")
    assert [name for name in one if one[name] != other.get(name)] == []
    assert len(one) == len(other) > 30
