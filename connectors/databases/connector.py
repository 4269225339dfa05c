"""The database connector: which rows to ask for, from what the committed manifests say was read before.

Modes (``meta.connector.mode``): ``incremental`` by a watermark column, ``full`` compared with what landed,
``changes`` from a table of insert/update/delete marks. A large first load is read key range by key range
(``ranges``), ``sessions`` of them at a time. Engines differ only in their reader.

Options beside those of ``settings`` and ``delta``: ``range_rows`` (0: never split), ``range_key``, ``sessions``
(1), ``operation`` and ``marks`` of a change table, ``as_text`` (columns whose values their type cannot hold, as
zero dates, to land as they are written).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib import import_module
from queue import Empty, SimpleQueue
from typing import Any, Protocol

import pyarrow as pa
import sqlalchemy as sa

from connectors.base import CollectError, ReadAgain, ResourceLike
from connectors.connections import Connection
from connectors.databases.columns import Column, schema_of
from connectors.databases.delta import Delta
from connectors.databases.generic import compiled, verbatim
from connectors.databases.ranges import FirstLoad
from connectors.databases.reading import Read
from connectors.databases.settings import Source
from connectors.databases.watermarks import Clock
from connectors.manifest import Manifest

READERS = {
    "postgresql": ("connectors.databases.postgresql", "PostgresqlReader"),
    "kingbase": ("connectors.databases.postgresql", "PostgresqlReader"),
    "mysql": ("connectors.databases.mysql", "MysqlReader"),
    "mariadb": ("connectors.databases.mysql", "MysqlReader"),
    "oracle": ("connectors.databases.oracle", "OracleReader"),
}
GENERIC = ("connectors.databases.generic", "GenericReader")


class Reader(Protocol):
    """One read-only session with one snapshot. Statements are complete SQL of the engine's dialect.

    ``as_text``: a column landed as the database writes its values. ``in_bytes``: the columns for a careful
    reading, their texts as the server's own bytes where the engine has such a way. ``estimate``: about how
    many rows the table has, if that costs nothing to ask. ``snapshot``: a name by which another session can
    ``join`` this one's snapshot, null where the engine has none. ``clock`` is of the moment before the snapshot;
    ``transactions_hidden``: the engine may not say which transactions are open. ``position``: of the snapshot in the
    table's own order of commits, and ``written_since``: the SQL condition of all rows that a snapshot at a position
    may not have seen; null where there is no such order. ``steps``: SQL by which rows that were written in one
    moment stand in the order in which they were.
    """

    dialect: sa.Dialect
    clock: Clock
    transactions_hidden: bool

    def columns(self) -> list[Column]: ...
    def as_text(self, column: Column) -> Column: ...
    def in_bytes(self, columns: Sequence[Column]) -> list[Column]: ...
    def estimate(self) -> int | None: ...
    def snapshot(self) -> str | None: ...
    def join(self, snapshot: str) -> None: ...
    def position(self) -> str | None: ...
    def written_since(self, position: str) -> str | None: ...
    def steps(self) -> Sequence[str]: ...
    def one(self, statement: str) -> Sequence[Any] | None: ...
    def read(self, statement: str, columns: Sequence[Column], careful: bool = False) -> Iterator[pa.RecordBatch]: ...
    def close(self) -> None: ...


def reader_of(source: Source) -> Reader:
    """The fastest reader there is for the URL's engine."""
    engine = source.url.split("://")[0].split("+")[0]
    module, name = READERS.get(engine, GENERIC)
    reader: Reader = getattr(import_module(module), name)(source)
    return reader


