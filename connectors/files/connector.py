"""The connector of all file kinds: every matching file is one delivery, known by its name and the sha256 of its bytes.

Here stand the options that all formats share. Formats are in their own modules, finding files is in
``folder`` and ``remote``, unpacking in ``archive``, deliveries of several files in ``whole``.

Options: ``path`` (pattern relative to the connection's path), ``snapshot`` (``true``: each file, or archive with all
its members, is the whole resource: it is compared with what landed, and what is gone is withdrawn; ``folder``: all
matching files together are the whole, as where each district writes a file of its own), ``settle`` (seconds that a
file must not have changed, default 1), ``ready`` (a file counts as finished when a flag file of its name and this
ending lies beside it), ``may_be_empty`` (no matching file is no error), ``optional`` (items that a file may leave out,
as JSON does with nulls; ``true`` for all).
"""

from __future__ import annotations

import hashlib
import json
import tempfile
import time
import traceback
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import pyarrow as pa

from catalogue.errors import GovshareError
from connectors.base import CollectError, Delivery, NotNow, ResourceLike, SourceFile, Watermark, where
from connectors.connections import Connection
from connectors.files.apart import Apart
from connectors.files.archive import parts
from connectors.files.folder import SETTLE, Folder, Found, LocalFolder, changed, finished
from connectors.files.part import Part
from connectors.files.reader import Content, Reader
from connectors.files.text import Unreadable
from connectors.manifest import Manifest
from connectors.read_report import ReadReport, sentence
from connectors.shown import shown_file

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
COLLECTING = {  # options that say which files are taken and when, not how they are read
    "path", "member", "max_fall", "settle", "ready", "may_be_empty", "delivered", "delivered_from", "zip_password",
    "unpacked_limit_mb", "memory_mb", "cpu_seconds", "columns_limit", "cell_limit_mb",
}  # fmt: skip
YOUNG = 10.0  # seconds; servers tell times in whole seconds, and clocks differ


