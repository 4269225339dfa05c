"""A candidate: the very Parquet files that would be published of one table, for the gate to judge.

Rows are streamed from the warehouse in the order of the primary key, so that the same content gives the same
bytes and a reader can skip row groups by key. What the catalogue says of the table and its columns travels in
the Parquet schema's metadata. Nothing here judges or publishes.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from catalogue.checksums import Expected, all_wrong, sha256_of
from catalogue.errors import GovshareError
from catalogue.installation import Installation
from publishing.files import rename_into_place, sweep, temporary_beside
from publishing.sql import quoted

if TYPE_CHECKING:
    from catalogue.model import BaseTable

ROW_GROUP = 100_000  # rows; a reader that looks for one key decompresses one group
PART_BYTES = 256 << 20  # a transfer that breaks off resumes by file
BATCH = 65_536  # rows that leave DuckDB at once
WORDS = ("description", "title", "standard", "clause", "codes", "sensitivity")  # of a column, to its field
MEMORY = "2GB"  # sorting spills beyond it


class CandidateError(GovshareError):
    """A candidate could not be written."""


@dataclass(frozen=True)
class File:
    """One Parquet file of a candidate or release; ``name`` relative to its folder."""

    name: str
    rows: int
    bytes: int
    sha256: str


@dataclass(frozen=True)
class Candidate:
    """``content_hash``: sha256 over the files' hashes; equal if and only if the bytes are.

    ``columns``: name, type (Arrow's) and the declared metadata of each column, in order. ``description``,
    ``version``: of the table's standard.
    """

    table: str
    path: Path
    rows: int
    bytes: int
    files: Sequence[File]
    content_hash: str
    columns: Sequence[Mapping[str, Any]]
    primary_key: Sequence[str]
    description: str
    version: str

    def expected(self) -> list[Expected]:
        return [Expected(self.path / file.name, file.bytes, file.sha256) for file in self.files]

    def facts(self) -> dict[str, Any]:
        """What a release's manifest says of the content."""
        facts = asdict(self)
        del facts["path"]
        facts["schema"] = facts.pop("columns")
        facts["standard_version"] = facts.pop("version")
        return facts


def write_candidate(
    installation: Installation,
    table: BaseTable,
    warehouse: Path | duckdb.DuckDBPyConnection | None = None,
) -> Candidate:
    """Write ``table`` from the warehouse (opened read-only) to ``candidate/<table>``, replacing the last one.

    ``warehouse`` is a path, an open connection, or by default the installation's warehouse.
    """
    folder = installation.candidate / table.name
    sweep(installation.candidate, table.name)
    if isinstance(warehouse, duckdb.DuckDBPyConnection):
        return _write(warehouse, table, folder)
    path = Path(warehouse or installation.warehouse)
    if not path.exists():
        raise CandidateError("there is no warehouse", where=str(path), remedy="build it first: govshare run")
    with duckdb.connect(str(path), read_only=True) as connection:
        connection.execute(f"set memory_limit = '{MEMORY}'")
        return _write(connection, table, folder)


def _write(connection: duckdb.DuckDBPyConnection, table: BaseTable, folder: Path) -> Candidate:
    relation = _relation(connection, table.name)
    order = ", ".join(quoted(name) for name in table.primary_key) or "all"
    # `sql`, not `execute`: that one would hold the whole answer before the first batch leaves.
    reader = connection.sql(f"select * from {relation} order by {order}").to_arrow_reader(BATCH)
    schema = _described(reader.schema, table)
    temporary = temporary_beside(folder)
    files = list(_parts(reader, schema, temporary))
    digest = hashlib.sha256("".join(file.sha256 for file in files).encode())
    rename_into_place(temporary, folder, replace=True)
    return Candidate(
        table=table.name,
        path=folder,
        rows=sum(file.rows for file in files),
        bytes=sum(file.bytes for file in files),
        files=files,
        content_hash=digest.hexdigest(),
        columns=[_column_facts(field) for field in schema],
        primary_key=list(table.primary_key),
        description=table.description,
        version=str(table.version),
    )


def _relation(connection: duckdb.DuckDBPyConnection, name: str) -> str:
    """The table of this name in the warehouse, whatever schema dbt gave it."""
    found = connection.execute(
        "select table_schema from information_schema.tables where table_name = ? and table_catalog = current_catalog()",
        [name],
    ).fetchall()
    if len(found) != 1:
        raise CandidateError(
            f"the warehouse has {len(found)} tables of this name instead of one",
            where=name,
            remedy="build the warehouse (govshare run); a table name is used once in the dbt project",
        )
    return f"{quoted(found[0][0])}.{quoted(name)}"


def _described(schema: pa.Schema, table: BaseTable) -> pa.Schema:
    """The schema with the catalogue's words as UTF-8 metadata: what a column is, by which standard and
    clause, in which codes, and how sensitive. They travel with the file wherever it goes."""
    declared = {column.name: column for column in table.columns}
    fields = []
    for field in schema:
        column = declared.get(field.name)
        words: dict[str, str] = {}
        if column is not None:
            words = {name: value for name in WORDS if (value := getattr(column, name))}
        fields.append(field.with_metadata(words) if words else field)
    return pa.schema(
        fields,
        metadata={
            "table": table.name,
            "title": table.title,
            "description": table.description,
            "standard_version": str(table.version),
            "primary_key": ",".join(table.primary_key),
        },
    )


def _column_facts(field: pa.Field) -> dict[str, str]:
    words = {key.decode(): value.decode() for key, value in (field.metadata or {}).items()}
    return {"name": field.name, "type": str(field.type), **words}


def _parts(reader: pa.RecordBatchReader, schema: pa.Schema, folder: Path) -> Iterator[File]:
    """Write row groups of equal size; begin a new file when one has grown past ``PART_BYTES``."""
    groups = _groups(reader, schema)
    group: pa.Table | None = next(groups, schema.empty_table())
    number = 0
    while group is not None:
        path = folder / f"part-{number:05d}.parquet"
        rows = 0
        with path.open("wb") as sink:
            with pq.ParquetWriter(sink, schema, compression="zstd", compression_level=3) as writer:
                while group is not None and (rows == 0 or sink.tell() < PART_BYTES):
                    writer.write_table(group, row_group_size=ROW_GROUP)
                    rows += group.num_rows
                    group = next(groups, None)
            sink.flush()
            os.fsync(sink.fileno())
        yield File(path.name, rows, path.stat().st_size, sha256_of(path))
        number += 1


def _groups(reader: pa.RecordBatchReader, schema: pa.Schema) -> Iterator[pa.Table]:
    """Cut the stream into tables of exactly ``ROW_GROUP`` rows: DuckDB's own batches vary with its
    threads."""
    waiting: list[pa.RecordBatch] = []
    rows = 0
    for batch in reader:
        while batch.num_rows and rows + batch.num_rows >= ROW_GROUP:
            waiting.append(batch.slice(0, ROW_GROUP - rows))
            batch = batch.slice(ROW_GROUP - rows)
            yield _table(waiting, schema)
            waiting, rows = [], 0
        if batch.num_rows:
            waiting.append(batch)
            rows += batch.num_rows
    if waiting:
        yield _table(waiting, schema)


def _table(batches: list[pa.RecordBatch], schema: pa.Schema) -> pa.Table:
    return pa.Table.from_arrays(pa.Table.from_batches(batches).columns, schema=schema)


def check_written(candidate: Candidate) -> None:
    """Raise ``CandidateError`` unless the files can be opened, have the rows that were written and their very bytes."""
    wrong = [f"{e.path.name} {words}" for e, words in all_wrong(candidate.expected())]
    for file in candidate.files if not wrong else ():
        rows = pq.read_metadata(candidate.path / file.name).num_rows
        if rows != file.rows:
            wrong.append(f"{file.name} has {rows:,} rows instead of {file.rows:,}")
    if wrong:
        raise CandidateError(
            f"the candidate is damaged: {'; '.join(wrong[:3])}",
            where=candidate.table,
            remedy="see whether the disk is full or failing, then govshare run; the former release stays",
        )


def discard(candidate: Candidate) -> None:
    """Remove a candidate that nobody will publish."""
    shutil.rmtree(candidate.path, ignore_errors=True)
