"""Workbooks: what a cell, a format, a hidden row or another sheet holds lands as it is shown, or is told."""

from __future__ import annotations

import io
import json
import os
import zipfile
from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
import xlwt
from hypothesis import given, settings
from hypothesis import strategies as st
from support.collecting import Item, Office, Resource, Spec

from connectors.files.excel import Excel
from connectors.files.number_format import NumberFormat
from connectors.files.reader import Content
from connectors.files.text import Unreadable
from connectors.read_report import ReadReport

CASES = Path(__file__).parents[3] / "shared" / "cases"
Row = dict[str, Any]


def read(data: bytes, items: Sequence[str] = (), **options: Any) -> tuple[list[Row], ReadReport]:
    content = Content("a.xlsx", lambda: io.BytesIO(data), options, items=items)
    rows = [row for batch in Excel(content).batches() for row in batch.to_pylist()]
    return rows, content.report


def case(number: str) -> bytes:
    file = CASES / number / "a.xlsx"
    if not file.exists():
        if os.environ.get("CI") == "true":
            raise FileNotFoundError(file)
        pytest.skip("the shared cases are not here")
    return file.read_bytes()


def book(fill: Callable[[xlsxwriter.Workbook], None], tmp_path: Path) -> bytes:
    file = tmp_path / "book.xlsx"
    with xlsxwriter.Workbook(file) as made:
        fill(made)
    return file.read_bytes()


def sheet(rows: Sequence[Sequence[Any]], tmp_path: Path, codes: Sequence[str | None] = ()) -> bytes:
    """One sheet; ``codes``: number formats by column, from the second row on."""

    def fill(made: xlsxwriter.Workbook) -> None:
        formats = [made.add_format({"num_format": code}) if code else None for code in codes]
        page = made.add_worksheet()
        for number, cells in enumerate(rows):
            for column, cell in enumerate(cells):
                form = formats[column] if number and column < len(formats) else None
                page.write(number, column, cell, form) if form else page.write(number, column, cell)

    return book(fill, tmp_path)


