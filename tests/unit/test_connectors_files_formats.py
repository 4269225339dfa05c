"""Every file format but delimited text: what lands of it, and what is said when nothing can."""

from __future__ import annotations

import datetime as dt
import io
import json
import struct
from collections.abc import Callable
from itertools import chain
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter
import xlwt
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.files.apart import Apart, Child
from connectors.files.dbf import Dbf
from connectors.files.excel import Excel
from connectors.files.fixed_width import FixedWidth
from connectors.files.json_document import JsonDocument
from connectors.files.lines import json_lines, python_literals
from connectors.files.parquet import Parquet
from connectors.files.reader import Content
from connectors.files.text import Unreadable
from connectors.files.xml import Xml

Row = dict[str, Any]


def read(reader: Callable[[Content], Any], data: bytes, sibling: bytes | None = None, **options: Any) -> list[Row]:
    opened = reader(
        Content("file", lambda: io.BytesIO(data), options, lambda _: io.BytesIO(sibling) if sibling else None)
    )
    rows = list(chain.from_iterable(batch.to_pylist() for batch in opened.batches()))
    assert all(list(row)[: len(opened.schema)] == opened.schema.names for row in rows)
    return rows


def cells(row: Row) -> list[Any]:
    return [value for name, value in row.items() if not name.startswith("_")]


# --- Excel


def xlsx(tmp_path: Path, fill: Callable[[xlsxwriter.Workbook], None]) -> bytes:
    file = tmp_path / "book.xlsx"
    with xlsxwriter.Workbook(file) as book:
        fill(book)
    return file.read_bytes()


def test_excel_cells_become_text(tmp_path: Path) -> None:
    def fill(book: xlsxwriter.Workbook) -> None:
        sheet = book.add_worksheet("学籍")
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        sheet.write_row(0, 0, ["姓名", "班级\n(号)", "出生", "更新", "比例", "序", "在校", "空"])
        sheet.write(1, 0, " 张三 ")
        sheet.write_number(1, 1, 3)
        sheet.write_datetime(1, 2, dt.datetime(2012, 3, 4), day)
        sheet.write_datetime(1, 3, dt.datetime(2012, 3, 4, 5, 6, 7), moment)
        sheet.write_number(1, 4, 0.25)
        sheet.write_number(1, 5, 40972)
        sheet.write_boolean(1, 6, True)
        sheet.write_formula(1, 7, "=1/0", None, "#DIV/0!")
        sheet.write(3, 0, "41070219900101123X")

    first, second = read(Excel, xlsx(tmp_path, fill))
    assert list(first)[:3] == ["姓名", "班级(号)", "出生"]
    assert cells(first) == [" 张三 ", "3", "2012-03-04", "2012-03-04 05:06:07", "0.25", "40972", "TRUE", None]
    assert (first["_line"], second["_line"]) == (2, 4)


def test_excel_titles_merged_cells_and_columns_beyond_the_header(tmp_path: Path) -> None:
    def fill(book: xlsxwriter.Workbook) -> None:
        sheet = book.add_worksheet()
        sheet.merge_range(1, 1, 1, 4, "事业单位登记表")
        sheet.merge_range(3, 1, 4, 1, "单位")
        sheet.merge_range(3, 2, 3, 3, "有效期")
        sheet.write_row(4, 2, ["起", "止"])
        sheet.merge_range(5, 1, 6, 1, "第一中学")
        sheet.write_row(5, 2, ["2020", "2025"])
        sheet.write_row(6, 2, ["2025", "2030", "备注"])
        sheet.write_row(7, 1, ["第二中学", "2021"])

    rows = read(Excel, xlsx(tmp_path, fill), header_row=4, header_rows=2)
    assert list(rows[0])[:4] == ["单位", "有效期_起", "有效期_止", "column_4"]
    assert [cells(row) for row in rows] == [
        ["第一中学", "2020", "2025", None],
        ["第一中学", "2025", "2030", "备注"],
        ["第二中学", "2021", None, None],
    ]
    assert [row["_line"] for row in rows] == [6, 7, 8]


