"""The PostgreSQL and MariaDB of the machine, each test module in a database of its own.

Where a server is not there its tests skip, except in CI, where it must be.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pymysql
import pytest
from support.collecting import server_or_skip

POSTGRESQL = "postgresql://postgres@127.0.0.1:5432"
MARIADB = {"host": "127.0.0.1", "port": 3306, "user": "root", "password": ""}


@contextmanager
def postgresql_database(encoding: str = "UTF8") -> Iterator[str]:
    """A new database; its URL."""
    name = f"govshare_{uuid.uuid4().hex[:12]}"
    try:
        admin = psycopg.connect(f"{POSTGRESQL}/postgres", autocommit=True)
    except psycopg.OperationalError as error:
        server_or_skip(error, "PostgreSQL")
    with admin:
        admin.execute(f"create database {name} encoding '{encoding}' lc_collate 'C' lc_ctype 'C' template template0")
        try:
            yield f"{POSTGRESQL}/{name}"
        finally:
            admin.execute(f"drop database {name} with (force)")


def postgresql(url: str, *statements: str) -> list[Any]:
    """Run statements; the rows of the last one."""
    with psycopg.connect(url, autocommit=True) as connection:
        cursor: Any = None
        for statement in statements:
            cursor = connection.execute(statement.encode())
        return cursor.fetchall() if cursor is not None and cursor.description else []


@contextmanager
def mariadb_database() -> Iterator[str]:
    """A new database; its URL."""
    name = f"govshare_{uuid.uuid4().hex[:12]}"
    try:
        admin = pymysql.connect(**MARIADB, autocommit=True)
    except pymysql.err.OperationalError as error:
        server_or_skip(error, "MariaDB")
    with admin, admin.cursor() as cursor:
        cursor.execute(f"create database {name} character set utf8mb4")
        try:
            yield f"mariadb://root@127.0.0.1:3306/{name}"
        finally:
            cursor.execute(f"drop database {name}")


def mariadb(url: str, *statements: str, mode: str = "") -> list[Any]:
    """Run statements under a sql_mode that takes any value; the rows of the last one."""
    database = url.rsplit("/", 1)[1]
    connection = pymysql.connect(**MARIADB, database=database, autocommit=True, charset="utf8mb4")
    with connection, connection.cursor() as cursor:
        cursor.execute(f"set sql_mode = '{mode}'")
        for statement in statements:
            cursor.execute(statement)
        return list(cursor.fetchall())


def skip_without(module: str, extra: str) -> Any:
    """The driver, or a skip that says what to install."""
    return pytest.importorskip(module, reason=f"needs pip install 'govshare[{extra}]'")
