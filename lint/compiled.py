"""The dbt project compiled for a target, without a warehouse, without Spark and without a network.

A model asks the warehouse which columns a staging model has. On Spark nobody is there: ``Answers`` stands for the
connection, and knows the columns from the SQL that dbt has just compiled. DuckDB gets empty tables with these columns.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest.mock import patch

import duckdb
import sqlglot
from dbt.adapters.contracts.connection import Connection, ConnectionState
from dbt.adapters.spark.connections import SparkConnectionManager
from sqlglot.expressions import Query

from catalogue.dbt import as_dbt, run_dbt, run_dbt_here
from catalogue.installation import DBT_PROJECT, Installation

INPUTS = {
    "build": "lint",
    "at": "2024-01-01T00:00:00+00:00",
    "day": "2024-01-01",
    "full": True,
    "parts": {},
    "delivered": {},
    "new": {},
    "history": [],
    "decisions": {},
}
COMPILE = ("--quiet", "compile", "--threads", "1")
TEXT_OF_FILE = re.compile(r"from binaryFile\.`([^`]+)`")
COLUMNS_OF = re.compile(r"describe extended `?(\w+)`?\.`?(\w+)`?")


def compiled(installation: Installation, target: str) -> dict[Path, str]:
    """File of the project → its SQL for ``target``, of all models. Spark comes first, and the installation is none that
    anything else works on."""
    inputs = installation.warehouse.with_name("inputs.json")
    inputs.parent.mkdir(parents=True, exist_ok=True)
    inputs.write_text(json.dumps(INPUTS), encoding="utf-8")
    folder = _compile_for_spark(installation) if target == "spark" else _compile_for_duckdb(installation)
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    models = (node for node in manifest["nodes"].values() if node["resource_type"] == "model")
    return {Path(node["original_file_path"]): node["compiled_code"] for node in models if node["language"] == "sql"}


def staged_columns(folder: Path, content: Path, model: str) -> list[str]:
    """The columns of a staging model that has been compiled for Spark; none for any other."""
    file = next(content.rglob(f"{model}.sql"), None)
    if file is None:
        return []
    # dbt puts it where the content lies as seen from the project, wherever that leads to.
    sql = os.path.normpath(folder / "compiled" / "govshare" / os.path.relpath(file, DBT_PROJECT))
    return _columns_selected(Path(sql).read_text(encoding="utf-8"))


@cache  # a staging model is asked for by everything that reads it
def _columns_selected(sql: str) -> list[str]:
    query = sqlglot.parse_one(sql, dialect="spark")
    assert isinstance(query, Query)
    return query.named_selects


class Answers:
    """A connection to Spark as dbt uses it, that answers what is asked while models are compiled."""

    def __init__(self, folder: Path, content: Path) -> None:
        self.folder, self.content = folder, content
        self.rows: list[tuple[Any, ...]] = []
        self.description: list[tuple[Any, ...]] = []

    def cursor(self) -> Answers:
        return self

    def execute(self, sql: str, bindings: Any = None) -> None:
        self.rows, names = [], ["col_name", "data_type", "comment"]
        if file := TEXT_OF_FILE.search(sql):
            self.rows, names = [(Path(file[1]).read_text(encoding="utf-8"),)], ["content"]
        elif relation := COLUMNS_OF.search(sql):
            self.rows = [(column, "string", None) for column in staged_columns(self.folder, self.content, relation[2])]
        self.description = [(name, "string", None, None, None, None, True) for name in names]

    def fetchall(self) -> list[tuple[Any, ...]]:
        return self.rows

    def fetchone(self) -> tuple[Any, ...] | None:
        return self.rows[0] if self.rows else None

    def close(self) -> None: ...

    def cancel(self) -> None: ...

    def rollback(self) -> None: ...


def _answered(folder: Path, content: Path) -> Any:
    def answer(connection: Connection) -> Connection:
        connection.handle, connection.state = Answers(folder, content), ConnectionState.OPEN
        return connection

    return patch.object(SparkConnectionManager, "open", staticmethod(answer))


@contextmanager
def _pyspark_to_be_found() -> Iterator[None]:
    """dbt-spark only asks whether pyspark can be imported. Not ``patch.dict``, which would make the process forget all
    that was imported meanwhile: dbt cannot be imported twice."""
    ours = ModuleType("pyspark")
    found = sys.modules.setdefault("pyspark", ours)
    try:
        yield
    finally:
        if found is ours:
            del sys.modules["pyspark"]


def _compile_for_spark(installation: Installation) -> Path:
    folder = _spark_folder(installation)
    with _pyspark_to_be_found(), as_dbt(installation, folder), _answered(folder, installation.content):
        run_dbt_here(installation, *COMPILE, "--target", "spark")
    return folder


def _compile_for_duckdb(installation: Installation) -> Path:
    installation.warehouse.unlink(missing_ok=True)
    with duckdb.connect(str(installation.warehouse)) as warehouse:
        warehouse.execute("create schema staging")
        for file in installation.content.rglob("stg_*.sql"):
            names = staged_columns(_spark_folder(installation), installation.content, file.stem)
            columns = ", ".join(f'null::varchar as "{name}"' for name in names)
            warehouse.execute(f"create table staging.{file.stem} as select {columns} where false")
    run_dbt(installation, *COMPILE)
    return installation.dbt_target


def _spark_folder(installation: Installation) -> Path:
    return installation.dbt_target / "spark"