def test_excel_sheets(tmp_path: Path) -> None:
    def fill(book: xlsxwriter.Workbook) -> None:
        for name, header, row in (
            ("说明", [], []),
            ("一月", ["a", "b"], ["1", "2"]),
            ("二月", ["a", "b"], ["3", "4"]),
            ("代码", ["码", "名"], ["01", "汉"]),
            ("三月", ["b", "a", "c"], ["6", "5", "7"]),
        ):
            sheet = book.add_worksheet(name)
            sheet.write_row(0, 0, header)
            sheet.write_row(1, 0, row)
        book.get_worksheet_by_name("三月").hide()

    data = xlsx(tmp_path, fill)
    continued = read(Excel, data)
    assert [(cells(row), row["_part"]) for row in continued] == [(["1", "2"], "一月"), (["3", "4"], "二月")]
    assert [cells(row) for row in read(Excel, data, sheet="代码")] == [["01", "汉"]]
    assert [cells(row) for row in read(Excel, data, sheet=2)] == [["1", "2"]]
    assert [cells(row) for row in read(Excel, data, sheet="?月")] == [
        ["1", "2", None],
        ["3", "4", None],
        ["5", "6", "7"],
    ]
    with pytest.raises(Unreadable, match=r"四月.*一月, 二月"):
        read(Excel, data, sheet="四月")


def test_legacy_workbook_and_a_wrong_name(tmp_path: Path) -> None:
    book = xlwt.Workbook()
    sheet = book.add_sheet("事业单位")
    for column, value in enumerate(["证书号", "开办资金"]):
        sheet.write(2, column, value)
    sheet.write(3, 0, "000001")
    sheet.write(3, 1, 120.5)
    sheet.write(4, 0, dt.date(2020, 1, 2), xlwt.easyxf(num_format_str="yyyy/m/d"))
    stream = io.BytesIO()
    book.save(stream)
    assert [cells(row) for row in read(Excel, stream.getvalue(), header_row=3)] == [
        ["000001", "120.5"],
        ["2020-01-02", None],
    ]
    with pytest.raises(Unreadable, match="web page"):
        read(Excel, b"<html><table><tr><td>1</td></tr></table></html>")
    with pytest.raises(Unreadable, match="text perhaps"):
        read(Excel, b"a,b\n1,2\n")
    with pytest.raises(Unreadable, match="not a readable workbook"):
        read(Excel, stream.getvalue()[:1000])


def test_workbooks_are_read_one_after_the_other_by_one_process_until_one_takes_it_down(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Child, "_idle", [])
    data = xlsx(tmp_path, lambda book: book.add_worksheet().write_column(0, 0, ["a", 1]) and None)
    processes = []
    for content in (data, data, data[:-200], data):
        try:
            opened = Apart(Content("file", lambda content=content: io.BytesIO(content), {}), "excel", "Excel")
            processes.append(opened._child.process)
            assert [cells(row) for batch in opened.batches() for row in batch.to_pylist()] == [["1"]]
        except Unreadable:
            assert content is not data
    first, second, third = processes
    assert first is second is third and first.poll() is None  # a file that is refused harms nobody
    begun = Apart(Content("file", lambda: io.BytesIO(data), {}), "excel", "Excel")
    assert begun._child.process is third
    del begun  # unread, so that the process still has what nobody will read
    assert third.poll() is not None


# --- lines


def test_json_lines() -> None:
    data = "\n".join(
        [
            '{"a": 1.50, "b": "中"}',
            "",
            '{"b": null, "c": {"d": [1, true]}}',
            '{"a": ',
            '{"a": 1, "a": 2}',
            "[1]",
            '{"a": 12345678901234567890, "b": false}',
        ]
    )
    rows = read(json_lines, data.encode())
    assert [cells(row) for row in rows] == [
        ["1.50", "中", None],
        [None, None, '{"d": [1, true]}'],
        [None, None, None],
        [None, None, None],
        [None, None, None],
        ["12345678901234567890", "false", None],
    ]
    assert [(row["_line"], row["_problem"]) for row in rows] == [
        (1, None),
        (3, None),
        (4, "line_unreadable"),
        (5, "line_unreadable"),
        (6, "line_unreadable"),
        (7, None),
    ]
    assert rows[3]["_raw"] == '{"a": 1, "a": 2}'


def test_half_a_surrogate_pair_is_an_undecodable_text() -> None:
    whole, half = read(json_lines, b'{"a": "\\ud83d\\ude00"}\n{"a": "x\\ud83d"}')
    assert (whole["a"], whole["_problem"]) == ("😀", None)
    assert (half["a"], half["_problem"]) == ("x\ufffd", "text_undecodable")


