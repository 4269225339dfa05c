"""Landing: where batches lie, and how one becomes visible.

A batch is written under ``landing/.tmp``, everything is synced to disk, then one rename makes it
``landing/<department>/<resource>/<batch>``. It is never changed afterwards. Of two collectors of one resource
the first rename wins and the other fails. What to land is decided in ``connectors.collect``; nothing here
knows a kind of source.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from catalogue.files import sync
from catalogue.installation import Installation
from catalogue.names import as_engine
from connectors import parts
from connectors.base import OPTIONAL_COLUMNS, CollectError, ResourceLike, colliding, where
from connectors.manifest import (
    EMPTY,
    MANIFEST,
    DamagedBatch,
    Manifest,
    committed,
    damaged,
    read_batch,
)
from connectors.parts import Parts
from connectors.scratch import new_folder, root_of, sweep
from connectors.shown import shown_name
from connectors.unlike import as_type, schema_beside
from connectors.withdrawal import last_number

__all__ = ["Landing", "Manifest", "committed", "damaged", "ensure_empty", "sweep"]

ROW_GROUP_BYTES = 48 << 20
PENDING_WRITES = 1  # row groups that wait while the source is being read


class Landing:
    """One batch while it is written. Use as a context manager; without ``commit`` nothing remains.

    ``schema`` are the source's columns; the address columns are added here. Rows are written by a thread of
    its own, so that reading the source and compressing overlap.

    >>> with Landing(installation, resource, past) as landing:      # doctest: +SKIP
    ...     landing.begin(schema)
    ...     landing.write(record_batch)
    ...     manifest = landing.commit(mode="full")
    """

    def __init__(self, installation: Installation, resource: ResourceLike, number: int) -> None:
        self.installation, self.resource = installation, resource
        self.batch = f"{number:06d}"
        self.rows = 0
        self.deletes = 0
        self.problems: Counter[str] = Counter()
        self.started = datetime.now(UTC)
        self._folder, lock = new_folder(root_of(installation))
        self._lock: int | None = lock
        self._group: list[pa.RecordBatch] = []
        self._group_rows = self._group_bytes = 0
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="landing")
        self._pending: deque[Future[None]] = deque()

    def __enter__(self) -> Landing:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.abandon()

    def abandon(self) -> None:
        """Stop writing and take the temporary folder away; after a commit there is nothing left to take."""
        self._pool.shutdown(wait=True, cancel_futures=True)
        if hasattr(self, "_parts"):
            self._parts.abandon()
        shutil.rmtree(self._folder, ignore_errors=True)
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    @property
    def scratch(self) -> Path:
        """A folder for working files of this collection; it goes away with the temporary folder."""
        folder = self._folder / "scratch"
        folder.mkdir(exist_ok=True)
        return folder

    def begin(self, schema: pa.Schema, past: Sequence[Manifest] = ()) -> None:
        """Set the source's columns. Those that engines take for another column, ours or theirs, are refused."""
        if alike := colliding(schema.names):
            shown = "; ".join(" and ".join(map(shown_name, group)) for group in alike)
            raise CollectError(
                f"the source has columns that differ in case only, or are named like govshare's own: {shown}",
                where=where(self.resource),
                remedy="have them renamed at the source, or read the table through `query` in meta.connector and give "
                "them other names there; under `contract: set_aside` only declared columns land",
            )
        if not all(schema.names):
            raise CollectError(
                f"column {schema.names.index('') + 1} of the source has no name",
                where=where(self.resource),
                remedy="read the table through `query` in meta.connector and give every column a name there",
            )
        given = pa.schema([pa.field(f.name, landed_type(f.type)) for f in schema])
        self.columns = tuple((field.name, str(field.type)) for field in given)
        self.source_schema = schema_beside(given, past, self.resource.items)
        address = [("_batch", pa.string()), ("_row", pa.int64()), *OPTIONAL_COLUMNS.items()]
        self.schema = pa.schema([*self.source_schema, *(pa.field(name, kind) for name, kind in address)])
        self._parts = Parts(self._folder, self.schema)

    def write(self, batch: pa.RecordBatch) -> None:
        """Add rows; ``_row`` numbers them in the order of writing, from 1."""
        if batch.num_rows == 0:
            return
        self._group.append(batch)
        self._group_rows += batch.num_rows
        self._group_bytes += batch.nbytes
        if self._group_rows >= parts.ROW_GROUP_ROWS or self._group_bytes >= ROW_GROUP_BYTES:
            self._hand_over()

    def _hand_over(self) -> None:
        group, self._group = self._group, []
        self._group_rows = self._group_bytes = 0
        while len(self._pending) >= PENDING_WRITES:
            self._pending.popleft().result()
        self._pending.append(self._pool.submit(self._write_group, group))

    def _write_group(self, group: list[pa.RecordBatch]) -> None:
        self._parts.write([self._addressed(batch) for batch in group])

    def _addressed(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """The batch in the landed schema, with its address columns filled in and its facts counted."""
        count = batch.num_rows
        names = set(batch.schema.names)
        columns: list[pa.Array] = []
        for field in self.source_schema:
            if field.name not in names:
                columns.append(pa.nulls(count, field.type))
                continue
            column = plain(batch.column(field.name))
            columns.append(column if column.type == field.type else as_type(column, field.type))
        columns.append(pa.repeat(pa.scalar(self.batch), count))
        columns.append(pa.array(numpy.arange(self.rows + 1, self.rows + 1 + count, dtype="int64")))
        for name, kind in OPTIONAL_COLUMNS.items():
            if name in names:
                columns.append(batch.column(name).cast(kind))
            elif name == "_op":
                columns.append(pa.repeat(pa.scalar("upsert"), count))
            else:
                columns.append(pa.nulls(count, kind))
        self.rows += count
        if "_op" in names:
            self.deletes += pc.sum(pc.equal(batch.column("_op"), "delete")).as_py() or 0
        if "_problem" in names:
            for entry in pc.value_counts(batch.column("_problem").drop_null()).to_pylist():
                self.problems[entry["values"]] += entry["counts"]
        return pa.RecordBatch.from_arrays(columns, schema=self.schema)

    def finish(self) -> None:
        """Write what is still waiting; afterwards ``rows`` and ``problems`` are final."""
        if self._group:
            self._hand_over()
        while self._pending:
            self._pending.popleft().result()
        self._parts.finish()

    def commit(self, **facts: Any) -> Manifest:
        """Make the batch visible: sync everything, then one rename. ``facts`` go into the manifest."""
        return self._move(self.installation.landing_of(self.resource.id) / self.batch, facts)

    def set_aside(self, name: str, **facts: Any) -> Manifest:
        """Keep the batch under ``.aside/<name>`` instead, where no build reads it; replaces a former one."""
        target = self.installation.landing_of(self.resource.id) / ".aside" / name
        if target.exists():
            shutil.rmtree(target)
        return self._move(target, facts)

    def _move(self, target: Path, facts: Mapping[str, Any]) -> Manifest:
        self.finish()
        finished = datetime.now(UTC)
        manifest = Manifest(
            resource=self.resource.id,
            batch=self.batch,
            columns=self.columns,
            rows=self.rows,
            path=target,
            deletes=self.deletes,
            problems=dict(sorted(self.problems.items())),
            started=self.started.isoformat(timespec="milliseconds"),
            finished=finished.isoformat(timespec="milliseconds"),
            seconds=round((finished - self.started).total_seconds(), 3),
            bytes=sum(part.bytes for part in self._parts.done),
            parts=tuple(self._parts.done),
            **facts,
        )
        shutil.rmtree(self._folder / "scratch", ignore_errors=True)
        with (self._folder / MANIFEST).open("w", encoding="utf-8") as file:
            file.write(manifest.to_json())
            file.flush()
            os.fsync(file.fileno())
        sync(self._folder)
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.rename(self._folder, target)
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise
            raise CollectError(
                f"batch {self.batch} was committed by another collector meanwhile; this one landed nothing",
                where=where(self.resource),
                remedy="collect again, and let only one run collect a resource at a time",
            ) from None
        sync(target.parent)
        return manifest


def landed_type(kind: pa.DataType) -> pa.DataType:
    """The Parquet type of a source column: the same, except what Parquet or DuckDB does not know."""
    if isinstance(kind, pa.BaseExtensionType):
        return landed_type(kind.storage_type)
    if pa.types.is_dictionary(kind):
        return landed_type(kind.value_type)
    if pa.types.is_nested(kind):  # as JSON: engines find no common type for two that differ
        return pa.string()
    if pa.types.is_null(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return pa.string()
    if pa.types.is_large_binary(kind) or pa.types.is_binary_view(kind):
        return pa.binary()
    return kind


def plain(column: pa.Array) -> pa.Array:
    """The column without an extension type around it."""
    return column.storage if isinstance(column, pa.ExtensionArray) else column


def ensure_empty(installation: Installation, resource: ResourceLike) -> None:
    """Keep batch 000000 in place: no rows, the declared columns and every column that has landed.

    So everything downstream stands before a resource has landed. Types are those of the newest landed batch,
    and text as long as there is none: what a source says, not what was declared, must decide the type of the
    view.
    """
    fields = {item.name: pa.string() for item in resource.items}
    alike = {as_engine(name): name for name in fields}  # two spellings of an undeclared column are one here
    seen: set[str] = set()
    for manifest in reversed(committed(installation, resource.id)):
        new = {name for name, _ in manifest.columns if name not in seen}
        new = {name for name in new if alike.setdefault(as_engine(name), name) == name}
        if new:
            landed = _schema_of(manifest)
            fields |= {name: landed.field(name).type for name, _ in manifest.columns if name in new}
        seen.update(name for name, _ in manifest.columns)
    columns = tuple((name, str(kind)) for name, kind in fields.items())
    target = installation.landing_of(resource.id) / EMPTY
    if _columns_of_empty(target) == columns:
        return
    schema = pa.schema(list(fields.items()))
    with Landing(installation, resource, 0) as landing:
        landing.begin(schema)
        landing.finish()
        if target.exists():
            os.rename(target, landing.scratch / "former")
        with suppress(CollectError):  # another collector has just written the same
            landing.commit(mode="empty")


def _schema_of(manifest: Manifest) -> pa.Schema:
    path = manifest.part_paths()[0]
    try:
        return pq.read_schema(path)
    except (OSError, pa.ArrowException) as error:
        raise DamagedBatch(manifest.path, f"{path.name} cannot be read ({type(error).__name__})") from None


def _columns_of_empty(folder: Path) -> tuple[tuple[str, str], ...] | None:
    """What batch 000000 has; null where it is not there or not readable: then it is made anew."""
    try:
        return read_batch(folder).columns
    except DamagedBatch:
        return None


def next_number(installation: Installation, resource: ResourceLike) -> int:
    return last_number(installation, resource.id) + 1
