"""Fixed width text, as old exchange programs write it: a record a line, a cell a range of places.

Places count bytes of the file's encoding (a Chinese character takes two in GB18030), or characters if so
declared. The padding (blanks and ideographic spaces around a cell) is not part of the value. A line of
another length than declared is a row with ``row_width`` and its text. What stands above the first record and
between the declared fields is told in the report.

Options: ``fields`` (list of ``{name, width}`` in order, with ``start`` from 1 where there are gaps), ``unit``
(``bytes``, default, or ``characters``), ``encoding`` (default gb18030 if the file is not UTF-8),
``header_row`` (lines up to it are left out, default 0), ``trimmed`` (true: the padding at the end of a line
may be missing).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

import pyarrow as pa

from connectors.files.reader import ROW_WIDTH, TEXT_UNDECODABLE, Content, Rows, column_names, text_schema
from connectors.files.text import Unreadable, blocks, decoded, encoding_of, lines, spoiled
from connectors.files.two_encodings import BOTH, encoding_of_line

SAMPLE_BYTES = 1 << 16
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
        self.gaps = _gaps(self.fields)
        self.between = 0  # lines with something there
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
        above = 0
        skipped = self.content.option("header_row", 0, int)
        for number, line in enumerate(self._lines(), 1):
            if number <= skipped:
                above += bool(line.strip())
            elif line not in (b"", "", b"\x1a", "\x1a"):
                encoding = self._encoding(line, number) if isinstance(line, bytes) else self.encoding
                cells = [_cell(line[field.start : field.end], encoding) for field in self.fields]
                text = decoded(line, encoding) if isinstance(line, bytes) else line
                fits = len(line) <= self.width if self.trimmed else len(line) == self.width
                problem = None if fits else ROW_WIDTH
                if problem is None and spoiled(text):
                    problem = TEXT_UNDECODABLE
                rows.add(cells, number, problem, problem and text, len(text))
                if fits and any(_cell(line[start:end], encoding) for start, end in self.gaps):
                    self.between += 1
            if rows.full:
                yield rows.take()
        if above:
            self.content.report.leave_out("header_line", above, where=f"lines 1-{skipped}")
        for start, end in self.gaps if self.between else ():
            self.content.report.leave_out("column", where=f"places {start + 1}-{end}")
        if rows.rows:
            yield rows.take()

    def _encoding(self, line: bytes, number: int) -> str:
        """The line's encoding: two programs may have written to one file (``two_encodings``)."""
        if self.encoding not in BOTH or line.isascii():
            return self.encoding
        encoding, doubt = encoding_of_line(line, self.encoding)
        if encoding != self.encoding:
            self.content.report.remark_line("encoding_in_doubt" if doubt else "other_encoding", number)
        return encoding

    def _lines(self) -> Iterator[bytes | str]:
        with self.content.open() as file:
            if not self.bytes:
                for text in lines(blocks(file, self.encoding, self.skip, self.content.report.remark_line)):
                    yield text.rstrip("\r\n")
                return
            file.seek(self.skip)
            start = file.read(SAMPLE_BYTES)
            file.seek(self.skip)
            if b"\r" in start and b"\n" not in start:
                yield from _ended_by_cr(file)
                return
            for line in file:
                yield line.rstrip(b"\r\n")


def _ended_by_cr(file: BinaryIO) -> Iterator[bytes]:
    rest = b""
    while block := file.read(SAMPLE_BYTES):
        *whole, rest = (rest + block).split(b"\r")
        yield from whole
    if rest:
        yield rest


def _cell(part: bytes | str, encoding: str) -> str:
    return (decoded(part, encoding) if isinstance(part, bytes) else part).strip(PADDING)


def _gaps(fields: list[Field]) -> list[tuple[int, int]]:
    """Places before and between the declared fields, which no field reads."""
    gaps, place = [], 0
    for field in sorted(fields, key=lambda field: field.start):
        if field.start > place:
            gaps.append((place, field.start))
        place = max(place, field.end)
    return gaps


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
