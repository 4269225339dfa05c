"""A delta is compared with each key's newest rows; a period withdraws nothing outside of it; taking again doubles no row."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest
from support.collecting import Item, Office, Resource, database_resource

from connectors.collect import Collected

ITEMS = (Item("id", "I"), Item("name"), Item("updated", "T"))


class Source(Office):
    def __init__(self, folder: Path) -> None:
        super().__init__(folder, 'url = "sqlite:///office.db"')
        self.db = sqlite3.connect(folder / "city" / "office.db", isolation_level=None)
        self.db.execute("create table people (id integer, name text, updated text)")

    def put(self, *rows: tuple[Any, ...]) -> None:
        self.db.executemany("insert into people values (?, ?, ?)", rows)


@pytest.fixture
def source(tmp_path: Path) -> Source:
    return Source(tmp_path)


def landed(source: Source, people: Resource) -> list[Any]:
    return [name for (name,) in source.landed(people, "name")]


DAY = "2026-01-01 00:00:00"


def test_a_record_that_goes_back_lands_again(source: Source) -> None:
    people = database_resource(items=ITEMS)
    source.put((1, "甲", DAY), (2, "乙", DAY))
    source.collect(people)
    for name in ("丙", "甲", "丙", "甲"):  # within one day, which is all that the column tells
        source.db.execute("update people set name = ? where id = 1", (name,))
        assert source.collect(people).rows == 1
        assert landed(source, people)[-1] == name
    assert source.collect(people).unchanged


def test_a_key_that_the_source_repeats_does_not_land_for_ever(source: Source) -> None:
    people = database_resource(items=ITEMS)
    source.put((1, "甲", DAY))
    source.collect(people)
    source.put((1, "乙", DAY))
    source.collect(people)
    for _ in range(3):
        assert source.collect(people).unchanged
    source.put((None, "丙", DAY), (None, "丁", DAY))
    assert source.collect(people).rows == 2
    assert source.collect(people).unchanged  # a key of nulls is a key


def test_rows_of_one_key_that_came_together_have_no_order(source: Source) -> None:
    people = database_resource(items=ITEMS)
    source.put((1, "新", "2026-01-02 00:00:00"), (1, "旧", "2026-01-01 00:00:00"), (1, "旧", "2025-01-01 00:00:00"))
    source.collect(people)
    for _ in range(3):
        assert source.collect(people).unchanged  # only the newest of them is read again
    source.db.execute("update people set name = '更新' where name = '新'")
    assert source.collect(people).rows == 1
    source.db.execute("update people set name = '新' where name = '更新'")
    assert source.collect(people).rows in (1, 2) and source.collect(people).unchanged
    assert landed(source, people).count("新") == 2


def test_keys_are_compared_part_by_part(source: Source) -> None:
    source.db.execute("create table pairs (a text, b text, updated text)")
    pairs = database_resource("pairs", key=("a", "b"), items=(Item("a"), Item("b"), Item("updated", "T")))
    source.db.executemany("insert into pairs values (?, ?, ?)", [("a|b", "c", DAY)])
    source.collect(pairs)
    source.db.executemany("insert into pairs values (?, ?, ?)", [("a", "b|c", DAY), (None, "c", DAY), ("", "c", DAY)])
    assert source.collect(pairs).rows == 3
    assert source.collect(pairs).unchanged


def test_without_a_key_what_landed_does_not_land_twice(source: Source) -> None:
    people = database_resource(items=ITEMS, key=())
    source.put((1, "甲", DAY), (1, "甲", DAY), (2, "乙", None))
    source.collect(people)
    assert source.collect(people).unchanged
    source.put((1, "甲", DAY))
    assert source.collect(people).rows in (1, 3)
    assert source.collect(people).unchanged


@pytest.mark.parametrize("mode", ["incremental", "full"])
def test_taking_a_table_again_lands_what_was_missed_and_nothing_twice(source: Source, mode: str) -> None:
    people = database_resource(items=ITEMS, mode=mode)
    source.put((1, "甲", DAY), (2, "乙", DAY))
    source.collect(people)
    source.put((3, "晚", "2025-01-01 00:00:00"))  # committed long after the newer ones were read
    source.db.execute("delete from people where id = 2")
    again: Collected = source.collect_again(people)
    assert again.rows == (1 if mode == "incremental" else 2) and again.deletes == (0 if mode == "incremental" else 1)
    assert source.collect_again(people).unchanged


def test_a_period_withdraws_nothing_of_another(source: Source) -> None:
    def of(month: str) -> Resource:
        query = f"select * from people where updated >= '{month}-01' and updated < '{month}-32'"
        made = database_resource(items=ITEMS, mode="period", delivered="month", query=query)
        return Resource("office.people", made.connector, ITEMS)

    source.put(*((number, "甲", f"2026-01-{number:02d}") for number in range(1, 11)), (11, "乙", "2026-02-01"))
    assert source.collect(of("2026-01")).rows == 10
    february = source.collect(of("2026-02"))  # far fewer rows, and another month
    assert (february.rows, february.deletes) == (1, 0)
    source.db.execute("update people set name = '丙' where id = 3")
    assert source.collect(of("2026-01")).rows == 1
    assert source.collect(of("2026-01")).unchanged and source.collect(of("2026-02")).unchanged
