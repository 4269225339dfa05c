"""Spreadsheets: ``.xlsx`` in constant memory, legacy ``.xls`` in as many sheets as it takes.

Cells are text as departments have it, dates partly real date cells, sums numbers.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xlsxwriter
import xlwt

from demo_city.delivery import Delivery, Item
from demo_city.systems.parts import Parts, delivered, of_rows

XLS_ROWS = 60_000  # a sheet of the old format ends at 65,536
TITLE_ROWS = 2
MADE = dt.datetime(2026, 11, 1)  # else every file would hold the hour of its making
EPOCH = dt.date(1899, 12, 30)


def cell_values(item: Item, rows: np.ndarray | None) -> list[Any]:
    """Texts, but numbers and dates where a spreadsheet has them."""
    values: list[Any] = of_rows(item.values, rows).to_pylist()
    if item.number:
        return [None if value is None else float(value) for value in values]
    if item.cells is not None:
        real = (item.cells if rows is None else item.cells[rows]).tolist()
        return [
            dt.date.fromisoformat(value) if is_date and value else value
            for value, is_date in zip(values, real, strict=True)
        ]
    return values


@dataclass
class Open:
    """A workbook being written: its current sheet and the next row in it."""

    book: Any
    sheet: Any
    row: int
    date: Any
    path: Path
    sheets: int = 0


class XlsxWriter(Parts[Open]):
    """One sheet a workbook."""

    def begin(self, path: Path, delivery: Delivery) -> Open:
        book = xlsxwriter.Workbook(str(path), {"constant_memory": True})
        book.set_properties({"created": MADE, "modified": MADE})
        sheet = book.add_worksheet()
        for column, item in enumerate(delivered(delivery)):
            sheet.write_string(0, column, item.name)
        return Open(book, sheet, 1, book.add_format({"num_format": "yyyy-mm-dd"}), path)

    def add(self, file: Open, delivery: Delivery, rows: np.ndarray | None) -> None:
        text: Callable[[int, int, str], Any] = file.sheet.write_string
        number = file.sheet.write_number
        columns = [cell_values(item, rows) for item in delivered(delivery)]
        for row, values in enumerate(zip(*columns, strict=True), file.row):
            for column, value in enumerate(values):
                if value is None:
                    continue
                if isinstance(value, str):
                    text(row, column, value)
                elif isinstance(value, float):
                    number(row, column, value)
                else:
                    number(row, column, (value - EPOCH).days, file.date)
        file.row += len(columns[0])

    def finish(self, file: Open) -> None:
        file.book.close()


class XlsWriter(Parts[Open]):
    """A title above the header where there is one; a full sheet is continued on the next."""

    def begin(self, path: Path, delivery: Delivery) -> Open:
        book = xlwt.Workbook(encoding="utf-8")
        file = Open(book, None, 0, xlwt.easyxf(num_format_str="yyyy-mm-dd"), path)
        self._next_sheet(file, delivery)
        return file

    def _next_sheet(self, file: Open, delivery: Delivery) -> None:
        file.sheets += 1
        file.sheet = file.book.add_sheet(f"Sheet{file.sheets}")
        first = 0
        if self.place.title:
            file.sheet.write(0, 0, self.place.title)
            first = TITLE_ROWS
        for column, item in enumerate(delivered(delivery)):
            file.sheet.write(first, column, item.name)
        file.row = first + 1

    def add(self, file: Open, delivery: Delivery, rows: np.ndarray | None) -> None:
        columns = [cell_values(item, rows) for item in delivered(delivery)]
        for values in zip(*columns, strict=True):
            if file.row >= XLS_ROWS:
                self._next_sheet(file, delivery)
            for column, value in enumerate(values):
                if isinstance(value, dt.date):
                    file.sheet.write(file.row, column, value, file.date)
                elif value is not None:
                    file.sheet.write(file.row, column, value)
            file.row += 1

    def finish(self, file: Open) -> None:
        file.book.save(str(file.path))
