"""The connector of all file kinds: every matching file is one delivery, known by the sha256 of its bytes.

Here stand the options that all formats share. Formats are in their own modules, finding files is in
``folder`` and ``remote``, unpacking in ``archive``.

Options: ``path`` (pattern relative to the connection's path), ``snapshot`` (each file is the whole resource:
it is compared with what landed, and what is gone is withdrawn), ``settle`` (seconds that a file must not have
changed, default 1), ``ready`` (a file counts as finished when a flag file of its name and this ending lies
beside it), ``may_be_empty`` (no matching file is no error), ``optional`` (items that a file may leave out, as
JSON does with nulls; ``true`` for all).
"""

from __future__ import annotations

import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa

from catalogue.errors import GovshareError
from connectors.base import CollectError, NotNow, ResourceLike, SourceFile, where
from connectors.connections import Connection
from connectors.files.apart import Apart
from connectors.files.archive import Part, parts
from connectors.files.folder import SETTLE, Folder, Found, LocalFolder, changed, finished
from connectors.files.reader import Content, Reader
from connectors.files.text import Unreadable
from connectors.manifest import Manifest
from connectors.read_report import ReadReport

READERS = {
    "delimited": ("delimited", "Delimited"),
    "fixed_width": ("fixed_width", "FixedWidth"),
    "excel": ("excel", "Excel"),
    "dbf": ("dbf", "Dbf"),
    "xml": ("xml", "Xml"),
    "json": ("json_document", "JsonDocument"),
    "json_lines": ("lines", "json_lines"),
    "python_literal": ("lines", "python_literals"),
    "parquet": ("parquet", "Parquet"),
}
YOUNG = 10.0  # seconds; servers tell times in whole seconds, and clocks differ


class FileConnector:
    """The files of one resource."""

    version = "1"

    def __init__(self, resource: ResourceLike, connection: Connection, past: Sequence[Manifest]) -> None:
        self.resource, self.connection, self.past = resource, connection, past
        self.kind = resource.connector.kind
        self.options = {**resource.connector.options}
        if "zip_password" in connection.settings:
            self.options["zip_password"] = connection.settings["zip_password"]
        self.pattern = str(self.options.get("path", ""))
        self.folder = self._told(self._folder)

    def _folder(self) -> Folder:
        if not self.pattern:
            raise Unreadable("no `path` is declared", remedy="add `path` to meta.connector")
        path = self.connection.path(self.resource)
        if "://" not in path:
            return LocalFolder(Path(path))
        from connectors.files.remote import RemoteFolder

        return RemoteFolder(path, self.connection.settings)

    def _told(self, action: Callable[[], Any], file: str | None = None) -> Any:
        """Whatever goes wrong names the resource, the connection, the file and the place in it."""
        try:
            return action()
        except (GovshareError, MemoryError):
            raise
        except Unreadable as error:
            told = error
        except BaseException as error:
            if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
                raise  # an interruption; but a panic is how a reader written in Rust fails
            # The kind of the error and its place only: its text may hold values of the file.
            last = traceback.extract_tb(error.__traceback__)[-1]
            told = Unreadable(
                f"cannot be read as {self.kind} ({type(error).__name__} at {Path(last.filename).name}:{last.lineno})",
                remedy="ask the department for the file again, or correct meta.connector",
            )
        places = [f"connection {self.connection.name}", f"file {file or self.pattern}"]
        places += [told.place] if told.place else []
        raise CollectError(told.what, where=where(self.resource, ", ".join(places)), remedy=told.remedy)

    def close(self) -> None:
        self.folder.close()

    def schema(self) -> pa.Schema:
        """The columns of the last file by name."""
        found, _ = self._told(self._found)
        if not found:
            raise NotNow("no finished file there yet", where=where(self.resource))
        for delivery in self._deliveries_of(found[-1]):
            return delivery.schema
        raise NotNow("the newest archive has no file to read", where=where(self.resource))

    def head(self, rows: int) -> pa.RecordBatch | None:
        """The first rows of the last file by name."""
        found, _ = self._told(self._found)
        for delivery in self._deliveries_of(found[-1]) if found else ():
            batch = next(delivery.batches(), None)
            return batch.slice(0, rows) if batch is not None else None
        return None

    def deliveries(self) -> Iterator[FileDelivery]:
        found, waiting = self._told(self._found)
        for file in found:
            if not (self.folder.remote and self._was_taken(file)):
                yield from self._deliveries_of(file)
        if waiting:
            raise NotNow(f"{waiting} file(s) are still being written and will be taken the next time")

    def _found(self) -> tuple[list[Found], int]:
        """Finished files by name, and how many others wait."""
        found = self.folder.find(self.pattern)
        if not found and not self.options.get("may_be_empty"):
            raise Unreadable(
                "no file matches",
                remedy="have the department deliver it, or correct `path` in meta.connector or the "
                "connection's `path` in connections.toml (`may_be_empty: true` if there may be none)",
            )
        settle = float(self.options.get("settle", SETTLE))
        return finished(self.folder, found, settle, self.options.get("ready"))

    def _was_taken(self, file: Found) -> bool:
        """Whether this very version of a file elsewhere was taken: then it is not fetched again."""
        version = version_of(file)
        return version is not None and any(
            entry.version == version for manifest in self.past for entry in manifest.files
        )

    def _deliveries_of(self, file: Found) -> Iterator[FileDelivery]:
        """One delivery for a file, one for each member of an archive."""
        with tempfile.TemporaryDirectory(dir=self.connection.scratch) as folder:
            scratch = Path(folder)
            path = self._told(lambda: self.folder.local(file, scratch), file.name)
            inside = parts(path, file.name, self.kind, self.options, scratch)
            part = self._told(lambda: next(inside, None), file.name)
            while part is not None:
                yield FileDelivery(self, file, part)
                part = self._told(lambda: next(inside, None), file.name)


