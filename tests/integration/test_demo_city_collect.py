"""The connectors read what the simulated city writes, row by row: files, databases, a later day."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
import sqlalchemy as sa
import yaml
from support.collecting import Item, Resource, Spec, server_or_skip

from catalogue.installation import Installation
from connectors.collect import Collected, collect
from connectors.connections import Connections
from demo_city import city
from demo_city.city import deliver, portions
from demo_city.departments import REGISTERS
from demo_city.later import Days, next_day
from demo_city.register import Register, Table
from demo_city.systems.databases import PASSWORD, without_password
from demo_city.systems.parts import delivered

SOURCES = Path(__file__).parents[2] / "dbt_project" / "cities" / "xinxiang" / "sources"
ORDER = city.Order(2500, 11, "heavy")
CHANGES = 0.2
POSTGRESQL = os.environ.get("GOVSHARE_TEST_POSTGRESQL", "postgresql://postgres@127.0.0.1:5432/test")
MYSQL = os.environ.get("GOVSHARE_TEST_MYSQL", "mysql://root@127.0.0.1:3306/test")
TABLES = [register for register in REGISTERS if isinstance(register.place, Table)]
FILES = [register for register in REGISTERS if not isinstance(register.place, Table)]


def resources() -> dict[str, Resource]:
    """The sources as declared, in the form that connectors see."""
    found = {}
    for file in sorted(SOURCES.glob("*.yml")):
        for source in yaml.safe_load(file.read_text(encoding="utf-8"))["sources"]:
            for table in source["tables"]:
                options = dict(table["config"]["meta"]["connector"])
                names = ("kind", "connection", "key", "watermark", "mode")
                spec = Spec(**{name: options.pop(name) for name in names if name in options}, options=options)
                items = [Item(c["name"], c["config"]["meta"]["type"]) for c in table["columns"]]
                name = f"{source['name']}.{table['name']}"
                found[name] = Resource(name, spec, items, table["config"]["meta"].get("contract", "evolve"))
    return found


RESOURCES = resources()


class Town:
    """A city's folder and an installation that collects from it."""

    def __init__(self, folder: Path, data: Path) -> None:
        self.folder = folder
        self.installation = Installation(data, folder, folder)

    def collect(self, name: str) -> Collected:
        return collect(RESOURCES[name], self.installation, Connections.load(self.installation))

    def landed(self, name: str, batch: str | None = None) -> list[dict[str, Any]]:
        parts = self.installation.landing_of(name) / "*" / "*.parquet"
        only = f"where _batch = '{batch}'" if batch else ""
        found = duckdb.sql(f"select * from read_parquet('{parts}', union_by_name=true) {only} order by _batch, _row")
        columns = found.columns
        return [dict(zip(columns, row, strict=True)) for row in found.fetchall()]


def expected(register: Register, day: int = 1) -> list[dict[str, str | None]]:
    """What was delivered, made once more: rows of text, without those on broken lines."""
    days = Days.play(ORDER, [CHANGES] * (day - 1))
    plan = days.plans(register)[-1]
    rows = []
    for number, records in enumerate(portions(plan.written)):
        delivery = deliver(days.offices[-1], register, number, records)
        names = [item.name for item in delivered(delivery)]
        for values, ragged in zip(
            zip(*(item.values.to_pylist() for item in delivered(delivery)), strict=True),
            delivery.ragged,
            strict=True,
        ):
            if not ragged:
                rows.append(dict(zip(names, values, strict=True)))
    return rows


def comparable(row: dict[str, Any], names: list[str], numbers: set[str]) -> tuple[Any, ...]:
    """An empty text and none are one in files; numbers are compared as numbers."""
    values = []
    for name in names:
        value = row[name]
        if value is not None and name in numbers:
            value = round(float(value), 6)
        values.append(None if value in (None, "") else value if isinstance(value, float) else str(value))
    return tuple(values)