class FileConnector:
    """The files of one resource."""

    version = "2"

    def __init__(self, resource: ResourceLike, connection: Connection, past: Sequence[Manifest]) -> None:
        self.resource, self.connection, self.past = resource, connection, past
        self.present: frozenset[str] = frozenset()
        self.kind = resource.connector.kind
        self.options = {**resource.connector.options}
        if "zip_password" in connection.settings:
            self.options["zip_password"] = connection.settings["zip_password"]
        self.pattern = str(self.options.get("path", ""))
        self.folder = self.told(self._folder)

    def _folder(self) -> Folder:
        if not self.pattern:
            raise Unreadable("no `path` is declared", remedy="add `path` to meta.connector")
        if self.snapshot not in (None, False, True, "folder"):
            raise Unreadable(f"`snapshot` is {self.snapshot!r}", remedy="write `snapshot: true` or `snapshot: folder`")
        path = self.connection.path(self.resource).removeprefix("file://")
        if "://" not in path:
            return LocalFolder(Path(path))
        from connectors.files.remote import RemoteFolder

        return RemoteFolder(path, self.connection.settings)

    @property
    def snapshot(self) -> Any:
        return self.options.get("snapshot")

    @property
    def folder_report(self) -> ReadReport:
        """What of the folder was left alone, and no delivery has told."""
        return self.folder.report

    def take_folder_report(self) -> ReadReport:
        """The same, for the delivery that tells it."""
        report, self.folder.report = self.folder.report, ReadReport()
        return report

    @cached_property
    def reading(self) -> str:
        """How files are read: the same words for the same rows from the same bytes."""
        told: dict[str, Any] = {"kind": self.kind, "version": self.version}
        told["options"] = {k: v for k, v in self.resource.connector.options.items() if k not in COLLECTING}
        if self.resource.contract == "set_aside":  # then what is declared decides what lands of a file
            told["items"] = [(item.name, item.type) for item in self.resource.items]
        text = json.dumps(told, sort_keys=True, ensure_ascii=False, default=str)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def told(self, action: Callable[[], Any], file: str | None = None) -> Any:
        """Whatever goes wrong names the resource, the connection, the file and the place in it."""
        try:
            return action()
        except (GovshareError, MemoryError):
            raise
        except Unreadable as error:
            told = error
        except Exception as error:
            # The kind of the error and its place only: its text may hold values of the file.
            last = traceback.extract_tb(error.__traceback__)[-1]
            told = Unreadable(
                f"cannot be read as {self.kind} ({type(error).__name__} at {Path(last.filename).name}:{last.lineno})",
                remedy="ask the department for the file again, or correct meta.connector",
            )
        places = [f"connection {self.connection.name}", f"file {shown_file(file or self.pattern)}"]
        places += [told.place] if told.place else []
        raise CollectError(told.what, where=where(self.resource, ", ".join(places)), remedy=told.remedy)

    def close(self) -> None:
        self.folder.close()

    def schema(self) -> pa.Schema:
        """The columns of the last file by name."""
        found, _ = self.told(self._found)
        if not found:
            raise NotNow("no finished file there yet", where=where(self.resource))
        for delivery in self._deliveries_of(found[-1]):
            return delivery.schema
        raise NotNow("the newest archive has no file to read", where=where(self.resource))

    def head(self, rows: int) -> pa.RecordBatch | None:
        """The first rows of the last file by name."""
        found, _ = self.told(self._found)
        for delivery in self._deliveries_of(found[-1]) if found else ():
            batch = next(delivery.batches(), None)
            return batch.slice(0, rows) if batch is not None else None
        return None

    def deliveries(self) -> Iterator[Delivery]:
        found, waiting = self.told(self._found)
        later = NotNow(f"{waiting} file(s) are still being written and will be taken the next time")
        if self.snapshot == "folder":
            if waiting:  # a part is not the whole
                raise later
            if not self._all_taken(found):
                yield from self._whole(found)
            return
        for file in found:
            if not (self.folder.remote and self._was_taken(file)):
                yield from self._deliveries_of(file)
        if waiting:
            raise later

    def _found(self) -> tuple[list[Found], int]:
        """Finished files by name, and how many others wait."""
        found = self.folder.find(self.pattern)
        self.present = frozenset(file.name for file in found)
        if not found and not self.options.get("may_be_empty"):
            left = sentence(self.folder.report.left_out)
            raise Unreadable(
                "no file matches" + (f" (left alone: {left})" if left else ""),
                remedy="have the department deliver it, or correct `path` in meta.connector or the "
                "connection's `path` in connections.toml (`may_be_empty: true` if there may be none)",
            )
        settle = float(self.options.get("settle", SETTLE))
        return finished(self.folder, found, settle, self.options.get("ready"))

    def _was_taken(self, file: Found) -> bool:
        """Whether this very version of a file elsewhere is what was taken last: then it is not fetched again."""
        version = version_of(file)
        names = (file.name, file.name.removesuffix(".gz"))
        for manifest in reversed(self.past):
            source = manifest.source or (manifest.files[0].name if manifest.files else "")
            if source in names or source.startswith(f"{file.name}!"):
                taken = manifest.files[-1].version
                return version is not None and taken == version and manifest.reading == self.reading
        return False

    def _all_taken(self, found: Sequence[Found]) -> bool:
        """The same of all files of a folder that is one snapshot."""
        if not self.folder.remote:
            return False
        last = next((m for m in reversed(self.past) if m.source == self.pattern), None)
        versions = [version_of(file) for file in found]
        known = last is not None and [file.version for file in last.files] == versions and None not in versions
        return known and last is not None and last.reading == self.reading

    def _deliveries_of(self, file: Found) -> Iterator[Delivery]:
        """One delivery for a file, one for each member of an archive (together one, if they are the whole)."""
        with tempfile.TemporaryDirectory(dir=self.connection.scratch) as folder:
            parts = self.parts(file, Path(folder))
            part = next(parts, None)
            if part is not None and self.snapshot and part.name.startswith(f"{file.name}!"):
                parts.close()
                yield from self._whole([file])
                return
            while part is not None:
                yield FileDelivery(self, file, part)
                part = next(parts, None)

    def parts(self, file: Found, scratch: Path) -> Generator[Part]:
        """The files in a file: itself, or the members of an archive; each until the next is asked for."""
        lent = self.folder.lent(file, scratch)
        path = self.told(lent.__enter__, file.name)
        try:
            inside = parts(path, file.name, self.kind, self.options, scratch)
            part = self.told(lambda: next(inside, None), file.name)
            while part is not None:
                if part.path == path and not self.folder.remote:
                    beside = partial(self.folder.beside, file.name)
                    part = replace(part, sibling=beside, opener=partial(self.folder.open, file))
                yield part
                part = self.told(lambda: next(inside, None), file.name)
        finally:
            lent.__exit__(None, None, None)

    def _whole(self, found: Sequence[Found]) -> Iterator[Delivery]:
        from connectors.files.whole import WholeDelivery

        if found:
            with tempfile.TemporaryDirectory(dir=self.connection.scratch) as folder:
                yield WholeDelivery(self, found, Path(folder))

    def reader_of(self, part: Part, report: ReadReport) -> Reader:
        """The reader of one file, which fills ``report``."""
        content = Content(
            part.name,
            part.open,
            self.options,
            part.sibling,
            report,
            self.connection.scratch,
            [item.name for item in self.resource.items],
        )
        reader: Reader = self.told(lambda: Apart(content, *READERS[self.kind]), part.name)
        return reader

    def with_optional(self, schema: pa.Schema) -> pa.Schema:
        """The file's columns, then declared items that it may leave out (all, if it has no columns)."""
        optional, names = self.options.get("optional") or (), schema.names
        for item in self.resource.items:
            free = not names or optional is True or item.name in optional
            if free and item.name not in names:
                schema = schema.append(pa.field(item.name, pa.string()))
        return schema

    def batches_of(self, reader: Reader, name: str) -> Iterator[pa.RecordBatch]:
        batches = self.told(reader.batches, name)
        end = object()
        while (batch := self.told(lambda: next(batches, end), name)) is not end:
            yield _with_file(batch, name)

    def need_unchanged(self, file: Found) -> None:
        if not self.folder.remote and self.folder.stamp(file.name) != file.stamp:
            raise changed()


