"""Delimited files: every line is a row, a header, a continuation or blank; both ways agree."""

from __future__ import annotations

import csv
import io
from itertools import chain

import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from connectors.files import blocks as blocks_module
from connectors.files import text as text_module
from connectors.files.delimited import Delimited, Dialect, Records
from connectors.files.reader import Content
from connectors.files.text import Unreadable

HEADER = "姓名,号码,备注\n"


def read(data: bytes | str, **options: object) -> list[dict[str, object]]:
    if isinstance(data, str):
        data = data.encode()
    reader = Delimited(Content("file.csv", lambda: io.BytesIO(data), options))
    rows = list(chain.from_iterable(batch.to_pylist() for batch in reader.batches()))
    assert all(list(row)[:-3] == reader.schema.names for row in rows)
    return rows


def cells(row: dict[str, object]) -> list[object]:
    return [value for name, value in row.items() if not name.startswith("_")]


@pytest.mark.parametrize(
    ("encoding", "declared"),
    [
        ("utf-8", None),
        ("utf-8", "utf-8"),
        ("utf-8-sig", None),
        ("utf-8-sig", "gb18030"),  # a byte order mark knows better than the catalogue
        ("gb18030", None),
        ("gb18030", "gbk"),
        ("gb18030", "GB2312"),
        ("utf-16", None),
        ("utf-16-le", None),
        ("utf-16-be", None),
        ("utf-16-le", "utf-16"),
    ],
)
def test_every_encoding_gives_the_same_rows(encoding: str, declared: str | None) -> None:
    text = HEADER + '张三,1,"甲\n乙"\n李㐂,2,𠀀€\n'
    rows = read(text.encode(encoding), **({"encoding": declared} if declared else {}))
    assert [cells(row) for row in rows] == [["张三", "1", "甲\n乙"], ["李㐂", "2", "𠀀€"]]
    assert [row["_line"] for row in rows] == [2, 4]
    assert {row["_problem"] for row in rows} == {None}


def test_second_bytes_of_gb18030_are_no_delimiters() -> None:
    rows = [bytes([lead]) + b"||1|2" for lead in range(0x81, 0xF0)]  # each lead byte makes a character with "|"
    landed = read(b"\n".join(["名称|地址|备注".encode("gb18030"), *rows]))
    assert [cells(row)[1:] for row in landed] == [["1", "2"]] * len(rows)
    assert all(row["_problem"] is None and len(str(row["名称"])) == 1 for row in landed)


def test_undecodable_bytes_set_their_row_aside_and_keep_the_bytes() -> None:
    data = HEADER.encode("gb18030") + b"\xd5\xc5\xff,1,x\n" + "李,2,y\n".encode("gb18030") + b"\xb0\n,3,z"
    first, second, third, fourth = read(data, encoding="gb18030")
    assert (first["姓名"], first["_problem"], first["_raw"]) == (
        "张\ufffd",
        "text_undecodable",
        "张\\xff,1,x",
    )
    assert cells(second) == ["李", "2", "y"] and second["_problem"] is None
    assert (third["_problem"], third["_raw"], third["_line"]) == ("row_width", "\\xb0", 4)
    assert fourth["_line"] == 5 and fourth["_problem"] is None


def test_a_replacement_character_of_the_file_is_text() -> None:
    (row,) = read(HEADER + "张\ufffd,1,x\n")
    assert row["姓名"] == "张\ufffd" and row["_problem"] is None


def test_ragged_rows_keep_their_text_and_line() -> None:
    rows = read(HEADER + "a,b,c\na,b\n\na,b,c,d\nx,y,z\n")
    assert [(row["_line"], row["_problem"], row["_raw"]) for row in rows] == [
        (2, None, None),
        (3, "row_width", "a,b"),
        (5, "row_width", "a,b,c,d"),
        (6, None, None),
    ]
    assert cells(rows[1]) == ["a", "b", None]


def test_a_quote_that_never_closes_swallows_no_row() -> None:
    rows = read(HEADER + '1,"abc,x\n2,b,c\n3,"d",e\n4,f,g\n')
    assert [row["_line"] for row in rows] == [2, 3, 4, 5]
    assert [row["_problem"] is None for row in rows] == [False, True, True, True]
    assert rows[0]["_raw"] == '1,"abc,x'
    assert cells(rows[2]) == ["3", "d", "e"]


def test_quotes_that_are_not_doubled_stay_in_the_cell() -> None:
    (row,) = read(HEADER + '1,"他说"好"了",x\n')
    assert cells(row) == ["1", '他说"好"了', "x"] and row["_problem"] is None


def test_a_quote_inside_an_unquoted_cell_is_a_character() -> None:
    rows = read(HEADER + '1,5" 管,x\n2,"a",b\n')
    assert [cells(row) for row in rows] == [["1", '5" 管', "x"], ["2", "a", "b"]]


def test_a_ragged_record_of_several_lines_stays_one_record() -> None:
    rows = read(HEADER + '1,"a\nb",x,y\n2,b,c\n')
    assert [(row["_line"], row["_problem"]) for row in rows] == [(2, "row_width"), (4, None)]


def test_names_that_repeat_or_are_missing() -> None:
    rows = read("姓名,,电话,电话, 地址 \n1,2,3,4,5\n")
    assert list(rows[0])[:5] == ["姓名", "column_2", "电话", "电话_2", "地址"]


def test_header_on_a_later_line_and_none_at_all() -> None:
    assert [row["_line"] for row in read("统计表\n\n" + HEADER + "1,2,3\n", header_row=3)] == [4]
    assert cells(read("1,2\n3,4\n", header_row=0, columns=["a", "b"])[0]) == ["1", "2"]
    assert list(read("1,2\n", header_row=0)[0])[:2] == ["column_1", "column_2"]