def test_python_literals() -> None:
    data = (
        "{'a': True, 'b': None, 'c': \"it's\"}\n{'a': __import__('os')}\n{1: 2}\n" + "[" * 5000 + "\n{'a': ('x', 1)}\n"
    )
    rows = read(python_literals, data.encode("gb18030"))
    assert cells(rows[0]) == ["True", None, "it's"]
    assert [row["_problem"] for row in rows] == [
        None,
        "line_unreadable",
        "line_unreadable",
        "line_unreadable",
        None,
    ]
    assert rows[4]["a"] == '["x", 1]'


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2),
    max_leaves=4,
)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.dictionaries(st.sampled_from(["a", "中", "c"]), values, min_size=1), max_size=6),
    st.lists(st.binary(max_size=20), max_size=3),
)
def test_good_lines_among_any_bytes(records: list[Row], noise: list[bytes]) -> None:
    good = [json.dumps(record, ensure_ascii=True).encode() for record in records]
    bad = [b"{" + piece.replace(b"\n", b"").replace(b"\r", b"") for piece in noise]
    rows = read(json_lines, b"\n".join(bad + good), encoding="utf-8")
    assert len(rows) == len(bad) + len(good)
    assert sum(row["_problem"] == "line_unreadable" for row in rows) >= len(bad)
    assert [row["_line"] for row in rows] == list(range(1, len(rows) + 1))


# --- JSON documents


def test_json_document() -> None:
    data = {"code": 0, "result": {"rows": [{"许可证": "JY1", "n": 1.5}, {"许可证": "JY2", "m": [1]}, "?"]}}
    rows = read(JsonDocument, json.dumps(data, ensure_ascii=False).encode("gb18030"), records="result.rows")
    assert [cells(row) for row in rows] == [["JY1", "1.5", None], ["JY2", None, "[1]"], [None, None, None]]
    assert (rows[2]["_problem"], rows[2]["_raw"]) == ("line_unreadable", "?")
    assert read(JsonDocument, b'\xef\xbb\xbf[{"a": 1}]')[0]["a"] == "1"
    assert read(JsonDocument, b'{"data": []}', records="data") == []
    with pytest.raises(Unreadable, match=r"no list at 'data'; the document has code, result"):
        read(JsonDocument, json.dumps(data).encode(), records="data")
    with pytest.raises(Unreadable, match="breaks off") as error:
        read(JsonDocument, b'[{"a": 1}, {"a"')
    assert error.value.place == "after record 1"


# --- fixed width


def test_fixed_width_counts_bytes() -> None:
    fields = [{"name": "姓名", "width": 6}, {"name": "码", "start": 8, "width": 3}]
    good = "张三  -001".encode("gb18030")
    data = b"\r\n".join([good, "李四光-002".encode("gb18030"), "王五".encode("gb18030"), b"", b"\xff" + good[1:]])
    rows = read(FixedWidth, data, fields=fields, encoding="gbk")
    assert [cells(row) for row in rows[:2]] == [["张三", "001"], ["李四光", "002"]]
    assert (rows[2]["_problem"], rows[2]["_raw"], rows[2]["_line"]) == ("row_width", "王五", 3)
    assert rows[3]["_problem"] == "text_undecodable" and rows[3]["_line"] == 5
    (row,) = read(
        FixedWidth,
        "张三  |01\n".encode(),
        fields=[{"name": "a", "width": 4}, {"name": "b", "start": 6, "width": 3}],
        unit="characters",
        trimmed=True,
    )
    assert cells(row) == ["张三", "01"]
    with pytest.raises(Unreadable, match="`fields`"):
        read(FixedWidth, data, fields=[{"name": "a"}])


# --- DBF


def dbf(
    fields: list[tuple[str, str, int, int]], records: list[bytes], version: int = 0x03, language: int = 0x4D
) -> bytes:
    length = 1 + sum(width for _, _, width, _ in fields)
    start = 32 + 32 * len(fields) + 1
    head = struct.pack("<B3BIHH16xBBxx", version, 126, 1, 1, len(records), start, length, 0, language)[:32]
    body = b"".join(
        name.encode("gb18030").ljust(11, b"\0") + kind.encode() + b"\0" * 4 + bytes([width, decimals]) + b"\0" * 14
        for name, kind, width, decimals in fields
    )
    return head.ljust(32, b"\0") + body + b"\r" + b"".join(records) + b"\x1a"


