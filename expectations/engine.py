"""Great Expectations on DuckDB: the data source that keeps one connection open.

Great Expectations fetches a result after it has given the connection back; DuckDB has then dropped the result
with the rollback. So the connection is kept, as Great Expectations itself does for SQLite. Nothing here knows
a table.
"""

from __future__ import annotations

import builtins
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, Literal

import sqlalchemy as sa
from great_expectations.datasource.fluent import SQLDatasource
from great_expectations.execution_engine import SqlAlchemyExecutionEngine


class DuckDBExecutionEngine(SqlAlchemyExecutionEngine):
    """SQLAlchemy's engine with one connection for its whole life."""

    @contextmanager
    def get_connection(self) -> Generator[sa.Connection, None, None]:
        if self._connection is None:
            self._connection = self.engine.connect()
        yield self._connection

    def run(self, sql: str) -> list[tuple[Any, ...]]:
        """Run ``sql`` on the kept connection (views, look-ups) and give the rows, if it has any."""
        with self.get_connection() as connection:
            answer = connection.exec_driver_sql(sql)
            rows = [tuple(row) for row in answer.fetchall()] if answer.returns_rows else []
            connection.commit()  # others that share the connection begin a transaction of their own
            return rows

    def release(self) -> None:
        """Give memory and files back."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        self.engine.dispose()


class DuckDBDatasource(SQLDatasource):
    """``context.data_sources.add_duckdb``: SQL over an in-memory DuckDB, data source and metrics on one
    engine."""

    type: Literal["duckdb"] = "duckdb"  # type: ignore[assignment]

    @property
    def execution_engine_type(self) -> builtins.type[SqlAlchemyExecutionEngine]:
        return DuckDBExecutionEngine

    def _create_engine(self) -> sa.Engine:
        # One connection for all: in memory, a second one would be another, empty database.
        return sa.create_engine(str(self.connection_string), poolclass=sa.pool.StaticPool)

    def get_execution_engine(self) -> DuckDBExecutionEngine:
        if self._execution_engine is None:
            self._execution_engine = DuckDBExecutionEngine(engine=self.get_engine())
        return self._execution_engine
