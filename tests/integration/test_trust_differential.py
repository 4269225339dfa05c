"""Files of text read by govshare and by independent readers: the same rows and values, or set aside, or told.

Python's csv, json and ast, lxml (libxml2) and dbfread read the real public registers and tables made at random.
Workbooks: ``test_trust_differential_workbooks``.
"""

from __future__ import annotations

import ast
import csv
import io
import json
import os
import struct
import tempfile
from collections.abc import Callable
from itertools import chain
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.cases import SHARED

from connectors.files.dbf import Dbf
from connectors.files.delimited import Delimited
from connectors.files.json_document import JsonDocument
from connectors.files.lines import json_lines, python_literals
from connectors.files.reader import Content
from connectors.files.xml import Xml

Row = dict[str, Any]
REAL = SHARED / "real"


def ours(kind: Callable[[Content], Any], data: bytes, **options: Any) -> tuple[list[Row], Content]:
    """All rows, with nothing left out without a word."""
    content = Content("file", lambda: io.BytesIO(data), options)
    rows = list(chain.from_iterable(batch.to_pylist() for batch in kind(content).batches()))
    return rows, content


def cells(row: Row) -> Row:
    return {name: value for name, value in row.items() if not name.startswith("_")}


def real(pattern: str) -> list[Any]:
    """The real files of a pattern; one test that skips (or fails in CI) where they are missing."""
    found = sorted(REAL.glob(pattern))
    if found:
        return [pytest.param(path, id=str(path.relative_to(REAL))) for path in found]
    marks = pytest.mark.skipif(os.environ.get("CI") != "true", reason="../shared/real is not there")
    return [pytest.param(REAL / pattern, marks=marks)]


@pytest.mark.parametrize("path", [*real("**/*.csv"), *real("**/*.tsv")])
def test_delimited_files_as_the_csv_module_reads_them(path: Path) -> None:
    delimiter = "\t" if path.suffix == ".tsv" else ","
    rows, content = ours(Delimited, path.read_bytes(), delimiter=delimiter)
    with path.open(encoding="utf-8-sig", newline="") as file:
        header, *expected = [row for row in csv.reader(file, delimiter=delimiter) if row]
    names = [name.strip() for name in header]
    assert len(rows) == len(expected)
    for row, theirs in zip(rows, expected, strict=True):
        if row["_problem"] is None:
            assert [row[name] for name in names] == theirs
        else:  # set aside, with all its text
            assert row["_problem"] in ("row_width", "line_unreadable") and row["_raw"] and row["_line"]
            assert len(theirs) != len(header) or row["_problem"] == "line_unreadable"
    assert not content.report.left_out


def plain(value: Any) -> Any:
    """A value as a cell: what is not nested as text."""
    return value if value is None or isinstance(value, str) else str(value)


@pytest.mark.parametrize("path", real("registration/json/*/*.json"))
def test_a_json_document_as_the_json_module_reads_it(path: Path) -> None:
    data = path.read_bytes()
    rows, content = ours(JsonDocument, data, records="erDataList")
    expected = json.loads(data, parse_float=str, parse_int=str)["erDataList"]
    assert len(rows) == len(expected) and not content.report.left_out
    for row, theirs in zip(rows, expected, strict=True):
        assert row["_problem"] is None
        assert {name: value for name, value in cells(row).items() if name in theirs} == {
            name: plain(value) for name, value in theirs.items()
        }


@pytest.mark.parametrize("path", [*real("universities/*.jsonl"), *real("new_registrations_2019/*.txt")])
def test_records_by_line_as_json_and_ast_read_them(path: Path) -> None:
    data = path.read_bytes()
    lines = [line for line in data.decode().splitlines() if line.strip()]
    if path.suffix == ".jsonl":
        rows, _ = ours(json_lines, data)
        expected = [json.loads(line, parse_float=str, parse_int=str) for line in lines]
    else:
        rows, _ = ours(python_literals, data)
        expected = [ast.literal_eval(line) for line in lines]
    assert len(rows) == len(expected)
    for row, theirs in zip(rows, expected, strict=True):
        assert row["_problem"] is None
        for name, value in theirs.items():
            if isinstance(value, dict | list | tuple):
                assert json.loads(row[name]) == json.loads(json.dumps(value))
            else:
                assert row[name] == plain(value)


