"""One sheet of a workbook: its header's names, and its rows as text cells with what is lost in them.

``excel`` says which sheets are read and what each cell becomes.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from python_calamine import CalamineSheet

from connectors.files.number_format import UNREAD
from connectors.files.reader import column_names
from connectors.files.sheet_facts import ERROR, FORMULA, NO_DATE, Facts
from connectors.read_report import ReadReport

Cells = list[Any]
Lost = dict[int, list[str]]  # by column: the rule, and what the cell shows
KEPT = 1e15  # the first whole number of which a spreadsheet does not keep every digit
DIGITS_LOST, ERROR_CELL, WITHOUT_VALUE = "digits_lost", "error_cell", "formula_without_value"
NUMBER = (float, int)
LOST = "\0digits lost"  # instead of a text: a cell cannot hold it
EPOCH = dt.datetime(1899, 12, 30)


class Sheet:
    """One sheet: its header's names and its rows as text. ``rows`` gives sheet row numbers from 1."""

    def __init__(
        self,
        sheet: CalamineSheet,
        place: int,
        facts: Facts,
        header_row: int,
        header_rows: int,
        declared: Sequence[str] = (),
    ) -> None:
        self.sheet, self.name, self.place = sheet, sheet.name, place
        self.workbook, self.header_row = facts, header_row
        self.facts = facts.sheet(sheet.name)
        self.first = header_row + header_rows  # sheet row of the first row
        self.left = sheet.start[1] if sheet.start else 0
        self.merged = sheet.merged_cell_ranges or []
        self.declared = declared  # items of the resource
        self.header: list[str] = []
        self.names: list[str] = []
        if sheet.height:
            self._read_header(header_row, header_rows)

    def _read_header(self, row: int, count: int) -> None:
        rows = self.sheet.iter_rows()
        parts: list[list[str | None]] = []
        for number, cells in enumerate(rows, 1):
            if row <= number < row + count:
                parts.append([text_of(cell) for cell in cells])
            elif number >= row + count:
                break
        self._spread_header(parts, row)
        header = ["_".join(dict.fromkeys(filter(None, texts))) for texts in zip(*parts, strict=True)]
        while header and not header[-1]:
            header.pop()
        width = max([len(header), *(self._width(header) if header else ())])
        self.header = [*header, *[""] * (width - len(header))]
        self.names = column_names(self.header, declared=self.declared)

    def _spread_header(self, parts: list[list[str | None]], first: int) -> None:
        for (top, left), (bottom, right) in self.merged:
            place = top - (first - 1)
            if not 0 <= place < len(parts):
                continue
            value = parts[place][left - self.left]
            for row in parts[place : place + bottom - top + 1]:
                for column in range(left - self.left, min(right - self.left + 1, len(row))):
                    row[column] = value

    def _width(self, header: Sequence[str]) -> Iterator[int]:
        """How wide the rows are where they are wider than the header: such columns get names."""
        if self.sheet.width <= len(header):
            return
        for _, cells in self._cells():
            used = next((place for place in range(len(cells), 0, -1) if cells[place - 1] not in ("", None)), 0)
            yield used

    def _cells(self) -> Iterator[tuple[int, Cells]]:
        """Sheet row and cells of each row that holds anything."""
        number = 0
        marks = self.facts.marks
        for number, cells in enumerate(self.sheet.iter_rows(), 1):
            if number >= self.first and (
                any(cell not in ("", None) for cell in cells) or (number in marks and min(marks[number][1::2]) < 0)
            ):
                yield number, cells
        for row in sorted(row for row in marks if row > number and row >= self.first and min(marks[row][1::2]) < 0):
            yield row, []

    def count(self) -> int:
        return sum(1 for _ in self._cells())

    def lines_above(self) -> int:
        """How many rows above the header hold something."""
        above = zip(range(1, self.header_row), self.sheet.iter_rows(), strict=False)
        return sum(any(cell not in ("", None) for cell in cells) for _, cells in above)

    def rows(self, report: ReadReport) -> Iterator[tuple[int, list[str | None], Lost]]:
        """Sheet row, text cells (as many as there are names) and lost cells; empty rows are left out."""
        self._report_hidden(report)
        down = self._merged_down()
        values: dict[tuple[int, int], str | None] = {}
        width = len(self.names)
        for number, cells in self._cells():
            texts = [text_of(cell) for cell in cells[:width]]
            lost: Lost = {}
            if LOST in texts:
                for column, text in enumerate(texts):
                    if text is LOST:
                        texts[column], lost[column] = None, [DIGITS_LOST, f"{cells[column]:.14E}"]
            texts += [None] * (width - len(texts))
            if number in self.facts.marks:
                self._mark(number, cells, texts, lost, report)
            for rule, *_ in lost.values():
                report.remark(rule, where=f"sheet {self.place}, row {number}")
            for column, top in down.get(number, ()):
                if column >= width:
                    continue
                if number == top:
                    values[top, column] = texts[column]
                elif texts[column] is None:
                    texts[column] = values.get((top, column))
            yield number, texts, lost

    def _mark(self, row: int, cells: Cells, texts: list[str | None], lost: Lost, report: ReadReport) -> None:
        """Cells whose value is not what calamine gives."""
        for place, mark in self.facts.of_row(row):
            column = place - self.left
            if not 0 <= column < len(texts) or column in lost:
                continue
            if mark == ERROR:
                texts[column], lost[column] = None, [ERROR_CELL]
            elif mark == FORMULA:
                texts[column], lost[column] = None, [WITHOUT_VALUE]
            elif mark == NO_DATE:  # a spreadsheet shows ####, calamine midnight
                texts[column] = text_of(float(self.facts.written[row, place]))
                report.remark(UNREAD, where=f"sheet {self.place}, row {row}")
            elif column < len(cells):
                value = cells[column]
                text = (
                    text_of((value - EPOCH) / dt.timedelta(days=1)) if isinstance(value, dt.datetime) else texts[column]
                )
                if text is None or isinstance(value, bool):
                    continue
                found = self.workbook.formats[mark]
                texts[column], remark = found.of_text(text) if isinstance(value, str) else found.applied(text)
                if remark:
                    report.remark(remark, where=f"sheet {self.place}, row {row}")

    def _report_hidden(self, report: ReadReport) -> None:
        for row in self.facts.hidden_rows:
            if row >= self.first:
                report.remark("hidden_row", where=f"sheet {self.place}, row {row}")
        for column in self.facts.hidden_columns:
            if self.left <= column < self.left + len(self.names):
                report.remark("hidden_column", where=f"sheet {self.place}, column {column + 1}")

    def _merged_down(self) -> dict[int, list[tuple[int, int]]]:
        """For each sheet row the columns that a downward merge covers, with the row it begins in."""
        down: dict[int, list[tuple[int, int]]] = {}
        for (top, left), (bottom, _) in self.merged:
            if bottom > top and top + 1 >= self.first:
                for row in range(top + 1, bottom + 2):
                    down.setdefault(row, []).append((left - self.left, top + 1))
        return down


def text_of(value: Any) -> str | None:
    """A cell's value as text.

    A whole number of more than fifteen digits is ``LOST``.

    >>> text_of(3.0), text_of(0.5), text_of(dt.datetime(2020, 1, 2)), text_of("")
    ('3', '0.5', '2020-01-02', None)
    """
    if isinstance(value, str):
        return value or None
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, NUMBER):
        if not abs(value) < KEPT:  # nor is it for what is no number
            return LOST
        # Digits behind the fifteenth come from reckoning in binary: no spreadsheet shows them.
        return f"{value:.0f}" if value == int(value) else _fraction(value)
    if isinstance(value, dt.datetime):
        midnight = value.time() == dt.time()
        return value.date().isoformat() if midnight else value.isoformat(" ")
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, dt.timedelta):  # a time of more than a day, as [h]:mm shows it
        minutes, seconds = divmod(round(value.total_seconds()), 60)
        return f"{minutes // 60:02d}:{minutes % 60:02d}:{seconds:02d}"
    return None if value is None else str(value)


def _fraction(value: float) -> str:
    return format(Decimal(f"{value:.15g}"), "f")
