"""Any database with a SQLAlchemy dialect: a streaming cursor, Python values, Arrow chunk by chunk.

The slowest way and the most general one: it is what SQLite, SQL Server and Dameng are read with, and what the
other readers are measured against. Here too: opening an engine so that it cannot write, and what to install.
"""

from __future__ import annotations

import datetime as dt
import math
import re
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import sqlalchemy as sa

from connectors.base import CollectError, ReadAgain
from connectors.databases.columns import Column, arrow_type
from connectors.databases.fitting import to_batch
from connectors.databases.settings import Source
from connectors.databases.watermarks import Clock, WithoutCommitOrder

# Statements that make a session read only, with one snapshot for all it reads and a limit in time (seconds).
SESSION = {
    "sqlite": ["pragma query_only = on", "begin"],
    "postgresql": [
        "set statement_timeout = '{timeout}s'",
        "set transaction isolation level repeatable read, read only",
    ],
    "mysql": ["set session transaction read only", "start transaction with consistent snapshot, read only"],
    "mariadb": [
        "set session max_statement_time = {timeout}",
        "set session transaction read only",
        "start transaction with consistent snapshot, read only",
    ],
    "oracle": ["set transaction read only"],
    "dm": ["set transaction read only"],
    "mssql": ["set lock_timeout 60000", "set transaction isolation level snapshot"],
}
NOW = {  # the source's own time in UTC, as text
    "sqlite": "select strftime('%Y-%m-%d %H:%M:%f', 'now')",
    "oracle": "select to_char(sys_extract_utc(systimestamp), 'YYYY-MM-DD HH24:MI:SS.FF6') from dual",
    "mssql": "select convert(varchar(26), sysutcdatetime(), 121)",
}
CONNECT_SECONDS = 30
DRIVERS = {
    "oracle": "pip install 'govshare[oracle]'  (oracledb), and the URL oracle+oracledb://...",
    "mssql": "pip install 'govshare[sqlserver]'  (pymssql), and the URL mssql+pymssql://...",
    "dm": "pip install 'govshare[dameng]'  (dmPython and dmSQLAlchemy), and the URL dm+dmPython://user@host:5236",
    "kingbase": "the URL postgresql://... (Kingbase speaks PostgreSQL's protocol)",
}


def open_engine(source: Source, **arguments: Any) -> sa.Engine:
    """An engine for the source's URL; a missing driver is an error that says what to install."""
    family = sa.make_url(source.url).get_backend_name() if "://" in source.url else source.url
    try:
        return sa.create_engine(source.url, poolclass=sa.NullPool, **arguments)
    except (ImportError, sa.exc.NoSuchModuleError):
        raise CollectError(
            f"no driver for {family} databases is installed",
            where=source.where,
            remedy=f"install it: {DRIVERS.get(family, 'a SQLAlchemy dialect for ' + family)}",
        ) from None
    except sa.exc.ArgumentError:
        raise CollectError(
            "the connection's `url` is no SQLAlchemy URL",
            where=source.where,
            remedy="write it as dialect+driver://user:${PASSWORD}@host:port/database",
        ) from None


def session_arguments(source: Source) -> dict[str, Any]:
    """What a driver, and no statement, makes a session read only and limited with; what it runs is never committed."""
    driver = source.url.partition("://")[0]
    if driver == "mssql+pymssql":
        words = {"none": {"encryption": "off"}, "encrypted": {"encryption": "require"}}.get(source.tls.level, {})
        return {**words, "read_only": True, "timeout": int(source.timeout), "login_timeout": CONNECT_SECONDS}
    if driver == "dm+dmPython":
        read_only = 1  # dmPython.DSQL_MODE_READ_ONLY
        limits = {"connection_timeout": int(source.timeout), "login_timeout": CONNECT_SECONDS}
        return {"access_mode": read_only, **limits}
    return {}