@pytest.mark.parametrize(("delimiter", "option"), [("\t", None), ("|", None), (";", None), ("||", "||"), ("@#", "@#")])
def test_delimiters_found_or_declared(delimiter: str, option: str | None) -> None:
    data = "\n".join(delimiter.join(row) for row in (["a", "b", "c"], ["1", '"2', "3"], ["4", "5", "6"]))
    rows = read(data, **({"delimiter": option} if option else {"quote": "none"}))
    assert [cells(row) for row in rows] == [["1", '"2', "3"], ["4", "5", "6"]]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends(end: str) -> None:
    rows = read(f"a,b{end}1,2{end}{end}3,4{end}\x1a")
    assert [(cells(row), row["_line"]) for row in rows] == [(["1", "2"], 2), (["3", "4"], 4)]


def test_an_escape_character() -> None:
    assert cells(read('a,b\n"x\\"y",2\n', escape="\\")[0]) == ['x"y', "2"]


def test_a_file_without_rows_and_an_empty_file() -> None:
    assert read(HEADER) == []
    with pytest.raises(Unreadable, match="empty"):
        read(b"")
    with pytest.raises(Unreadable, match="no encoding"):
        read(HEADER, encoding="klingon")
    with pytest.raises(Unreadable, match="option `header_row`"):
        read(HEADER, header_row="one")


def carefully(text: str, width: int) -> list[tuple[int, list[str], bool]]:
    records = Records(text_module.lines(iter([text])), Dialect(), 1, width)
    return [(record.line, record.cells, record.broken) for record in records]


dirty = st.text(alphabet='ab中,,,"\n\n\r', max_size=60)


@settings(max_examples=400, deadline=None)
@given(dirty, st.integers(1, 40))
@example('a,b\n"1\n",2\n3,"4', 3)
@example("a,b\n\r\n\r1,2", 4)
def test_blocks_and_single_records_agree(body: str, block: int) -> None:
    """Whatever the file and wherever blocks are cut: the rows are those of the careful reader."""
    text = "x,y,z\n" + body
    former = text_module.BLOCK_BYTES
    text_module.BLOCK_BYTES = block
    try:
        rows = read(text, encoding="utf-8", delimiter=",")
    finally:
        text_module.BLOCK_BYTES = former
    expected = carefully(text, 3)[1:]
    assert [row["_line"] for row in rows] == [line for line, _, _ in expected]
    for row, (_, wanted, broken) in zip(rows, expected, strict=True):
        assert (row["_problem"] is None) == (len(wanted) == 3 and not broken)
        if row["_problem"] is None:
            assert cells(row) == wanted


good_cell = st.text(alphabet='ab中,"\n\r ', max_size=6)
good_rows = st.lists(st.lists(good_cell, min_size=3, max_size=3), max_size=8)


@settings(max_examples=300, deadline=None)
@given(good_rows, st.sampled_from(["utf-8", "utf-8-sig", "gb18030", "utf-16"]), st.sampled_from([7, 64, 1 << 20]))
def test_what_the_csv_module_writes_comes_back(rows: list[list[str]], encoding: str, block: int) -> None:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n", quoting=csv.QUOTE_ALL)
    writer.writerows([["x", "y", "z"], *rows])
    former = text_module.BLOCK_BYTES
    text_module.BLOCK_BYTES = block
    try:
        landed = read(buffer.getvalue().encode(encoding))
    finally:
        text_module.BLOCK_BYTES = former
    assert [cells(row) for row in landed] == rows
    assert all(row["_problem"] is None for row in landed)


plain_row = st.lists(st.text(alphabet="ab中1 ", min_size=1, max_size=4), min_size=3, max_size=3).map(",".join)
bad_line = st.text(alphabet='ab,"', min_size=1, max_size=12)


@settings(max_examples=400, deadline=None)
@given(st.lists(st.one_of(plain_row.map(lambda r: (True, r)), bad_line.map(lambda r: (False, r))), max_size=12))
def test_no_good_row_is_lost_among_bad_lines(lines: list[tuple[bool, str]]) -> None:
    """A plain row stays a row of its own at its line, whatever stands before it."""
    rows = read("x,y,z\n" + "\n".join(line for _, line in lines), delimiter=",")
    by_line = {row["_line"]: row for row in rows}
    for number, (good, line) in enumerate(lines, 2):
        if good and line.strip():
            if number in by_line:
                assert cells(by_line[number]) == line.split(",")
            else:  # inside a record that RFC 4180 reads as one: quotes opened and closed around it
                before = max(n for n in by_line if n < number)
                assert line in str([*by_line[before].values()]) or line in str(by_line[before]["_raw"])


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200), st.sampled_from([None, "utf-8", "gb18030", "utf-16-le"]))
def test_any_bytes_are_rows_or_an_error_with_a_remedy(data: bytes, encoding: str | None) -> None:
    try:
        rows = read(data, **({"encoding": encoding} if encoding else {}))
    except Unreadable as error:
        assert error.what and error.remedy
    else:
        assert all(isinstance(row["_line"], int) for row in rows)


def test_a_regular_file_goes_through_pyarrow(monkeypatch: pytest.MonkeyPatch) -> None:
    taken = []
    former = blocks_module.fast_columns

    def watched(*arguments: object) -> object:
        taken.append(former(*arguments))  # type: ignore[arg-type]
        return taken[-1]

    monkeypatch.setattr("connectors.files.delimited.fast_columns", watched)
    body = "".join(f'{n},"a,b\n{n}",中\n' for n in range(1000))
    rows = read((HEADER + body).encode("gb18030"))
    assert taken and None not in taken
    assert [row["_line"] for row in rows] == list(range(2, 2002, 2))
    assert pa.types.is_string(pa.array([row["备注"] for row in rows]).type)
