"""Cells that hide rows: found by their structure, no row lost; cells that are texts of several lines stay cells."""

from __future__ import annotations

import csv
import io
import re
from itertools import chain
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from support.cases import case

from connectors.files import text as text_module
from connectors.files.delimited import Delimited
from connectors.files.reader import Content


def read(data: bytes | str, **options: Any) -> tuple[list[dict[str, Any]], Content]:
    raw = data.encode() if isinstance(data, str) else data
    content = Content("file.csv", lambda: io.BytesIO(raw), options)
    reader = Delimited(content)
    return list(chain.from_iterable(batch.to_pylist() for batch in reader.batches())), content


def cells(row: dict[str, Any]) -> list[Any]:
    return [value for name, value in row.items() if not name.startswith("_")]


def lines_of(rows: list[dict[str, Any]], good: bool) -> list[int]:
    return [row["_line"] for row in rows if (row["_problem"] is None) == good]


def remarks(content: Content) -> dict[str, int]:
    return {finding.what: finding.count for finding in content.report.remarks}


def test_all_rows_of_case_01_are_read_and_the_two_in_doubt_are_set_aside_with_their_lines() -> None:
    rows, content = read(case("01/a.csv").read_bytes())
    assert len(rows) == 5000
    assert [row["_line"] for row in rows] == list(range(2, 5002))
    assert lines_of(rows, good=False) == [11, 4991]
    assert [(row["_problem"], row["_raw"]) for row in rows if row["_problem"]] == [
        ("line_unreadable", '10,"甲10,平原路10号'),
        ("line_unreadable", '4990,甲4990",平原路4990号'),
    ]
    for row in rows:
        if row["_problem"] is None:
            number = row["_line"] - 1
            assert cells(row) == [str(number), f"甲{number}", f"平原路{number}号"]
    assert remarks(content) == {"hidden_rows_in_cell": 1}


def table(rows: int, delimiter: str, end: str) -> list[str]:
    return ["id,name,addr".replace(",", delimiter)] + [
        delimiter.join([str(n), f"甲{n}", f"平原路{n}号"]) for n in range(1, rows + 1)
    ]


@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize(("opens", "closes"), [(1, 2), (3, 4), (3, 5), (3, 30), (59, 60), (1, 60)])
@pytest.mark.parametrize("column", [0, 1, 2])
def test_quotes_that_open_in_one_row_and_close_in_another(
    delimiter: str, end: str, opens: int, closes: int, column: int
) -> None:
    lines = table(60, delimiter, end)
    for row, mark in ((opens, '"{}'), (closes, '{}"')):
        parts = lines[row].split(delimiter)
        parts[column] = mark.format(parts[column])
        lines[row] = delimiter.join(parts)
    for encoding in ("utf-8", "gb18030", "utf-16"):
        rows, content = read((end.join(lines) + end).encode(encoding))
        assert [row["_line"] for row in rows] == list(range(2, 62))
        assert lines_of(rows, good=False) == [opens + 1, closes + 1]
        assert all(cells(row) == lines[row["_line"] - 1].split(delimiter) for row in rows if row["_problem"] is None)
        assert remarks(content) == {"hidden_rows_in_cell": 1}


def test_quotes_in_other_columns_never_closed_and_several_lose_no_row() -> None:
    for marks in (
        {5: (1, '"{}'), 20: (2, '{}"')},  # opens in one column, closes in another
        {5: (2, '"{}'), 20: (0, '{}"')},
        {5: (1, '"{}')},  # never closes
        {60: (2, '"{}')},  # opens in the last line
        {5: (1, '"{}'), 9: (1, '{}"'), 20: (2, '"{}'), 50: (2, '{}"')},
        {5: (1, '"{}'), 6: (1, '{}"'), 7: (1, '"{}'), 8: (1, '{}"')},
        {5: (1, '"{}'), 20: (1, '"{}"'), 30: (1, '{}"')},  # a quoted cell on the way
        {5: (1, '"'), 20: (1, '"')},  # the quote is all there is of the cell
    ):
        lines = table(60, ",", "\n")
        for row, (column, mark) in marks.items():
            parts = lines[row].split(",")
            parts[column] = mark.format(parts[column])
            lines[row] = ",".join(parts)
        rows, _ = read("\n".join(lines) + "\n")
        by_line = {row["_line"]: row for row in rows}
        for number in range(1, 61):
            row = by_line[number + 1]
            if number in marks and marks[number][1] != '"{}"':
                assert row["_problem"], (marks, number)
            else:
                assert (cells(row), row["_problem"]) == ([str(number), f"甲{number}", f"平原路{number}号"], None)


