"""Collecting a database resource: incremental, full, change table, first load in ranges, drift, guards."""

from __future__ import annotations

import sqlite3
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from support.collecting import Item, Office, database_resource

from connectors.base import CollectError
from connectors.connections import Connections
from connectors.databases.generic import GenericReader
from connectors.databases.settings import Source as Source_
from connectors.landing import committed

ITEMS = (Item("id", "I"), Item("name"), Item("updated", "T"))


class Source(Office):
    def __init__(self, folder: Path) -> None:
        super().__init__(folder, 'url = "sqlite:///office.db"')
        self.db = sqlite3.connect(folder / "city" / "office.db", isolation_level=None)
        self.db.execute("create table people (id integer, name text, updated text)")

    def put(self, *rows: tuple[object, ...]) -> None:
        self.db.executemany("insert into people values (?, ?, ?)", rows)


@pytest.fixture
def source(tmp_path: Path) -> Source:
    return Source(tmp_path)


def at(minute: int) -> str:
    return f"2026-01-01 10:{minute:02d}:00"


def test_incremental_takes_each_row_once(source: Source) -> None:
    people = database_resource(items=ITEMS)
    source.put((1, "甲", at(1)), (2, "乙", at(2)))
    assert source.collect(people).rows == 2
    again = source.collect(people)
    assert again.unchanged and again.batches == ()
    source.put((3, "丙", at(2)))  # the same time as the high mark, committed late
    source.db.execute("update people set name = '甲甲', updated = ? where id = 1", (at(5),))
    assert source.collect(people).batches == ("000002",)
    assert source.landed(people, "id, name, _batch, _row") == [
        (1, "甲", "000001", 1),
        (2, "乙", "000001", 2),
        (1, "甲甲", "000002", 1),
        (3, "丙", "000002", 2),
    ]
    assert committed(source.installation, people.id)[-1].watermark.high == at(5)


def test_a_declared_overlap_finds_late_commits(source: Source) -> None:
    people = database_resource(items=ITEMS, overlap=600)
    source.put((1, "甲", at(30)))
    source.collect(people)
    source.put((2, "乙", at(25)), (3, "丙", at(10)))  # within, and below the overlap
    source.collect(people)
    assert source.landed(people, "id") == [(1,), (2,)]
    assert source.collect(people).unchanged


def test_a_wrong_watermark_value_does_not_stop_the_collection(source: Source) -> None:
    people = database_resource(items=ITEMS)
    source.put((1, "甲", "9999-12-31 00:00:00"), (2, "乙", "N/A"), (3, "丙", None), (4, "丁", at(1)))
    assert source.collect(people).watermark.high == at(1)
    source.put((5, "戊", at(2)))
    source.collect(people)
    assert source.collect(people).unchanged
    assert sorted(source.landed(people, "id")) == [(1,), (2,), (3,), (4,), (5,)]


def test_a_monotonic_number_is_a_watermark_too(source: Source) -> None:
    people = database_resource(items=ITEMS, watermark="id")
    source.put((1, "甲", None), (2, "乙", None))
    source.collect(people)
    source.put((3, "丙", None))
    assert source.collect(people).rows == 1
    assert committed(source.installation, people.id)[-1].watermark.high == "3"


def test_full_lands_changes_and_deletes(source: Source) -> None:
    people = database_resource(items=ITEMS, mode="full", watermark=None)
    source.put((1, "甲", None), (2, "乙", None), (3, "丙", None))
    source.collect(people)
    assert source.collect(people).unchanged
    source.db.execute("delete from people where id = 2")
    source.db.execute("update people set name = '丙丙' where id = 3")
    source.put((4, "丁", None))
    result = source.collect(people)
    assert (result.rows, result.read, result.deletes) == (3, 3, 1)
    assert source.landed(people, "id, name, _op", "_batch = '000002'") == [
        (3, "丙丙", "upsert"),
        (4, "丁", "upsert"),
        (2, None, "delete"),
    ]
    source.put((2, "乙", None))  # what was withdrawn may come back as it was
    assert source.collect(people).rows == 1
    assert source.collect(people).unchanged


