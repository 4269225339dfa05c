"""DBF (dBase III–V, FoxPro, Visual FoxPro): records of fixed length, memo texts from the file beside it.

All cells land as text: numbers and dates as they stand in the file (without padding), binary numbers in
digits, what Visual FoxPro marks as null as null. Records marked as deleted are left out and counted. A file that is
shorter than its own record count says lands nothing: it broke off. Whole records past that count are left out and
told, for a program that removes records leaves their bytes behind. A record whose memo text is not in the memo
file is a row with ``value_unreadable``, one that begins with another mark than a blank or ``*`` a row with
``line_unreadable``.

Options: ``encoding`` (default: what the file's language mark says, else found out, as GB18030 mostly is).
"""

from __future__ import annotations

import datetime as dt
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

import pyarrow as pa

from connectors.files.reader import (
    LINE_UNREADABLE,
    TEXT_UNDECODABLE,
    VALUE_UNREADABLE,
    Content,
    Rows,
    heading_names,
    text_schema,
)
from connectors.files.text import Unreadable, decoded, known_encoding, spoiled

LANGUAGES = {0x4D: "gb18030", 0x7A: "gb18030", 0x4E: "cp949", 0x4F: "big5", 0x78: "big5", 0x7B: "cp932"}
WESTERN = {0x01: "cp437", 0x02: "cp850", 0x03: "cp1252", 0x57: "cp1252", 0x58: "cp1252", 0x59: "cp1252"}
VISUAL_FOXPRO = (0x30, 0x31, 0x32)
TYPES = "CNDLFMGPWIYTB0OVQ+@"
MEMO_TYPES = "MGPW"
MARKS = (b" ", b"\0")  # with which a record begins that is not deleted
READ_RECORDS = 4096
JULIAN_1970 = 2440588  # the Julian day of 1970-01-01, from which FoxPro's timestamps count days
NEW_ONE = "ask the department for the file again"


@dataclass(frozen=True)
class Field:
    """A field's name, type letter and bytes within a record."""

    name: str
    type: str
    start: int
    end: int
    nullable: bool = False


