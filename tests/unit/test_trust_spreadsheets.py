"""CSV that leaves: a spreadsheet that opens it computes nothing, and numbers stay numbers."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from catalogue.installation import Installation
from orchestration.cli import app
from orchestration.cli.query import harmless
from publishing.query import QueryError

SQL = """
    select * from (values
        (1, '=cmd|'' /C calc''!A0', -1.5, date '2026-11-25', ['=1']),
        (2, '+1', 7, null, []),
        (3, '张三', -7, null, null)
    ) as t(n, "@name", amount, day, list)
"""


@pytest.fixture
def analysts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOVSHARE_DATA", str(tmp_path))
    monkeypatch.setattr("publishing.query.damage", lambda _: None)
    database = Installation.from_env().analyst_database
    database.parent.mkdir(parents=True)
    duckdb.connect(str(database)).close()


def written(*options: str) -> list[list[str]]:
    done = CliRunner().invoke(app, ["query", SQL, "--csv", "-", *options])
    assert done.exit_code == 0, done.output
    return list(csv.reader(io.StringIO(done.stdout)))


def test_a_cell_that_looks_like_a_formula_is_text(analysts: None) -> None:
    assert written() == [
        ["n", "'@name", "amount", "day", "list"],
        ["1", "'=cmd|' /C calc'!A0", "-1.5", "2026-11-25", '["=1"]'],
        ["2", "'+1", "7.0", "", "[]"],
        ["3", "张三", "-7.0", "", ""],
    ]


def test_programs_get_cells_as_they_are(analysts: None) -> None:
    assert [row[1] for row in written("--raw")] == ["@name", "=cmd|' /C calc'!A0", "+1", "张三"]


@pytest.mark.parametrize(
    "begins", ["=", "+", "-", "@", "\t", "\r", "\n", " =", "＝", "＋", "－", "＠", "\t@", "\u3000="]
)
def test_every_beginning_of_a_formula_is_known(begins: str) -> None:
    assert harmless(f"{begins}1") == f"'{begins}1"


@settings(max_examples=100, derandomize=True)
@given(st.text(max_size=20))
def test_text_only_ever_gets_an_apostrophe(text: str) -> None:
    assert harmless(text) in (text, f"'{text}")
    assert not harmless(text).lstrip().startswith(("=", "+", "-", "@"))


def test_an_answer_that_cannot_be_given_quotes_no_value(analysts: None) -> None:
    done = CliRunner().invoke(app, ["query", "select cast(n as integer) from (values ('李一' || '明')) as t(n)"])
    assert isinstance(done.exception, QueryError)
    assert "Conversion Error: Could not convert string <3 characters> to INT32" in str(done.exception)