def test_quoted_cells_with_delimiters_inside_the_hidden_region() -> None:
    lines = table(40, ",", "\n")
    lines[5] = '5,"甲5,平原路5号'
    lines[10] = '10,甲10,"平原路10号,2室"'
    lines[12] = '12,"",平原路12号'
    lines[30] = '30,甲30",平原路30号'
    rows, _ = read("\n".join(lines) + "\n")
    by_line = {row["_line"]: row for row in rows}
    assert lines_of(rows, good=False) == [6, 31]
    assert cells(by_line[11]) == ["10", "甲10", "平原路10号,2室"]
    assert cells(by_line[13]) == ["12", "", "平原路12号"]


def test_a_stray_quote_in_the_heading_hides_no_row() -> None:
    rows, content = read('id,"name,addr\n1,甲1,平原路1号\n2,甲2",平原路2号\n3,甲3,平原路3号\n4,甲4,平原路4号\n')
    assert [row["_line"] for row in rows] == [2, 3, 4, 5] and remarks(content)["hidden_rows_in_cell"] == 1
    rows, _ = read('id,"name\n(中文)",addr\n1,甲1,平原路1号\n')
    assert cells(rows[0]) == ["1", "甲1", "平原路1号"] and list(rows[0])[1] == "name(中文)"


@pytest.mark.parametrize(
    "address",
    [
        "平原路1号\n新乡市",
        "平原路1号,2室\n新乡,河南",
        "Road 1, room 2\nXinxiang, Henan",
        "甲\n\n乙",
        "一,二\n三,四\n五,六",
        "经营范围:\n1,食品,零售\n2,五金,批发\n其他",
        "\n",
        "line one\nline two, with, commas, more\nline three",
    ],
)
@pytest.mark.parametrize("quoting", [csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_texts_of_several_lines_stay_cells(address: str, quoting: Any, end: str) -> None:
    for inner in ("\n", "\r\n"):
        table = [
            [410702199003070000 + n, f"甲{n}", address.replace("\n", inner) if n % 3 == 0 else f"路{n}", "备注"]
            for n in range(30)
        ]
        buffer = io.StringIO()
        writer = csv.writer(buffer, lineterminator=end, quoting=quoting)
        writer.writerows([["id", "name", "addr", "note"], *table])
        rows, content = read(buffer.getvalue())
        assert [cells(row) for row in rows] == [[str(cell) for cell in row] for row in table]
        assert lines_of(rows, good=False) == [] and not content.report.remarks


# --- whatever the table: an identifier, three texts that may hold anything but a row of the file's own width

word = st.text(alphabet="ab中文 '", min_size=1, max_size=5).map(str.strip).filter(bool)
text = st.text(alphabet='ab中文,;|\t"\n\r ', max_size=12)
dialects = st.tuples(
    st.sampled_from([",", "\t", ";", "|"]),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.sampled_from(["utf-8", "utf-8-sig", "gb18030", "utf-16"]),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
)
blocks = st.sampled_from([23, 200, 4 << 20])


def written(rows: list[list[str]], delimiter: str, end: str, quoting: Any) -> str:
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, delimiter=delimiter, lineterminator=end, quoting=quoting)
    writer.writerows([["id", "a", "b", "c"], *rows])
    return buffer.getvalue()


def read_in_blocks(data: bytes, size: int, delimiter: str) -> list[dict[str, Any]]:
    former = text_module.BLOCK_BYTES
    text_module.BLOCK_BYTES = size
    try:
        return read(data, delimiter=delimiter)[0]
    finally:
        text_module.BLOCK_BYTES = former


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.lists(st.tuples(word, text, text), min_size=1, max_size=8), dialects, blocks)
def test_any_table_with_texts_of_several_lines_comes_back(body: list[tuple[str, ...]], how: Any, size: int) -> None:
    delimiter, end, encoding, quoting = how
    if quoting == csv.QUOTE_MINIMAL:  # Python's writer leaves a line end without quotes that is not the rows' own
        body = [tuple("".join(c for c in cell if c not in "\r\n" or c in end) for cell in row) for row in body]
    rows = [[str(1000 + n), *row] for n, row in enumerate(body)]
    assume(all(line.count(delimiter) < 3 for row in rows for cell in row for line in re.split("[\r\n]", cell)))
    landed = read_in_blocks(written(rows, delimiter, end, quoting).encode(encoding), size, delimiter)
    assert [cells(row) for row in landed] == rows
    assert all(row["_problem"] is None for row in landed)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(
    st.lists(st.tuples(word, word, word), min_size=2, max_size=9),
    dialects.filter(lambda how: how[3] == csv.QUOTE_MINIMAL),
    blocks,
    st.lists(st.tuples(st.integers(0, 8), st.integers(0, 40)), min_size=1, max_size=3),
)
def test_any_stray_quotes_lose_no_row(body: list[tuple[str, ...]], how: Any, size: int, strays: Any) -> None:
    delimiter, end, encoding, quoting = how
    rows = [[str(1000 + n), *row] for n, row in enumerate(body)]
    lines = written(rows, delimiter, end, quoting).split(end)[:-1]
    spoiled = set()
    for number, place in strays:
        line = number % len(rows) + 1
        spoiled.add(line)
        lines[line] = lines[line][:place] + '"' + lines[line][place:]
    landed = read_in_blocks((end.join(lines) + end).encode(encoding), size, delimiter)
    by_line = {row["_line"]: row for row in landed}
    for number, row in enumerate(rows, 1):
        found = by_line[number + 1]
        if number not in spoiled:
            assert (cells(found), found["_problem"]) == (row, None)
        elif found["_problem"] is None:  # a quote within a cell is a character of it
            assert [cell.replace('"', "") for cell in cells(found)] == row