def changed(data: bytes, part: str, old: str, new: str) -> bytes:
    """The workbook with a text of one part replaced."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            text = source.read(name)
            if name == part:
                assert old.encode() in text
                text = text.replace(old.encode(), new.encode())
            target.writestr(name, text)
    return made.getvalue()


def found(findings: Sequence[Any]) -> dict[str, tuple[int, tuple[str, ...]]]:
    return {finding.what: (finding.count, finding.where) for finding in findings}


# --- digits


def test_case_08_digits_that_a_spreadsheet_has_not_kept_are_none() -> None:
    rows, report = read(case("08"))
    assert len(rows) == 186 and all(row["身份证号"] is None and row["姓名"] for row in rows)
    assert found(report.remarks)["digits_lost"][0] == 186
    assert json.loads(rows[0]["_raw"]) == {"身份证号": ["digits_lost", "4.10702198501010E+17"]}
    assert all(row["_problem"] is None for row in rows)


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (410702850101001, "410702850101001"),
        (999999999999999, "999999999999999"),
        (1000000000000000, None),
        (-1000000000000000, None),
        (4.107021985010123e17, None),
        (6222020200112233445, None),
        (0.1 + 0.2, "0.3"),
        (123456.78, "123456.78"),
        (1e-7, "0.0000001"),
        (-12.5, "-12.5"),
        (0, "0"),
    ],
)
def test_a_number_has_fifteen_digits_or_no_value(number: float, text: str | None, tmp_path: Path) -> None:
    (row,), report = read(sheet([["a", "b"], [number, "x"]], tmp_path))
    assert row["a"] == text
    assert ("digits_lost" in found(report.remarks)) == (text is None)


def test_the_digits_of_an_old_workbook_are_kept_by_the_same_rule() -> None:
    made = xlwt.Workbook()
    page = made.add_sheet("一")
    for column, name in enumerate(["a", "b", "c"]):
        page.write(0, column, name)
    page.write(1, 0, 410702198501012316)
    page.write(1, 1, 17, xlwt.easyxf(num_format_str='"No."0000'))
    page.write(1, 2, 0.5)
    page.row(1).hidden = True
    page.col(2).hidden = True
    stream = io.BytesIO()
    made.save(stream)
    (row,), report = read(stream.getvalue())
    assert (row["a"], row["b"], row["c"]) == (None, "No.0017", "0.5")
    assert found(report.remarks) == {
        "hidden_row": (1, ("sheet 1, row 2",)),
        "hidden_column": (1, ("sheet 1, column 3",)),
        "number_format": (1, ("sheet 1, row 2",)),
        "digits_lost": (1, ("sheet 1, row 2",)),
    }


# --- cells without a value for a reason


def test_case_10_a_formula_that_nobody_computed_and_an_error_are_told() -> None:
    (row,), report = read(case("10"))
    assert (row["姓名"], row["区划"], row["住址"]) == ("甲", None, None)
    assert json.loads(row["_raw"]) == {"区划": ["formula_without_value"], "住址": ["error_cell"]}
    assert found(report.remarks) == {
        "formula_without_value": (1, ("sheet 1, row 2",)),
        "error_cell": (1, ("sheet 1, row 2",)),
    }


def test_zeros_that_a_program_left_for_the_values_of_formulas_are_no_values(tmp_path: Path) -> None:
    def fill(made: xlsxwriter.Workbook) -> None:
        page = made.add_worksheet()
        page.write_row(0, 0, ["a", "b", "c", "d"])
        page.write_formula(1, 0, "=1+1")  # its writer computes nothing and writes 0
        page.write_formula(1, 1, "=1+1", None, 2)
        page.write_formula(1, 2, '="x"', None, "x")
        page.write(1, 3, 0)

    # a formula whose computed value is the empty text
    data = changed(book(fill, tmp_path), "xl/worksheets/sheet1.xml", "<v>x</v>", "<v></v>")
    (row,), report = read(data)
    assert (row["a"], row["b"], row["c"], row["d"]) == (None, "2", None, "0")
    assert list(json.loads(row["_raw"])) == ["a"] and found(report.remarks)["formula_without_value"][0] == 1


def test_a_formula_of_a_text_without_any_value_is_told(tmp_path: Path) -> None:
    def fill(made: xlsxwriter.Workbook) -> None:
        page = made.add_worksheet()
        page.write_row(0, 0, ["a", "b"])
        page.write_formula(1, 0, '="x"', None, "x")
        page.write(1, 1, "y")

    (row,), report = read(changed(book(fill, tmp_path), "xl/worksheets/sheet1.xml", "<v>x</v>", ""))
    assert row["a"] is None and found(report.remarks)["formula_without_value"][0] == 1


def test_headings_of_sheets_are_compared_without_what_is_invisible(tmp_path: Path) -> None:
    rows, report = read(sheets(tmp_path, [["身份证号", "b"], ["1", "2"]], [["身份证号\u200b", "b"], ["3", "4"]]))
    assert [row["身份证号"] for row in rows] == ["1", "3"] and not report.left_out
    assert found(report.remarks)["heading"][0] == 1


def test_a_row_of_nothing_but_errors_is_a_row(tmp_path: Path) -> None:
    def fill(made: xlsxwriter.Workbook) -> None:
        page = made.add_worksheet()
        page.write_row(0, 0, ["a", "b"])
        page.write_row(1, 0, [1, 2])
        page.write_formula(2, 0, "=1/0", None, "#DIV/0!")
        page.write_formula(4, 1, "=X()", None, "#NAME?")

    rows, report = read(book(fill, tmp_path))
    assert [(row["_line"], row["a"], row["b"]) for row in rows] == [(2, "1", "2"), (3, None, None), (5, None, None)]
    assert found(report.remarks)["error_cell"] == (2, ("sheet 1, row 3", "sheet 1, row 5"))


# --- number formats


@pytest.mark.parametrize(
    ("code", "number", "shown"),
    [
        ("000000", 17, "000017"),
        ("000000", 1234567, "1234567"),
        ('"No."0000', 17, "No.0017"),
        ('0.00"万元"', 100, "100万元"),
        ("0%", 0.25, "25%"),
        ("0.0%", 0.125, "12.5%"),
        ("000-0000-0000", 3733029999, "037-3302-9999"),
        ("0000-00-00", 20200102, "2020-01-02"),
        ('[=1]"男";[=2]"女"', 2, "女"),
        ('"字第"0"号"', 15, "字第15号"),
        ("#,##0.00", 1200.5, "1200.5"),
        ("0", 3.75, "3.75"),
        ("[Red]-0", -5, "-5"),
        ('_ * #,##0.00_ ;_ * -#,##0.00_ ;_ * "-"??_ ;_ @_ ', 0, "0"),
        ("@", 12, "12"),
        ("0.00E+00", 1200, "1200"),
    ],
)
def test_what_a_format_shows_is_taken_and_what_it_only_arranges_is_not(
    code: str, number: float, shown: str, tmp_path: Path
) -> None:
    (row,), report = read(sheet([["a", "b"], [number, "x"]], tmp_path, [code]))
    assert row["a"] == shown
    assert ("number_format" in found(report.remarks)) == (Decimal(str(number)) != _number(shown))


def _number(text: str) -> Decimal | None:
    return (
        Decimal(text)
        if (text.lstrip("-").replace(".", "").isdigit() and not text.startswith("0")) or text == "0"
        else None
    )


@pytest.mark.parametrize("code", ['0,"千"', '[DBNum2][$-804]General"元"', "00000"])
def test_a_format_that_cannot_be_applied_is_told_and_the_number_lands(code: str, tmp_path: Path) -> None:
    (row,), report = read(sheet([["a", "b"], [12345.5, "x"]], tmp_path, [code]))
    assert row["a"] == "12345.5"
    assert found(report.remarks) == {"number_format_unread": (1, ("sheet 1, row 2",))}


def test_a_text_is_not_shown_by_a_format_for_numbers(tmp_path: Path) -> None:
    rows, report = read(sheet([["a", "b"], ["17", "x"], ["A7", "x"]], tmp_path, ["000000"]))
    assert [row["a"] for row in rows] == ["17", "A7"] and not report.remarks
    rows, report = read(sheet([["a", "b"], ["A1234", "x"]], tmp_path, ['0;-0;0;"豫"@']))
    assert rows[0]["a"] == "豫A1234"


@pytest.mark.parametrize(
    "code", ["yyyy-mm-dd", 'yyyy"年"m"月"d"日"', "[$-804]yyyy/m/d;@", "e/m/d", "yyyymmdd", "dd\\.mm\\.yy"]
)
def test_a_date_is_a_date_however_it_is_shown(code: str, tmp_path: Path) -> None:
    (row,), report = read(sheet([["a", "b"], [43983, "x"]], tmp_path, [code]))
    assert row["a"] == "2020-06-01" and not report.remarks


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.text(alphabet='0#?.,;%"\\_*[]@ -/年dmyhE+$A!', max_size=12), st.integers(-(10**14), 10**14))
def test_no_format_changes_a_number_without_a_word(code: str, number: int) -> None:
    try:
        shown, remark = NumberFormat(code).applied(str(number))
    except Exception as error:
        raise AssertionError(code) from error
    assert remark in (None, "number_format", "number_format_unread")
    if remark != "number_format":
        assert shown == str(number)


def test_a_number_that_no_date_can_be_is_told_and_lands_as_it_is_written(tmp_path: Path) -> None:
    (row,), report = read(sheet([["a", "b", "c"], [-1, 43983, -2.5]], tmp_path, ["yyyy-mm-dd", "yyyy-mm-dd"]))
    assert (row["a"], row["b"], row["c"]) == ("-1", "2020-06-01", "-2.5")
    assert found(report.remarks) == {"number_format_unread": (1, ("sheet 1, row 2",))}


# --- what is hidden, and other sheets


def test_hidden_rows_columns_and_sheets_are_told(tmp_path: Path) -> None:
    def fill(made: xlsxwriter.Workbook) -> None:
        for name in ("一", "二", "三"):
            page = made.add_worksheet(name)
            page.write_row(0, 0, ["a", "b", "c"])
            page.write_row(1, 0, ["1", "2", "3"])
            page.write_row(2, 0, ["4", "5", "6"])
        made.get_worksheet_by_name("一").set_row(2, None, None, {"hidden": True})
        made.get_worksheet_by_name("一").set_column(1, 1, None, None, {"hidden": True})
        made.get_worksheet_by_name("二").hide()
        made.get_worksheet_by_name("三").very_hidden()

    rows, report = read(book(fill, tmp_path))
    assert [(row["a"], row["b"]) for row in rows] == [("1", "2"), ("4", "5")]
    assert found(report.remarks) == {
        "hidden_sheet": (2, ("sheet 2", "sheet 3")),
        "hidden_row": (1, ("sheet 1, row 3",)),
        "hidden_column": (1, ("sheet 1, column 2",)),
    }
    (left_out,) = report.left_out
    assert (left_out.what, left_out.rows, left_out.where) == ("sheet", 4, ("sheet 2", "sheet 3"))
    rows, report = read(book(fill, tmp_path), sheet=["一", "二", "三"])
    assert len(rows) == 6 and not report.left_out and found(report.remarks)["hidden_sheet"][0] == 2


def test_case_13_sheets_that_differ_are_landed_where_their_columns_allow_and_named_where_not() -> None:
    rows, report = read(case("13"), items=("身份证号", "姓名", "电话"))
    assert [(row["_part"], row["身份证号"], row["备注"]) for row in rows] == [
        ("红旗区", "1", None), ("卫滨区", "2", "x"), ("卫滨区", "3", None),
    ]  # fmt: skip
    (left_out,) = report.left_out
    assert (left_out.what, left_out.rows, left_out.where) == ("sheet", 1, ("sheet 3",))


def sheets(tmp_path: Path, *pages: Sequence[Sequence[str]]) -> bytes:
    def fill(made: xlsxwriter.Workbook) -> None:
        for rows in pages:
            page = made.add_worksheet()
            for number, cells in enumerate(rows):
                page.write_row(number, 0, cells)

    return book(fill, tmp_path)


def test_columns_in_another_order_land_under_their_names(tmp_path: Path) -> None:
    rows, report = read(sheets(tmp_path, [["a", "b"], ["1", "2"]], [["b", "a"], ["4", "3"]]))
    assert [(row["a"], row["b"]) for row in rows] == [("1", "2"), ("3", "4")] and not report.left_out


def test_a_sheet_without_an_optional_item_lands_and_one_without_a_needed_item_is_named(tmp_path: Path) -> None:
    data = sheets(tmp_path, [["a", "b"], ["1", "2"]], [["a"], ["3"]], [["b"], ["4"], ["5"]])
    rows, report = read(data, items=("a", "b"), optional=["b"])
    assert [(row["a"], row["b"]) for row in rows] == [("1", "2"), ("3", None)]
    assert [(f.what, f.rows, f.where) for f in report.left_out] == [("sheet", 2, ("sheet 3",))]


def test_a_sheet_of_remarks_before_the_data_is_not_taken_for_it(tmp_path: Path) -> None:
    data = sheets(tmp_path, [["填表说明"], ["一、按季报送"]], [["a", "b"], ["1", "2"]])
    rows, report = read(data, items=("a", "b"))
    assert [(row["a"], row["b"]) for row in rows] == [("1", "2")]
    assert [(f.what, f.rows, f.where) for f in report.left_out] == [("sheet", 1, ("sheet 1",))]


def test_sheets_that_the_declared_option_leaves_out_are_named_and_empty_ones_are_not(tmp_path: Path) -> None:
    data = sheets(tmp_path, [["a"], ["1"]], [["a"], ["2"], ["3"]], [], [["a"]])
    rows, report = read(data, sheet=1)
    assert [row["a"] for row in rows] == ["1"]
    assert [(f.what, f.count, f.rows, f.where) for f in report.left_out] == [("sheet", 1, 2, ("sheet 2",))]


def test_a_sheet_that_is_a_chart_is_passed_over(tmp_path: Path) -> None:
    def fill(made: xlsxwriter.Workbook) -> None:
        first, chart = made.add_worksheet("一"), made.add_chartsheet("图")
        second = made.add_worksheet("二")
        for page, value in ((first, "1"), (second, "2")):
            page.write_column(0, 0, ["a", value])
        drawn = made.add_chart({"type": "line"})
        drawn.add_series({"values": "=一!$A$2:$A$2"})
        chart.set_chart(drawn)

    rows, report = read(book(fill, tmp_path))
    assert [(row["a"], row["_part"]) for row in rows] == [("1", "一"), ("2", "二")] and not report.left_out


def test_dates_that_are_counted_from_1904_are_the_same_days(tmp_path: Path) -> None:
    file = tmp_path / "mac.xlsx"
    with xlsxwriter.Workbook(file, {"date_1904": True}) as made:
        page, day = made.add_worksheet(), made.add_format({"num_format": "yyyy-mm-dd"})
        page.write_row(0, 0, ["a"])
        page.write_datetime(1, 0, datetime(2020, 6, 1), day)
    assert read(file.read_bytes())[0][0]["a"] == "2020-06-01"


def test_title_lines_above_the_heading_are_counted(tmp_path: Path) -> None:
    data = sheets(tmp_path, [["登记表"], [], ["a", "b"], ["1", "2"]])
    rows, report = read(data, header_row=3)
    assert [(row["a"], row["b"]) for row in rows] == [("1", "2")]
    assert [(f.what, f.count, f.rows) for f in report.left_out] == [("header_line", 1, 0)]


# --- hostile parts


def test_a_workbook_with_a_document_type_is_refused(tmp_path: Path) -> None:
    data = changed(
        sheets(tmp_path, [["a"], ["1"]]), "xl/worksheets/sheet1.xml", "<worksheet",
        '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><worksheet',
    )  # fmt: skip
    with pytest.raises(Unreadable, match="DOCTYPE"):
        read(data)


def test_a_workbook_that_unpacks_to_more_than_the_limit_is_refused_with_the_option(tmp_path: Path) -> None:
    data = sheet([["a"], ["x" * 30_000], *[["y" * 30_000 + str(n)] for n in range(60)]], tmp_path)
    with pytest.raises(Unreadable, match="limit of 1 MB") as error:
        read(data, unpacked_limit_mb=1)
    assert "`unpacked_limit_mb`" in error.value.remedy


def test_a_dimension_that_lies_changes_nothing(tmp_path: Path) -> None:
    data = sheet([["a", "b"], ["1", "2"]], tmp_path)
    for lie in ("A1:XFD1048576", "A1", "Z99:A1"):
        rows, _ = read(changed(data, "xl/worksheets/sheet1.xml", 'ref="A1:B2"', f'ref="{lie}"'))
        assert [(row["a"], row["b"]) for row in rows] == [("1", "2")]


def test_what_of_a_workbook_cannot_be_known_is_said(tmp_path: Path) -> None:
    content = (
        '<?xml version="1.0"?><office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
        'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" '
        'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"><office:body><office:spreadsheet>'
        '<table:table table:name="S"><table:table-row><table:table-cell office:value-type="string"><text:p>a</text:p>'
        '</table:table-cell></table:table-row><table:table-row><table:table-cell office:value-type="float" '
        'office:value="410702198501012316"><text:p>4.1E17</text:p></table:table-cell></table:table-row></table:table>'
        "</office:spreadsheet></office:body></office:document-content>"
    )
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as target:
        target.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        target.writestr(
            "META-INF/manifest.xml", '<m:manifest xmlns:m="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>'
        )
        target.writestr("content.xml", content)
    (row,), report = read(made.getvalue())
    assert row["a"] is None and found(report.remarks)["digits_lost"][0] == 1
    assert [finding.what for finding in report.left_out] == ["unknown"]


def test_what_a_workbook_leaves_out_and_loses_stands_in_the_batch(tmp_path: Path) -> None:
    office = Office(tmp_path, f'path = "{tmp_path / "in"}"')
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.xlsx").write_bytes(case("13"))
    items = tuple(Item(name) for name in ("身份证号", "姓名", "电话"))
    resource = Resource("office.x", Spec("excel", "office", options={"path": "*.xlsx", "settle": 0}), items)
    collected = office.collect(resource)
    assert collected.rows == 3
    assert [(f.what, f.rows, f.where) for f in collected.left_out] == [("sheet", 1, ("sheet 3",))]
    (tmp_path / "in" / "a.xlsx").unlink()
    (tmp_path / "in" / "b.xlsx").write_bytes(case("08"))
    resource = Resource("office.y", Spec("excel", "office", options={"path": "*.xlsx", "settle": 0}), items[:2])
    collected = office.collect(resource)
    assert (collected.rows, [(f.what, f.count) for f in collected.remarks]) == (186, [("digits_lost", 186)])
    landed = office.landed(resource, "身份证号, _problem", "_raw like '%digits_lost%'")
    assert landed == [(None, None)] * 186
