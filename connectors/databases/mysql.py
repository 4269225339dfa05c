"""MySQL and MariaDB through asyncmy: rows as the wire's own bytes, parsed column by column in Arrow.

asyncmy streams (the server waits while govshare does), which connectorx does not: its faster reading fills
memory when the writer is slower. Taking bytes instead of Python values keeps every value that MySQL has and
Python has not: zero dates, times beyond a day, text that is not what its column claims.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import gc
import socket
from collections.abc import Coroutine, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, TypeVar

import asyncmy
import pyarrow as pa
import sqlalchemy as sa
from asyncmy.cursors import SSCursor
from sqlalchemy.dialects.mysql import dialect as mysql_dialect

from connectors.base import CollectError
from connectors.databases.columns import Column, decimal_type
from connectors.databases.generic import literal
from connectors.databases.mysql_values import to_batch
from connectors.databases.settings import Source
from connectors.databases.watermarks import Clock, WithoutCommitOrder

T = TypeVar("T")
CONNECT_SECONDS = 30
RECEIVE_BYTES = 128 << 10  # of the socket: bounds what the driver takes in while govshare writes
FETCH_BYTES = 2 << 20
KEEP_ALIVE = [
    (getattr(socket, name), seconds)
    for name, seconds in (("TCP_KEEPIDLE", 60), ("TCP_KEEPINTVL", 15), ("TCP_KEEPCNT", 4))
    if hasattr(socket, name)
]
WHOLE = {"tinyint", "smallint", "mediumint", "int", "bigint", "year"}
BYTES = {"binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob"}
ONE_BYTE = {"latin1", "latin2", "latin5", "latin7", "ascii"}  # where old programs keep GBK or UTF-8
CATALOGUE = """
select column_name, data_type, column_type, numeric_precision, numeric_scale, column_comment,
       column_key = 'PRI', character_set_name
