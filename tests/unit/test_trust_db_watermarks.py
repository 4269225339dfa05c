"""Watermarks lose nothing: shapes of a column, late rows, outliers, on SQLite; and what a mark is in each engine."""

from __future__ import annotations

import datetime as dt
import random
import sqlite3
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st
from support.collecting import Item, Office, Resource, database_resource

from connectors.base import CollectError, NotNow, Watermark
from connectors.databases import watermarks
from connectors.databases.columns import Column
from connectors.databases.delta import period_of
from connectors.databases.ordering import Comparison, order_of
from connectors.databases.settings import Source as Settings
from connectors.databases.watermarks import Clock, Order, Reach, digits_of, moment_of, settled
from connectors.landing import committed

NOW = dt.datetime.now(dt.UTC)
CHINA = dt.timezone(dt.timedelta(hours=8))


class Source(Office):
    def __init__(self, folder: Path, kind: str = "text") -> None:
        super().__init__(folder, 'url = "sqlite:///office.db"')
        self.db = sqlite3.connect(folder / "city" / "office.db", isolation_level=None)
        self.db.execute(f"create table people (id integer primary key, name text, updated {kind})")

    def put(self, *rows: tuple[object, ...]) -> None:
        self.db.execute("begin")
        self.db.executemany("insert or replace into people values (?, ?, ?)", rows)
        self.db.execute("commit")

    def current(self, resource: Resource) -> dict[Any, Any]:
        """What has landed, each record's newest row."""
        return {row[0]: row[1:] for row in self.landed(resource, "id, name, updated")}

    def rows(self) -> dict[Any, Any]:
        return {row[0]: row[1:] for row in self.db.execute("select id, name, updated from people")}


def day(days: float) -> str:
    """A moment so many days from now, on China's clock."""
    return (NOW + dt.timedelta(days=days)).astimezone(CHINA).strftime("%Y-%m-%d %H:%M:%S")


# What stands in the column before a delta, and after it: the last row must come with the second one.
SHAPES = {
    "a slash among ISO": ([day(-30), day(-29), day(-28).replace("-", "/")], day(-27)),
    "a slash that is later than ISO rows": ([day(-30), day(0).replace("-", "/")], day(-0.5)),
    "a day of tomorrow": ([day(-30), day(1)], day(-1)),
    "a day of next year": ([day(-30), day(365)], day(-29)),
    "the end of all time": ([day(-30), "9999-12-31 23:59:59"], day(-29)),
    "T beside a blank": ([day(-30).replace(" ", "T"), day(-29)], day(-29.2)),
    "a blank after T on one day": (["2026-03-01T08:00:00"], "2026-03-01 20:00:00"),
    "a date beside a moment": (["2026-03-01 18:00:00"], "2026-03-01"),
    "a day without time, entered on the next day": (["2026-03-02 00:05:00"], "2026-03-01"),
    "compact beside ISO": (["20260301", "2026-02-01"], "20260301080000"),
    "words": (["2026-03-01", "N/A"], "N/A"),
    "another calendar's spelling": (["2026-03-01"], "2026年2月1日"),
    "months and days of one digit": (["2026-03-01"], "2026-2-1"),
    "full-width digits": (["2026-03-01"], "２０２６-02-01"),
    "a blank in front": (["2026-03-01"], " 2026-02-01"),
    "an empty text": (["2026-03-01"], ""),
    "nothing": (["2026-03-01"], None),
    "no month": (["2026-03-01"], "2026-00-00"),
    "a month of no year": (["2026-03-01"], "2026-13-01"),
    "zero": (["2026-03-01"], "0000-00-00"),
    "the first day of 1900": (["2026-03-01"], "1900-01-01"),
    "a zone behind": (["2026-03-01"], "2026-02-01T00:00:00Z"),
    "a late row of the same day": (["2026-03-01 18:00:00"], "2026-03-01 09:00:00"),
    "a number": (["2026-03-01"], "45000"),
}


@pytest.mark.parametrize(("before", "after"), SHAPES.values(), ids=SHAPES)
def test_every_shape_of_a_watermark_comes(tmp_path: Path, before: list[Any], after: Any) -> None:
    source, people = Source(tmp_path), database_resource()
    source.put(*((number, "甲", value) for number, value in enumerate(before)))
    source.collect(people)
    source.put((100, "乙", after))
    assert source.collect(people).rows == 1
    source.put((100, "丙", after))
    assert source.collect(people).rows == 1
    assert source.collect(people).unchanged
    assert source.current(people) == source.rows()