def test_full_without_a_key_and_with_repeated_keys(source: Source) -> None:
    for key in ((), ("id",)):
        people = database_resource(items=ITEMS, mode="full", watermark=None, key=key)
        source.db.execute("delete from people")
        source.put((1, "甲", None), (1, "甲", None), (1, "乙", None))
        source.collect(people)
        assert source.collect(people).unchanged
        source.db.execute("delete from people where name = '乙'")
        assert source.collect(people).rows >= 1
        assert source.collect(people).unchanged
        for manifest in committed(source.installation, people.id, with_empty=True):
            for file in manifest.path.iterdir():
                file.unlink()
            manifest.path.rmdir()


def test_a_change_table_gives_tombstones(source: Source) -> None:
    source.db.execute("create table changes (seq integer, op text, id integer, name text)")
    source.db.executemany(
        "insert into changes values (?, ?, ?, ?)",
        [(1, "I", 1, "甲"), (2, "U", 1, "甲甲"), (3, "D", 1, None), (4, "?", 2, "乙")],
    )
    items = (Item("id", "I"), Item("name"))
    changes = database_resource("changes", mode="changes", watermark="seq", operation="op", items=items)
    result = source.collect(changes)
    assert result.deletes == 1 and result.problems == {"operation_unknown": 1} and not result.drift
    assert source.landed(changes, "seq, _op, _problem") == [
        (1, "upsert", None),
        (2, "upsert", None),
        (3, "delete", None),
        (4, "upsert", "operation_unknown"),
    ]
    assert source.collect(changes).unchanged
    source.db.execute("insert into changes values (5, 'I', 3, '丙')")
    assert source.collect(changes).rows == 1


