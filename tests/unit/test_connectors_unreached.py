"""Engines that no server here speaks for: what their drivers and dialects make of our statements and types.

Kingbase speaks PostgreSQL's protocol and is read by the very reader that is tested on PostgreSQL.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pytest
import sqlalchemy as sa
from support.collecting import Resource, Spec

from connectors.base import CollectError
from connectors.databases import connector as connectors
from connectors.databases.columns import arrow_type
from connectors.databases.connector import DatabaseConnector, reader_of
from connectors.databases.generic import SESSION, GenericReader, compiled, literal, session_arguments, verbatim
from connectors.databases.settings import Source


@pytest.mark.parametrize(
    ("url", "reader"),
    [
        ("kingbase://u@h/x", "PostgresqlReader"),
        ("postgresql+psycopg://u@h/x", "PostgresqlReader"),
        ("mariadb+pymysql://u@h/x", "MysqlReader"),
        ("oracle+oracledb://u@h/x", "OracleReader"),
        ("mssql+pymssql://u@h/x", "GenericReader"),
        ("dm+dmPython://u@h", "GenericReader"),
    ],
)
def test_each_engine_has_its_reader(url: str, reader: str) -> None:
    engine = url.split("://")[0].split("+")[0]
    assert connectors.READERS.get(engine, connectors.GENERIC)[1] == reader


# --- Oracle: the driver is there, and stands in for the server as far as it goes


class Cursor:
    """Answers like Oracle's catalogue, remembers what was asked."""

    def __init__(self, server: Server) -> None:
        self.server, self.rows = server, []

    def __enter__(self) -> Cursor:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def execute(self, statement: str, parameters: Any = None) -> None:
        self.server.asked.append((statement, parameters))
        self.rows = next((rows for words, rows in self.server.answers.items() if words in statement), [])

    def fetchone(self) -> Any:
        return self.rows[0] if self.rows else None

    def __iter__(self) -> Iterator[Any]:
        return iter(self.rows)


class Server:
    """What ``oracledb.connect`` gives."""

    def __init__(self, answers: dict[str, list[Any]], frames: list[pa.Table]) -> None:
        self.answers, self.frames, self.call_timeout = answers, frames, 0
        self.asked: list[tuple[str, Any]] = []

    def cursor(self) -> Cursor:
        return Cursor(self)

    def fetch_df_batches(self, statement: str, size: int, **_: Any) -> Iterator[pa.Table]:
        self.asked.append((statement, size))
        yield from self.frames

    def close(self) -> None:
        pass


ORACLE_COLUMNS = [
    # name, type, precision, scale, comment, key → lands as
    ("ID", "NUMBER", 10, 0, "编号", 1, "int64"),
    ("BIG", "NUMBER", 38, 0, None, 0, "decimal128(38, 0)"),
    ("AMOUNT", "NUMBER", 12, 2, None, 0, "decimal128(12, 2)"),
    ("ANY_NUMBER", "NUMBER", None, None, None, 0, "string"),
    ("NEGATIVE_SCALE", "NUMBER", 5, -2, None, 0, "string"),
    ("RATIO", "BINARY_DOUBLE", None, None, None, 0, "double"),
    ("NAME", "VARCHAR2", None, None, "姓名", 0, "string"),
    ("PADDED", "CHAR", None, None, None, 0, "string"),
    ("BORN", "DATE", None, None, None, 0, "timestamp[us]"),
    ("CHANGED", "TIMESTAMP(6)", None, 6, None, 0, "timestamp[us]"),
    ("ZONED", "TIMESTAMP(6) WITH TIME ZONE", None, 6, None, 0, "timestamp[us, tz=UTC]"),
    ("PHOTO", "BLOB", None, None, None, 0, "binary"),
    ("NOTE", "CLOB", None, None, None, 0, "string"),
    ("SPAN", "INTERVAL DAY(2) TO SECOND(6)", 2, 6, None, 0, "string"),
]


@pytest.fixture
def oracle(monkeypatch: pytest.MonkeyPatch) -> Server:
    oracledb = pytest.importorskip("oracledb", reason="needs pip install 'govshare[oracle]'")
    server = Server({"from all_tab_columns": [row[:6] for row in ORACLE_COLUMNS]}, [])
    monkeypatch.setattr(oracledb, "connect", lambda **_: server)
    return server


def oracle_source(**options: Any) -> tuple[Resource, Any]:
    resource = Resource("office.people", Spec("database", "office", ("id",), "changed", "incremental", options))
    connection = SimpleNamespace(
        name="office",
        folder=Path(),
        settings={"timeout_seconds": 5},
        url=lambda _: "oracle+oracledb://u:p@h:1521/?service_name=s",
    )
    return resource, connection


def test_oracle_types_and_statement(oracle: Server) -> None:
    resource, connection = oracle_source(table="people", schema="office")
    connector = DatabaseConnector(resource, connection, [])
    assert [str(column.arrow) for column in connector.columns] == [row[6] for row in ORACLE_COLUMNS]
    assert [(c.comment, c.key) for c in connector.columns[:2]] == [("编号", True), (None, False)]
    assert connector.columns[0].name == "id"  # shown in lower case, asked for in capitals
    assert oracle.call_timeout == 5000
    statements = [statement for statement, _ in oracle.asked]
    assert "set transaction read only" in statements
    assert next(given for statement, given in oracle.asked if "all_tab_columns" in statement) == {
        "t": "PEOPLE",
        "o": "OFFICE",
    }
    statement = connector.statement(connector.columns, (), None)
    assert statement.startswith('select "ID", to_char("BIG", \'TM9\'') and statement.endswith('from "OFFICE"."PEOPLE"')
    assert 'sys_extract_utc("ZONED") as "ZONED"' in statement
    connector.close()


