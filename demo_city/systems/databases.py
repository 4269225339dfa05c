"""Databases: SQLite files, or the tables of all departments in one PostgreSQL, MySQL or MariaDB.

Columns are text as departments have it; numbers are numbers, and the update time is a timestamp where the
engine has one. There is no primary key: real tables of this kind hold records twice.
"""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

import sqlalchemy as sa

from demo_city.delivery import Delivery, Item
from demo_city.register import Table
from demo_city.systems.parts import UNFINISHED, delivered

PASSWORD = "GOVSHARE_DEMO_PASSWORD"
VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
PORTION = 10_000  # rows sent at a time


class Store(Protocol):
    """Where tables lie. ``connection`` gives the entry of ``connections.toml``."""

    def writer(self, place: Table) -> TableWriter: ...
    def connection(self, name: str) -> dict[str, str]: ...
    def close(self) -> None: ...


class TableWriter(Protocol):
    def write(self, delivery: Delivery) -> None: ...
    def delete(self, keys: Sequence[str]) -> None: ...
    def close(self) -> None: ...


def rows_of(delivery: Delivery) -> Iterator[tuple[Any, ...]]:
    items = delivered(delivery)
    return zip(*(_python_values(item) for item in items), strict=True)


def _python_values(item: Item) -> list[Any]:
    values = item.values.to_pylist()
    return [None if v is None else float(v) for v in values] if item.number else values


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


class SqliteStore:
    """One file a connection beside ``connections.toml``. Day one writes a new file, later days change it."""

    def __init__(self, folder: Path, new: bool) -> None:
        self.folder, self.new = folder, new
        self.opened: dict[str, sqlite3.Connection] = {}

    def _path(self, connection: str) -> Path:
        return self.folder / f"{connection}.sqlite"

    def writer(self, place: Table) -> SqliteTable:
        if place.connection not in self.opened:
            path = self._path(place.connection)
            session = sqlite3.connect(f"{path}{UNFINISHED}" if self.new else path, isolation_level=None)
            if self.new:
                session.executescript("pragma journal_mode = off; pragma synchronous = off;")
            session.execute("begin")
            self.opened[place.connection] = session
        return SqliteTable(self.opened[place.connection], place, self.new)

    def connection(self, name: str) -> dict[str, str]:
        return {"url": f"sqlite:///{name}.sqlite"}

    def close(self) -> None:
        for connection, session in self.opened.items():
            session.execute("commit")
            session.close()
            if self.new:
                os.replace(f"{self._path(connection)}{UNFINISHED}", self._path(connection))


class SqliteTable:
    def __init__(self, session: sqlite3.Connection, place: Table, new: bool) -> None:
        self.session, self.place, self.new, self.made = session, place, new, False

    def write(self, delivery: Delivery) -> None:
        items = delivered(delivery)
        if self.new and not self.made:
            columns = ", ".join(f"{quoted(i.name)} {'real' if i.number else 'text'}" for i in items)
            self.session.execute(f"create table {quoted(self.place.name)} ({columns})")
            self.made = True
        marks = ", ".join("?" * len(items))
        self.session.executemany(f"insert into {quoted(self.place.name)} values ({marks})", rows_of(delivery))

    def delete(self, keys: Sequence[str]) -> None:
        statement = f"delete from {quoted(self.place.name)} where {quoted(self.place.key)} = ?"
        self.session.executemany(statement, [(key,) for key in keys])

    def close(self) -> None:
        if self.new:
            for column in (self.place.clock, self.place.key):
                name = quoted(f"{self.place.name}_{column}")
                self.session.execute(f"create index {name} on {quoted(self.place.name)} ({quoted(column)})")


def filled(url: str) -> str:
    """The URL with the environment's values for ``${NAME}``."""
    return VARIABLE.sub(lambda match: os.environ[match[1]], url)


def without_password(url: str) -> str:
    """The URL for ``connections.toml``: a password in it becomes a variable of the environment."""
    parsed = sa.make_url(VARIABLE.sub("x", url))
    if parsed.password is None or VARIABLE.search(url):
        return url
    return (
        parsed.set(password="PASSWORD").render_as_string(hide_password=False).replace("PASSWORD", f"${{{PASSWORD}}}", 1)
    )


class ServerStore:
    """Tables of all connections in the database of one URL; in PostgreSQL each connection has a schema."""

    def __init__(self, url: str, new: bool) -> None:
        self.url, self.new = url, new
        parsed = sa.make_url(filled(url))
        self.postgresql = parsed.get_backend_name() == "postgresql"
        driver = "postgresql+psycopg" if self.postgresql else "mysql+pymysql"
        self.engine = sa.create_engine(parsed.set(drivername=driver))
        self.session = self.engine.connect()

    def writer(self, place: Table) -> ServerTable:
        schema = place.connection if self.postgresql else None
        if schema and self.new:
            self.session.execute(sa.schema.CreateSchema(schema, if_not_exists=True))
        return ServerTable(self.session, place, schema, self.new)

    def connection(self, name: str) -> dict[str, str]:
        entry = {"url": without_password(self.url)}
        return entry | {"schema": name} if self.postgresql else entry

    def close(self) -> None:
        self.session.commit()
        self.session.close()
        self.engine.dispose()


class ServerTable:
    """COPY into PostgreSQL, many-row inserts into MySQL."""

    def __init__(self, session: sa.Connection, place: Table, schema: str | None, new: bool) -> None:
        self.session, self.place, self.schema, self.new = session, place, schema, new
        self.table: sa.Table | None = None

    def _table(self, delivery: Delivery) -> sa.Table:
        if self.table is None:
            columns = [sa.Column(item.name, self._type(item)) for item in delivered(delivery)]
            self.table = sa.Table(self.place.name, sa.MetaData(schema=self.schema), *columns)
            if self.new:
                self.table.drop(self.session, checkfirst=True)
                self.table.create(self.session)
        return self.table

    def _type(self, item: Item) -> Any:
        if item.number:
            return sa.Numeric(22, 6)
        if item.name == self.place.clock:
            return sa.DateTime()
        # MySQL indexes a text column only by a prefix.
        return sa.String(64) if item.name == self.place.key else sa.Text()

    def write(self, delivery: Delivery) -> None:
        table, rows = self._table(delivery), rows_of(delivery)
        if self.schema is None:
            self._insert(table, list(rows))
            return
        name = f"{quoted(self.schema)}.{quoted(self.place.name)}"
        cursor = self.session.connection.cursor()  # type: ignore[union-attr]
        with cursor.copy(f"copy {name} from stdin") as copy:
            for row in rows:
                copy.write_row(row)

    def _insert(self, table: sa.Table, rows: list[tuple[Any, ...]]) -> None:
        names = ", ".join(f"`{column.name}`" for column in table.columns)
        marks = ", ".join(["%s"] * len(table.columns))
        statement = f"insert into `{table.name}` ({names}) values ({marks})"
        cursor = self.session.connection.cursor()  # type: ignore[union-attr]
        for start in range(0, len(rows), PORTION):
            cursor.executemany(statement, rows[start : start + PORTION])

    def delete(self, keys: Sequence[str]) -> None:
        table = sa.Table(self.place.name, sa.MetaData(schema=self.schema), sa.Column(self.place.key))
        for start in range(0, len(keys), PORTION):
            self.session.execute(sa.delete(table).where(table.c[self.place.key].in_(keys[start : start + PORTION])))

    def close(self) -> None:
        if self.new and self.table is not None:
            for column in (self.place.clock, self.place.key):
                sa.Index(f"{self.place.name}_{column}", self.table.c[column]).create(self.session)
