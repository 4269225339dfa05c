"""The database connector: which rows to ask for, from what the committed manifests say was read before.

Modes (``meta.connector.mode``): ``incremental`` by a watermark column, ``full`` compared with what landed,
``changes`` from a table of insert/update/delete marks. A large first load (``range_rows``) is read key range
by key range, each a batch, so that an interruption costs one range. Engines differ only in their reader.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib import import_module
from typing import Any, Protocol

import pyarrow as pa
import sqlalchemy as sa

from connectors.base import CollectError, ResourceLike, SourceFile, Watermark
from connectors.connections import Connection
from connectors.databases import watermarks
from connectors.databases.columns import Column, schema_of, watermark_type
from connectors.databases.generic import literal
from connectors.databases.settings import Source
from connectors.manifest import Manifest

READERS = {
    "postgresql": ("connectors.databases.postgresql", "PostgresqlReader"),
    "kingbase": ("connectors.databases.postgresql", "PostgresqlReader"),
    "mysql": ("connectors.databases.mysql", "MysqlReader"),
    "mariadb": ("connectors.databases.mysql", "MysqlReader"),
    "oracle": ("connectors.databases.oracle", "OracleReader"),
}
GENERIC = ("connectors.databases.generic", "GenericReader")
MARKS = {"I": "upsert", "U": "upsert", "D": "delete"}


class Reader(Protocol):
    """One read-only session with one snapshot. Statements are complete SQL of the engine's dialect."""

    dialect: sa.Dialect

    def columns(self) -> list[Column]: ...
    def as_text(self, column: Column) -> Column: ...
    def in_bytes(self, columns: Sequence[Column]) -> list[Column]: ...
    def one(self, statement: str) -> Sequence[Any] | None: ...
    def read(
        self, statement: str, columns: Sequence[Column], careful: bool = False
    ) -> Iterator[pa.RecordBatch]: ...
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
        try:
            self.columns = self.reader.columns()
            if not self.columns:
                raise self.source.no_table()
            self._declared_as_text()
        except BaseException:
            self.reader.close()
            raise

    def _declared_as_text(self) -> None:
        """``as_text``: columns whose values their type cannot hold (zero dates), to land as written."""
        names = self.resource.connector.options.get("as_text", ())
        for name in [names] if isinstance(names, str) else names:
            column = self.column(name, "as_text")
            self.columns[self.columns.index(column)] = self.reader.as_text(column)

    def schema(self) -> pa.Schema:
        return schema_of(self.columns)

    def close(self) -> None:
        self.reader.close()

    def deliveries(self) -> Iterator[Read]:
        mode = self.resource.connector.mode
        range_rows = int(self.resource.connector.options.get("range_rows", 0))
        if range_rows and (not self.past or self._unfinished_load()):
            yield from self._first_load(range_rows)
        elif mode == "full":
            yield self._read("full")
        elif mode in ("incremental", "changes"):
            yield self._since(changes=mode == "changes")
        else:
            raise CollectError(
                f"unknown mode {mode!r}", where=self.source.where, remedy="use incremental, full or changes"
            )

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

    def _read(self, mode: str, **facts: Any) -> Read:
        return Read(self, mode, schema_of(self.columns), **facts)

    def _since(self, changes: bool) -> Read:
        column = self.column(self.resource.connector.watermark, "watermark")
        kind = watermark_type(column.arrow)
        high = watermarks.last_high(self.past, column.name)
        low = watermarks.below(high, kind, self.source.overlap) if high is not None else None
        conditions = []
        if low is not None:
            quoted = self.quoted(column.name)
            bound = literal(self.reader.dialect, watermarks.value(low, kind))
            empty = f" or {quoted} = ''" if kind == "text" and self.reader.dialect.name != "oracle" else ""
            conditions.append(f"({quoted} >= {bound} or {quoted} is null{empty})")
        operation = None
        if changes:
            operation = self.column(self.resource.connector.options.get("operation"), "operation").name
        return self._read(
            "delta",
            conditions=tuple(conditions),
            order=column.name if changes else None,
            operation=operation,
            watermark=Watermark(column.name, kind, low, high),
            own_columns=(operation, column.name) if operation else (),
        )

    def _unfinished_load(self) -> Mapping[str, Any] | None:
        load = self.past[-1].load if self.past else None
        return load if load and not load["complete"] else None

    def _first_load(self, range_rows: int) -> Iterator[Read]:
        """Ranges of about ``range_rows`` rows in key order, going on after the last committed one.

        The watermark of all of them is the one found before the first: what changes while the load runs (or
        is interrupted) is read again by the first delta.
        """
        keys = self.resource.connector.key
        name = self.resource.connector.options.get("range_key") or (keys[0] if len(keys) == 1 else None)
        column = self.column(name, "range_key")
        kind = watermark_type(column.arrow)
        key, table = self.quoted(column.name), self.relation()
        load = self._unfinished_load()
        mark = self.resource.connector.watermark
        if load is None:
            high = None
            if mark and self.resource.connector.mode == "incremental":
                high = watermarks.highest_of(
                    self.reader.one(f"select max({self.quoted(mark)}) from {table}"),
                    watermark_type(self.column(mark, "watermark").arrow),
                )
            load = {"id": datetime.now(UTC).isoformat(), "index": -1, "upto": None, "high": high}
        after, index = load["upto"], load["index"]
        watermark = None
        if mark and self.resource.connector.mode == "incremental":
            kind_of_mark = watermark_type(self.column(mark, "watermark").arrow)
            watermark = Watermark(mark, kind_of_mark, None, load["high"])
        while True:
            index += 1
            above = []
            if after is not None:
                above.append(f"{key} > {literal(self.reader.dialect, watermarks.value(after, kind))}")
            upto = watermarks.as_text(self._nth_key(key, table, above, range_rows))
            conditions = list(above)
            if upto is not None:
                conditions.append(f"{key} <= {literal(self.reader.dialect, watermarks.value(upto, kind))}")
            elif above:
                conditions = [f"({above[0]} or {key} is null)"]
            facts = {**load, "index": index, "after": after, "upto": upto, "complete": upto is None}
            yield self._read("range", conditions=tuple(conditions), watermark=watermark, load=facts)
            if upto is None:
                return
            after = upto

    def _nth_key(self, key: str, table: str, above: list[str], count: int) -> Any:
        """The key that ends a range of ``count`` rows, or null in the last range."""
        where = f" where {' and '.join([*above, f'{key} is not null'])}"
        numbered: sa.Select[Any] = sa.select(sa.literal_column(key)).select_from(sa.text(table + where))
        statement = numbered.order_by(sa.literal_column(key)).limit(1).offset(count - 1)
        sql = statement.compile(dialect=self.reader.dialect, compile_kwargs={"literal_binds": True})
        row = self.reader.one(str(sql))
        return row[0] if row else None

    def quoted(self, name: str) -> str:
        return str(
            self.reader.dialect.identifier_preparer.quote_identifier(_physical(name, self.reader.dialect))
        )

    def relation(self) -> str:
        """What stands behind FROM: the table with its schema, or the declared query."""
        if self.source.query is not None:
            return f"({self.source.query}) q"
        parts = [*(self.source.schema.split(".") if self.source.schema else []), self.source.table]
        return ".".join(self.quoted(part) for part in parts)

    def statement(self, columns: Sequence[Column], conditions: Sequence[str], order: str | None) -> str:
        """The SELECT of the columns under the conditions."""
        selected = ", ".join(
            f"{column.expression} as {self.quoted(column.name)}"
            if column.expression
            else self.quoted(column.name)
            for column in columns
        )
        conditions = [*conditions, *([f"({self.source.condition})"] if self.source.condition else [])]
        where = f" where {' and '.join(conditions)}" if conditions else ""
        ordered = f" order by {self.quoted(order)}" if order else ""
        return f"select {selected} from {self.relation()}{where}{ordered}"


