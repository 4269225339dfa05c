"""PostgreSQL, and Kingbase which speaks its protocol, through ADBC: binary COPY straight into Arrow.

Types that ADBC does not give as plain Arrow are selected as text. Times outside the calendar (PostgreSQL has
infinity and years before Christ) and bytes that are not text (SQL_ASCII databases) set their rows aside.
"""

from __future__ import annotations

import codecs
import datetime as dt
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import adbc_driver_postgresql.dbapi as adbc
import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import dialect as postgresql_dialect

from connectors.base import CollectError, ReadAgain
from connectors.databases.columns import Column, decimal_type
from connectors.databases.fitting import fitted
from connectors.databases.settings import Source
from connectors.databases.watermarks import Clock

# Types that arrive as plain Arrow; everything else is selected as text.
PLAIN = {
    "int2": pa.int16(),
    "int4": pa.int32(),
    "int8": pa.int64(),
    "float4": pa.float32(),
    "float8": pa.float64(),
    "bool": pa.bool_(),
    "text": pa.string(),
    "varchar": pa.string(),
    "bpchar": pa.string(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us"),
    "timestamptz": pa.timestamp("us", tz="UTC"),
    "bytea": pa.binary(),
}
# Kingbase names some types its own way.
ALIASES = {
    "sys.date": "timestamp",
    "character": "bpchar",
    "varchar2": "varchar",
    "clob": "text",
    "blob": "bytea",
}
CODECS = {"SQL_ASCII": "utf-8", "EUC_CN": "gb2312", "EUC_TW": "big5"}  # else by the encoding's own name
UNCONVERTIBLE = ("invalid byte sequence", "has no equivalent in")
FAILURES = (adbc.Error, OSError, pa.ArrowException)  # what comes while rows stream is no adbc.Error
CATALOGUE = """
select a.attname, coalesce(nullif(t.typbasetype, 0)::regtype::text, t.typname) as base, t.typname, t.typtype,
       case when t.typtype = 'd' then t.typtypmod else a.atttypmod end as typmod,
       format_type(a.atttypid, a.atttypmod) as declared,
       col_description(a.attrelid, a.attnum) as remark,
       coalesce(a.attnum = any(i.indkey), false) as is_key,
       b.typname as base_name
from pg_attribute a
join pg_type t on t.oid = a.atttypid
left join pg_type b on b.oid = t.typbasetype
left join pg_index i on i.indrelid = a.attrelid and i.indisprimary
where a.attrelid = to_regclass({relation}) and a.attnum > 0 and not a.attisdropped
order by a.attnum"""
CLOCK = """
select to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.US'),
       to_char(min(xact_start) at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')
from pg_stat_activity where backend_xid is not null and pid <> pg_backend_pid()"""
OWN_ROWS = ("r", "p", "m")  # tables, partitioned ones, kept views: their rows name the transaction that wrote them
SAME_ROUND = 2_000_000_000
KEEP_ALIVE = {  # seconds: a server that is gone is noticed, not waited for
    "connect_timeout": "30",
    "keepalives_idle": "60",
    "keepalives_interval": "15",
    "keepalives_count": "4",
}
BATCH_BYTES = 4 << 20  # ADBC's own 16 MB read no faster and take more memory


class PostgresqlReader:
    """One read-only repeatable-read transaction. The order of commits is that of the rows' ``xmin``: with each delta
    come the rows of all transactions that the former snapshot could not see, whatever their watermark says. It takes
    a look at every row of the table there, as no index knows them."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.dialect: sa.Dialect = postgresql_dialect(paramstyle="named")
        url = sa.make_url(source.url)
        url = url.set(drivername="postgresql", query={**KEEP_ALIVE, **url.query, **source.tls.libpq()})
        plain = url.render_as_string(hide_password=False)
        self.connection = source.connect(lambda: adbc.connect(plain))
        self.transactions_hidden = False
        try:
            self._begin()
        except FAILURES as error:
            self.connection.close()
            raise source.refused(error) from None

    def _begin(self) -> None:
        """Start a new transaction with the session's limits; ends the former one."""
        self.connection.rollback()
        with self.connection.cursor() as cursor:
            cursor.execute(f"set statement_timeout = '{int(self.source.timeout * 1000)}ms'")
            cursor.execute("set session characteristics as transaction isolation level repeatable read, read only")
            cursor.execute("set client_encoding = 'UTF8'")
            cursor.execute("set standard_conforming_strings = on")  # how our literals are written
            self.connection.commit()
            row = self._asked(cursor, CLOCK)  # before the snapshot is taken: what commits in between is known as open
            self.connection.commit()
            self.transactions_hidden = row is None
            now, since = row or (None, None)
            self.clock = Clock(_utc(now) if now else dt.datetime.now(dt.UTC), _utc(since) if since else None)
            row = self._asked(cursor, "select txid_snapshot_xmin(txid_current_snapshot())")
            self._oldest: int | None = row[0] if row else None
            cursor.execute("select current_setting('server_encoding')")
            self.encoding = str(cursor.fetchone()[0])

    def _asked(self, cursor: Any, statement: str) -> Sequence[Any] | None:
        """A row of the server's own state; null where one of PostgreSQL's kin does not have it."""
        try:
            cursor.execute(statement)
            row: Sequence[Any] | None = cursor.fetchone()
        except FAILURES:
            self.connection.rollback()
            return None
        return row

    def columns(self) -> list[Column]:
        if self.source.query is not None:
            return self._columns_of_query()
        quote = self.dialect.identifier_preparer.quote_identifier
        columns = []
        for name, _, kind, category, typmod, declared, comment, is_key, base in self._all(
            CATALOGUE.format(relation=self._relation())
        ):
            kind = ALIASES.get(base or kind, base or kind)
            expression = None
            if kind == "numeric":
                scaled = typmod is not None and typmod > 4
                arrow = decimal_type((typmod - 4) >> 16, (typmod - 4) & 0x7FF) if scaled else pa.string()
            elif kind in PLAIN and (category == "b" or base):
                arrow = PLAIN[kind]
            else:
                arrow, expression = pa.string(), f"{quote(name)}::text"
            columns.append(Column(name, arrow, declared, expression, comment, bool(is_key)))
        return self.in_bytes(columns) if self.source.encoding else columns

    def _relation(self) -> str:
        """The table's name as a SQL text, for ``to_regclass``."""
        quote = self.dialect.identifier_preparer.quote_identifier
        parts = [*(self.source.schema or "").split("."), self.source.table]
        relation = ".".join(quote(part) for part in parts if part)
        return "'" + relation.replace("'", "''") + "'"

    def estimate(self) -> int | None:
        table = f"to_regclass({self._relation()})"
        statement = f"""select sum(reltuples)::bigint from pg_class where oid = {table}
            or oid in (select relid from pg_partition_tree({table}) where isleaf)"""
        row = self.one(statement)
        return row[0] if row else None

    def snapshot(self) -> str | None:
        try:
            row = self.one("select pg_export_snapshot()")
        except CollectError:  # a standby server exports none
            self._begin()
            return None
        return row[0] if row else None

    def join(self, snapshot: str) -> None:
        self.connection.rollback()
        with self.connection.cursor() as cursor:
            cursor.execute(f"set transaction snapshot '{snapshot}'")

    def position(self) -> str | None:
        """The oldest transaction that was not finished when the snapshot was taken, if the table's rows know theirs."""
        if self.source.query is not None or self._oldest is None:
            return None
        row = self.one(f"select relkind::text from pg_class where oid = to_regclass({self._relation()})")
        return str(self._oldest) if row and row[0] in OWN_ROWS else None

    def written_since(self, position: str) -> str | None:
        """Rows of transactions that were not finished at the position: what they wrote, no earlier snapshot had seen.

        Numbers of transactions go round after four thousand million, and those of another server say nothing.
        """
        if self._oldest is None or not position.isdecimal() or not 0 <= self._oldest - int(position) < SAME_ROUND:
            return None
        return f"age(xmin) <= age('{int(position) % (1 << 32)}'::xid)"

    def steps(self) -> Sequence[str]:
        """Transaction, command within it, place: as rows that are only ever added were written."""
        return ("age(xmin) desc", "cmin::text::bigint", "ctid") if self.position() is not None else ()

    def as_text(self, column: Column) -> Column:
        """The same column landed as the database writes it."""
        quoted = self.dialect.identifier_preparer.quote_identifier(column.name)
        return replace(column, arrow=pa.string(), expression=column.expression or f"{quoted}::text")

    def in_bytes(self, columns: Sequence[Column]) -> list[Column]:
        """The columns with their texts as the bytes that the server has, which it can always give."""
        return [self._in_bytes(column) if pa.types.is_string(column.arrow) else column for column in columns]

    def _in_bytes(self, column: Column) -> Column:
        if column.expression and column.expression.startswith("convert_to("):
            return column
        text = column.expression or f"{self.dialect.identifier_preparer.quote_identifier(column.name)}::text"
        padded = re.fullmatch(r"character\((\d+)\)", column.declared)
        if padded:  # becoming text has taken the padding away
            text = f"rpad({text}, {padded[1]})"
        return replace(column, expression=f"convert_to({text}, '{self.encoding}')")

    def _columns_of_query(self) -> list[Column]:
        with self.connection.cursor() as cursor:
            try:
                cursor.execute(f"select * from ({self.source.query}) q limit 0")
                schema = cursor.fetch_arrow_table().schema
            except FAILURES as error:
                raise self.source.refused(error) from None
        plain = set(PLAIN.values())
        quote = self.dialect.identifier_preparer.quote_identifier
        columns = []
        for field in schema:
            if field.type in plain:
                columns.append(Column(field.name, field.type))
            elif getattr(field.type, "type_name", "") == "numeric":
                columns.append(Column(field.name, pa.string()))
            else:
                columns.append(Column(field.name, pa.string(), "", f"{quote(field.name)}::text"))
        return columns

    def _all(self, statement: str) -> list[tuple[Any, ...]]:
        with self.connection.cursor() as cursor:
            try:
                cursor.execute(statement)
                return list(cursor.fetchall())
            except FAILURES as error:
                raise self.source.refused(error) from None

    def one(self, statement: str) -> Sequence[Any] | None:
        rows = self._all(statement)
        return rows[0] if rows else None

    def read(self, statement: str, columns: Sequence[Column], careful: bool = False) -> Iterator[pa.RecordBatch]:
        """``careful``: the columns are those of ``in_bytes``, decoded value by value where needed."""
        if careful:
            self._begin()  # the failure of the first try has ended the transaction
        codec = self.source.encoding or codec_of(self.encoding)
        with self.connection.cursor() as cursor:
            cursor.adbc_statement.set_options(**{"adbc.postgresql.batch_size_hint_bytes": str(BATCH_BYTES)})
            try:
                cursor.execute(statement)
                for batch in cursor.fetch_record_batch():
                    yield fitted(batch, columns, codec)
            except FAILURES as error:
                if not careful and any(words in str(error) for words in UNCONVERTIBLE):
                    raise ReadAgain("text that is not of the database's encoding") from None
                raise self.source.refused(error) from None

    def close(self) -> None:
        self.connection.close()


def _utc(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


def codec_of(encoding: str) -> str:
    """Python's name of a server encoding (``LATIN1``, ``WIN1251``, ``EUC_CN`` …)."""
    name = CODECS.get(encoding, encoding.replace("WIN", "cp"))
    try:
        return codecs.lookup(name).name
    except LookupError:
        return "utf-8"
