"""A base table as it was at a moment: the table of today under the former values that were given up after it."""

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
    {"table": "history", "primary_key": ["entity_id"], "schema": [{"name": "entity_id"}]},
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
            value varchar, recorded_to timestamptz)""")
        for entity, attribute, value, day in [
            ("B", "name", "乙一", 2), ("B", "name", "乙二", 4), ("B", "born", "1991-01-01", 4),
            ("B", "capital", None, 4), ("C", "id", None, 3),
            ("D", "id", "D", 4), ("D", "name", "丁", 4), ("D", "born", None, 4), ("D", "capital", "12.50", 4),
            ("E", "id", "E", 2), ("E", "name", "戊一", 2), ("E", "born", None, 2), ("E", "capital", None, 2),
            ("E", "id", None, 5),
        ]:  # fmt: skip
            connection.execute(
                "insert into history values ('person', ?, ?, ?, ?)", [entity, attribute, value, f"2024-01-0{day}"]
            )
        connection.execute("insert into history values ('firm', 'A', 'name', '别', '2024-01-09')")
        assert create_as_of_macros(connection, MANIFESTS) == ["person_as_of"]
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
        name: analysts.execute(f"describe from {name}").fetchall() for name in ("person", "person_as_of(now())")
    }
    types = [[line[:2] for line in lines if line[0] != "_provenance"] for lines in described.values()]
    assert types[0] == types[1]
    query = "select born, capital from person_as_of(timestamp '2024-01-03') where id = ?"
    assert analysts.execute(query, ["B"]).fetchall() == [(date(1991, 1, 1), None)]
    assert str(analysts.execute(query, ["D"]).fetchall()[0][1]) == "12.50"


def test_without_a_history_there_is_nothing_to_ask(analysts: duckdb.DuckDBPyConnection) -> None:
    assert create_as_of_macros(analysts, MANIFESTS[:2]) == []
