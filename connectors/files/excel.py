"""Excel workbooks (``.xls``, ``.xlsx``, ``.ods`` …, by content and not by name) as text cells.

A number without decimals has no ``.0``, a date cell is an ISO date (with time where it has one), an empty cell is null.
What a number format adds (leading zeros, a prefix, a unit, a word for a number) is taken as it is shown. A cell merged
downwards stands in every row that it covers. A sheet is held in memory: a sheet has at most 1,048,576 rows.

A spreadsheet keeps fifteen digits. A longer whole number, an error value and a formula that nobody has computed are
null; ``_raw`` then says of which item by which rule, as ``{"身份证号": ["digits_lost", "4.10702198501010E+17"]}``,
and ``_problem`` stays null: the row's other cells are good.

Sheets: all visible ones with the columns that the resource declares (in any order, with others beside them), or, where
none is declared or fits, the first one and all that have its columns. The report names every other sheet with rows.

Options: ``sheet`` (name, pattern, place from 1, or a list of those: these sheets and no other), ``header_row`` (sheet
row, default 1), ``header_rows`` (rows of the header, default 1; their texts are joined with ``_``),
``unpacked_limit_mb`` (of the workbook, which is a zip).
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from fnmatch import fnmatchcase

import pyarrow as pa
from python_calamine import (
    CalamineError,
    CalamineWorkbook,
    PasswordError,
    SheetTypeEnum,
    SheetVisibleEnum,
)

from connectors.files.headings import without_headings
from connectors.files.part import unpacked_limit
from connectors.files.reader import PART, Content, Rows, heading_names, text_schema
from connectors.files.sheet import Sheet
from connectors.files.sheet_facts import Facts, facts_of
from connectors.files.text import Unreadable
from connectors.shown import shown_names


class Excel:
    """Reader of one workbook; see the module for the options."""

    def __init__(self, content: Content) -> None:
        self.content = content
        self.header_row = content.option("header_row", 1, int)
        self.header_rows = content.option("header_rows", 1, int)
        self.workbook = _opened(content)
        self._file = content.open()  # stays open: the facts of a sheet are read when it is
        try:
            self.facts = facts_of(self._file, unpacked_limit(content.options))
        except zipfile.BadZipFile:
            self.facts = Facts("number formats and hidden rows of a damaged workbook")
        if self.facts.unknown:
            content.report.unknown(self.facts.unknown)
        self.sheets = self._sheets()
        names: dict[str, None] = {}
        for sheet in self.sheets:
            names.update(dict.fromkeys(sheet.names))
        self.schema = text_schema(list(names))

    def _sheets(self) -> list[Sheet]:
        every = [
            (
                Sheet(
                    self.workbook.get_sheet_by_index(index),
                    index + 1,
                    self.facts,
                    self.header_row,
                    self.header_rows,
                    self.content.items,
                ),
                meta,
            )
            for index, meta in enumerate(self.workbook.sheets_metadata)
            if meta.typ == SheetTypeEnum.WorkSheet
        ]
        wanted = self.content.option("sheet", None, (str, int, list))
        if wanted is None:
            found = self._fitting(
                [sheet for sheet, meta in every if sheet.names and meta.visible == SheetVisibleEnum.Visible]
            )
        else:
            patterns = wanted if isinstance(wanted, list) else [wanted]
            found = [
                sheet
                for sheet, _ in every
                if sheet.names
                and any(sheet.place == p if isinstance(p, int) else fnmatchcase(sheet.name, p) for p in patterns)
            ]
        if not found:
            raise Unreadable(
                f"no sheet {'' if wanted is None else f'{wanted!r} '}with a header in row {self.header_row}; "
                f"sheets: {shown_names(self.workbook.sheet_names)}",
                remedy="correct `sheet` or `header_row` in meta.connector",
            )
        for sheet in found:
            heading_names(sheet.header, self.content.report, self.content.items)
        names = {name for sheet in found for name in sheet.names}
        self._report_others([(sheet, meta.visible) for sheet, meta in every if sheet not in found], names)
        for sheet, meta in every:
            if sheet in found and meta.visible != SheetVisibleEnum.Visible:
                self.content.report.remark("hidden_sheet", where=f"sheet {sheet.place}")
        return found

    def _fitting(self, sheets: list[Sheet]) -> list[Sheet]:
        """The sheets whose columns allow it to land their rows together."""
        items, optional = set(self.content.items), self.content.options.get("optional") or ()
        needed = set() if optional is True else items - set(optional)
        declared = [sheet for sheet in sheets if needed <= set(sheet.names) and items & set(sheet.names)]
        return declared or [sheet for sheet in sheets if set(sheets[0].names) <= set(sheet.names)]

    def _report_others(self, others: list[tuple[Sheet, SheetVisibleEnum]], names: set[str]) -> None:
        for sheet, visible in others:
            rows = sheet.count()
            if not rows:  # what stands where others have a heading may be a row
                rows = int(not names.issuperset(sheet.names)) or sheet.lines_above()
            if rows:
                self.content.report.leave_out("sheet", rows=rows, where=f"sheet {sheet.place}")
                if visible != SheetVisibleEnum.Visible:
                    self.content.report.remark("hidden_sheet", where=f"sheet {sheet.place}")

    def batches(self) -> Iterator[pa.RecordBatch]:
        return without_headings(self._rows(), self.schema.names, self.content.report)

    def _rows(self) -> Iterator[pa.RecordBatch]:
        names = self.schema.names
        with self._file:
            for sheet in self.sheets:
                above = sheet.lines_above()
                if above:
                    self.content.report.leave_out("header_line", above, where=f"sheet {sheet.place}")
                rows = Rows(self.schema)
                places = {name: place for place, name in enumerate(sheet.names)}
                order = None if sheet.names == names else [places.get(name) for name in names]
                part = sheet.name if len(self.sheets) > 1 else None
                for number, cells, lost in sheet.rows(self.content.report):
                    if order is not None:
                        cells = [None if place is None else cells[place] for place in order]
                    raw = (
                        json.dumps({sheet.names[c]: why for c, why in lost.items()}, ensure_ascii=False)
                        if lost
                        else None
                    )
                    rows.add(cells, number, raw=raw)
                    if rows.full:
                        yield _of_part(rows.take(), part)
                if rows.rows:
                    yield _of_part(rows.take(), part)


def _of_part(batch: pa.RecordBatch, part: str | None) -> pa.RecordBatch:
    return batch.append_column(PART.name, pa.array([part] * batch.num_rows, PART.type)) if part else batch


def _opened(content: Content) -> CalamineWorkbook:
    with content.open() as file:
        start = file.read(512)
        file.seek(0)
        try:
            return CalamineWorkbook.from_filelike(file)
        except PasswordError:
            what, remedy = "the workbook is protected by a password", "ask the department for it without one"
        except CalamineError as error:
            what, remedy = f"not a readable workbook ({type(error).__name__})", "ask the department for the file again"
            if start.lstrip(b"\xef\xbb\xbf \r\n\t")[:1] == b"<":
                what, remedy = "a web page with the name of a workbook", "have it saved as .xlsx"
            elif start and not start.startswith((b"PK", b"\xd0\xcf")):
                what = "not a workbook; text perhaps"
                remedy = "declare `kind: delimited` if the department sends text under this name"
    raise Unreadable(what, remedy=remedy) from None
