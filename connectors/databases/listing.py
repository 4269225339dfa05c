"""What SQLAlchemy's inspector knows of a database beside its columns: the names and comments of tables.

For people who look at a source for the first time; collecting needs none of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from connectors.base import ResourceLike
from connectors.connections import Connection
from connectors.databases.generic import open_engine
from connectors.databases.settings import Source
from connectors.databases.tls import MYSQL_WORDS

DRIVERS = {
    "postgresql": "postgresql+psycopg",
    "kingbase": "postgresql+psycopg",
    "mysql": "mysql+pymysql",
    "mariadb": "mysql+pymysql",
}


@contextmanager
def _inspector(resource: ResourceLike, connection: Connection) -> Iterator[tuple[sa.Inspector, Source]]:
    source = Source.of(resource, connection, anything=True)
    engine_name, _, rest = source.url.partition("://")
    driver = DRIVERS.get(engine_name.split("+")[0], engine_name)
    plain, arguments = f"{driver}://{rest}", dict[str, Any]()
    if driver == "mysql+pymysql":
        plain = sa.make_url(plain).difference_update_query(MYSQL_WORDS).render_as_string(hide_password=False)
        context = source.tls.context()
        arguments = {"ssl": context} if context is not None else {"ssl_disabled": True}
    elif driver == "postgresql+psycopg":
        plain = sa.make_url(plain).update_query_dict(source.tls.libpq()).render_as_string(hide_password=False)
    source = replace(source, url=plain)
    engine = open_engine(source, connect_args=arguments)
    try:
        yield source.connect(lambda: sa.inspect(engine)), source
    except sa.exc.DBAPIError as error:
        raise source.refused(error) from None
    finally:
        engine.dispose()


def tables_of(resource: ResourceLike, connection: Connection) -> tuple[str, ...]:
    """Tables and views, with their schema where it is not the default one."""
    with _inspector(resource, connection) as (inspector, source):
        names: list[str] = []
        schemas = [source.schema] if source.schema else _schemas(inspector)
        for schema in schemas:
            prefix = f"{schema}." if schema and schema != source.schema else ""
            found = [*inspector.get_table_names(schema), *inspector.get_view_names(schema)]
            names += [prefix + name for name in sorted(found)]
        return tuple(names)


def _schemas(inspector: sa.Inspector) -> list[str | None]:
    """The default schema, then the others of a PostgreSQL; other engines are asked for theirs only."""
    if inspector.dialect.name != "postgresql":
        return [None]
    own = [name for name in inspector.get_schema_names() if not name.startswith(("pg_", "information_schema"))]
    return [None, *(name for name in own if name != inspector.default_schema_name)]


def comment_of(resource: ResourceLike, connection: Connection) -> str:
    """The table's comment; empty where there is none or the engine keeps none."""
    with suppress(Exception), _inspector(resource, connection) as (inspector, source):
        found: Any = inspector.get_table_comment(source.table, schema=source.schema)
        return found.get("text") or ""
    return ""
