"""The heading of a delimited file: sep lines, invisible characters, full-width delimiters, what stands above it."""

from __future__ import annotations

import io
from itertools import chain
from typing import Any

import pytest
from support.cases import case

from connectors.files.delimited import Delimited
from connectors.files.lines import json_lines
from connectors.files.reader import Content, column_names
from connectors.files.text import Unreadable


def read(data: bytes | str, **options: Any) -> tuple[list[dict[str, Any]], Content]:
    raw = data.encode() if isinstance(data, str) else data
    content = Content("file.csv", lambda: io.BytesIO(raw), options)
    return list(chain.from_iterable(batch.to_pylist() for batch in Delimited(content).batches())), content


def cells(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if not name.startswith("_")}


def remarks(content: Content) -> dict[str, tuple[str, ...]]:
    return {finding.what: finding.where for finding in content.report.remarks}


PERSON = {"身份证号": "1", "姓名": "甲", "电话": "3"}


def test_the_files_of_case_16_are_read_and_what_was_done_is_told() -> None:
    rows, content = read(case("16/sep.csv").read_bytes())
    assert [cells(row) for row in rows] == [PERSON] and rows[0]["_line"] == 3
    assert remarks(content) == {"sep_line": ("line 1",)}
    rows, content = read(case("16/zw.csv").read_bytes())
    assert [cells(row) for row in rows] == [PERSON]
    assert remarks(content) == {"heading": ("column 1",)}


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|", "#"])
@pytest.mark.parametrize("form", ["sep={}", '"sep={}"', "SEP={}"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_sep_line_names_the_delimiter(delimiter: str, form: str, encoding: str, end: str) -> None:
    lines = [form.format(delimiter), delimiter.join(PERSON), delimiter.join(PERSON.values())]
    for options in ({}, {"header_row": 2}, {"delimiter": delimiter}):
        rows, content = read(end.join(lines).encode(encoding), **options)
        assert [(cells(row), row["_line"]) for row in rows] == [(PERSON, 3)]
        assert remarks(content) == {"sep_line": ("line 1",)} and not content.report.left_out
    rows, _ = read(end.join([lines[0], lines[2]]).encode(encoding), header_row=0, columns=list(PERSON))
    assert [(cells(row), row["_line"]) for row in rows] == [(PERSON, 2)]


@pytest.mark.parametrize(
    "mark",
    ["\u200b", "\ufeff", "\u200c", "\u200d", "\u2060", "\xa0", "\u200e", "\u202c", "\xad", "\x1f", "\u3164", "\ufe0f"],
)
@pytest.mark.parametrize("form", ["{m}身份证号", "身份证号{m}", "身份{m}{m}证号"])
def test_invisible_characters_are_taken_off_headings(mark: str, form: str) -> None:
    rows, content = read(f"姓名,{form.format(m=mark)},电话\n甲,1,3\n")
    assert cells(rows[0]) == {"姓名": "甲", "身份证号": "1", "电话": "3"}
    assert remarks(content) == {"heading": ("column 2",)}
    (name,) = column_names([form.format(m=mark)])
    assert name == "身份证号"


def test_headings_that_differ_by_invisible_characters_only_are_refused_with_their_places() -> None:
    for header in ("姓名,电话,姓名\u200b", "姓名\xa0,电话,姓名"):
        with pytest.raises(Unreadable, match="columns 1 and 3 differ by invisible characters only"):
            read(f"{header}\n1,2,3\n")
    rows, content = read("姓名,电话,电话\n1,2,3\n")
    assert list(cells(rows[0])) == ["姓名", "电话", "电话_2"]
    assert remarks(content) == {"repeated_name": ("column 3",)}
    rows, _ = read("a\xa0b,c\n1,2\n")
    assert list(cells(rows[0])) == ["a b", "c"]
    content = Content("file", lambda: io.BytesIO(b'{"a\\u200b": 1, "a": 2}'))  # a record's keys cost no file
    (row,) = chain.from_iterable(batch.to_pylist() for batch in json_lines(content).batches())
    assert cells(row) == {"a_2": "1", "a": "2"}  # the name as it is written


@pytest.mark.parametrize("wide", ["，", "；", "｜", "、", "\u3000"])
@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_full_width_delimiters_are_read(wide: str, encoding: str) -> None:
    for heading, rows_by in ((wide, wide), (wide, ","), (",", wide), (wide, "\t")):
        text = "\n".join([heading.join(PERSON), *[rows_by.join(PERSON.values())] * 3])
        rows, content = read(text.encode(encoding))
        assert [cells(row) for row in rows] == [PERSON] * 3
        assert remarks(content) == {"full_width_delimiter": ("line 1",)}


def test_a_full_width_delimiter_that_rows_do_not_share_is_named() -> None:
    with pytest.raises(Unreadable, match=r"2 × U\+FF0C") as error:
        read("身份证号，姓名，电话\n1,甲\n2，乙，3\n")
    assert error.value.place == "line 1" and "delimiter" in error.value.remedy
    rows, content = read("姓名、曾用名\n甲\n乙、丙\n")
    assert [cells(row) for row in rows] == [{"姓名、曾用名": "甲"}, {"姓名、曾用名": "乙、丙"}]
    assert not content.report.remarks
    rows, _ = read("名称,地址\n甲,平原路，1号\n乙,平原路，2号\n")
    assert [row["地址"] for row in rows] == ["平原路，1号", "平原路，2号"]


def test_lines_above_the_heading_are_told_where_they_say_something() -> None:
    rows, content = read("统计表\n\n单位:新乡\nid,name\n1,甲\n\n", header_row=4)
    assert [cells(row) for row in rows] == [{"id": "1", "name": "甲"}]
    ((what, count, where),) = [(f.what, f.count, f.where) for f in content.report.left_out]
    assert (what, count, where) == ("header_line", 2, ("lines 1-3",))
    assert not read("\n\nid,name\n1,甲\n", header_row=3)[1].report.left_out