def test_what_cannot_be_ordered_is_told_and_does_not_move_the_mark(tmp_path: Path) -> None:
    source, people = Source(tmp_path), database_resource()
    source.put((1, "甲", "2026-03-01"), (2, "乙", "N/A"), (3, "丙", day(40)), (4, "丁", None))
    result = source.collect(people)
    assert {finding.what: finding.count for finding in result.remarks} == {
        "watermark_form": 1,
        "watermark_future": 1,
    }
    assert result.watermark is not None and result.watermark.high == "2026-03-01 00:00:00"
    assert result.problems == {}  # the rows themselves are fine


@pytest.mark.parametrize("huge", [20261030, 9_999_999_999, 2**62])
def test_one_huge_number_does_not_hide_what_comes_after_it(tmp_path: Path, huge: int) -> None:
    source = Source(tmp_path, "integer")
    people = database_resource()
    source.put(*((number, "甲", number) for number in range(1, 3000)))
    source.put((5000, "乙", huge))
    source.collect(people)
    source.put((3000, "丙", 3000), (3001, "丁", None), (3002, "戊", 0), (3003, "己", 2500))
    result = source.collect(people)
    assert (result.rows, result.read < 1100) == (4, True)
    assert source.current(people) == source.rows()


def test_numbers_in_text_are_numbers_where_that_is_declared(tmp_path: Path) -> None:
    source = Source(tmp_path)
    for declared in ({"watermark_type": "integer"}, {"items": (Item("id", "I"), Item("name"), Item("updated", "I"))}):
        source.db.execute("delete from people")
        people = Resource(
            f"office.p{len(declared)}{'items' in declared}",
            database_resource(**declared).connector,
            declared.get("items", ()),
        )  # type: ignore[arg-type]
        source.put(*((number, "甲", str(number)) for number in range(1, 2000)))
        source.collect(people)
        source.put((2000, "乙", "2000"), (2001, "丙", "1e9"), (2002, "丁", "１２"))
        result = source.collect(people)
        assert result.rows == 3 and result.read < 1100
        assert source.current(people) == source.rows()


def test_text_that_is_declared_as_such_is_compared_as_text(tmp_path: Path) -> None:
    source, people = Source(tmp_path), database_resource(watermark_type="text")
    source.put(*((number, "甲", f"A{number:06d}") for number in range(1, 2000)), (9000, "乙", "zzz"))
    source.collect(people)
    source.put((2000, "丙", "A002000"), (2001, "丁", ""), (2002, "戊", None))
    result = source.collect(people)
    assert (result.rows, result.read < 1100) == (3, True)


def test_numbers_may_be_days(tmp_path: Path) -> None:
    source = Source(tmp_path, "integer")
    people = database_resource(watermark_type="date")
    source.put((1, "甲", 20260301), (2, "乙", 20991231))
    assert source.collect(people).watermark.high == "2026-03-01 00:00:00"
    source.put((3, "丙", 20260228), (4, "丁", 20260101))
    assert source.collect(people).rows == 1
    assert 3 in source.current(people) and 4 not in source.current(people)


def test_the_comparison_finds_what_the_watermark_missed_and_says_so(tmp_path: Path) -> None:
    source, people = Source(tmp_path), database_resource()
    source.put((1, "甲", "2026-03-01"), (2, "乙", "2026-03-09"))
    source.collect(people)
    source.put((3, "丙", "2025-01-01"))  # a year late
    source.db.execute("update people set name = '甲甲' where id = 1")  # and a change without a new time
    source.db.execute("delete from people where id = 2")
    assert source.collect(people).unchanged
    result = source.collect(database_resource(compare="0 days"))
    assert result.rows == 2 and result.deletes == 0
    assert [(finding.what, finding.count) for finding in result.remarks] == [("watermark_missed", 2)]
    assert "the watermark missed" in result.message
    assert committed(source.installation, people.id)[-1].mode == "compare"
    assert source.current(people) == {**source.rows(), 2: ("乙", "2026-03-09")}


