"""Excel workbooks (``.xls``, ``.xlsx``, ``.ods`` …, by content and not by name) as text cells.

A number without decimals has no ``.0``, a date cell is an ISO date (with time where it has one), an empty
cell and an error value are null. A cell merged downwards stands in every row that it covers. A sheet is held
in memory: a sheet has at most 1,048,576 rows.

Options: ``sheet`` (name, pattern, place from 1, or a list of those; default: the first visible sheet that is
not empty, and every further one with the same header, as continued sheets have), ``header_row`` (sheet row,
default 1), ``header_rows`` (rows of the header, default 1; their texts are joined with ``_``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from typing import Any

import pyarrow as pa
from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, PasswordError, SheetVisibleEnum

from connectors.files.reader import Content, Rows, column_names, text_schema
from connectors.files.text import Unreadable

Cells = list[Any]


class Sheet:
    """One sheet: its header's names and its rows as text. ``rows`` gives sheet row numbers from 1."""

    def __init__(self, sheet: CalamineSheet, header_row: int, header_rows: int) -> None:
        self.sheet, self.name = sheet, sheet.name
        self.first = header_row + header_rows  # sheet row of the first row
        self.left = sheet.start[1] if sheet.start else 0
        self.merged = sheet.merged_cell_ranges or []
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
        self.names = column_names([*header, *[""] * (width - len(header))])

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
        for number, cells in enumerate(self.sheet.iter_rows(), 1):
            if number >= self.first and any(cell not in ("", None) for cell in cells):
                yield number, cells

    def rows(self) -> Iterator[tuple[int, list[str | None]]]:
        """Sheet row and text cells, as many as there are names; empty rows are left out."""
        down = self._merged_down()
        values: dict[tuple[int, int], str | None] = {}
        width = len(self.names)
        for number, cells in self._cells():
            texts = [text_of(cell) for cell in cells[:width]]
            texts += [None] * (width - len(texts))
            for column, top in down.get(number, ()):
                if column >= width:
                    continue
                if number == top:
                    values[top, column] = texts[column]
                elif texts[column] is None:
                    texts[column] = values.get((top, column))
            yield number, texts

    def _merged_down(self) -> dict[int, list[tuple[int, int]]]:
        """For each sheet row the columns that a downward merge covers, with the row it begins in."""
        down: dict[int, list[tuple[int, int]]] = {}
        for (top, left), (bottom, _) in self.merged:
            if bottom > top and top + 1 >= self.first:
                for row in range(top + 1, bottom + 2):
                    down.setdefault(row, []).append((left - self.left, top + 1))
        return down


class Excel:
    """Reader of one workbook; see the module for the options."""

    def __init__(self, content: Content) -> None:
        self.content = content
        self.header_row = content.option("header_row", 1, int)
        self.header_rows = content.option("header_rows", 1, int)
        self.workbook = _opened(content)
        self.sheets = self._sheets()
        names: dict[str, None] = {}
        for sheet in self.sheets:
            names.update(dict.fromkeys(sheet.names))
        self.schema = text_schema(list(names))

    def _sheet(self, name: str) -> Sheet:
        return Sheet(self.workbook.get_sheet_by_name(name), self.header_row, self.header_rows)

    def _sheets(self) -> list[Sheet]:
        all_names = self.workbook.sheet_names
        wanted = self.content.option("sheet", None, (str, int, list))
        if wanted is None:
            hidden = {m.name for m in self.workbook.sheets_metadata if m.visible != SheetVisibleEnum.Visible}
            visible = [self._sheet(name) for name in all_names if name not in hidden]
            filled = [sheet for sheet in visible if sheet.names]
            found = [sheet for sheet in filled if sheet.names == filled[0].names]
        else:
            patterns = wanted if isinstance(wanted, list) else [wanted]
            chosen = [
                name
                for place, name in enumerate(all_names, 1)
                if any(place == p if isinstance(p, int) else fnmatchcase(name, p) for p in patterns)
            ]
            found = [sheet for sheet in map(self._sheet, chosen) if sheet.names]
        if not found:
            raise Unreadable(
                f"no sheet {wanted!r} with a header in row {self.header_row}; sheets: {', '.join(all_names)}",
                remedy="correct `sheet` or `header_row` in meta.connector",
            )
        return found

    def batches(self) -> Iterator[pa.RecordBatch]:
        names = self.schema.names
        for sheet in self.sheets:
            rows = Rows(self.schema)
            places = {name: place for place, name in enumerate(sheet.names)}
            order = None if sheet.names == names else [places.get(name) for name in names]
            part = sheet.name if len(self.sheets) > 1 else None
            for number, cells in sheet.rows():
                if order is not None:
                    cells = [None if place is None else cells[place] for place in order]
                rows.add(cells, number)
                if rows.full:
                    yield _of_part(rows.take(), part)
            if rows.rows:
                yield _of_part(rows.take(), part)


def _of_part(batch: pa.RecordBatch, part: str | None) -> pa.RecordBatch:
    return batch.append_column("_part", pa.array([part] * batch.num_rows, pa.string())) if part else batch


def _opened(content: Content) -> CalamineWorkbook:
    with content.open() as file:
        start = file.read(512)
        file.seek(0)
        try:
            return CalamineWorkbook.from_filelike(file)
        except PasswordError:
            what, remedy = "the workbook is protected by a password", "ask the department for it without one"
        except CalamineError as error:
            what, remedy = f"not a readable workbook ({error})", "ask the department for the file again"
            if start.lstrip(b"\xef\xbb\xbf \r\n\t")[:1] == b"<":
                what, remedy = "a web page with the name of a workbook", "have it saved as .xlsx"
            elif start and not start.startswith((b"PK", b"\xd0\xcf")):
                what = "not a workbook; text perhaps"
                remedy = "declare `kind: delimited` if the department sends text under this name"
    raise Unreadable(what, remedy=remedy) from None


def text_of(value: Any) -> str | None:
    """A cell's value as text.

    >>> text_of(3.0), text_of(0.5), text_of(dt.datetime(2020, 1, 2)), text_of("")
    ('3', '0.5', '2020-01-02', None)
    """
    if isinstance(value, str):
        return value or None
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return f"{value:.0f}" if value.is_integer() else repr(value)
    if isinstance(value, dt.datetime):
        midnight = value.time() == dt.time()
        return value.date().isoformat() if midnight else value.isoformat(" ")
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    return None if value is None else str(value)
