"""``analyst.duckdb``: one read-only database over the current releases, for people who ask questions in SQL.

Built whole under a temporary name and renamed into place: a reader that has the old file open goes on with
it, and no run ever locks an analyst out. Its table ``releases`` says what it was built from.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from catalogue.installation import Installation
from publishing.as_of import create_as_of_macros
from publishing.confidence import create_confidence_macros
from publishing.files import sweep, sync, temporary_beside
from publishing.release import current_release, parquet_files, published_tables
from publishing.sql import quoted, text

MEMORY = "2GB"  # tables are streamed from Parquet; more only helps the cache


@dataclass(frozen=True)
class AnalystDatabase:
    """``tables``: name and release of each table in it; ``changed``: whether the file was replaced."""

    path: Path
    tables: dict[str, str]
    rows: int
    changed: bool


def build_analyst_database(installation: Installation) -> AnalystDatabase:
    """Bring ``published/analyst.duckdb`` to the current releases; leaves it alone when it shows them
    already."""
    path = installation.analyst_database
    sweep(path.parent, path.name)
    current = [
        manifest
        for table in published_tables(installation)
        if (manifest := current_release(installation, table)) is not None
    ]
    tables = {manifest["table"]: manifest["release"] for manifest in current}
    rows = sum(manifest["rows"] for manifest in current)
    if _contents(path) == {manifest["table"]: manifest["content_hash"] for manifest in current}:
        return AnalystDatabase(path, tables, rows, False)
    temporary = temporary_beside(path, folder=False)
    with duckdb.connect(str(temporary), config={"memory_limit": MEMORY}) as connection:
        connection.execute(
            "create table releases (table_name varchar, release varchar, rows bigint, "
            "published_at timestamptz, standard_version varchar, gate varchar, content_hash varchar)"
        )
        connection.execute("comment on table releases is '本库各表所据的发布版本'")
        for manifest in current:
            _load(connection, manifest)
        create_as_of_macros(connection, current)
        create_confidence_macros(connection, current)
    temporary.chmod(0o444)  # who opens it for writing by mistake is told so, and harms nobody
    os.replace(temporary, path)
    sync(path.parent)
    return AnalystDatabase(path, tables, rows, True)


def _load(connection: duckdb.DuckDBPyConnection, manifest: dict[str, Any]) -> None:
    table = quoted(manifest["table"])
    connection.execute(f"create table {table} as select * from read_parquet(?)", [parquet_files(manifest)])
    words = f"{manifest['description']}(第 {manifest['release']} 版,{manifest['published_at']} 发布)"
    connection.execute(f"comment on table {table} is {text(words)}")
    for column in manifest["schema"]:
        if description := column.get("description"):
            connection.execute(f"comment on column {table}.{quoted(column['name'])} is {text(description)}")
    keys = ("table", "release", "rows", "published_at", "standard_version")
    facts = [*(manifest[key] for key in keys), manifest["gate"]["verdict"], manifest["content_hash"]]
    connection.execute("insert into releases values (?, ?, ?, ?, ?, ?, ?)", facts)


def _contents(path: Path) -> dict[str, str] | None:
    """What the present file was built from; null when there is none, or none that can be read."""
    if not path.exists():
        return None
    try:
        with duckdb.connect(str(path), read_only=True) as connection:
            return dict(connection.execute("select table_name, content_hash from releases").fetchall())
    except duckdb.Error:
        return None