def version_of(file: Found) -> str | None:
    """A remote file's name and version; null while too young for its time to tell two versions apart."""
    if not file.stamp.version and time.time() - file.stamp.modified < YOUNG:
        return None
    return f"{file.name}@{file.stamp.bytes}-{file.stamp.modified:.0f}-{file.stamp.version}"


class FileDelivery:
    """One file, or one member of an archive. ``identity`` is its content, ``source`` its name."""

    watermark: Watermark | None = None
    load: Mapping[str, Any] | None = None

    def __init__(self, connector: FileConnector, file: Found, part: Part) -> None:
        self.connector, self.file, self.part = connector, file, part
        self.report = ReadReport()
        self.report.add(part.report)
        self.identity: str | None = part.sha256
        self.source, self.reading = part.name, connector.reading
        self.present = connector.present
        self.mode = "full" if connector.snapshot else "file"
        # The last member's batch says that the whole archive was taken.
        version = version_of(file) if connector.folder.remote and part.last else None
        self.files: Sequence[SourceFile] = (
            SourceFile(part.name, part.bytes, part.sha256, version, file.stamp.modified),
        )

    @cached_property
    def _reader(self) -> Reader:
        return self.connector.reader_of(self.part, self.report)

    @cached_property
    def schema(self) -> pa.Schema:
        return self.connector.with_optional(self._reader.schema)

    def batches(self) -> Iterator[pa.RecordBatch]:
        yield from self.connector.batches_of(self._reader, self.part.name)
        self.connector.told(lambda: self.connector.need_unchanged(self.file), self.part.name)


def _with_file(batch: pa.RecordBatch, name: str) -> pa.RecordBatch:
    """Add ``_file``: the file's name, with the sheet's after ``#`` where several sheets are read."""
    if "_part" not in batch.schema.names:
        return batch.append_column("_file", pa.repeat(pa.scalar(name), batch.num_rows))
    parts = batch.column("_part").to_pylist()
    names = pa.array([f"{name}#{part}" if part else name for part in parts], pa.string())
    return batch.drop_columns(["_part"]).append_column("_file", names)