def same_rows(landed: list[dict[str, Any]], made: list[dict[str, Any]], numbers: set[str]) -> None:
    names = list(made[0])
    readable = [row for row in landed if row.get("_problem") is None and row.get("_op") != "delete"]

    def ordered(rows: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
        return sorted((comparable(row, names, numbers) for row in rows), key=repr)

    assert ordered(readable) == ordered(made)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("collect") / "city"
    city.make(ORDER, folder)
    return folder


def numbers_of(register: Register) -> set[str]:
    """Columns that are numbers in the systems; those of spreadsheets and databases lose needless zeros."""
    return {item.name for item in RESOURCES[register.resource].items if item.type in ("N", "Y")}


@pytest.mark.parametrize("register", REGISTERS, ids=lambda r: r.resource)
def test_what_lands_is_what_was_made(made: Path, tmp_path: Path, register: Register) -> None:
    town = Town(made, tmp_path)
    collected = town.collect(register.resource)
    rows = expected(register)
    assert not collected.drift
    landed = town.landed(register.resource)
    ragged = [row for row in landed if row.get("_problem")]
    assert {row["_problem"] for row in ragged} <= {"row_width"}
    assert len(landed) - len(ragged) == len(rows)
    same_rows(landed, rows, numbers_of(register))
    assert town.collect(register.resource).unchanged


def test_a_broken_line_is_set_aside(made: Path, tmp_path: Path) -> None:
    town = Town(made, tmp_path)
    town.collect("civil_affairs.marriage")
    assert any(row["_problem"] == "row_width" for row in town.landed("civil_affairs.marriage"))


def test_date_cells_and_texts_stand_side_by_side(made: Path) -> None:
    from python_calamine import CalamineWorkbook

    book = CalamineWorkbook.from_path(next(made.glob("education/学籍_长垣市_*.xlsx")))
    rows = book.get_sheet_by_index(0).to_python()
    kinds = {type(row[rows[0].index("出生日期")]).__name__ for row in rows[1:]}
    assert kinds >= {"date", "str"}


@pytest.fixture(scope="module")
def second_day(tmp_path_factory: pytest.TempPathFactory) -> tuple[Town, dict[str, Collected]]:
    """A city collected on its first day, then given a second one."""
    folder = tmp_path_factory.mktemp("days")
    city.make(ORDER, folder / "city")
    town = Town(folder / "city", folder / "data")
    for register in REGISTERS:
        town.collect(register.resource)
    next_day(town.folder, city.marker_of(town.folder) or {}, CHANGES, None, None)
    return town, {register.resource: town.collect(register.resource) for register in REGISTERS}


@pytest.mark.parametrize("register", TABLES, ids=lambda r: r.resource)
def test_changed_rows_of_tables(second_day: tuple[Town, dict[str, Collected]], register: Register) -> None:
    """Exactly the changed and new rows have a newer time, so an incremental collection takes just them."""
    town, collected = second_day
    result = collected[register.resource]
    made = expected(register, 2)
    clock = register.place.clock  # type: ignore[union-attr]
    newest = [row for row in made if str(row[clock]).startswith("2026-11-02")]
    landed = [row for batch in result.batches for row in town.landed(register.resource, batch)]
    same_rows(landed, newest, numbers_of(register))
    assert newest and result.rows == len(newest)


@pytest.mark.parametrize("register", FILES, ids=lambda r: r.resource)
def test_files_of_a_later_day(second_day: tuple[Town, dict[str, Collected]], register: Register) -> None:
    """Every changed record has landed, and of a file that was written anew nothing that it had before."""
    town, collected = second_day
    made = expected(register, 2)
    names = list(made[0]) if made else []
    days: tuple[set[object], set[object]] = (set(), set())
    for row in town.landed(register.resource):
        if row.get("_problem") is None:
            later = row["_batch"] in collected[register.resource].batches
            days[later].add((row["_file"], comparable(row, names, numbers_of(register))))
    assert {comparable(row, names, numbers_of(register)) for row in made} <= {row for _, row in days[0] | days[1]}
    assert not days[0] & days[1]


def test_deleted_rows_are_gone(second_day: tuple[Town, dict[str, Collected]]) -> None:
    town, _ = second_day
    days = Days.play(ORDER, [CHANGES])
    gone = 0
    for register in TABLES:
        deleted = days.plans(register)[-1].deleted
        delivery = register.build(days.offices[0], deleted)
        keys = delivery.items[delivery.key].values.to_pylist()
        engine = sa.create_engine(f"sqlite:///{town.folder}/{register.place.connection}.sqlite")
        with engine.connect() as session:
            place = register.place
            assert isinstance(place, Table)
            for key in keys:
                statement = sa.text(f'select count(*) from "{place.name}" where "{place.key}" = :key')
                assert session.execute(statement, {"key": key}).scalar() == 0
        truth = duckdb.sql(
            f"select record_key from read_parquet('{town.folder}/truth/records/{register.resource}.parquet')"
        ).fetchall()
        assert not {key for (key,) in truth} & set(keys)
        gone += len(keys)
    assert gone > 0


def test_a_day_brought_twice_is_the_same(tmp_path: Path) -> None:
    """A run that was killed before the marker was written is simply done again."""
    contents = []
    for again in (1, 2):
        folder = tmp_path / str(again)
        city.make(city.Order(800, 1, "usual"), folder)
        marker = city.marker_of(folder) or {}
        for _ in range(again):
            next_day(folder, marker, 0.05, None, None)
        found: dict[str, Any] = {}
        for path in sorted(folder.rglob("*")):
            if path.suffix == ".sqlite":
                engine = sa.create_engine(f"sqlite:///{path}")
                with engine.connect() as session:
                    for name in sa.inspect(engine).get_table_names():
                        rows = session.execute(sa.text(f'select * from "{name}"')).fetchall()
                        found[f"{path.name}.{name}"] = sorted(map(repr, rows))
            elif path.suffix in (".csv", ".txt", ".jsonl", ".json", ".toml"):
                found[str(path.relative_to(folder))] = path.read_bytes()
            elif path.suffix == ".parquet":
                found[str(path.relative_to(folder))] = pa.parquet.read_table(path).to_pydict()
        contents.append(found)
    assert [name for name in contents[0] if contents[0][name] != contents[1].get(name)] == []


@pytest.fixture(params=["postgresql", "mysql"])
def database(request: pytest.FixtureRequest) -> Iterator[str]:
    """A database of its own on the server, dropped afterwards."""
    url = sa.make_url(POSTGRESQL if request.param == "postgresql" else MYSQL)
    name = f"demo_city_{uuid.uuid4().hex[:8]}"
    driver = "postgresql+psycopg" if request.param == "postgresql" else "mysql+pymysql"
    engine = sa.create_engine(url.set(drivername=driver), isolation_level="AUTOCOMMIT")
    try:
        session = engine.connect()
    except sa.exc.OperationalError as error:
        server_or_skip(error, request.param)
        return
    with session:
        extra = " character set utf8mb4" if request.param == "mysql" else ""
        session.execute(sa.text(f"create database {name}{extra}"))
        try:
            yield url.set(database=name).render_as_string(hide_password=False)
        finally:
            force = " with (force)" if request.param == "postgresql" else ""
            session.execute(sa.text(f"drop database {name}{force}"))


@pytest.mark.server
def test_tables_of_a_server(database: str, tmp_path: Path) -> None:
    order = city.Order(ORDER.people, ORDER.seed, ORDER.defects, database)
    city.make(order, tmp_path / "city")
    town = Town(tmp_path / "city", tmp_path / "data")
    assert not list(town.folder.glob("*.sqlite"))
    for register in TABLES:
        assert not town.collect(register.resource).drift
        same_rows(town.landed(register.resource), expected(register), numbers_of(register))
    next_day(town.folder, city.marker_of(town.folder) or {}, CHANGES, None, None)
    for register in TABLES:
        result = town.collect(register.resource)
        landed = [row for batch in result.batches for row in town.landed(register.resource, batch)]
        clock = register.place.clock  # type: ignore[union-attr]
        newest = [row for row in expected(register, 2) if str(row[clock]).startswith("2026-11-02")]
        # Where a key is repeated and one of its rows has changed, the others land with it.
        same_rows([row for row in landed if str(row[clock]).startswith("2026-11-02")], newest, numbers_of(register))


def test_a_password_stays_in_the_environment() -> None:
    assert without_password("postgresql://u:secret@h:5432/d") == f"postgresql://u:${{{PASSWORD}}}@h:5432/d"
    for plain in ("postgresql://u@h/d", "mysql://u:${MINE}@h/d"):
        assert without_password(plain) == plain