class Dbf:
    """Reader of one DBF file; see the module for the options."""

    def __init__(self, content: Content) -> None:
        self.content = content
        with content.open() as file:
            head = file.read(32)
            if len(head) < 32:
                raise Unreadable("not a DBF file", remedy=NEW_ONE)
            self.version = head[0]
            self.count, self.start, self.length = struct.unpack_from("<IHH", head, 4)
            raw = file.read(max(self.start - 32, 0))
            raw_fields = _fields(raw, self.version)
            known = all(kind in TYPES for _, kind, *_ in raw_fields)
            if self.length < 2 or not raw_fields or not known or raw_fields[-1][3] > self.length:
                raise Unreadable("not a DBF file", remedy=NEW_ONE)
            size = file.seek(0, 2)
            if size < self.start + self.count * self.length:
                whole = max(size - self.start, 0) // self.length
                raise Unreadable(
                    f"the file breaks off: {whole:,} records of the {self.count:,} that it announces",
                    remedy=NEW_ONE,
                )
            self._report_behind(file, size)
        self.spare = slice(raw_fields[-1][3], self.length)  # bytes of a record that no field covers
        self.encoding = self._encoding(head[29])
        fields = [Field(decoded(field[0], self.encoding), *field[1:]) for field in raw_fields]
        self.fields = [field for field in fields if field.type != "0"]
        self.flags = next((field for field in fields if field.type == "0"), None)
        self.schema = text_schema(heading_names([field.name for field in self.fields], content.report, content.items))

    def _report_behind(self, file: BinaryIO, size: int) -> None:
        end = self.start + self.count * self.length
        file.seek(end)
        rest = file.read(min(size - end, self.length))
        if not rest.strip(b"\x1a\0"):
            return
        if rest[:1] in (b" ", b"*") and (records := (size - end) // self.length):
            self.content.report.leave_out("record", records, rows=records, where=f"after record {self.count:,}")
            self.content.report.remark("record_count", where=f"{self.count:,} declared, {self.count + records:,} there")
        else:
            self.content.report.leave_out("trailing_data", size - end, rows=None, where=f"after record {self.count:,}")

    def _encoding(self, mark: int) -> str:
        declared = self.content.option("encoding", None)
        if declared:
            found = known_encoding(declared)
            if found is None:
                raise Unreadable(f"there is no encoding {declared!r}", remedy="give `encoding` as gb18030")
            return found
        if mark in LANGUAGES:
            return LANGUAGES[mark]
        # Chinese programs leave the mark empty or Western: believe it only if the bytes are no Chinese text.
        sample = b"".join(self._records_bytes(200))
        for encoding in ("ascii", "utf-8", "gb18030"):
            if not spoiled(decoded(sample, encoding)):
                return "gb18030" if encoding == "ascii" else encoding
        return WESTERN.get(mark, "gb18030")

    def _records_bytes(self, most: int | None = None) -> Iterator[bytes]:
        with self.content.open() as file:
            file.seek(self.start)
            left = self.count if most is None else min(self.count, most)
            while left > 0:
                block = file.read(self.length * min(left, READ_RECORDS))
                for place in range(0, len(block), self.length):
                    yield block[place : place + self.length]
                left -= READ_RECORDS

    def batches(self) -> Iterator[pa.RecordBatch]:
        rows = Rows(self.schema)
        memo = _Memo(self.content) if any(field.type in MEMO_TYPES for field in self.fields) else None
        try:
            for number, record in enumerate(self._records_bytes(), 1):
                if record[:1] == b"*":
                    self.content.report.leave_out("deleted_record", rows=1, where=f"record {number:,}")
                    continue
                if record[self.spare].strip(b" \0"):
                    self.content.report.leave_out("column", where=f"record {number:,}, bytes that no field covers")
                cells, problem = self._cells(record, memo)
                if record[:1] not in MARKS:  # the fields may be somewhere else
                    problem = LINE_UNREADABLE
                raw = decoded(record, self.encoding) if problem else None
                rows.add(cells, number, problem, raw, len(record))
                if rows.full:
                    yield rows.take()
        finally:
            if memo is not None:
                memo.close()
        if rows.rows:
            yield rows.take()

    def _cells(self, record: bytes, memo: _Memo | None) -> tuple[list[str | None], str | None]:
        """The cells of a record, and the rule that it breaks."""
        cells: list[str | None] = []
        problem = None
        flags = int.from_bytes(record[self.flags.start : self.flags.end], "little") if self.flags else 0
        bit = 0
        for field in self.fields:
            data = record[field.start : field.end]
            if field.type in "VQ":  # the last byte is the length, where the flag says that the text is shorter
                if flags >> bit & 1 and data:
                    data = data[: min(data[-1], len(data) - 1)]
                bit += self.flags is not None
            null = field.nullable and self.flags is not None and bool(flags >> bit & 1)
            bit += field.nullable and self.flags is not None
            try:
                cells.append(None if null else self._cell(data, field, memo))
            except LookupError:
                cells.append(None)
                problem = VALUE_UNREADABLE
        if problem is None and any(cell is not None and spoiled(cell) for cell in cells):
            problem = TEXT_UNDECODABLE
        return cells, problem

    def _cell(self, data: bytes, field: Field, memo: _Memo | None) -> str | None:
        kind = field.type
        if kind in MEMO_TYPES and memo is not None:
            block = struct.unpack("<I", data)[0] if len(data) == 4 else _number(data)
            return decoded(memo.text(block), self.encoding) if block else None
        if kind in "I+" and len(data) == 4:
            return str(struct.unpack("<i" if self.version in VISUAL_FOXPRO else ">i", data)[0])
        if kind in "BO" and len(data) == 8:
            return repr(struct.unpack("<d", data)[0]).removesuffix(".0")
        if kind == "Y" and len(data) == 8:
            whole, part = divmod(abs(struct.unpack("<q", data)[0]), 10_000)
            sign = "-" if data[7] & 0x80 else ""
            return f"{sign}{whole}.{part:04d}"
        if kind in "T@" and len(data) == 8:
            return _timestamp(*struct.unpack("<ii", data))
        return decoded(data, self.encoding).strip(" \0\u3000") or None


def _fields(raw: bytes, version: int) -> list[tuple[bytes, str, int, int, bool]]:
    fields = []
    start = 1  # the mark of deletion comes first
    for place in range(0, len(raw) - 31, 32):
        entry = raw[place : place + 32]
        if entry[:1] in (b"\r", b"\n"):
            break
        kind = chr(entry[11])
        # A text field of FoxPro may be longer than 255: then the count of decimals is the high byte.
        width = entry[16] + (entry[17] << 8 if kind == "C" else 0)
        nullable = version in VISUAL_FOXPRO and bool(entry[18] & 0x02)
        fields.append((entry[:11].split(b"\0")[0], kind, start, start + width, nullable))
        start += width
    return fields


def _number(data: bytes) -> int:
    digits = data.strip(b" \0")
    return int(digits) if digits.isdigit() else 0


def _timestamp(day: int, milliseconds: int) -> str | None:
    if day <= 0:
        return None
    moment = dt.datetime(1970, 1, 1) + dt.timedelta(days=day - JULIAN_1970, milliseconds=milliseconds)
    return moment.isoformat(" ", "seconds")


class _Memo:
    """The file of long texts beside a DBF: ``.fpt`` (FoxPro) or ``.dbt`` (dBase)."""

    def __init__(self, content: Content) -> None:
        self.file: BinaryIO | None = None
        for ending in (".fpt", ".dbt"):
            self.file = content.sibling(ending)
            if self.file is not None:
                self.foxpro = ending == ".fpt"
                break
        if self.file is None:
            raise Unreadable(
                "the texts of its memo fields are in a .fpt or .dbt file, which is not beside it",
                remedy="have the department deliver both files together",
            )
        self.size = self.file.seek(0, 2)
        self.file.seek(0)
        head = self.file.read(32)
        self.block = struct.unpack_from(">H", head, 6)[0] if self.foxpro and len(head) >= 8 else 512
        self.block = self.block or 64

    def text(self, block: int) -> bytes:
        """The text that begins in a block; ``LookupError`` when the file does not have it, or not all of it."""
        assert self.file is not None
        self.file.seek(block * self.block)
        head = self.file.read(8)
        length = None
        if self.foxpro:
            length = struct.unpack(">I", head[4:])[0] if len(head) == 8 else -1
        elif head[:4] == b"\xff\xff\x08\0":  # dBase IV says how long the text is
            length = struct.unpack("<I", head[4:])[0] - 8 if len(head) == 8 else -1
        if length is not None:
            text = self.file.read(length) if 0 <= length <= self.size else b""
            if len(text) != length:
                raise LookupError
            return text
        text = head
        while b"\x1a" not in text and (more := self.file.read(self.block)):
            text += more
        if not text:
            raise LookupError
        return text.split(b"\x1a")[0]

    def close(self) -> None:
        if self.file is not None:
            self.file.close()