def test_a_comparison_is_due_after_a_week_and_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, people = Source(tmp_path), database_resource()
    source.put((1, "甲", "2026-03-01"))
    source.collect(people)
    monkeypatch.setattr("connectors.databases.delta.COMPARE", "0 hours")
    assert source.collect(people).batches == ("000002",)  # kept though it found nothing: the next one is due by it
    monkeypatch.undo()
    assert source.collect(people).batches == ()
    assert source.collect(database_resource(compare="never")).batches == ()
    with pytest.raises(CollectError, match=r"compare is 'often'.*Remedy.*7 days"):
        source.collect(database_resource(compare="often"))


def test_a_column_that_is_read_as_another_type_is_read_anew(tmp_path: Path) -> None:
    source, people = Source(tmp_path), database_resource(watermark_type="text")
    source.put((1, "甲", "2026/03/01"), (2, "乙", "2026-03-02"))
    source.collect(people)
    source.put((3, "丙", "2026-01-01"))
    assert source.collect(database_resource()).rows == 1


# --- engines


@pytest.mark.parametrize(
    ("arrow", "item", "declared", "kind"),
    [
        (pa.int64(), "I", None, "integer"),
        (pa.decimal128(12, 2), "N", None, "decimal"),
        (pa.date32(), "D", None, "date"),
        (pa.timestamp("us", "UTC"), "T", None, "timestamp"),
        (pa.string(), "T", None, "timestamp"),
        (pa.string(), "D", None, "date"),
        (pa.string(), "I", None, "integer"),
        (pa.string(), "C", "text", "text"),
        (pa.string(), "C", None, "timestamp"),
        (pa.int64(), "I", "date", "date"),
        (pa.date32(), "D", "integer", None),
        (pa.binary(), "G", None, None),
        (pa.bool_(), "L", None, None),
        (pa.string(), "C", "number", None),
    ],
)
def test_the_type_of_a_watermark(arrow: pa.DataType, item: str, declared: str | None, kind: str | None) -> None:
    order = order_of(Column("c", arrow), declared, item, "Asia/Shanghai", None)
    assert (order.kind if order else None) == kind


@pytest.mark.parametrize("engine", ["postgresql", "mysql", "oracle", "mssql", "sqlite", "dm"])
@pytest.mark.parametrize("kind", ["timestamp", "date", "integer", "text"])
def test_every_engine_has_a_comparison_that_parses(engine: str, kind: str) -> None:
    if engine == "dm":
        pytest.importorskip("dmSQLAlchemy", reason="needs pip install 'govshare[dameng]'")
        dialect = sa.create_engine("dm+dmPython://u@h").dialect
    else:
        dialect = sa.dialects.registry.load(engine)()
    order = Order("c", kind, textual=kind != "text")
    value = order.value({"integer": "7", "text": "it's"}.get(kind, "2026-03-01 00:00:00"))
    comparison = Comparison(order, '"c"', dialect)
    since, highest = comparison.since(value), comparison.highest("t", order.local(NOW))
    assert comparison.ordered and since.startswith("(") and since.count("(") == since.count(")")
    guarded = "try_" if engine == "mssql" else "case when"
    assert kind == "text" or guarded in since
    assert ("is null" in since) and highest.lower().startswith("select")


def test_an_engine_without_a_comparison_reads_everything() -> None:
    dialect = sa.dialects.registry.load("sqlite")()
    dialect.name = "another"
    assert not Comparison(Order("c", "timestamp", textual=True), '"c"', dialect).ordered


@given(st.datetimes(dt.datetime(1971, 1, 1), dt.datetime(2026, 1, 1)), st.sampled_from("-/."), st.sampled_from("T "))
@settings(derandomize=True, max_examples=60)
def test_readable_times_sort_as_they_follow_each_other(moment: dt.datetime, sign: str, between: str) -> None:
    day, time = moment.strftime(f"%Y{sign}%m{sign}%d"), moment.strftime("%H:%M:%S.%f")
    written = [day, f"{day}{between}{time[:5]}", f"{day}{between}{time[:8]}", f"{day}{between}{time}"]
    digits = digits_of(pa.array(written)).to_pylist()
    assert digits == sorted(digits) and moment_of(digits[-1]) == moment


