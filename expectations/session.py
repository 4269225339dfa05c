"""One sitting of the gate: an in-memory DuckDB over the candidate's files, with Great Expectations on top.

Knows how to put questions and how to clean up; what is asked comes from ``plan`` by way of ``gate``.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import great_expectations as gx
from great_expectations.data_context.types.base import DataContextConfig, InMemoryStoreBackendDefaults

from catalogue.secret import RELATION, Secret
from expectations import engine as duckdb_engine
from expectations.plan import Planned
from expectations.rules import BATCH
from expectations.standards import literal, quoted
from expectations.suite import check_of, expectation
from expectations.verdict import Check

MEMORY = "2GB"
# Counts and no values: the default would show the values themselves of rows that break a rule.
RESULT_FORMAT = {"result_format": "BASIC", "partial_unexpected_count": 0}


class Session:
    """Use as a context manager. ``folder`` holds the candidate's Parquet files; keys of rows are told as hashes by
    ``secret``."""

    def __init__(self, folder: Path, secret: Secret) -> None:
        logging.getLogger("great_expectations").setLevel(logging.WARNING)
        self._spill = folder.with_name(f".tmp-{folder.name}-gate")
        # The default configuration would make a folder for Data Docs among the machine's temporary files.
        stores = InMemoryStoreBackendDefaults(init_temp_docs_sites=False)
        self._context = gx.get_context(
            mode="ephemeral", project_config=DataContextConfig(store_backend_defaults=stores)
        )
        self._context.variables.progress_bars = {"globally": False}  # type: ignore[assignment]
        self._source: duckdb_engine.DuckDBDatasource = self._context.data_sources.add_duckdb(  # type: ignore[attr-defined]
            name="candidate", connection_string="duckdb:///:memory:"
        )
        self._engine = self._source.get_execution_engine()
        self.ask(f"set temp_directory = {literal(str(self._spill))}")
        self.ask(f"set memory_limit = '{MEMORY}'")
        inner, outer = literal(secret.inner), literal(secret.outer)
        self.ask(f"create table {RELATION} as select {inner} as inner_key, {outer} as outer_key")
        self.ask(f"create view {quoted(BATCH)} as select * from {parquet(folder)}")

    def __enter__(self) -> Session:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._engine.release()
        shutil.rmtree(self._spill, ignore_errors=True)

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        """Rows of a question outside Great Expectations (views, the last release's figures)."""
        return self._engine.run(sql)

    def columns(self) -> list[str]:
        """Names of the candidate's columns, in order."""
        return [row[0] for row in self.ask(f"describe {quoted(BATCH)}")]

    def run(self, table: str, planned: Sequence[Planned], key: Sequence[str], rows: int) -> tuple[list[Check], Any]:
        """Put the questions; gives a check for each and Great Expectations' own result for the report."""
        suite = gx.ExpectationSuite(name=table, expectations=[expectation(check, key) for check in planned])
        batch = self._source.add_table_asset(table, table_name=BATCH).add_batch_definition_whole_table(table)
        definition = gx.ValidationDefinition(name=table, data=batch, suite=self._context.suites.add(suite))
        result = self._context.validation_definitions.add(definition).run(result_format=RESULT_FORMAT)
        found = {
            entry.expectation_config.meta["name"]: entry
            for entry in result.results
            if entry.expectation_config and entry.expectation_config.meta
        }
        return [check_of(check, found[check.name], rows) for check in planned], result


def parquet(files: Path | Sequence[str]) -> str:
    """A SQL table expression over Parquet files, or all those of a folder."""
    listed = [str(files / "*.parquet")] if isinstance(files, Path) else files
    return f"read_parquet([{', '.join(map(literal, listed))}])"