def version_of(file: Found) -> str | None:
    """A remote file's name and version; null while too young for its time to tell two versions apart."""
    if not file.stamp.version and time.time() - file.stamp.modified < YOUNG:
        return None
    return f"{file.name}@{file.stamp.bytes}-{file.stamp.modified:.0f}-{file.stamp.version}"


class FileDelivery:
    """One file. ``identity`` is its content, so a file that comes again under any name is not taken again."""

    watermark = None
    load: Mapping[str, Any] | None = None

    def __init__(self, connector: FileConnector, file: Found, part: Part) -> None:
        self.connector, self.file, self.part = connector, file, part
        self.report = ReadReport()
        self.identity = part.sha256
        self.mode = "full" if connector.options.get("snapshot") else "file"
        # The last member's batch says that the whole archive was taken.
        version = version_of(file) if connector.folder.remote and part.last else None
        self.files = (SourceFile(part.name, part.bytes, part.sha256, version),)

    @cached_property
    def _reader(self) -> Reader:
        part = self.part
        content = Content(
            part.name, part.open, self.connector.options, part.sibling, part.path, self.report,
            self.connector.connection.scratch,
        )  # fmt: skip
        reader: Reader = self.connector._told(lambda: Apart(content, *READERS[self.connector.kind]), part.name)
        return reader

    @property
    def schema(self) -> pa.Schema:
        """The file's columns, then declared items that it may leave out (all, if it has no columns)."""
        schema = self._reader.schema
        optional = self.connector.options.get("optional", ())
        for item in self.connector.resource.items:
            free = not self._reader.schema.names or optional is True or item.name in optional
            if free and item.name not in schema.names:
                schema = schema.append(pa.field(item.name, pa.string()))
        return schema

    def batches(self) -> Iterator[pa.RecordBatch]:
        batches = self.connector._told(self._reader.batches, self.part.name)
        end = object()
        while (batch := self.connector._told(lambda: next(batches, end), self.part.name)) is not end:
            yield _with_file(batch, self.part.name)
        self.connector._told(self._need_unchanged, self.part.name)

    def _need_unchanged(self) -> None:
        folder = self.connector.folder
        if not folder.remote and folder.stamp(self.file.name) != self.file.stamp:
            raise changed()


def _with_file(batch: pa.RecordBatch, name: str) -> pa.RecordBatch:
    """Add ``_file``: the file's name, with the sheet's after ``#`` where several sheets are read."""
    if "_part" not in batch.schema.names:
        return batch.append_column("_file", pa.repeat(pa.scalar(name), batch.num_rows))
    parts = batch.column("_part").to_pylist()
    names = pa.array([f"{name}#{part}" if part else name for part in parts], pa.string())
    return batch.drop_columns(["_part"]).append_column("_file", names)