from information_schema.columns
where table_schema = coalesce({schema}, database()) and table_name = {table}
order by ordinal_position"""
ESTIMATE = """
select table_rows from information_schema.tables
where table_schema = coalesce({schema}, database()) and table_name = {table}"""
OPEN = """
select date_format(utc_timestamp(6), '%Y-%m-%d %H:%i:%s.%f'), timestampdiff(microsecond, min(trx_started), now(6))
from information_schema.innodb_trx
where trx_mysql_thread_id <> connection_id() and trx_is_read_only = 0
  and (trx_rows_modified > 0 or trx_tables_locked > 0)"""
SESSION = [
    "set session sql_mode = replace(@@sql_mode, 'NO_BACKSLASH_ESCAPES', '')",  # how our literals are written
    "set session transaction read only",
    "set session transaction isolation level repeatable read",
    "set session time_zone = '+00:00', net_write_timeout = 3600",
    "start transaction with consistent snapshot, read only",
]


class MysqlReader(WithoutCommitOrder):
    """One read-only session with one consistent snapshot, driven by an event loop in a thread of its own."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.dialect: sa.Dialect = mysql_dialect(paramstyle="named")
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="mysql")
        self._loop = asyncio.new_event_loop()
        try:
            self.connection = source.connect(lambda: self._run(self._connect()))
            self._begin()
        except BaseException:
            self._end()
            raise

    async def _connect(self) -> Any:
        url = sa.make_url(self.source.url)
        host, port = url.host or "127.0.0.1", url.port or 3306
        arguments: dict[str, Any] = {
            "user": url.username,
            "password": str(url.password or "").encode(),  # the driver itself knows no other letters than Latin ones
            "db": url.database,
            "charset": "utf8mb4",
            "use_unicode": False,
            "conv": {0: None},  # no decoder: every value stays bytes
            "connect_timeout": CONNECT_SECONDS,
        }
        if (context := self.source.tls.context()) is not None:  # begun by the driver itself, and never without
            return await asyncmy.connect(host=host, port=port, ssl=context, **arguments)
        plug = socket.socket()
        try:
            plug.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BYTES)
            plug.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)  # a server that is gone is noticed
            for name, value in KEEP_ALIVE:
                plug.setsockopt(socket.IPPROTO_TCP, name, value)
            plug.settimeout(CONNECT_SECONDS)
            plug.connect((host, port))
            plug.setblocking(False)
        except OSError:
            plug.close()
            raise
        return await asyncmy.connect(sock=plug, **arguments)

    def _begin(self) -> None:
        seconds = int(self.source.timeout)
        row = self.one("select version()")
        limit = (
            f"set session max_statement_time = {seconds}"
            if row and "mariadb" in str(row[0]).lower()
            else f"set session max_execution_time = {seconds * 1000}"
        )
        self.one(limit)
        self.clock = self._clock()
        for statement in SESSION:
            self.one(statement)

    def _clock(self) -> Clock:
        """Asked before the snapshot is taken: what is open then and commits at once is not seen, and yet is known."""
        # The server makes its list of transactions anew only where nobody has read it for a tenth of a second.
        self.one("select sleep(0.11)")
        self.one("set session time_zone = 'SYSTEM'")  # which the server writes the beginnings of transactions in
        try:
            row = self.one(OPEN)
        except CollectError:  # without the right PROCESS
            self.transactions_hidden = True
            row = self.one("select date_format(utc_timestamp(6), '%Y-%m-%d %H:%i:%s.%f'), null")
        assert row is not None
        now = dt.datetime.fromisoformat(row[0]).replace(tzinfo=dt.UTC)
        return Clock(now, now - dt.timedelta(microseconds=max(0, int(row[1]))) if row[1] is not None else None)

    def _run(self, step: Coroutine[Any, Any, T]) -> T:
        """Run one step of the protocol in the reader's thread (the caller may be inside a loop of its
        own)."""
        return self._thread.submit(self._loop.run_until_complete, step).result()

    def _all(self, statement: str) -> list[tuple[bytes | None, ...]]:
        async def step() -> Any:
            async with self.connection.cursor() as cursor:
                await cursor.execute(statement)
                return await cursor.fetchall()

        try:
            return list(self._run(step()) or [])
        except Exception as error:  # asyncmy's own errors and the socket's
            raise self.source.refused(error) from None

    def one(self, statement: str) -> Sequence[Any] | None:
        """The first row of a short statement; values as text."""
        rows = self._all(statement)
        return tuple(None if v is None else v.decode("utf-8") for v in rows[0]) if rows else None

    def columns(self) -> list[Column]:
        if self.source.query is not None:
            return self._columns_of_query()
        columns = []
        for row in self._all(self._named(CATALOGUE)):
            values = [None if value is None else value.decode("utf-8") for value in row]
            columns.append(self._column(*values))
        return columns

    def _column(
        self,
        name: Any,
        kind: Any,
        declared: Any,
        precision: Any,
        scale: Any,
        comment: Any,
        is_key: Any,
        charset: Any,
    ) -> Column:
        quoted = self.dialect.identifier_preparer.quote_identifier(name)
        arrow, expression = pa.string(), None
        if kind in WHOLE:
            arrow = pa.uint64() if kind == "bigint" and "unsigned" in declared else pa.int64()
        elif kind == "bit":
            arrow, expression = pa.uint64(), f"{quoted} + 0"
        elif kind == "decimal":
            arrow = decimal_type(int(precision), int(scale))
        elif kind == "double":
            arrow = pa.float64()
        elif kind == "float":  # printed with six digits only, unless it is a double
            arrow, expression = pa.float32(), f"{quoted} + 0e0"
        elif kind == "date":
            arrow = pa.date32()
        elif kind == "datetime":
            arrow = pa.timestamp("us")
        elif kind == "timestamp":
            arrow = pa.timestamp("us", tz="UTC")
        elif kind in BYTES:
            arrow = pa.binary()
        elif kind in ("geometry", "point", "linestring", "polygon") or kind.startswith("multi"):
            expression = f"st_astext({quoted})"
        elif charset in ONE_BYTE and self.source.encoding:  # any bytes may stand there, and are taken as they are
            expression = f"cast({quoted} as binary)"
        return Column(name, arrow, declared, expression, comment or None, is_key == "1")

    def _named(self, statement: str) -> str:
        """A statement about the table with its name and schema as SQL texts."""
        schema = literal(self.dialect, self.source.schema) if self.source.schema else "null"
        return statement.format(schema=schema, table=literal(self.dialect, self.source.table))

    def estimate(self) -> int | None:
        row = self.one(self._named(ESTIMATE))
        return int(row[0]) if row and row[0] else None

    def snapshot(self) -> str | None:
        return None  # each session has its own; what changes between them is read again by the first delta

    def join(self, snapshot: str) -> None:
        pass

    def as_text(self, column: Column) -> Column:
        return replace(column, arrow=pa.string())

    def in_bytes(self, columns: Sequence[Column]) -> list[Column]:
        return list(columns)

    def _columns_of_query(self) -> list[Column]:
        """The query's columns by the field types of the protocol; text wherever the type says too little."""
        from asyncmy.constants import FIELD_TYPE as F

        async def step() -> Any:
            async with self.connection.cursor() as cursor:
                await cursor.execute(f"select * from ({self.source.query}) q limit 0")
                return cursor.description

        types = {
            **dict.fromkeys([F.TINY, F.SHORT, F.INT24, F.LONG, F.LONGLONG, F.YEAR], pa.int64()),
            F.DOUBLE: pa.float64(),
            F.DATE: pa.date32(),
            F.DATETIME: pa.timestamp("us"),
        }
        try:
            description = self._run(step())
        except Exception as error:
            raise self.source.refused(error) from None
        quote = self.dialect.identifier_preparer.quote_identifier
        return [
            Column(name, pa.float32(), expression=f"{quote(name)} + 0e0")  # as in a table
            if kind == F.FLOAT
            else Column(name, types.get(kind, pa.string()))
            for name, kind, *_ in description
        ]

    def read(self, statement: str, columns: Sequence[Column], careful: bool = False) -> Iterator[pa.RecordBatch]:
        cursor = self.connection.cursor(SSCursor)
        count = self.source.fetch_rows
        try:
            self._run(cursor.execute(statement))
            while True:
                with no_garbage_collection():
                    rows = self._run(cursor.fetchmany(count))
                    if not rows:
                        break
                    batch = to_batch(rows, columns, self.source.encoding)
                    del rows
                yield batch
                # Each turn of the event loop takes in what the socket holds, so each must use up more than
                # that.
                count = max(self.source.fetch_rows, FETCH_BYTES * batch.num_rows // max(batch.nbytes, 1))
        except Exception as error:
            raise self.source.refused(error) from None

    def close(self) -> None:
        self._run(self._shut())
        self._end()

    async def _shut(self) -> None:
        """Cut the line, whatever is still to come: an open transaction would hold locks at the source."""
        self.connection.close()
        await asyncio.sleep(0)  # the loop closes the socket in its next turn

    def _end(self) -> None:
        self._thread.shutdown(wait=True)
        self._loop.close()


@contextmanager
def no_garbage_collection() -> Iterator[None]:
    """Rows are many new tuples without cycles: looking through them again and again costs a third of the
    rate."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
