"""DBF: the declared count of records is compared in both directions, and what is left out is counted."""

from __future__ import annotations

import io
import struct

import pytest

from connectors.files.dbf import Dbf
from connectors.files.reader import Content
from connectors.files.text import Unreadable
from connectors.read_report import ReadReport


def dbf(records: list[bytes], declared: int, tail: bytes = b"\x1a", length: int = 5, width: int = 4) -> bytes:
    head = struct.pack("<B3BIHH16xBBxx", 3, 126, 1, 1, declared, 32 + 32 + 1, length, 0, 0x4D)[:32].ljust(32, b"\0")
    field = b"NAME".ljust(11, b"\0") + b"C" + b"\0" * 4 + bytes([width, 0]) + b"\0" * 14
    return head + field + b"\r" + b"".join(records) + tail


def read(data: bytes) -> tuple[list[str], ReadReport]:
    content = Content("a.dbf", lambda: io.BytesIO(data))
    return [row["NAME"] for batch in Dbf(content).batches() for row in batch.to_pylist()], content.report


@pytest.mark.parametrize("tail", [b"\x1a", b"", b"\x1a\x1a", b"\x1a\0\0\0"])
def test_as_many_records_as_declared_are_no_finding(tail: bytes) -> None:
    names, report = read(dbf([b" aaaa", b" bbbb"], 2, tail))
    assert names == ["aaaa", "bbbb"] and not report.left_out


def test_records_behind_the_declared_count_are_left_out_and_counted() -> None:
    names, report = read(dbf([b" aaaa", b" bbbb", b" cccc", b"*dddd"], 2))
    assert names == ["aaaa", "bbbb"]
    assert [(f.what, f.count, f.rows, f.where) for f in report.left_out] == [("record", 2, 2, ("after record 2",))]


def test_fewer_records_than_declared_land_nothing() -> None:
    with pytest.raises(Unreadable, match="breaks off: 2 records of the 3"):
        read(dbf([b" aaaa", b" bbbb"], 3))


def test_other_bytes_behind_the_records_are_told() -> None:
    _, report = read(dbf([b" aaaa"], 1, b"\x1asomething"))
    assert [(f.what, f.count) for f in report.left_out] == [("trailing_data", 10)]


def test_deleted_records_are_counted() -> None:
    names, report = read(dbf([b" aaaa", b"*bbbb", b"*cccc"], 3))
    assert names == ["aaaa"]
    assert [(f.what, f.rows, f.where) for f in report.left_out] == [("deleted_record", 2, ("record 2", "record 3"))]


def test_bytes_of_a_record_that_no_field_covers_are_told() -> None:
    _, report = read(dbf([b" aaxx", b" bb  "], 2, width=2))
    assert [(f.what, f.count) for f in report.left_out] == [("column", 1)]
