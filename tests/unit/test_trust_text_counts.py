"""What a DBF or a fixed width file holds and does not land: counts in both directions, marks, gaps, texts elsewhere."""

from __future__ import annotations

import io
import struct
from itertools import chain
from typing import Any

import pytest

from connectors.files.dbf import Dbf
from connectors.files.fixed_width import FixedWidth
from connectors.files.reader import Content
from connectors.files.text import Unreadable

Fields = list[tuple[str, str, int]]


def read(kind: Any, data: bytes, sibling: bytes | None = None, **options: Any) -> tuple[list[dict[str, Any]], Content]:
    content = Content("file", lambda: io.BytesIO(data), options, lambda _: io.BytesIO(sibling) if sibling else None)
    return list(chain.from_iterable(batch.to_pylist() for batch in kind(content).batches())), content


def cells(row: dict[str, Any]) -> list[Any]:
    return [value for name, value in row.items() if not name.startswith("_")]


def left_out(content: Content) -> list[tuple[str, int, int | None, tuple[str, ...]]]:
    return [(found.what, found.count, found.rows, found.where) for found in content.report.left_out]


def dbf(fields: Fields, body: bytes, count: int, version: int = 0x03, flags: dict[str, int] | None = None) -> bytes:
    length = 1 + sum(width for _, _, width in fields)
    head = struct.pack("<B3BIHH16xBBxx", version, 126, 1, 1, count, 32 + 32 * len(fields) + 1, length, 0, 0x4D)
    entries = b"".join(
        name.encode().ljust(11, b"\0")
        + kind.encode()
        + b"\0" * 4
        + bytes([width, 0, (flags or {}).get(name, 0)]).ljust(16, b"\0")
        for name, kind, width in fields
    )
    return head + entries + b"\r" + body


NAME: Fields = [("name", "C", 4)]


@pytest.mark.parametrize("end", [b"", b"\x1a", b"\x1a\0\0", b"\r\n"])
def test_a_dbf_whose_count_is_right_leaves_nothing_out(end: bytes) -> None:
    rows, content = read(Dbf, dbf(NAME, b" aaaa bbbb" + end, 2))
    assert [cells(row) for row in rows] == [["aaaa"], ["bbbb"]]
    if end != b"\r\n":
        assert left_out(content) == []


def test_records_past_the_declared_count_are_left_out_and_told() -> None:
    rows, content = read(Dbf, dbf(NAME, b" aaaa bbbb cccc*dddd\x1a", 2))
    assert [cells(row) for row in rows] == [["aaaa"], ["bbbb"]]
    assert left_out(content) == [("record", 2, 2, ("after record 2",))]
    assert [(f.what, f.where) for f in content.report.remarks] == [("record_count", ("2 declared, 4 there",))]
    _, content = read(Dbf, dbf(NAME, b" aaaa\x1ajunk", 1))
    assert left_out(content)[0][:2] == ("trailing_data", 5)
    with pytest.raises(Unreadable, match="1 records of the 2"):
        read(Dbf, dbf(NAME, b" aaaa bb", 2))


def test_records_marked_as_deleted_are_counted() -> None:
    rows, content = read(Dbf, dbf(NAME, b" aaaa*bbbb*cccc dddd\x1a", 4))
    assert [(cells(row), row["_line"]) for row in rows] == [(["aaaa"], 1), (["dddd"], 4)]
    assert left_out(content) == [("deleted_record", 2, 2, ("record 2", "record 3"))]


def test_a_memo_text_that_is_not_there_sets_its_record_aside() -> None:
    fields: Fields = [("memo", "M", 4)]
    head = struct.pack(">IHH", 2, 0, 64).ljust(64, b"\0")
    memo = head + struct.pack(">II", 1, 4) + b"text".ljust(56, b"\0") + struct.pack(">II", 1, 999) + b"short"
    body = b"".join(b" " + struct.pack("<I", block) for block in (1, 2, 77, 0))
    rows, _ = read(Dbf, dbf(fields, body, 4, version=0x30), memo)
    assert [(row["memo"], row["_problem"]) for row in rows] == [
        ("text", None),
        (None, "value_unreadable"),
        (None, "value_unreadable"),
        (None, None),
    ]


def test_nulls_and_short_texts_of_visual_foxpro() -> None:
    fields: Fields = [("n", "I", 4), ("v", "V", 6), ("c", "C", 2), ("_NullFlags", "0", 1)]
    flags = {"n": 0x02, "c": 0x02}
    records = [
        (7, b"abcdef", b"xy", 0b000),
        (0, b"abc\0\0\3", b"xy", 0b011),  # n is null, v is shorter than its field
        (8, b"\0\0\0\0\0\0", b"  ", 0b110),  # v is empty, c is null
    ]
    body = b"".join(b" " + struct.pack("<i", n) + v + c + bytes([mask]) for n, v, c, mask in records)
    rows, _ = read(Dbf, dbf(fields, body, 3, version=0x32, flags=flags))
    assert [cells(row) for row in rows] == [["7", "abcdef", "xy"], [None, "abc", "xy"], ["8", None, None]]


FIELDS = [{"name": "a", "width": 3}, {"name": "b", "width": 2}]


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_lines_of_a_fixed_width_file(end: bytes) -> None:
    lines = [b"title", b"", b"aaabb", b"", b"short", b"aaabbx", b"cccdd", b"\x1a", b"eeeff"]
    lines[4] = b"shrt"
    rows, content = read(FixedWidth, end.join(lines) + end, fields=FIELDS, header_row=2)
    assert [(row["_line"], row["_problem"], row["_raw"]) for row in rows] == [
        (3, None, None),
        (5, "row_width", "shrt"),
        (6, "row_width", "aaabbx"),
        (7, None, None),
        (9, None, None),
    ]
    assert left_out(content) == [("header_line", 1, 0, ("lines 1-2",))]


def test_what_stands_between_declared_fields_is_told() -> None:
    fields = [{"name": "a", "start": 2, "width": 2}, {"name": "b", "start": 6, "width": 1}]
    rows, content = read(FixedWidth, b"xaa..b\nxaa  b\n", fields=fields)
    assert [cells(row) for row in rows] == [["aa", "b"]] * 2
    assert [(what, where) for what, _, _, where in left_out(content)] == [("column", ("places 1-1", "places 4-5"))]
    assert left_out(read(FixedWidth, b" aa  b\n", fields=fields)[1]) == []