def test_a_transaction_that_is_open_holds_the_mark_back() -> None:
    since = NOW - dt.timedelta(days=3)
    times = Order("c", "timestamp", overlap=0.0, zone="UTC")
    high = NOW.replace(tzinfo=None)
    assert settled(high, times, Clock(NOW, since), ()) == since.replace(tzinfo=None)
    assert settled(high, times, Clock(NOW), ()) == high
    numbers = Order("c", "integer")
    assert settled(500, numbers, Clock(NOW, since), ()) is None  # nothing was read before it began: all again
    assert settled(500, numbers, Clock(NOW, NOW - dt.timedelta(seconds=1)), ()) == 500


def test_times_that_are_later_than_now_do_not_move_the_mark() -> None:
    for kind in (pa.timestamp("us"), pa.timestamp("us", "UTC"), pa.date32()):
        order = order_of(Column("c", kind), None, "T", "Asia/Shanghai", None)
        assert order is not None
        reach = Reach(order, NOW)
        naive = NOW.replace(tzinfo=None)
        past, future = (naive - dt.timedelta(days=2), naive + dt.timedelta(days=9))
        values = pa.array([past, future, None], pa.timestamp("us")).cast(kind)
        reach.add(values)
        assert reach.high == values[0].as_py() and reach.ahead == 1


@pytest.mark.parametrize(
    ("text", "hours"), [("7 days", 168), ("12 hours", 12), (3, 72), ("2 weeks", 336), ("weekly", 168), ("0", 0)]
)
def test_how_often_is_written(text: Any, hours: int) -> None:
    assert period_of(text) == dt.timedelta(hours=hours)


# --- any order of events


@pytest.mark.parametrize("seed", range(3))
def test_in_the_end_the_landed_rows_are_those_of_the_source(tmp_path: Path, seed: int) -> None:
    """Inserts, updates and late rows in any order and shape, collected in between."""
    chance = random.Random(seed)
    source = Source(tmp_path)
    people = database_resource(items=(Item("id", "I"), Item("name"), Item("updated", "T")))
    clock = NOW - dt.timedelta(days=60)
    for step in range(80):
        clock += dt.timedelta(minutes=chance.choice([0, 0, 1, 30, 600]))
        at = (clock - dt.timedelta(hours=chance.choice([0, 0, 0, 1, 20]))).astimezone(CHINA)
        shape = chance.choice(["%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y/%m/%d %H:%M", "%Y-%m-%d", "%Y%m%d%H%M%S",
                               "%Y年%m月%d日", "?", "", "9999-12-31", "%Y-%m-%d %H:%M:%S.%f"])  # fmt: skip
        source.put((chance.randrange(40), f"人{step}", at.strftime(shape)))
        if chance.random() < 0.25:
            source.collect(people)
    source.collect(people)
    assert source.current(people) == source.rows()
    assert source.collect(people).unchanged


def test_marks_of_old_manifests_are_understood() -> None:
    old = SimpleNamespace(watermark=Watermark("c", "text", None, "2026/03/05 10:00:00"), mode="delta", load=None)
    order = Order("c", "timestamp", textual=True)
    assert watermarks.last([old], order)[1] == dt.datetime(2026, 3, 4, 10)  # type: ignore[list-item]


# --- names and hours


def test_a_declared_mark_column_is_not_missing(tmp_path: Path) -> None:
    source = Source(tmp_path)
    source.db.execute("create table changes (seq integer, op text, id integer, name text)")
    source.db.execute("insert into changes values (1, 'I', 1, '甲')")
    items = (Item("id", "I"), Item("name"), Item("seq", "I"), Item("op"))
    changes = database_resource("changes", mode="changes", watermark="seq", operation="op", items=items)
    assert not source.collect(changes).drift
    fewer = database_resource("changes", mode="changes", watermark="seq", operation="op", items=items[:2])
    assert not source.collect(fewer).drift


@pytest.mark.parametrize(("zone", "inside"), [("Asia/Shanghai", True), ("UTC", False)])
def test_allowed_hours_are_those_of_the_declared_zone(zone: str, inside: bool) -> None:
    hour = dt.datetime.now(CHINA).hour
    hours = f"{hour:02d}:00-{(hour + 1) % 24:02d}:00"
    source = Settings("sqlite://", "测试局", "office", allowed_hours=hours, timezone=zone)
    if inside:
        source.need_allowed_hour()
    else:
        with pytest.raises(NotNow, match="may be read only within"):
            source.need_allowed_hour()
