"""Spoiled files of every kind, collected to the end: an error that says where, or rows, and no good one lost.

A spoiled line may become anything; every other line must land as it was, at its place. A spoiled document
(workbook, XML, DBF …) lands or is refused as a whole.
"""

from __future__ import annotations

import gzip
import io
import json
import struct
import tempfile
import zipfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter
import xlwt
from hypothesis import example, given, settings
from hypothesis import strategies as st
from support.collecting import Office, Resource, Spec

from connectors.base import CollectError

SCRATCH = tempfile.TemporaryDirectory(prefix="govshare-fuzz-")  # goes away with the process
ROWS = 9
NAMES = ("号码", "姓名", "备注")
SECRET = "41079919900101123X"


def cells(row: int) -> tuple[str, ...]:
    return (f"{SECRET}{row}", "张三李"[row % 3] + "四", "新乡" * (row % 3) + "x")


def collect(kind: str, name: str, data: bytes, **options: Any) -> tuple[Office, Resource] | None:
    """The landed file, null when it was refused as a file may be."""
    folder = Path(tempfile.mkdtemp(dir=SCRATCH.name))
    office = Office(folder, 'path = "in"')
    inbox = office.installation.city / "in"
    inbox.mkdir()
    (inbox / name).write_bytes(data)
    spec = Spec(kind, "office", options={"path": name, "settle": 0, **options})
    resource = Resource("office.files", spec)
    try:
        result = office.collect(resource)
    except CollectError as error:
        text = str(error)
        assert "测试局 · 测试资源 (office.files)" in text and f"file {name}" in text and "Remedy: " in text
        assert SECRET not in text
        return None
    assert result.rows == len(office.landed(resource, "_row"))
    return office, resource


# --- a record a line

ENCODINGS = ("utf-8", "gb18030")
FIXED = [{"name": name, "width": width} for name, width in zip(NAMES, (24, 12, 24), strict=True)]


def fixed(row: int, encoding: str) -> bytes:
    return b"".join(
        cell.encode(encoding).ljust(field["width"])  # type: ignore[call-overload]
        for cell, field in zip(cells(row), FIXED, strict=True)
    )


LINES: dict[str, tuple[dict[str, Any], Callable[[int, str], bytes], int]] = {
    # kind: options, one record's line, lines before the first record
    "delimited": ({}, lambda row, encoding: ",".join(cells(row)).encode(encoding), 1),
    "json_lines": (
        {},
        lambda row, encoding: json.dumps(dict(zip(NAMES, cells(row), strict=True)), ensure_ascii=False).encode(
            encoding
        ),
        0,
    ),
    "python_literal": ({}, lambda row, encoding: repr(dict(zip(NAMES, cells(row), strict=True))).encode(encoding), 0),
    "fixed_width": ({"fields": FIXED}, fixed, 0),
}
no_line_end = st.binary(max_size=20).map(lambda data: data.translate(None, b"\r\n"))


@settings(max_examples=60, deadline=None)
@given(
    kind=st.sampled_from(sorted(LINES)),
    encoding=st.sampled_from(ENCODINGS),
    declared=st.booleans(),
    spoiled=st.dictionaries(st.integers(0, ROWS - 1), st.tuples(st.integers(0, 30), no_line_end), max_size=3),
    packed=st.sampled_from(["", "gz", "zip"]),
)
@example("delimited", "utf-8", False, {3: (2, b'"'), 5: (9, b'",')}, "")
@example("delimited", "gb18030", False, {0: (0, b"\xff\xfe"), 8: (0, b"\x1a")}, "")
@example("json_lines", "utf-8", False, {0: (5, b"\x00\xe5"), 1: (0, b"\xef\xbb\xbf")}, "gz")
def test_every_line_but_the_spoiled_ones_lands_as_it_was(
    kind: str, encoding: str, declared: bool, spoiled: dict[int, tuple[int, bytes]], packed: str
) -> None:
    options, line_of, header = LINES[kind]
    lines = [line_of(row, encoding) for row in range(ROWS)]
    for row, (place, data) in spoiled.items():
        lines[row] = lines[row][:place] + data + lines[row][place + len(data) :]
    if header:
        lines.insert(0, ",".join(NAMES).encode(encoding))
    data, name = b"\n".join(lines) + b"\n", "file.txt"
    if packed == "gz":
        data = gzip.compress(data)
    elif packed == "zip":
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w") as archive:
            archive.writestr(name, data)
        data, name = stream.getvalue(), "file.zip"
    taken = collect(kind, name, data, **options, **({"encoding": encoding} if declared else {}))
    if taken is None:  # only a spoiled start can make it look like no text, or like another encoding
        assert (0 in spoiled and not header) or not declared
        return
    office, resource = taken
    columns = ", ".join(f'"{name}"' for name in NAMES)
    landed = {row[3]: row for row in office.landed(resource, f"{columns}, _line, _problem, _raw")}
    hidden = 0
    for row in range(ROWS):
        line = row + 1 + header
        if row in spoiled:
            continue
        if line in landed:
            assert landed[line][:3] == cells(row) and landed[line][4] is None
        else:  # a spoiled line before it opens a quote that a spoiled line after it closes: one record by RFC 4180
            assert kind == "delimited"
            assert any(SECRET + str(row) in str(other) for other in landed.values())
            hidden += 1
    assert hidden == 0 or sum(b'"' in data for _, data in spoiled.values()) >= 2