def test_oracle_rows_land_and_the_next_delta_asks_for_what_is_new(oracle: Server) -> None:
    oracle.answers = {
        "from all_tab_columns": [
            ("ID", "NUMBER", 10, 0, None, 1),
            ("AMOUNT", "NUMBER", 12, 2, None, 0),
            ("CHANGED", "DATE", None, None, None, 0),
        ]
    }
    day = dt.datetime(2024, 2, 29, 23, 59, 59)
    oracle.frames = [
        pa.table({"ID": pa.array([1.0, 2.0]), "AMOUNT": ["1.50", "7E+3x"], "CHANGED": pa.array([day, None])})
    ]
    resource, connection = oracle_source(table="people")
    connector = DatabaseConnector(resource, connection, [])
    (read,) = connector.deliveries()
    (batch,) = read.batches()
    assert batch.column("id").to_pylist() == [1, 2]
    assert batch.column("amount").to_pylist() == [Decimal("1.50"), None]
    assert batch.column("_problem").to_pylist() == [None, "value_unreadable"]
    assert read.watermark is not None and read.watermark.high == "2024-02-29 23:59:59"
    now = dt.datetime.now(dt.UTC).isoformat()
    past = [SimpleNamespace(watermark=read.watermark, mode="delta", load=None, started=now)]
    (again,) = DatabaseConnector(resource, connection, past).deliveries()  # type: ignore[arg-type]
    assert again.conditions == (
        "(\"CHANGED\" >= TO_DATE('2024-02-28 23:59:59', 'YYYY-MM-DD HH24:MI:SS') or \"CHANGED\" is null"
        " or \"CHANGED\" < TO_DATE('1971-01-01 00:00:00', 'YYYY-MM-DD HH24:MI:SS'))",
    )


# --- statements in every dialect


@pytest.mark.parametrize(
    ("dialect", "module", "first", "range_end"),
    [
        ("oracle", None, "FETCH FIRST 5 ROWS ONLY", "OFFSET 9 ROWS"),
        ("mssql", None, "TOP 5", "mssql_rn > 9"),
        ("mysql", None, "LIMIT 5", "LIMIT 9, 1"),
        ("postgresql", None, "LIMIT 5", "LIMIT 1 OFFSET 9"),
        ("sqlite", None, "LIMIT 5", "LIMIT 1 OFFSET 9"),
        ("dm", "dmSQLAlchemy", "FIRST 5 ROWS ONLY", "OFFSET 9 ROWS"),
    ],
)
def test_first_rows_and_range_ends(dialect: str, module: str | None, first: str, range_end: str) -> None:
    if module:
        pytest.importorskip(module, reason="needs pip install 'govshare[dameng]'")
    made = sa.create_engine("dm+dmPython://u@h").dialect if module else sa.dialects.registry.load(dialect)()
    key: Any = sa.literal_column('"K"')
    table = verbatim("t where k > 'a :b 10:00'")
    assert first in compiled(sa.select(key).select_from(table).limit(5), made)
    ranged = compiled(sa.select(key).select_from(table).order_by(key).limit(1).offset(9), made)
    assert range_end in ranged and "'a :b 10:00'" in ranged


def test_literals_in_every_dialect() -> None:
    moment = dt.datetime(2024, 2, 29, 23, 59, 59)
    for name in ("oracle", "mssql", "mysql", "postgresql", "sqlite"):
        dialect = sa.dialects.registry.load(name)()
        assert literal(dialect, 7) == "7"
        assert literal(dialect, "it's").endswith("'it''s'")
        assert "2024-02-29" in literal(dialect, moment) and "23:59:59" in literal(dialect, moment)
        assert "2024-02-29" in literal(dialect, moment.date())


def test_sql_server_and_dameng_sessions_are_read_only_and_limited() -> None:
    assert any("snapshot" in statement for statement in SESSION["mssql"])
    assert "set transaction read only" in SESSION["dm"]
    for url in ("mssql+pymssql://u@h/x", "dm+dmPython://u@h"):
        arguments = session_arguments(Source(url, "", "office", timeout=7))
        assert 1 in arguments.values() and 7 in arguments.values()


@pytest.mark.parametrize(
    ("kind", "landed"),
    [
        ("BIT", "bool"),
        ("TINYINT", "int64"),
        ("DECIMAL(18, 2)", "decimal128(18, 2)"),
        ("MONEY", "string"),
        ("DATETIME2", "timestamp[us]"),
        ("DATETIMEOFFSET", "timestamp[us, tz=UTC]"),
        ("NVARCHAR(20)", "string"),
        ("VARBINARY", "binary"),
        ("UNIQUEIDENTIFIER", "string"),
        ("FLOAT", "double"),
    ],
)
def test_types_of_sql_server(kind: str, landed: str) -> None:
    from sqlalchemy.dialects import mssql

    name, _, rest = kind.partition("(")
    arguments = [int(number) for number in rest.rstrip(")").split(",")] if rest else []
    options = {"timezone": True} if name == "DATETIMEOFFSET" else {}
    made = getattr(mssql, name)(*arguments)
    for option, value in options.items():
        setattr(made, option, value)
    assert str(arrow_type(made)) == landed


def test_a_dameng_that_cannot_be_reached_is_told() -> None:
    pytest.importorskip("dmPython", reason="needs pip install 'govshare[dameng]'")
    source = Source("dm+dmPython://u:s3cret@127.0.0.1:1", "测试局", "office", table="t")
    with pytest.raises(CollectError, match="cannot be reached") as error:
        reader_of(source)
    assert "s3cret" not in str(error.value) and isinstance(GenericReader, type)
