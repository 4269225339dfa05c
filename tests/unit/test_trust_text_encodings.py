"""Two encodings in one file: each line is decoded by one rule, what is in doubt is told, nothing turns to nonsense."""

from __future__ import annotations

import io
import json
from itertools import chain
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.files import text as text_module
from connectors.files.delimited import Delimited
from connectors.files.fixed_width import FixedWidth
from connectors.files.lines import json_lines
from connectors.files.reader import Content
from connectors.files.two_encodings import encoding_of_line

NAMES = ["张伟", "李䶮", "阿里·木江", "王五", "欧阳修", "买买提", "刘洋洋", "赵", "陈静", "田"]
ADDRESSES = [
    "新乡市红旗区平原路1号",
    "卫滨区",
    "长垣市",
    "原阳县城关镇",
    "辉县市",
    "牧野区荣校路2号院",
    "延津",
    "封丘县",
]


def read(data: bytes, kind: Any = Delimited, **options: Any) -> tuple[list[dict[str, Any]], Content]:
    content = Content("file", lambda: io.BytesIO(data), options)
    return list(chain.from_iterable(batch.to_pylist() for batch in kind(content).batches())), content


def cells(row: dict[str, Any]) -> list[Any]:
    return [value for name, value in row.items() if not name.startswith("_")]


def remarks(content: Content) -> dict[str, tuple[int, tuple[str, ...]]]:
    return {finding.what: (finding.count, finding.where) for finding in content.report.remarks}


def line(number: int) -> str:
    return f"{number},{NAMES[number % len(NAMES)]},{ADDRESSES[number % len(ADDRESSES)]}"


@pytest.mark.parametrize(("first", "second"), [("utf-8", "gb18030"), ("gb18030", "utf-8"), ("utf-8-sig", "gb18030")])
@pytest.mark.parametrize("of_second", [1, 3, 40, 200])
@pytest.mark.parametrize("declared", [None, "utf-8", "gb18030"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_two_programs_that_wrote_to_one_file(
    first: str, second: str, of_second: int, declared: str | None, end: str
) -> None:
    data = end.join(["编号,姓名,住址", *map(line, range(40)), ""]).encode(first)
    data += end.join([*map(line, range(40, 40 + of_second)), ""]).encode(second)
    rows, content = read(data, **({"encoding": declared} if declared else {}))
    assert [cells(row) for row in rows] == [line(n).split(",") for n in range(40 + of_second)]
    assert all(row["_problem"] is None for row in rows)
    told = remarks(content)
    assert set(told) <= {"other_encoding", "encoding_in_doubt"} and told
    assert sum(count for count, _ in told.values()) >= min(of_second, 40)


def test_lines_in_turn_and_their_numbers() -> None:
    data = b"".join((line(n) + "\n").encode("gb18030" if n % 3 else "utf-8") for n in range(30))
    rows, content = read(data, header_row=0)
    assert [cells(row) for row in rows] == [line(n).split(",") for n in range(30)]
    places = [place for _, where in remarks(content).values() for place in where]
    assert {f"line {n + 1}" for n in range(30) if n % 3 == 0} <= set(places)


@pytest.mark.parametrize("text", ["联通", "旅", "小", "裕", "莫言"])
def test_pairs_that_are_valid_in_both_are_of_the_file_and_in_doubt(text: str) -> None:
    """GB18030 whose bytes are UTF-8 sequences of two bytes, and the other way round."""
    raw = text.encode("gb18030")
    body = "".join(line(n) + "\n" for n in range(20)).encode("gb18030")
    rows, content = read("编号,姓名,住址\n".encode("gb18030") + body + b"99," + raw + b",x\n")
    assert rows[-1]["姓名"] == text and rows[-1]["_problem"] is None
    body = "".join(line(n) + "\n" for n in range(20)).encode()
    rows, content = read("编号,姓名,住址\n".encode() + body + b"99," + raw + b",x\n")
    try:
        seen = raw.decode()
    except UnicodeDecodeError:
        assert (rows[-1]["姓名"], remarks(content)) == (text, {"other_encoding": (1, ("line 22",))})
    else:
        assert rows[-1]["姓名"] == seen and remarks(content) == {"encoding_in_doubt": (1, ("line 22",))}


def test_western_letters_of_a_file_in_utf_8_are_not_in_doubt() -> None:
    rows, content = read("编号,姓名,住址\n1,José Müller,×\n2,李,Café\n".encode())
    assert rows[0]["姓名"] == "José Müller" and not content.report.remarks


def test_bytes_that_are_neither_are_set_aside_as_before() -> None:
    data = "编号,姓名\n1,张三\n".encode() + b"2,\xe5\xbc\xa0\xff\n" + "3,李四\n".encode("gb18030")
    rows, _ = read(data)
    assert [(row["姓名"], row["_problem"]) for row in rows] == [
        ("张三", None),
        ("张\ufffd", "text_undecodable"),
        ("李四", None),
    ]


def test_other_formats_by_line_have_the_same_rule() -> None:
    records = [{"姓名": NAMES[n % 10], "住址": ADDRESSES[n % 8]} for n in range(20)]
    lines = [
        json.dumps(record, ensure_ascii=False).encode("gb18030" if n > 12 else "utf-8")
        for n, record in enumerate(records)
    ]
    rows, content = read(b"\n".join(lines), json_lines)
    assert [cells(row) for row in rows] == [[*record.values()] for record in records]
    assert remarks(content)["other_encoding"][0] == 7
    fields = [{"name": "姓名", "width": 9}, {"name": "号", "width": 3}]
    data = "张三   001\r\n".encode() + "李四     002\r\n".encode("gb18030") + "王五   003\r\n".encode() * 3
    rows, content = read(data, FixedWidth, fields=fields)
    assert [cells(row) for row in rows] == [["张三", "001"], ["李四", "002"], *[["王五", "003"]] * 3]
    assert remarks(content) == {"other_encoding": (1, ("line 2",))}


everyday = st.text(
    alphabet=[bytes([lead, trail]).decode("gb2312") for lead in range(0xB0, 0xD7) for trail in range(0xA1, 0xFA)],
    min_size=3,
    max_size=12,
)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(everyday, st.sampled_from(["utf-8", "gb18030"]), st.sampled_from(["utf-8", "gb18030"]))
def test_a_line_of_everyday_chinese_is_read_as_it_was_written_or_is_in_doubt(text: str, own: str, wrote: str) -> None:
    encoding, doubt = encoding_of_line(f"1,{text},x\n".encode(wrote), own)
    assert encoding == wrote or doubt


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.lists(st.tuples(everyday, st.booleans()), min_size=1, max_size=12), st.sampled_from([5, 64, 4 << 20]))
def test_any_order_of_lines_in_blocks_of_any_size(lines: list[tuple[str, bool]], block: int) -> None:
    data = "编号,姓名\n".encode("gb18030") + b"".join(
        f"{n},{text}\n".encode("utf-8" if other else "gb18030") for n, (text, other) in enumerate(lines)
    )
    former = text_module.BLOCK_BYTES
    text_module.BLOCK_BYTES = block
    try:
        rows, content = read(data, encoding="gb18030")
    finally:
        text_module.BLOCK_BYTES = former
    doubtful = set(remarks(content).get("encoding_in_doubt", (0, ()))[1])
    for row, (text, _) in zip(rows, lines, strict=True):
        assert row["姓名"] == text or f"line {row['_line']}" in doubtful
