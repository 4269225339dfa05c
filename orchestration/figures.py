"""Numbers that assets and checks show, read from a finished warehouse or written down by its last build.

Counts only, never a value of a row. What they mean is decided where they are made, in ``dbt_project``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import duckdb

from catalogue.installation import Installation
from orchestration.keys import ACCOUNT
from publishing.sql import quoted

COUNTS = ("merged", "superseded", "duplicate", "set_aside")
SET_ASIDE = "set_aside"


@dataclass(frozen=True)
class Entry:
    """One resource's line of the account. ``delivered`` and ``left_out``: rows by the manifests of the batches that
    went into the build, counted by whoever read them."""

    resource: str
    delivered: int
    left_out: int
    landed: int
    outcomes: Mapping[str, int]
    says_so: bool

    @property
    def balances(self) -> bool:
        return (
            self.says_so
            and self.delivered == self.landed + self.left_out
            and self.landed == sum(self.outcomes.values())
        )


class Warehouse:
    """Read-only questions to the warehouse, at a time when dbt does not write."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        # Counted: `estimated_size` counts deleted rows as well.
        names = self._ask("select schema_name, table_name from duckdb_tables()")
        counts = ", ".join(f"(select count(*) from {quoted(schema)}.{quoted(name)})" for schema, name in names)
        found = self._ask(f"select {counts}")[0] if names else ()
        self.rows: dict[tuple[str, str], int] = dict(zip(names, found, strict=True))  # type: ignore[arg-type]

    def set_aside(self) -> dict[str, list[dict[str, Any]]]:
        """Resource → how many rows (or single claims) each rule kept out, the most first."""
        if not (table := self._table(SET_ASIDE)):
            return {}
        found: dict[str, list[dict[str, Any]]] = {}
        for resource, scope, rule, title, count in self._ask(
            f"select resource, scope, rule, any_value(title), count(*) as n from {table} "
            "group by resource, scope, rule order by resource, n desc, rule, scope"
        ):
            found.setdefault(resource, []).append(
                {
                    "rule": rule,
                    "问题": title or "",
                    "范围": {"row": "整行", "claim": "其中一项"}.get(scope, scope),
                    "count": count,
                }
            )
        return found

    def account(self) -> list[Entry]:
        """Every line of the account."""
        if not (table := self._table(ACCOUNT)):
            return []
        columns = f"resource, delivered, left_out, landed, balanced, {', '.join(COUNTS)}"
        return [
            Entry(resource, delivered, left_out, landed, dict(zip(COUNTS, counts, strict=True)), bool(says_so))
            for resource, delivered, left_out, landed, says_so, *counts in self._ask(
                f"select {columns} from {table} order by resource"
            )
        ]

    def _table(self, name: str) -> str | None:
        return next((f'"{schema}"."{table}"' for schema, table in self.rows if table == name), None)

    def _ask(self, sql: str) -> list[tuple[Any, ...]]:
        return self._connection.execute(sql).fetchall()


@contextmanager
def warehouse(installation: Installation) -> Iterator[Warehouse]:
    with duckdb.connect(str(installation.warehouse), read_only=True) as connection:
        yield Warehouse(connection)