class DatabaseConnector:
    """A table (or query) of a department's database."""

    kind = "database"
    version = "1"

    def __init__(self, resource: ResourceLike, connection: Connection, past: Sequence[Manifest]) -> None:
        self.resource, self.past = resource, past
        self.source = Source.of(resource, connection)
        self.source.need_allowed_hour()
        self.reader = reader_of(self.source)
        self._idle: SimpleQueue[Reader] = SimpleQueue()
        try:
            self.columns = self.reader.columns()
            if not self.columns:
                raise self.source.no_table()
            self._declared_as_text()
            self.first_load = FirstLoad(self)
            self.range_rows = self.first_load.rows()
        except BaseException:
            self.reader.close()
            raise
        # More than one session only where there are ranges for them.
        self.sessions = int(resource.connector.options.get("sessions", 1)) if self.range_rows else 1
        self._snapshot = self.reader.snapshot() if self.sessions > 1 else None

    def _declared_as_text(self) -> None:
        names = self.resource.connector.options.get("as_text", ())
        for name in [names] if isinstance(names, str) else names:
            column = self.column(name, "as_text")
            self.columns[self.columns.index(column)] = self.reader.as_text(column)

    def schema(self) -> pa.Schema:
        return schema_of(self.columns)

    def head(self, rows: int) -> pa.RecordBatch | None:
        """The first rows that come; no more is asked for."""
        for careful in (False, True):
            columns = self.reader.in_bytes(self.columns) if careful else self.columns
            limited: sa.Select[Any] = sa.select(sa.literal_column(self._selected(columns)))
            limited = limited.select_from(verbatim(self.relation() + self._where(()))).limit(rows)
            with suppress(ReadAgain):
                return next(self.reader.read(compiled(limited, self.reader.dialect), columns, careful), None)
        return None

    def close(self) -> None:
        self.reader.close()
        while True:
            try:
                self._idle.get_nowait().close()
            except Empty:
                return

    @contextmanager
    def session(self) -> Iterator[Reader]:
        """The reader for one statement: the only one, or one of several that share a snapshot if they can."""
        if self.sessions == 1:
            yield self.reader
            return
        try:
            reader = self._idle.get_nowait()
        except Empty:
            reader = reader_of(self.source)
            if self._snapshot:
                reader.join(self._snapshot)
        try:
            yield reader
        except BaseException:
            reader.close()
            raise
        self._idle.put(reader)

    def deliveries(self) -> Iterator[Read]:
        mode = self.resource.connector.mode
        if mode not in ("incremental", "full", "changes"):
            raise CollectError(
                f"unknown mode {mode!r}", where=self.source.where, remedy="use incremental, full or changes"
            )
        if self.range_rows:
            yield from self.first_load.reads(self.range_rows)
        elif mode == "full":
            yield self.read("full")
        else:
            delta = Delta(self)
            new = delta.read(changes=mode == "changes")
            yield new
            if mode == "incremental" and delta.compare_is_due():
                yield self.read("compare", watermark=new.watermark)

    def column(self, name: str | None, role: str) -> Column:
        """The column that plays a declared role (watermark, operation, range key)."""
        for column in self.columns:
            if column.name == name:
                return column
        raise CollectError(
            f"the declared {role} {name!r} is no column of the source" if name else f"no {role} is declared",
            where=self.source.where,
            remedy=f"correct `{role}` in meta.connector",
        )

    def read(self, mode: str, **facts: Any) -> Read:
        return Read(self, mode, schema_of(self.columns), **facts)

    def quoted(self, name: str) -> str:
        return str(self.reader.dialect.identifier_preparer.quote_identifier(_physical(name, self.reader.dialect)))

    def relation(self) -> str:
        """What stands behind FROM: the table with its schema, or the declared query."""
        if self.source.query is not None:
            return f"({self.source.query}) q"
        parts = [*(self.source.schema.split(".") if self.source.schema else []), self.source.table]
        return ".".join(self.quoted(part) for part in parts)

    def statement(self, columns: Sequence[Column], conditions: Sequence[str], order: str | None) -> str:
        """The SELECT of the columns under the conditions."""
        ordered = f" order by {order}" if order else ""
        return f"select {self._selected(columns)} from {self.relation()}{self._where(conditions)}{ordered}"

    def _selected(self, columns: Sequence[Column]) -> str:
        return ", ".join(
            f"{column.expression} as {self.quoted(column.name)}" if column.expression else self.quoted(column.name)
            for column in columns
        )

    def _where(self, conditions: Sequence[str]) -> str:
        conditions = [*conditions, *([f"({self.source.condition})"] if self.source.condition else [])]
        return f" where {' and '.join(conditions)}" if conditions else ""


def _physical(name: str, dialect: sa.Dialect) -> str:
    """SQLAlchemy shows upper-case names of Oracle and Dameng in lower case: turn them back."""
    return str(dialect.denormalize_name(name)) if dialect.requires_name_normalize else name