# --- documents


@cache
def documents() -> dict[str, tuple[str, bytes, dict[str, Any]]]:
    """A good document of each kind."""
    rows = [dict(zip(NAMES, cells(row), strict=True)) for row in range(ROWS)]
    book = xlwt.Workbook()
    sheet = book.add_sheet("表")
    stream, xlsx, parquet = io.BytesIO(), io.BytesIO(), io.BytesIO()
    with xlsxwriter.Workbook(xlsx, {"in_memory": True}) as modern:
        page = modern.add_worksheet("表")
        for number, values in enumerate([NAMES, *map(cells, range(ROWS))]):
            page.write_row(number, 0, values)
            for column, value in enumerate(values):
                sheet.write(number, column, value)
    book.save(stream)
    pq.write_table(pa.Table.from_pylist(rows), parquet)
    xml = "".join("<row>" + "".join(f"<{k}>{v}</{k}>" for k, v in row.items()) + "</row>" for row in rows)
    fields = b"".join(
        name.encode("gb18030").ljust(11, b"\0") + b"C" + b"\0" * 4 + bytes([24, 0]) + b"\0" * 14 for name in NAMES
    )
    body = b"".join(b" " + b"".join(c.encode("gb18030").ljust(24) for c in cells(row)) for row in range(ROWS))
    head = struct.pack("<B3BIHH16xBBxx", 3, 126, 1, 1, ROWS, 32 + len(fields) + 1, 73, 0, 0x4D)
    return {
        "xls": ("excel", stream.getvalue(), {}),
        "xlsx": ("excel", xlsx.getvalue(), {}),
        "json": ("json", json.dumps({"data": rows}, ensure_ascii=False).encode(), {"records": "data"}),
        "xml": ("xml", f"<?xml version='1.0' encoding='UTF-8'?><d>{xml}</d>".encode(), {"records": "row"}),
        "dbf": ("dbf", head + fields + b"\r" + body + b"\x1a", {}),
        "parquet": ("parquet", parquet.getvalue(), {}),
    }


@pytest.mark.parametrize("kind", ["xls", "xlsx", "json", "xml", "dbf", "parquet"])
def test_a_whole_document_lands(kind: str) -> None:
    module, data, options = documents()[kind]
    taken = collect(module, f"file.{kind}", data, **options)
    assert taken is not None
    office, resource = taken
    assert office.landed(resource, ", ".join(f'"{name}"' for name in NAMES)) == [cells(row) for row in range(ROWS)]


@settings(max_examples=100, deadline=None)
@given(
    kind=st.sampled_from(["json", "xml", "dbf", "parquet"] * 4 + ["xls", "xlsx"]),
    place=st.floats(0, 1),
    junk=st.binary(max_size=12),
    cut=st.sampled_from(["over", "in", "off"]),
)
def test_a_spoiled_document_lands_or_is_refused_with_its_place(kind: str, place: float, junk: bytes, cut: str) -> None:
    module, data, options = documents()[kind]
    at = int(place * len(data))
    spoiled = {
        "over": data[:at] + junk + data[at + len(junk) :],
        "in": data[:at] + junk + data[at:],
        "off": data[:at],
    }[cut]
    collect(module, f"file.{kind}", spoiled, **options)


def test_a_workbook_that_would_take_the_process_down_is_refused() -> None:
    """One cell in the last row and column: a parser that lays out all of them asks for 100 GB."""
    stream = io.BytesIO()
    with xlsxwriter.Workbook(stream, {"in_memory": True}) as book:
        page = book.add_worksheet()
        page.write_row(0, 0, NAMES)
        page.write(1_048_575, 16_383, "x")
    assert collect("excel", "file.xlsx", stream.getvalue()) is None
    _, data, _ = documents()["xls"]
    for place in range(44, 76, 8):  # the counts and places in the container's head
        spoiled = data[:place] + b"\xf0\xff\xff\x7f" + data[place + 4 :]
        collect("excel", "file.xls", spoiled)