def describe(engine: sa.Engine, source: Source) -> list[Column]:
    """The columns of the source's table with their declared types, comments and primary key."""
    inspector = sa.inspect(engine)
    try:
        reflected = inspector.get_columns(source.table, schema=source.schema)
        keys = set(inspector.get_pk_constraint(source.table, schema=source.schema)["constrained_columns"])
    except sa.exc.NoSuchTableError:
        raise source.no_table() from None
    except sa.exc.DBAPIError as error:  # a file that is no database, or is locked, shows only here
        raise source.refused(error) from None
    loose = engine.dialect.name == "sqlite"  # any value may stand in any column there
    return [
        Column(
            name=entry["name"],
            arrow=sqlite_type(entry["type"]) if loose else arrow_type(entry["type"]),
            declared=str(entry["type"]),
            comment=entry.get("comment"),
            key=entry["name"] in keys,
        )
        for entry in reflected
    ]


def sqlite_type(kind: sa.types.TypeEngine[Any]) -> pa.DataType:
    """SQLite keeps dates and exact numbers as text or whatever was given: they land as text."""
    landed = arrow_type(kind)
    if isinstance(kind, sa.Boolean):
        return pa.int64()
    exact = pa.types.is_decimal(landed) or pa.types.is_temporal(landed)
    return pa.string() if exact else landed


