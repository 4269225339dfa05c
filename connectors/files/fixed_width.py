"""Fixed width text, as old exchange programs write it: a record a line, a cell a range of places.

Places count bytes of the file's encoding (a Chinese character takes two in GB18030), or characters if so
declared. The padding (blanks and ideographic spaces around a cell) is not part of the value. A line of
another length than declared is a row with ``row_width`` and its text.

Options: ``fields`` (list of ``{name, width}`` in order, with ``start`` from 1 where there are gaps), ``unit``
(``bytes``, default, or ``characters``), ``encoding`` (default gb18030 if the file is not UTF-8),
``header_row`` (lines up to it are left out, default 0), ``trimmed`` (true: the padding at the end of a line
may be missing).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa

from connectors.files.reader import ROW_WIDTH, TEXT_UNDECODABLE, Content, Rows, column_names, text_schema
from connectors.files.text import Unreadable, blocks, decoded, encoding_of, lines, spoiled

PADDING = " \t\u3000\xa0\0"


@dataclass(frozen=True)
class Field:
    """A cell's name and the places it takes, from 0."""

    name: str
    start: int
    end: int


class FixedWidth:
    """Reader of one fixed width file; see the module for the options."""

    def __init__(self, content: Content) -> None:
        self.content = content
        self.fields = _fields(content)
        self.width = max(field.end for field in self.fields)
        self.bytes = content.option("unit", "bytes") == "bytes"
        self.trimmed = content.option("trimmed", False, bool)
        with content.open() as file:
            self.encoding, self.skip = encoding_of(file, content.option("encoding", None))
        if self.bytes and self.encoding.startswith(("utf-16", "utf-32")):
            raise Unreadable(
                f"places in bytes do not go with {self.encoding}",
                remedy="set `unit: characters` in meta.connector",
            )
        self.schema = text_schema(column_names([field.name for field in self.fields]))

    def batches(self) -> Iterator[pa.RecordBatch]:
        rows = Rows(self.schema)
        skipped = self.content.option("header_row", 0, int)
        for number, line in enumerate(self._lines(), 1):
            if number <= skipped or line in (b"", "", b"\x1a", "\x1a"):
                continue
            cells = [self._cell(line[field.start : field.end]) for field in self.fields]
            text = decoded(line, self.encoding) if isinstance(line, bytes) else line
            fits = len(line) <= self.width if self.trimmed else len(line) == self.width
            problem = None if fits else ROW_WIDTH
            if problem is None and spoiled(text):
                problem = TEXT_UNDECODABLE
            rows.add(cells, number, problem, problem and text, len(text))
            if rows.full:
                yield rows.take()
        if rows.rows:
            yield rows.take()

    def _lines(self) -> Iterator[bytes | str]:
        with self.content.open() as file:
            if self.bytes:
                file.seek(self.skip)
                for line in file:
                    yield line.rstrip(b"\r\n")
            else:
                for text in lines(blocks(file, self.encoding, self.skip)):
                    yield text.rstrip("\r\n")

    def _cell(self, part: bytes | str) -> str:
        return (decoded(part, self.encoding) if isinstance(part, bytes) else part).strip(PADDING)


def _fields(content: Content) -> list[Field]:
    declared = content.option("fields", None, list)
    fields: list[Field] = []
    place = 0
    try:
        for entry in declared or []:
            start = int(entry["start"]) - 1 if "start" in entry else place
            place = start + int(entry["width"])
            if start < 0 or place <= start:
                raise ValueError
            fields.append(Field(str(entry["name"]), start, place))
    except (KeyError, TypeError, ValueError):
        fields = []
    if not fields:
        raise Unreadable(
            "`fields` is missing or wrong",
            remedy="give `fields` in meta.connector as a list of {name, width} or {name, start, width}",
        )
    return fields