word = st.text(alphabet="ab中文 ,;'\"&<>\n1０", max_size=8)
tables = st.lists(st.tuples(word, word, word), max_size=6)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(tables, st.sampled_from(["utf-8", "gb18030", "utf-16"]))
def test_a_delimited_table_as_the_csv_module_reads_it(table: list[tuple[str, ...]], encoding: str) -> None:
    buffer = io.StringIO()
    csv.writer(buffer, quoting=csv.QUOTE_ALL).writerows([["a", "b", "c"], *table])
    rows, _ = ours(Delimited, buffer.getvalue().encode(encoding))
    header, *expected = csv.reader(io.StringIO(buffer.getvalue(), newline=""))
    assert [row for row in map(cells, rows)] == [dict(zip(header, row, strict=True)) for row in expected]


@settings(max_examples=60, deadline=None, derandomize=True)
@given(tables, st.sampled_from(["utf-8", "gb18030"]), st.sampled_from(["", '<!DOCTYPE d SYSTEM "d.dtd">']))
def test_an_xml_document_as_lxml_reads_it(table: list[tuple[str, ...]], encoding: str, doctype: str) -> None:
    etree = pytest.importorskip("lxml.etree")
    body = "".join(f"<row a={quoteattr(a)}><b>{escape(b)}</b><c><d><![CDATA[{c}]]></d></c></row>" for a, b, c in table)
    data = f'<?xml version="1.0" encoding="{encoding}"?>{doctype}<d>{body}</d>'.encode(encoding)
    rows, _ = ours(Xml, data, records="row")
    expected = [
        {"@a": row.get("a"), "b": row.findtext("b"), "c.d": row.findtext("c/d")}
        for row in etree.fromstring(data, etree.XMLParser(load_dtd=False, no_network=True)).iter("row")
    ]
    assert list(map(cells, rows)) == expected and all(row["_problem"] is None for row in rows)


letters = st.text(alphabet="ab中文1 ", max_size=4).map(str.strip)
numbers = st.one_of(st.none(), st.decimals(min_value=-999, max_value=999, places=2))
days = st.one_of(st.none(), st.dates())


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.lists(st.tuples(letters, numbers, days, st.booleans()), max_size=8))
def test_a_dbf_file_as_dbfread_reads_it(table: list[tuple[Any, ...]]) -> None:
    dbfread = pytest.importorskip("dbfread")
    fields = [("name", "C", 10), ("n", "N", 8), ("day", "D", 8)]
    body = b"".join(
        (b"*" if gone else b" ")
        + name.encode("gb18030").ljust(10)
        + (b"" if number is None else str(number).encode()).rjust(8)
        + (b"" if day is None else day.strftime("%Y%m%d").rjust(8, "0").encode()).ljust(8)
        for name, number, day, gone in table
    )
    head = struct.pack("<B3BIHH16xBBxx", 3, 126, 1, 1, len(table), 32 + 32 * 3 + 1, 27, 0, 0x4D)
    entries = b"".join(
        name.encode().ljust(11, b"\0") + kind.encode() + b"\0" * 4 + bytes([width, 0]) + b"\0" * 14
        for name, kind, width in fields
    )
    data = head + entries + b"\r" + body + b"\x1a"
    rows, content = ours(Dbf, data)
    theirs = _dbfread(dbfread, data)
    assert len(rows) == len(theirs)
    for row, other in zip(rows, theirs, strict=True):
        assert (row["name"] or "") == other["name"]
        assert (None if row["n"] is None else float(row["n"])) == other["n"]
        assert (None if row["day"] is None else row["day"]) == (
            other["day"] and other["day"].strftime("%Y%m%d").rjust(8, "0")
        )
    gone = sum(found.rows or 0 for found in content.report.left_out if found.what == "deleted_record")
    assert gone == len(table) - len(rows)


def _dbfread(dbfread: Any, data: bytes) -> list[Row]:
    with tempfile.NamedTemporaryFile(suffix=".dbf") as file:
        file.write(data)
        file.flush()
        return list(dbfread.DBF(file.name, encoding="gb18030", load=True))
