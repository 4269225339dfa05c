"""Questions in SQL to the analysts' database, read-only in every respect."""

from __future__ import annotations

from typing import Any

import duckdb
import pyarrow as pa

from catalogue.errors import GovshareError, without_values
from catalogue.installation import Installation
from catalogue.redaction import redacted
from publishing.analyst import damage

ANEW = "govshare run makes it anew from the current releases"


class QueryError(GovshareError):
    """The question could not be answered; the message is DuckDB's, without what it quotes of a row."""


def query(installation: Installation, sql: str) -> tuple[list[str], list[tuple[Any, ...]]]:
    """Column names and rows of the answer. SQL that writes, or reads other files, is refused by DuckDB."""
    with _open(installation) as connection:
        try:
            answer = connection.execute(sql)
            return [column[0] for column in answer.description or []], answer.fetchall()
        except duckdb.Error as error:
            raise QueryError(redacted(str(error)), remedy='govshare query "show tables" lists the tables') from error


def query_arrow(installation: Installation, sql: str) -> pa.Table:
    """The answer as one Arrow table, for notebooks."""
    with _open(installation) as connection:
        try:
            answer = connection.sql(sql)
            return answer.to_arrow_table() if answer else pa.table({})
        except duckdb.Error as error:
            raise QueryError(redacted(str(error))) from error


def _open(installation: Installation) -> duckdb.DuckDBPyConnection:
    path = installation.analyst_database
    if not path.exists():
        raise QueryError("there is no analysts' database yet", where=str(path), remedy="govshare run")
    try:
        if found := damage(installation):
            raise QueryError(f"the analysts' database {found}", where=str(path), remedy=ANEW)
        connection = duckdb.connect(str(path), read_only=True)
    except duckdb.Error as error:
        words = f"the analysts' database cannot be opened: {without_values(str(error))}"
        raise QueryError(words, where=str(path), remedy=ANEW) from None
    # Read-only protects this file alone; these two keep a query from the other files of the machine.
    connection.execute("set enable_external_access = false")
    connection.execute("set lock_configuration = true")
    return connection