@dataclass
class Read:
    """One statement's rows as a delivery. ``watermark`` is complete once ``batches`` is exhausted."""

    connector: DatabaseConnector
    mode: str
    schema: pa.Schema
    conditions: tuple[str, ...] = ()
    order: str | None = None
    operation: str | None = None
    watermark: Watermark | None = None
    load: Mapping[str, Any] | None = None
    own_columns: tuple[str, ...] = ()
    careful: bool = False
    identity: None = None
    files: tuple[SourceFile, ...] = ()

    def carefully(self) -> Read:
        """The same rows again, value by value where needed."""
        return replace(self, careful=True)

    def batches(self) -> Iterator[pa.RecordBatch]:
        connector = self.connector
        columns = connector.reader.in_bytes(connector.columns) if self.careful else connector.columns
        statement = connector.statement(columns, self.conditions, self.order)
        high = self.watermark.high if self.watermark else None
        for batch in connector.source.throttled(connector.reader.read(statement, columns, self.careful)):
            if self.watermark and self.load is None:
                column = batch.column(self.watermark.column)
                high = watermarks.higher(
                    high, watermarks.highest(column, self.watermark.type), self.watermark.type
                )
            yield self._with_operation(batch)
        if self.watermark:
            self.watermark = replace(self.watermark, high=high)

    def _with_operation(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """For a change table: ``_op`` from the mark; an unknown mark is a problem of its row."""
        if self.operation is None:
            return batch
        options = self.connector.resource.connector.options
        marks = {str(mark).upper(): op for mark, op in {**MARKS, **options.get("marks", {})}.items()}
        given = [str(mark).strip().upper() for mark in batch.column(self.operation).to_pylist()]
        ops = [marks.get(mark) for mark in given]
        batch = batch.append_column("_op", pa.array([op or "upsert" for op in ops]))
        if None in ops:
            former = (
                batch.column("_problem").to_pylist()
                if "_problem" in batch.schema.names
                else [None] * len(ops)
            )
            problems = [
                old or (None if op else "operation_unknown") for old, op in zip(former, ops, strict=True)
            ]
            if "_problem" in batch.schema.names:
                batch = batch.drop_columns(["_problem"])
            batch = batch.append_column("_problem", pa.array(problems, pa.string()))
        return batch


def _physical(name: str, dialect: sa.Dialect) -> str:
    """SQLAlchemy shows upper-case names of Oracle and Dameng in lower case: turn them back."""
    return str(dialect.denormalize_name(name)) if dialect.requires_name_normalize else name
