"""Oracle through oracledb in thin mode (no client to install): the driver's own Arrow batches.

Numbers are asked for as text unless they surely fit 64 bits, since the driver would make floating point of
them; times with a zone arrive in UTC. Run against no Oracle server yet: see the README for which engines
were.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy.dialects.oracle import dialect as oracle_dialect

from connectors.base import CollectError
from connectors.databases.columns import Column, decimal_type
from connectors.databases.fitting import fitted
from connectors.databases.generic import DRIVERS, NOW
from connectors.databases.settings import Source
from connectors.databases.watermarks import Clock, WithoutCommitOrder

CATALOGUE = """
select c.column_name, c.data_type, c.data_precision, c.data_scale, m.comments,
       (select count(*) from all_constraints k
          join all_cons_columns x on x.owner = k.owner and x.constraint_name = k.constraint_name
         where k.constraint_type = 'P' and k.owner = c.owner and k.table_name = c.table_name
           and x.column_name = c.column_name)
from all_tab_columns c
left join all_col_comments m
  on m.owner = c.owner and m.table_name = c.table_name and m.column_name = c.column_name
where c.table_name = :t and c.owner = coalesce(:o, sys_context('userenv', 'current_schema'))
order by c.column_id"""
ESTIMATE = """
select num_rows from all_tables
where table_name = :t and owner = coalesce(:o, sys_context('userenv', 'current_schema'))"""
SESSION = [
    "alter session set time_zone = 'UTC'",
    "alter session set nls_timestamp_format = 'YYYY-MM-DD HH24:MI:SS.FF6'",
    "set transaction read only",  # Oracle's way to one snapshot, too
]
TEXT = {"VARCHAR2", "NVARCHAR2", "CHAR", "NCHAR", "CLOB", "NCLOB", "LONG"}
PLAIN_NUMBER = "to_char({0}, 'TM9', 'NLS_NUMERIC_CHARACTERS=''. ''')"


class OracleReader(WithoutCommitOrder):
    """One read-only transaction of a thin connection."""

    def __init__(self, source: Source) -> None:
        try:
            import oracledb
        except ImportError:
            raise CollectError(
                "no driver for oracle databases is installed",
                where=source.where,
                remedy=f"install it: {DRIVERS['oracle']}",
            ) from None
        self.source = source
        self.dialect: sa.Dialect = oracle_dialect(paramstyle="named")
        self.failed = oracledb.Error
        url = sa.make_url(source.url)
        service = url.query.get("service_name") or url.database
        context = source.tls.context()
        scheme, more = ("tcps://", {"ssl_context": context}) if context is not None else ("", {})
        dsn = f"{scheme}{url.host}:{url.port or 1521}/{service}"
        self.connection: Any = source.connect(
            lambda: oracledb.connect(user=url.username, password=url.password, dsn=dsn, tcp_connect_timeout=30, **more)
        )
        self.connection.call_timeout = int(source.timeout * 1000)
        self.clock = self._clock()
        for statement in SESSION:
            self.connection.cursor().execute(statement)

    def _clock(self) -> Clock:
        with self.connection.cursor() as cursor:
            cursor.execute(NOW["oracle"])
            row = cursor.fetchone()
        return Clock(dt.datetime.fromisoformat(row[0]).replace(tzinfo=dt.UTC) if row else dt.datetime.now(dt.UTC))

    def columns(self) -> list[Column]:
        if self.source.query is not None:
            return self._columns_of_query()
        table = self.dialect.denormalize_name(self.source.table)
        owner = self.dialect.denormalize_name(self.source.schema) if self.source.schema else None
        with self.connection.cursor() as cursor:
            cursor.execute(CATALOGUE, {"t": table, "o": owner})
            return [self.column(*row) for row in cursor]

    def column(
        self, name: str, kind: str, precision: int | None, scale: int | None, comment: str | None, key: int
    ) -> Column:
        """How one column of Oracle's catalogue is selected and lands."""
        quoted = '"' + name.replace('"', '""') + '"'
        arrow, expression = pa.string(), None
        if kind == "NUMBER" and precision and precision <= 18 and not scale:
            arrow = pa.int64()
        elif kind == "NUMBER":
            arrow, expression = decimal_type(precision, scale), PLAIN_NUMBER.format(quoted)
        elif kind in ("BINARY_DOUBLE", "BINARY_FLOAT", "FLOAT"):
            arrow, expression = pa.float64(), f"cast({quoted} as binary_double)"
        elif kind == "DATE":
            arrow = pa.timestamp("us")
        elif kind.startswith("TIMESTAMP") and "ZONE" in kind:
            arrow, expression = pa.timestamp("us", tz="UTC"), f"sys_extract_utc({quoted})"
        elif kind.startswith("TIMESTAMP"):
            arrow = pa.timestamp("us")
        elif kind in ("RAW", "BLOB", "LONG RAW"):
            arrow = pa.binary()
        elif kind not in TEXT:
            expression = f"to_char({quoted})"
        declared = f"{kind}({precision},{scale})" if precision else kind
        shown = str(self.dialect.normalize_name(name))
        return Column(shown, arrow, declared, expression, comment, bool(key))

    def estimate(self) -> int | None:
        table = self.dialect.denormalize_name(self.source.table)
        owner = self.dialect.denormalize_name(self.source.schema) if self.source.schema else None
        with self.connection.cursor() as cursor:
            cursor.execute(ESTIMATE, {"t": table, "o": owner})
            row = cursor.fetchone()
            return row[0] if row else None

    def snapshot(self) -> str | None:
        return None

    def join(self, snapshot: str) -> None:
        pass

    def as_text(self, column: Column) -> Column:
        quoted = '"' + str(self.dialect.denormalize_name(column.name)).replace('"', '""') + '"'
        return replace(column, arrow=pa.string(), expression=f"to_char({quoted})")

    def in_bytes(self, columns: Sequence[Column]) -> list[Column]:
        return list(columns)

    def _columns_of_query(self) -> list[Column]:
        for frame in self.connection.fetch_df_batches(
            f"select * from ({self.source.query}) q where rownum <= 1", size=1
        ):
            fields = pa.table(frame).schema
            return [Column(str(self.dialect.normalize_name(field.name)), _query_type(field.type)) for field in fields]
        return []

    def one(self, statement: str) -> Sequence[Any] | None:
        try:
            with self.connection.cursor() as cursor:
                cursor.execute(statement)
                row = cursor.fetchone()
                return tuple(row) if row else None
        except self.failed as error:
            raise self.source.refused(error) from None

    def read(self, statement: str, columns: Sequence[Column], careful: bool = False) -> Iterator[pa.RecordBatch]:
        try:
            for frame in self.connection.fetch_df_batches(statement, size=self.source.fetch_rows, fetch_decimals=True):
                for batch in pa.table(frame).to_batches():
                    yield fitted(batch, columns)
        except self.failed as error:
            raise self.source.refused(error) from None

    def close(self) -> None:
        self.connection.close()


def _query_type(kind: pa.DataType) -> pa.DataType:
    """Columns of a query: times in one unit, numbers that are not whole as text."""
    if pa.types.is_timestamp(kind):
        return pa.timestamp("us", tz=kind.tz)
    return pa.string() if pa.types.is_decimal(kind) or pa.types.is_large_string(kind) else kind
