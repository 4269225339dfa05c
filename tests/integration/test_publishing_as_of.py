"""A base table as it was at a moment, by the time of its recording and by the registers' own: the table of today under
the former values that were given up after it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import duckdb
import pytest

from publishing.as_of import create_as_of_macros

MANIFESTS = [
    {
        "table": "person",
        "primary_key": ["id"],
        "schema": [{"name": name} for name in ("id", "name", "born", "capital", "_provenance")],
    },
    {"table": "account", "primary_key": ["resource"], "schema": [{"name": "resource"}]},
    {"table": "history", "primary_key": ["entity_id"], "schema": [{"name": "valid_from"}, {"name": "valid_to"}]},
]


@pytest.fixture
def analysts() -> Iterator[duckdb.DuckDBPyConnection]:
    """A never changed. B changed his name twice and lost his birth date. C came on day 3. D went on day 4; E went
    on day 2 and came back on day 5 with another name."""
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        connection.execute(
            "create table person (id varchar, name varchar, born date, capital decimal(22, 2), _provenance integer)"
        )
        connection.execute("""insert into person values ('A', '甲', '1990-01-01', 1.5, 0), ('B', '乙三', null, null, 0),
            ('C', '丙', '1992-01-01', null, 0), ('E', '戊二', null, null, 0)""")
        connection.execute("""create table history (table_name varchar, entity_id varchar, attribute varchar,
            value varchar, valid_from timestamp, valid_to timestamp, recorded_to timestamptz)""")
        for entity, attribute, value, day in [
            ("B", "name", "乙一", 2), ("B", "name", "乙二", 4), ("B", "born", "1991-01-01", 4),
            ("B", "capital", None, 4), ("C", "id", None, 3),
            ("D", "id", "D", 4), ("D", "name", "丁", 4), ("D", "born", None, 4), ("D", "capital", "12.50", 4),
            ("E", "id", "E", 2), ("E", "name", "戊一", 2), ("E", "born", None, 2), ("E", "capital", None, 2),
            ("E", "id", None, 5),
        ]:  # fmt: skip
            connection.execute(
                "insert into history values ('person', ?, ?, ?, null, null, ?)",
                [entity, attribute, value, f"2024-01-0{day}"],
            )
        connection.execute("insert into history values ('firm', 'A', 'name', '别', null, '2024-01-09', '2024-01-09')")
        assert create_as_of_macros(connection, MANIFESTS) == ["person_as_of", "person_valid_as_of"]
        yield connection


def names(connection: duckdb.DuckDBPyConnection, moment: str) -> dict[str, str]:
    return dict(connection.execute(f"select id, name from person_as_of('{moment}')").fetchall())


def test_at_each_moment_those_stand_who_stood_there_then(analysts: duckdb.DuckDBPyConnection) -> None:
    assert names(analysts, "2024-01-01") == {"A": "甲", "B": "乙一", "D": "丁", "E": "戊一"}
    assert names(analysts, "2024-01-02") == {"A": "甲", "B": "乙二", "D": "丁"}
    assert names(analysts, "2024-01-03 12:00:00") == {"A": "甲", "B": "乙二", "C": "丙", "D": "丁"}
    assert names(analysts, "2024-01-04") == {"A": "甲", "B": "乙三", "C": "丙"}
    today = dict(analysts.execute("select id, name from person").fetchall())
    assert names(analysts, "2024-01-05") == today == names(analysts, "2030-01-01")


def test_former_values_have_the_types_of_the_table(analysts: duckdb.DuckDBPyConnection) -> None:
    described = {
        name: analysts.execute(f"describe from {name}").fetchall()
        for name in ("person", "person_as_of(now())", "person_valid_as_of(now())")
    }
    types = [[line[:2] for line in lines if line[0] != "_provenance"] for lines in described.values()]
    assert types[0] == types[1] == types[2]
    query = "select born, capital from person_as_of(timestamp '2024-01-03') where id = ?"
    assert analysts.execute(query, ["B"]).fetchall() == [(date(1991, 1, 1), None)]
    assert str(analysts.execute(query, ["D"]).fetchall()[0][1]) == "12.50"


BUILDS = ["2024-01-02", "2024-01-04", "2024-01-05"]
VALID = {  # former names of one person, each with its own times; of builds 1, 2, 3
    "B, 5 and 8": ([("乙一", "2020", "2021"), ("乙二", "2021", "2023")], {"2019": "乙一", "2020": "乙一", "2021": "乙二", "2022": "乙二", "2023": "今"}),
    "a late correction": ([("误", "2022", "2021")], {"2019": "今", "2021": "今", "2022": "今"}),
    "a late correction of the second": ([("乙一", "2018", "2022"), ("误", "2022", "2020")], {"2019": "乙一", "2020": "今", "2023": "今"}),
    "the second holds from before the first": ([("误", "2022", "2021"), ("乙二", "2021", "2023")], {"2020": "乙二", "2022": "乙二", "2023": "今"}),
    "of the same time": ([("误", "2022", "2022")], {"2021": "今", "2022": "今"}),
    "said none for a while": ([("乙一", "2018", "2020"), (None, None, "2022")], {"2019": "乙一", "2021": None, "2022": "今"}),
    "no time of its own": ([("乙一", None, None)], {"2023": "乙一", "2024-01-02 07:59": "乙一", "2024-01-02 08:00": "今"}),
    "an older history, then a newer one": ([("乙一", "2019", None), ("乙二", "2021", "2024-01-03")], {"2022": "乙一", "2024-01-02 12:00": "乙二", "2024-01-03": "今"}),
}  # fmt: skip


def day(moment: str) -> str:
    return moment if len(moment) > 4 else f"{moment}-01-01"


@pytest.mark.parametrize("case", VALID)
def test_by_the_registers_own_time_a_value_ends_where_what_was_recorded_later_begins(
    analysts: duckdb.DuckDBPyConnection, case: str
) -> None:
    former, expected = VALID[case]
    analysts.execute("delete from history; update person set name = '今' where id = 'B'")
    for number, (value, since, until) in enumerate(former):
        analysts.execute(
            "insert into history values ('person', 'B', 'name', ?, ?, ?, ?)",
            [value, since and day(since), until and day(until), BUILDS[number]],
        )
    assert {moment: valid(analysts, day(moment))["B"] for moment in expected} == expected
    assert valid(analysts, "2020-06-01")["A"] == "甲"


def valid(connection: duckdb.DuckDBPyConnection, moment: str) -> dict[str, str]:
    return dict(connection.execute(f"select id, name from person_valid_as_of('{moment}')").fetchall())


def test_by_the_registers_own_time_entities_are_there_from_their_first_record_until_they_are_retired(
    analysts: duckdb.DuckDBPyConnection,
) -> None:
    analysts.execute("delete from history")
    for entity, attribute, value, since, until in [
        ("C", "id", None, None, "2022-01-01"),
        ("D", "id", "D", "2018-01-01", "2023-01-01"), ("D", "name", "丁", "2018-01-01", "2023-01-01"),
        # retired by mistake, and back
        ("E", "id", "E", "2018-01-01", "2023-01-01"), ("E", "name", "戊一", "2018-01-01", "2023-01-01"),
    ]:  # fmt: skip
        analysts.execute(
            "insert into history values ('person', ?, ?, ?, ?, ?, '2024-01-02')",
            [entity, attribute, value, since, until],
        )
    analysts.execute("insert into history values ('person', 'E', 'id', null, null, '2018-01-01', '2024-01-04')")
    # before the first build nobody knows since when somebody was there
    assert valid(analysts, "2010-01-01") == {"A": "甲", "B": "乙三", "D": "丁", "E": "戊一"}
    assert valid(analysts, "2022-01-01") == {"A": "甲", "B": "乙三", "C": "丙", "D": "丁", "E": "戊一"}
    assert valid(analysts, "2023-01-01") == {"A": "甲", "B": "乙三", "C": "丙", "E": "戊二"}


def test_a_history_released_without_these_times_is_asked_by_recorded_time_alone(
    analysts: duckdb.DuckDBPyConnection,
) -> None:
    analysts.execute("drop macro table person_as_of; drop macro table person_valid_as_of")
    older = {**MANIFESTS[2], "schema": [{"name": "valid_from"}]}
    assert create_as_of_macros(analysts, [*MANIFESTS[:2], older]) == ["person_as_of"]


def test_without_a_history_there_is_nothing_to_ask(analysts: duckdb.DuckDBPyConnection) -> None:
    assert create_as_of_macros(analysts, MANIFESTS[:2]) == []
