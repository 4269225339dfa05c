"""``analyst.duckdb``: one read-only database over the current releases, for people who ask questions in SQL.

Built whole under a temporary name and renamed into place: a reader that has the old file open goes on with
it, and no run ever locks an analyst out. Its table ``releases`` says what it was built from.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from catalogue import private
from catalogue.checksums import Checksums, Expected, sha256_of
from catalogue.errors import GovshareError, without_values
from catalogue.files import read_derived, sync, write_whole
from catalogue.installation import Installation
from publishing.as_of import create_as_of_macros
from publishing.confidence import create_confidence_macros
from publishing.files import sweep, temporary_beside
from publishing.released import CHECKSUMS, current_release, parquet_files, published_tables
from publishing.sql import quoted, text

MEMORY = "2GB"  # tables are streamed from Parquet; more only helps the cache


class AnalystError(GovshareError):
    """The database could not be made; the former file is there as it was."""


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
    known = {manifest["table"]: manifest["content_hash"] for manifest in current}
    if _contents(path) == known and not damage(installation):
        return AnalystDatabase(path, tables, rows, False)
    temporary = temporary_beside(path, folder=False)
    try:
        _write(temporary, current)
        _check(temporary, current)
        private.share([temporary], released=True)  # who opens it for writing by mistake is told so, and harms nobody
        facts = {"bytes": temporary.stat().st_size, "sha256": sha256_of(temporary)}
        write_whole(_facts_file(installation), json.dumps(facts))
        os.replace(temporary, path)
    except (duckdb.Error, OSError) as error:
        raise AnalystError(
            f"the analysts' database could not be written: {without_values(str(error))}",
            where=str(path),
            remedy="see whether the disk is full or failing, then govshare run; the former file stays",
        ) from None
    finally:
        sweep(path.parent, path.name)
    sync(path.parent)
    private.share_published(installation)
    return AnalystDatabase(path, tables, rows, True)


def damage(installation: Installation) -> str | None:
    """What is wrong with the file; null: it is the one that was made, or there is none."""
    if not installation.analyst_database.exists():
        return None
    known = expected(installation)
    if known is None:
        return "is not the one that govshare has made"
    checksums = Checksums(installation.published / CHECKSUMS)
    found = checksums.wrong(known)
    checksums.save()
    return found


def expected(installation: Installation) -> Expected | None:
    """The file as it was made; null where nothing tells."""
    facts = read_derived(_facts_file(installation))
    try:
        return Expected(installation.analyst_database, facts["bytes"], facts["sha256"])
    except (KeyError, TypeError):
        return None


def _facts_file(installation: Installation) -> Path:
    return installation.analyst_database.with_suffix(".json")


def _write(file: Path, current: list[dict[str, Any]]) -> None:
    with duckdb.connect(str(file), config={"memory_limit": MEMORY}) as connection:
        connection.execute(
            "create table releases (table_name varchar, release varchar, rows bigint, "
            "published_at timestamptz, standard_version varchar, gate varchar, content_hash varchar)"
        )
        connection.execute("comment on table releases is '本库各表所据的发布版本'")
        for manifest in current:
            _load(connection, manifest)
        create_as_of_macros(connection, current)
        create_confidence_macros(connection, current)
        # Closing would do the same, and keep it to itself when the disk is full.
        connection.execute("checkpoint")
    with file.open("rb") as written:
        os.fsync(written.fileno())


def _check(file: Path, current: list[dict[str, Any]]) -> None:
    """Open what was written, and count."""
    if file.with_name(f"{file.name}.wal").exists():
        raise OSError("a part of it is still in DuckDB's log")
    with duckdb.connect(str(file), read_only=True) as connection:
        for manifest in current:
            found = connection.execute(f"select count(*) from {quoted(manifest['table'])}").fetchall()[0][0]
            if found != manifest["rows"]:
                raise OSError(f"table {manifest['table']} has {found:,} rows instead of {manifest['rows']:,}")


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