def test_dbf() -> None:
    fields = [("姓名", "C", 10, 0), ("金额", "N", 8, 2), ("日期", "D", 8, 0), ("在册", "L", 1, 0)]

    def record(name: str, amount: str, day: str, mark: str = " ") -> bytes:
        return (
            mark.encode() + name.encode("gb18030").ljust(10) + amount.rjust(8).encode() + day.ljust(8).encode() + b"T"
        )

    data = dbf(fields, [record("张三", "12.50", "20200102"), record("删除", "0", "", "*"), record("李四", "", "")])
    rows = read(Dbf, data)
    assert [cells(row) for row in rows] == [["张三", "12.50", "20200102", "T"], ["李四", None, None, "T"]]
    assert [row["_line"] for row in rows] == [1, 3]
    unmarked = dbf(fields, [record("张三", "1", "")], language=0x03)
    assert read(Dbf, unmarked)[0]["姓名"] == "张三"
    with pytest.raises(Unreadable, match="breaks off: 1 records of the 3"):
        read(Dbf, data[:-40])
    with pytest.raises(Unreadable, match="not a DBF"):
        read(Dbf, b"name,age\n" * 20)
    spoilt = dbf([("a", "C", 2, 0)], [b" \xff\xff", b" ok"])
    assert [row["_problem"] for row in read(Dbf, spoilt)] == ["text_undecodable", None]


def test_dbf_of_visual_foxpro_with_memo() -> None:
    fields = [("n", "I", 4, 0), ("t", "T", 8, 0), ("y", "Y", 8, 0), ("b", "B", 8, 0), ("memo", "M", 4, 0)]
    day = (dt.date(2020, 1, 2) - dt.date(1970, 1, 1)).days + 2440588
    record = (
        b" "
        + struct.pack("<i", -7)
        + struct.pack("<ii", day, 3_600_000)
        + struct.pack("<q", -12_345)
        + struct.pack("<d", 2.0)
        + struct.pack("<I", 1)
    )
    text = "经营范围:长文本".encode("gb18030")
    memo = struct.pack(">IHH", 2, 0, 64).ljust(64, b"\0") + struct.pack(">II", 1, len(text)) + text
    (row,) = read(Dbf, dbf(fields, [record], version=0x30), memo)
    assert cells(row) == ["-7", "2020-01-02 01:00:00", "-1.2345", "2", "经营范围:长文本"]
    with pytest.raises(Unreadable, match="memo"):
        read(Dbf, dbf(fields, [record], version=0x30))


# --- XML


def test_xml() -> None:
    text = """<?xml version="1.0" encoding="GBK"?>
<r:response xmlns:r="urn:x"><data total="2">
  <row id="1"><姓名>张三 &amp; 李</姓名><addr><city>新乡</city></addr><tel>1</tel><tel>2</tel><空/></row>
  <row id="2"><姓名><![CDATA[<王>]]></姓名></row>
</data></r:response>"""
    rows = read(Xml, text.encode("gbk"), records="data/row")
    assert cells(rows[0]) == ["1", "张三 & 李", "新乡", '["1", "2"]', ""]
    assert list(rows[0])[:3] == ["@id", "姓名", "addr.city"]
    assert (rows[1]["姓名"], rows[1]["addr.city"], rows[1]["_line"]) == ("<王>", None, 4)
    with pytest.raises(Unreadable, match="no element zeile; the document has response, data, row"):
        read(Xml, text.encode("gbk"), records="zeile")
    with pytest.raises(Unreadable, match="not well-formed") as error:
        read(Xml, text.encode("gbk")[:-30], records="row")
    assert error.value.place and error.value.place.startswith("line")
    assert read(Xml, b"<data/>", records="row") == []


def test_xml_bomb_is_refused() -> None:
    bomb = b'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><x><row>&b;</row></x>'
    with pytest.raises(Unreadable, match="entities"):
        read(Xml, bomb, records="row")
    outside = b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><x><row>&a;</row></x>'
    with pytest.raises(Unreadable, match="entities"):
        read(Xml, outside, records="row")


# --- Parquet


def test_parquet_keeps_types(tmp_path: Path) -> None:
    table = pa.table({"n": pa.array([1, 2]), "d": pa.array([dt.date(2020, 1, 2), None]), "s": ["甲", "乙"]})
    pq.write_table(table, tmp_path / "t.parquet")
    data = (tmp_path / "t.parquet").read_bytes()
    assert [cells(row) for row in read(Parquet, data)] == [[1, dt.date(2020, 1, 2), "甲"], [2, None, "乙"]]
    with pytest.raises(Unreadable, match="Parquet"):
        read(Parquet, data[:-10])


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from([Excel, Dbf, Xml, JsonDocument, json_lines, python_literals, Parquet]),
    st.binary(max_size=300),
)
def test_any_bytes_are_rows_or_an_error_with_a_remedy(reader: Callable[[Content], Any], data: bytes) -> None:
    try:
        read(reader, data, records="row")
    except Unreadable as error:
        assert error.what and error.remedy
