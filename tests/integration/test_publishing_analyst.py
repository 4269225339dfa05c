"""The analysts' database: whole at every moment, open while it is replaced, and read-only in every
respect."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from catalogue.installation import Installation
from catalogue.model import BaseTable, Column
from publishing.analyst import build_analyst_database
from publishing.candidate import write_candidate
from publishing.query import QueryError, query, query_arrow
from publishing.release import publish
from publishing.rollback import rollback

TABLES = {
    name: BaseTable(
        name=name,
        description=f"{name} 表",
        primary_key=("id",),
        columns=(
            Column(name="id", type="bigint", description="编号"),
            Column(name="row", description="行号"),
        ),
    )
    for name in ("person", "account")
}


class Passed:
    passed = True
    blocked_by: tuple[object, ...] = ()

    def as_dict(self) -> dict[str, object]:
        return {"verdict": "passed", "checks": []}


def release(installation: Installation, table: str, rows: int) -> None:
    with duckdb.connect() as warehouse:
        warehouse.execute(f"create table {table} as select range as id, 'x' as \"row\" from range({rows})")
        candidate = write_candidate(installation, TABLES[table], warehouse)
    publish(installation, candidate, Passed(), {})


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    installation = Installation(tmp_path / "data", tmp_path / "city", tmp_path / "content")
    release(installation, "person", 3)
    release(installation, "account", 2)
    return installation


def test_it_holds_the_current_releases_with_their_descriptions(installation: Installation) -> None:
    built = build_analyst_database(installation)
    assert (built.changed, built.rows) == (True, 5)
    assert built.tables == {"account": "000001", "person": "000001"}
    assert query(installation, "select count(*) from person") == (["count_star()"], [(3,)])
    _, found = query(installation, "select table_name, release, rows, gate from releases order by 1")
    assert found == [("account", "000001", 2, "passed"), ("person", "000001", 3, "passed")]
    comments = "select column_name, comment from duckdb_columns() where table_name = 'person' order by 1"
    assert query(installation, comments)[1] == [("id", "编号"), ("row", "行号")]
    _, [(comment,)] = query(installation, "select comment from duckdb_tables() where table_name = 'person'")
    assert comment.startswith("person 表(第 000001 版")


def test_it_is_left_alone_when_it_shows_the_current_releases_already(installation: Installation) -> None:
    build_analyst_database(installation)
    before = installation.analyst_database.stat()
    assert not build_analyst_database(installation).changed
    assert installation.analyst_database.stat().st_mtime_ns == before.st_mtime_ns


def test_a_new_release_and_a_rollback_are_taken_over(installation: Installation) -> None:
    build_analyst_database(installation)
    release(installation, "person", 9)
    assert build_analyst_database(installation).tables["person"] == "000002"
    assert query(installation, "select count(*) from person")[1] == [(9,)]
    rollback(installation, "person", "000001", why="wrong")
    assert build_analyst_database(installation).changed
    assert query(installation, "select count(*) from person")[1] == [(3,)]


def test_a_damaged_file_and_what_a_killed_run_left_are_replaced(installation: Installation) -> None:
    installation.analyst_database.write_bytes(b"no database")
    left = installation.published / ".tmp-analyst.duckdb-1-dead.wal"
    left.write_bytes(b"half")
    assert build_analyst_database(installation).changed and not left.exists()
    assert query(installation, "select count(*) from person")[1] == [(3,)]


def test_before_the_first_release_it_is_empty_but_there(tmp_path: Path) -> None:
    installation = Installation(tmp_path / "data", tmp_path / "city", tmp_path / "content")
    with pytest.raises(QueryError, match="no analysts' database yet"):
        query(installation, "select 1")
    assert build_analyst_database(installation).tables == {}
    assert query(installation, "select * from releases")[1] == []


READER = """
import sys, duckdb
connection = duckdb.connect(sys.argv[1], read_only=True)
count = lambda: connection.execute("select count(*) from person").fetchone()[0]
print(count(), flush=True)
sys.stdin.readline()
print(count(), flush=True)
"""


def test_a_reader_in_another_process_goes_on_while_the_file_is_replaced(installation: Installation) -> None:
    build_analyst_database(installation)
    command = [sys.executable, "-c", READER, str(installation.analyst_database)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as reader:
        assert reader.stdin and reader.stdout
        assert reader.stdout.readline() == "3\n"
        release(installation, "person", 9)
        assert build_analyst_database(installation).changed, "an open reader locks no run out"
        reader.stdin.write("\n")
        reader.stdin.flush()
        assert reader.stdout.readline() == "3\n", "the reader keeps what it has opened"
    assert query(installation, "select count(*) from person")[1] == [(9,)]


@pytest.mark.parametrize(
    "sql",
    [
        "delete from person",
        "drop table person",
        "create table mine as select 1",
        "update person set id = 1",
        "insert into person values (1, 'x')",
        "comment on table person is 'x'",
    ],
)
def test_sql_that_writes_is_refused(installation: Installation, sql: str) -> None:
    build_analyst_database(installation)
    before = installation.analyst_database.read_bytes()
    with pytest.raises(QueryError):
        query(installation, sql)
    assert installation.analyst_database.read_bytes() == before


@pytest.mark.parametrize(
    "sql",
    [
        "select * from read_text('{secret}')",
        "select * from read_csv('{secret}')",
        "select * from '{secret}'",
        "select * from glob('{folder}/*')",
        "copy person to '{folder}/out.csv'",
        "copy (select 1) to '{folder}/out.parquet'",
        "attach '{folder}/other.duckdb'",
        "export database '{folder}/out'",
        "install excel",
        "load excel",
        "set enable_external_access = true",
        "reset enable_external_access",
        "set lock_configuration = false",
        "pragma enable_external_access = true",
        "select 1; select * from read_text('{secret}')",
    ],
)
def test_sql_that_reaches_for_files_is_refused(installation: Installation, tmp_path: Path, sql: str) -> None:
    build_analyst_database(installation)
    secret = tmp_path / "secret.csv"
    secret.write_text("a\n1\n")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(QueryError):
        query(installation, sql.format(secret=secret, folder=tmp_path))
    assert sorted(tmp_path.rglob("*")) == before


def test_wrong_sql_is_told_in_duckdbs_words_with_a_remedy(installation: Installation) -> None:
    build_analyst_database(installation)
    with pytest.raises(QueryError, match="persons") as error:
        query(installation, "select * from persons")
    assert "show tables" in str(error.value)


def test_a_notebook_gets_arrow(installation: Installation) -> None:
    build_analyst_database(installation)
    assert query_arrow(installation, "select id from person order by 1").to_pydict() == {"id": [0, 1, 2]}
    with pytest.raises(QueryError):
        query_arrow(installation, "drop table person")


def test_who_opens_the_file_for_writing_cannot(installation: Installation) -> None:
    build_analyst_database(installation)
    assert installation.analyst_database.stat().st_mode & 0o222 == 0
