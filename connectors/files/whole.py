"""A snapshot of several files: all members of an archive, or all files of a folder, are the whole resource together.

Taken one by one, the second would withdraw what only the first has.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from catalogue.checksums import sha256_of
from connectors.base import SourceFile, Watermark
from connectors.files.folder import Found
from connectors.files.part import Part
from connectors.files.text import Unreadable
from connectors.read_report import ReadReport

if TYPE_CHECKING:
    from connectors.files.connector import FileConnector


class WholeDelivery:
    """Files that are one delivery. They are opened twice: for their columns, then for their rows."""

    watermark: Watermark | None = None
    load: Mapping[str, Any] | None = None
    mode: str = "full"

    def __init__(self, connector: FileConnector, found: Sequence[Found], scratch: Path) -> None:
        from connectors.files.connector import version_of

        self.connector, self.found, self.scratch = connector, found, scratch
        self.report = ReadReport()
        self.reading, self.present = connector.reading, connector.present
        self.source = connector.pattern if connector.snapshot == "folder" else found[0].name
        self.files: Sequence[SourceFile] = tuple(
            SourceFile(
                file.name,
                file.stamp.bytes,
                self._sha256(file),
                version_of(file) if connector.folder.remote else None,
                file.stamp.modified,
            )
            for file in found
        )
        # Which members are read belongs to what they are together.
        told = [*(f"{file.name} {file.sha256}" for file in self.files), repr(connector.options.get("member"))]
        self.identity: str | None = hashlib.sha256("\n".join(told).encode()).hexdigest()

    def _sha256(self, file: Found) -> str:
        folder = self.connector.folder
        lent = folder.lent(file, self.scratch)
        path = self.connector.told(lent.__enter__, file.name)
        try:
            return sha256_of(path)
        finally:
            lent.__exit__(None, None, None)

    def _parts(self) -> Iterator[Part]:
        for file in self.found:
            yield from self.connector.parts(file, self.scratch)

    @cached_property
    def schema(self) -> pa.Schema:
        """The columns of all files. A declared one that a file lacks is missing: else its rows would be without it and
        nobody would know."""
        declared = {item.name for item in self.connector.resource.items}
        fields: dict[str, pa.Field] = {}
        lacking: set[str] = set()
        for part in self._parts():
            schema = self.connector.with_optional(self.connector.reader_of(part, ReadReport()).schema)
            for field in schema:
                known = fields.setdefault(field.name, field)
                if known.type != field.type:
                    self.connector.told(_differing, part.name)
            lacking |= {name for name in declared if name not in schema.names}
        return pa.schema([field for name, field in fields.items() if name not in lacking])

    def batches(self) -> Iterator[pa.RecordBatch]:
        if self.connector.snapshot == "folder":  # what was left alone there is missing from the whole
            self.report.add(self.connector.take_folder_report())
        for part in self._parts():
            self.report.add(part.report)
            yield from self.connector.batches_of(self.connector.reader_of(part, self.report), part.name)
        for file in self.found:
            self.connector.told(partial(self.connector.need_unchanged, file), file.name)


def _differing() -> None:
    raise Unreadable(
        "a column has another type here than in the files before it, which are one delivery with it",
        remedy="ask the department to write all files of a delivery alike",
    )