@settings(max_examples=100, deadline=None, derandomize=True)
@given(
    st.lists(st.tuples(word, text, word), min_size=2, max_size=8),
    dialects,
    st.integers(0, 7),
    st.integers(0, 40),
)
def test_a_stray_quote_among_texts_of_several_lines_loses_no_row(
    body: list[tuple[str, ...]], how: Any, which: int, place: int
) -> None:
    """Each row is there with its values, or its line is among those of a row that was set aside."""
    delimiter, end, encoding, quoting = how
    body = [tuple("".join(c for c in cell if c not in "\r\n" or c in end) for cell in row) for row in body]
    rows = [[str(1000 + n), *row] for n, row in enumerate(body)]
    good = [written([row], delimiter, end, quoting) for row in rows]
    heading, *_ = good[0].split(end)
    good = [text[len(heading) + len(end) :] for text in good]
    spoiled = which % len(rows)
    mark = good[spoiled][:place] + '"' + good[spoiled][place:]
    assume(not mark.endswith(end + '"'))
    good[spoiled] = mark
    landed, _ = read((heading + end + "".join(good)).encode(encoding), delimiter=delimiter)
    aside = "\n".join(str(row["_raw"]) for row in landed if row["_problem"])
    for number, row in enumerate(rows):
        if number != spoiled:
            assert any(row == cells(other) and other["_problem"] is None for other in landed) or row[0] in aside


@pytest.mark.parametrize(
    "options", [{"quote": "'"}, {"escape": "\\"}, {"header_row": 0, "columns": ["id", "name", "addr"]}]
)
def test_stray_quotes_of_other_dialects_hide_no_row(options: dict[str, Any]) -> None:
    mark = options.get("quote", '"')
    lines = table(40, ",", "\n")[1 if "columns" in options else 0 :]
    first = 0 if "columns" in options else 1
    lines[first + 4] = f"5,{mark}甲5,平原路5号"
    lines[first + 29] = f"30,甲30{mark},平原路30号"
    if "escape" in options:
        lines[first + 10] = "11,甲11,平原路11号\\,2室"
    rows, _ = read("\n".join(lines) + "\n", **options)
    assert [row["_line"] for row in rows] == list(range(first + 1, first + 41))
    assert lines_of(rows, good=False) == [first + 5, first + 30]
    assert cells(rows[10])[:2] == ["11", "甲11"]


def test_a_file_of_one_column_and_one_that_quotes_every_cell() -> None:
    numbers = [f"{410702199003070000 + n}" for n in range(30)]
    hidden = [*numbers[:9], f'"{numbers[9]}', *numbers[10:19], f'{numbers[19]}"', *numbers[20:]]
    rows, _ = read("\n".join(["身份证号", *hidden]) + "\n")
    assert [row["_line"] for row in rows] == list(range(2, 32)) and lines_of(rows, good=False) == [11, 21]
    texts = ["甲", '"乙\n丙"', "丁"]
    assert [cells(row) for row in read("\n".join(["备注", *texts]) + "\n")[0]] == [["甲"], ["乙\n丙"], ["丁"]]
    lines = [f'"{n}","甲{n}","平原路{n}号"' for n in range(1, 31)]
    lines[9] = '"10","甲10,"平原路10号"'  # a quote is missing
    rows, _ = read("\n".join(['"id","name","addr"', *lines]) + "\n")
    assert lines_of(rows, good=False) == [11] and len(rows) == 30


def test_a_quoted_heading_over_rows_without_quotes() -> None:
    lines = ['"id","name","addr"', *table(30, ",", "\n")[1:]]
    lines[1], lines[30] = '1,"甲1,平原路1号', '30,甲30",平原路30号'
    rows, _ = read("\n".join(lines) + "\n")
    assert [row["_line"] for row in rows] == list(range(2, 32)) and lines_of(rows, good=False) == [2, 31]
