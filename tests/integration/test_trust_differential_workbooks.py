"""Workbooks read by govshare and by independent readers (openpyxl, xlrd): the same rows and values, or told."""

from __future__ import annotations

import datetime as dt
import io
import os
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.files.excel import Excel
from connectors.files.reader import Content

openpyxl = pytest.importorskip("openpyxl")
xlrd = pytest.importorskip("xlrd")
SHARED = Path(__file__).parents[3] / "shared"
Row = tuple[int, list[Any]]
TOLD = {"digits_lost", "error_cell", "formula_without_value", "number_format", "number_format_unread"}


def ours(data: bytes, **options: Any) -> tuple[list[Row], set[str]]:
    content = Content("a", lambda: io.BytesIO(data), options)
    reader = Excel(content)
    names = reader.schema.names
    rows = [(row["_line"], [row[name] for name in names]) for batch in reader.batches() for row in batch.to_pylist()]
    return rows, {finding.what for finding in content.report.remarks}


def openpyxl_rows(data: bytes) -> Iterator[Row]:
    page = openpyxl.load_workbook(io.BytesIO(data), data_only=True).worksheets[0]
    for number, cells in enumerate(page.iter_rows(min_row=2, values_only=True), 2):
        if any(cell is not None and cell != "" for cell in cells):
            yield number, list(cells)


def xlrd_rows(data: bytes, header_row: int) -> Iterator[Row]:
    book = xlrd.open_workbook(file_contents=data)
    page = book.sheet_by_index(0)
    for number in range(header_row, page.nrows):
        cells: list[Any] = []
        for cell in page.row(number):
            date = cell.ctype == xlrd.XL_CELL_DATE
            cells.append(
                xlrd.xldate_as_datetime(cell.value, book.datemode) if date else cell.value if cell.ctype else None
            )
        if any(cell not in (None, "") for cell in cells):
            yield number + 1, cells


def agree(text: str | None, value: Any) -> bool:
    if value is None or value == "":
        return text is None
    if text is None:
        return False
    if value == "#VALUE!":  # openpyxl's word for a number beyond all dates: ours is the number as it is written
        return Decimal(text) > 2958465
    if isinstance(value, bool):
        return text == str(value).upper()
    if isinstance(value, int | float):
        try:
            return Decimal(text) == Decimal(f"{value:.15g}")
        except ArithmeticError:
            return False
    if isinstance(value, dt.datetime):
        return text == (value.date().isoformat() if value.time() == dt.time() else value.isoformat(" "))
    return text == (value.isoformat() if isinstance(value, dt.date | dt.time) else value)


def need_agreement(mine: list[Row], told: set[str], theirs: list[Row]) -> None:
    # A cell that openpyxl reads as an error or without a value may be a row of ours that holds nothing else.
    theirs_by_row = dict(theirs)
    assert {number for number, _ in theirs} <= {number for number, _ in mine}
    for number, cells in mine:
        others = theirs_by_row.get(number, [])
        others = others + [None] * (len(cells) - len(others))
        assert all(agree(text, value) for text, value in zip(cells, others, strict=False)) or told & TOLD
        assert all(value in (None, "") for value in others[len(cells) :])


def files(pattern: str) -> list[Path]:
    found = sorted(SHARED.glob(pattern))
    if not found and os.environ.get("CI") == "true":
        raise FileNotFoundError(pattern)
    return found


@pytest.mark.parametrize("file", files("cases/*/*.xlsx"), ids=lambda file: file.parent.name)
def test_the_shared_workbooks(file: Path) -> None:
    data = file.read_bytes()
    mine, told = ours(data, sheet=1)
    try:
        theirs = list(openpyxl_rows(data))
    except TypeError:
        pytest.skip("openpyxl does not read its styles")
    need_agreement(mine, told, theirs)


@pytest.mark.parametrize("file", files("real/registration/xls/*/*.xls"), ids=lambda file: file.parent.name)
def test_the_registers_old_workbooks(file: Path) -> None:
    data = file.read_bytes()
    mine, told = ours(data, sheet=1)
    theirs = list(xlrd_rows(data, 1))
    assert len(mine) == len(theirs) > 100
    need_agreement(mine, told, theirs)


VALUES = st.one_of(
    st.none(),
    st.text(
        alphabet=st.characters(codec="utf-8", exclude_characters="\x00\r", exclude_categories=("Cs", "Cc")), max_size=8
    ),
    st.integers(-(10**15) + 1, 10**15 - 1),
    st.floats(-1e9, 1e9, allow_nan=False),
    st.booleans(),
    st.datetimes(dt.datetime(1950, 1, 1), dt.datetime(2100, 1, 1)).map(lambda moment: moment.replace(microsecond=0)),
)
FORMATS = ["General", "0.00", "#,##0", "@", "yyyy-mm-dd hh:mm:ss", "000000", '0"人"', "0%"]


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.lists(st.lists(VALUES, min_size=3, max_size=3), max_size=6), st.sampled_from(FORMATS))
def test_any_workbook_is_read_alike_or_told(rows: list[list[Any]], code: str) -> None:
    made = io.BytesIO()
    with xlsxwriter.Workbook(made, {"in_memory": True}) as book:
        page, plain, day = book.add_worksheet(), book.add_format({"num_format": code}), book.add_format()
        day.set_num_format("yyyy-mm-dd hh:mm:ss")
        page.write_row(0, 0, ["a", "b", "c"])
        for number, cells in enumerate(rows, 1):
            for column, value in enumerate(cells):
                if isinstance(value, str):
                    page.write_string(number, column, value, plain)
                elif isinstance(value, bool):
                    page.write_boolean(number, column, value, plain)
                elif isinstance(value, dt.datetime):
                    page.write_datetime(number, column, value, day)
                elif value is not None:
                    page.write_number(number, column, value, plain)
    mine, told = ours(made.getvalue())
    need_agreement(mine, told, list(openpyxl_rows(made.getvalue())))