class GenericReader(WithoutCommitOrder):
    """One read-only session over SQLAlchemy. ``careful`` takes undecodable text as bytes where the driver
    can."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self._need_sqlite_file()
        self.engine = open_engine(source, connect_args=session_arguments(source))
        self.dialect = self.engine.dialect
        self.connection = source.connect(self.engine.connect)
        self.clock = Clock(self._now())
        self._begin()
        raw: Any = self.connection.connection.driver_connection
        if isinstance(raw, sqlite3.Connection):
            can_match(raw)

    def _now(self) -> dt.datetime:
        with suppress(CollectError, ValueError):
            row = self.one(NOW[self.dialect.name]) if self.dialect.name in NOW else None
            self.connection.rollback()
            if row:
                return dt.datetime.fromisoformat(row[0]).replace(tzinfo=dt.UTC)
        return dt.datetime.now(dt.UTC)

    def _need_sqlite_file(self) -> None:
        url = sa.make_url(self.source.url) if "://" in self.source.url else None
        if url and url.get_backend_name() == "sqlite" and not Path(url.database or "").is_file():
            raise CollectError(
                "the connection's SQLite file does not exist",
                where=self.source.where,
                remedy=f"put {Path(url.database or '').name} where connections.toml says, or correct that",
            )

    def _begin(self) -> None:
        name = self.dialect.name
        if name == "mysql" and getattr(self.dialect, "is_mariadb", False):
            name = "mariadb"
        for statement in SESSION.get(name, []):
            try:
                self.connection.exec_driver_sql(statement.format(timeout=int(self.source.timeout)))
            except sa.exc.DBAPIError as error:
                if name != "mssql":  # a SQL Server without snapshot isolation is read as it allows
                    raise self.source.refused(error) from None

    def columns(self) -> list[Column]:
        if self.source.query is None:
            return self._described()
        return self._sampled()

    def _described(self) -> list[Column]:
        assert self.source.table
        return describe(self.engine, self.source)

    def _sampled(self) -> list[Column]:
        """The columns of a declared query, typed by its first rows."""
        result = self.connection.execute(sa.text(f"select * from ({self.source.query}) q"))
        names, rows = list(result.keys()), result.fetchmany(self.source.fetch_rows)
        result.close()
        columns = []
        for index, name in enumerate(names):
            try:
                kind = pa.array([row[index] for row in rows]).type
            except (pa.ArrowException, TypeError, ValueError):
                kind = pa.string()
            if pa.types.is_decimal(kind) or pa.types.is_null(kind) or pa.types.is_nested(kind):
                kind = pa.string()  # the next rows may have more digits
            columns.append(Column(name, kind))
        return columns

    def estimate(self) -> int | None:
        return None

    def snapshot(self) -> str | None:
        return None

    def join(self, snapshot: str) -> None:
        pass

    def as_text(self, column: Column) -> Column:
        return replace(column, arrow=pa.string())

    def in_bytes(self, columns: Sequence[Column]) -> list[Column]:
        return list(columns)

    def one(self, statement: str) -> Sequence[Any] | None:
        try:
            row = self.connection.exec_driver_sql(statement).fetchone()
        except sa.exc.DBAPIError as error:
            raise self.source.refused(error) from None
        return tuple(row) if row is not None else None

    def read(self, statement: str, columns: Sequence[Column], careful: bool = False) -> Iterator[pa.RecordBatch]:
        raw: Any = self.connection.connection.driver_connection
        if isinstance(raw, sqlite3.Connection):
            raw.text_factory = _text_or_bytes if careful else str
        try:
            cursor = self.connection.execution_options(
                stream_results=True, max_row_buffer=self.source.fetch_rows
            ).exec_driver_sql(statement)
            while rows := cursor.fetchmany(self.source.fetch_rows):
                yield to_batch([tuple(row) for row in rows], columns)
        except (sqlite3.OperationalError, sa.exc.OperationalError, UnicodeDecodeError) as error:
            if not careful and ("decode" in str(error).lower()):
                raise ReadAgain("text that is not UTF-8") from None
            raise self.source.refused(error) from None
        except sa.exc.DBAPIError as error:
            raise self.source.refused(error) from None

    def close(self) -> None:
        self.connection.close()
        self.engine.dispose()


def can_match(connection: sqlite3.Connection) -> None:
    """Give a SQLite session the operator ``regexp``, which SQLite knows and does not bring."""

    def matches(pattern: str, text: object) -> bool:
        return isinstance(text, str) and re.fullmatch(pattern, text) is not None

    connection.create_function("regexp", 2, matches, deterministic=True)


def _text_or_bytes(given: bytes) -> str | bytes:
    try:
        return given.decode("utf-8")
    except UnicodeDecodeError:
        return given


def verbatim(sql: str) -> sa.TextClause:
    """Finished SQL inside a statement that SQLAlchemy composes: a colon in it begins no parameter."""
    return sa.text(sql.replace(":", r"\:"))


def compiled(statement: sa.Select[Any], dialect: sa.Dialect) -> str:
    """A composed statement as SQL of the dialect (LIMIT, TOP, FETCH FIRST …)."""
    return str(statement.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))


def _not_finite(dialect: sa.Dialect, value: Any) -> str:
    """NaN or an infinity as SQL: only some engines have them, and only these give them."""
    if dialect.name == "sqlite":
        return "9e999" if value > 0 else "-9e999"
    return f"cast('{float(value)}' as {'double precision' if dialect.name == 'postgresql' else 'binary_double'})"


def literal(dialect: sa.Dialect, value: Any) -> str:
    """A value as SQL of the dialect; used for watermarks and key ranges, which come from landed rows."""
    if isinstance(value, dt.datetime):
        if value.tzinfo and dialect.name == "mysql":  # the session's zone is UTC, and literals have none
            value = value.astimezone(dt.UTC).replace(tzinfo=None)
        kind: sa.types.TypeEngine[Any] = sa.DateTime(timezone=value.tzinfo is not None)
    elif isinstance(value, dt.date):
        kind = sa.Date()
    elif isinstance(value, int):
        kind = sa.BigInteger()
    elif isinstance(value, str):
        if dialect.name == "mysql":  # there a backslash begins an escape; SQLAlchemy's literals leave that out
            value = value.replace("\\", "\\\\")
        kind = sa.String()
    else:
        if not math.isfinite(value):
            return _not_finite(dialect, value)
        kind = sa.Numeric()
    processor = kind.dialect_impl(dialect).literal_processor(dialect)
    assert processor is not None
    return processor(value)