def test_a_first_load_in_ranges_resumes_at_the_last_committed_one(
    source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = database_resource(items=ITEMS, range_rows=10)
    source.put(*((i // 2, f"人{i}", at(i % 50)) for i in range(50)), (None, "无号", at(3)))
    from connectors.landing import Landing

    commit = Landing.commit

    def fails_at_the_third(self: Landing, **facts: object) -> object:
        if self.batch == "000003":
            raise KeyboardInterrupt
        return commit(self, **facts)

    monkeypatch.setattr(Landing, "commit", fails_at_the_third)
    with pytest.raises(KeyboardInterrupt):
        source.collect(people)
    monkeypatch.undo()
    assert len(committed(source.installation, people.id)) == 2
    source.put((-5, "早", at(55)))  # before the range that was committed: the first delta finds it
    source.collect(people)
    source.collect(people)
    assert source.collect(people).unchanged
    names = [name for (name,) in source.landed(people, "name")]
    assert len(names) == len(set(names)) == 52
    loads = [m.load for m in committed(source.installation, people.id) if m.load]
    assert [load["index"] for load in loads] == list(range(len(loads))) and loads[-1]["complete"]


def test_one_bad_value_sets_its_row_aside_and_no_other(source: Source) -> None:
    people = database_resource(items=ITEMS)
    source.put((1, "甲", at(1)), ("x12", "乙", at(2)), (3, b"\xff\xfe", at(3)), (4, "丁", at(4)))
    source.db.execute("insert into people values (5, cast(x'ff41' as text), ?)", (at(5),))
    result = source.collect(people)
    assert result.rows == 5 and result.problems == {"value_unreadable": 3}
    rows = source.landed(people, "id, name, _problem, _raw")
    assert rows[1][:3] == (None, "乙", "value_unreadable") and '"x12"' in rows[1][3]
    assert rows[2][2] == rows[4][2] == "value_unreadable" and "\\\\xff" in rows[4][3]
    assert rows[3] == (4, "丁", None, None)


def test_drift_follows_the_contract_word(source: Source) -> None:
    source.put((1, "甲", at(1)))
    more = (*ITEMS, Item("phone"))
    fewer = (Item("id", "I"), Item("updated", "T"))
    noted = source.collect(database_resource(items=fewer))
    assert noted.drift == {"new": ("name",)}
    with pytest.raises(CollectError, match=r"office\.people.*phone is missing.*Remedy"):
        source.collect(database_resource(items=more))
    aside = source.installation.landing_of("office.people") / ".aside" / "newest"
    assert (aside / "manifest.json").exists()
    with pytest.raises(CollectError, match="name is new"):
        source.collect(database_resource(items=fewer, contract="freeze"))
    source.put((2, "乙", at(2)))
    people = database_resource(items=fewer, contract="set_aside")
    source.collect(people)
    assert source.landed(people, "id, name, _problem", "_batch = '000002'") == [(2, None, None)]
    source.put((3, "丙", at(3)))
    people = database_resource(items=more, contract="set_aside")
    assert source.collect(people).problems == {"column_missing": 3}  # with those of the last day
    assert source.collect(people).unchanged
    source.db.execute("alter table people add column phone text")
    repaired = source.collect(people)
    assert repaired.rows == 3 and not repaired.problems


def test_a_retyped_column_stops_and_a_widened_one_is_noted(source: Source) -> None:
    people = database_resource(items=ITEMS, mode="full")
    source.put((1, "甲", at(1)))
    source.collect(people)
    source.db.executescript(
        "drop table people; create table people (id real, name text, updated text);"
        "insert into people values (1.5, '甲', 'x')"
    )
    assert source.collect(people).drift == {"widened": {"id": ("int64", "double")}}
    source.db.executescript(
        "drop table people; create table people (id blob, name text, updated text);"
        "insert into people values (x'00', '甲', 'x')"
    )
    with pytest.raises(CollectError, match="id changed from double to binary"):
        source.collect(people)


def test_a_fall_of_the_row_count_is_stopped(source: Source) -> None:
    people = database_resource(items=ITEMS, mode="full", watermark=None, max_fall=0.2)
    source.put(*((i, "甲", None) for i in range(10)))
    source.collect(people)
    source.db.execute("delete from people where id < 3")
    with pytest.raises(CollectError, match=r"7 rows where it gave 10 before.*30%.*20%"):
        source.collect(people)
    assert len(committed(source.installation, people.id)) == 1
    real = database_resource(items=ITEMS, mode="full", watermark=None, max_fall=0.5)
    assert source.collect(real).deletes == 3


def test_a_query_can_be_the_source(source: Source) -> None:
    source.put((1, "甲", at(1)), (2, "乙", at(2)))
    people = database_resource(items=ITEMS, query="select * from people where id > 1", table="")
    assert source.collect(people).rows == 1


def test_the_session_cannot_write(source: Source) -> None:
    resource = database_resource()
    reader = GenericReader(Source_.of(resource, Connections.load(source.installation).get(resource)))
    with pytest.raises(CollectError, match="readonly"):
        reader.one("delete from people")
    reader.close()


def test_allowed_hours_are_kept(source: Source) -> None:
    now = datetime.now()
    hours = f"{now + timedelta(hours=2):%H:%M}-{now + timedelta(hours=3):%H:%M}"
    closed = source.collect(database_resource(items=ITEMS, allowed_hours=hours))
    assert closed.unchanged and hours in closed.message


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"table": "nobody"}, "no table 'nobody'"),
        ({"watermark": "nothing"}, "watermark 'nothing' is no column"),
        ({"mode": "sometimes"}, "unknown mode"),
        ({"table": ""}, "neither table nor query"),
    ],
)
def test_a_wrong_entry_says_what_and_where(source: Source, options: dict[str, str], words: str) -> None:
    table = options.pop("table", "people")
    with pytest.raises(CollectError, match=rf"测试局 · 测试资源 \(office\..*{words}.*Remedy"):
        source.collect(database_resource(table, items=ITEMS, **options))
