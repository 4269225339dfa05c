"""Delimited text (CSV, TSV, `|` …): any encoding, quotes, embedded line breaks, ragged rows; no line lost.

``Delimited`` reads block by block: a block of regular rows goes through pyarrow (``blocks``), any other through
``records``, which defines what is right. Both give the same rows. A line ``sep=;`` before all others names the
delimiter, as spreadsheets write it. A cell that hides rows (``hidden_rows``) is read as rows.

Options: ``encoding``, ``delimiter`` (one or more characters; found in the header when not given, also a
full-width one), ``quote`` (``"`` or ``none``), ``escape``, ``header_row`` (physical line, default 1; 0 = the file
has none), ``columns`` (the names for a file without header).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import cached_property
from itertools import chain, islice

import pyarrow as pa

from connectors.files.blocks import Block, ahead, cut_blocks, fast_columns
from connectors.files.delimiters import SAMPLE, delimiters_of, separator_of
from connectors.files.headings import without_headings
from connectors.files.hidden_rows import LINE_ENDS, Columns, Dialect, hides_rows
from connectors.files.reader import (
    LINE_UNREADABLE,
    ROW_WIDTH,
    TEXT_UNDECODABLE,
    Content,
    Rows,
    heading_names,
    text_schema,
)
from connectors.files.records import Records, as_rfc_4180
from connectors.files.text import Unreadable, blocks, encoding_of, lines, spoiled


class Delimited:
    """Reader of one delimited file; see the module for the options."""

    def __init__(self, content: Content) -> None:
        self.content = content
        with content.open() as file:
            self.encoding, self.skip = encoding_of(file, content.option("encoding", None))
            self._read_header(lines(blocks(file, self.encoding, self.skip)))

    def _read_header(self, physical: Iterator[str]) -> None:
        """Find delimiter, names and the line of the first row."""
        row = self.content.option("header_row", 1, int)
        declared = self.content.option("columns", None, list)
        above = list(islice(physical, max(row - 1, 0)))
        first = next(physical, None)
        separator = separator_of((above or [first or ""])[0])
        if separator:
            self.content.report.remark("sep_line", where="line 1")
            if not above:
                above, first = [first or ""], next(physical, None)
        if first is None:
            raise Unreadable(
                f"the file has {len(above)} lines and no line {max(row, len(above) + 1)}"
                if above
                else "the file is empty",
                remedy="ask the department for the file again, or correct `header_row` in meta.connector",
            )
        left = [line for line in (above[1:] if separator else above) if line.strip()]
        if left:
            self.content.report.leave_out("header_line", len(left), where=f"lines 1-{len(above)}")
        self.first_line = len(above) + 1  # where reading starts: the header, or the first row
        following = list(islice(physical, SAMPLE))
        first = first.lstrip("\ufeff")
        heading, self.dialect = self._dialects(first, following, separator, row > 0)
        header, taken = self._heading(chain([first], following, physical), heading)
        self.quoted_heading = bool(self.dialect.quote) and self.dialect.quote in first
        self.header_lines = taken if row else 0
        names: list[str | None] = [*declared] if declared else [*header] if row else [None] * len(header)
        self.names = heading_names(names, self.content.report, self.content.items)
        self.schema = text_schema(self.names)

    def _heading(self, physical: Iterator[str], dialect: Dialect) -> tuple[list[str], int]:
        """The cells of the heading and how many lines it takes; a stray quote in it hides no row either."""
        records = Records(physical, dialect, self.first_line, hides=lambda taken, cells: False)
        record = next(iter(records), None)
        if record is None:
            return [], 0
        taken = record.line + record.lines - self.first_line
        if record.lines == 1:
            return record.cells, taken
        first, *_ = heading = list(lines(iter((record.raw,))))
        following = [line for line in islice(physical, SAMPLE) if line.strip(LINE_ENDS)]
        rows = [[cell for cell, _ in dialect.loosely(line.rstrip(LINE_ENDS))] for line in following]
        width = Counter(map(len, rows)).most_common(1)[0][0] if rows else len(record.cells)
        alone = [cell for cell, _ in dialect.loosely(first.rstrip(LINE_ENDS))]
        columns = Columns(width, dialect, zip(rows, following, strict=True))
        if len(alone) == width and hides_rows(heading, record.cells, columns):
            self.content.report.remark("hidden_rows_in_cell", where=f"line {record.line}")
            return alone, taken - record.lines + 1
        return record.cells, taken

    def _dialects(
        self, header: str, following: list[str], separator: str | None, named: bool
    ) -> tuple[Dialect, Dialect]:
        """How the heading is written, and how the rows are."""
        quote = self.content.option("quote", '"')
        quote = "" if quote.lower() in ("", "none") else quote
        given = self.content.option("delimiter", None) or separator
        if given:
            heading = rows = {"\\t": "\t", "tab": "\t"}.get(given, given)
        else:
            heading, rows = delimiters_of(header, following, quote, self.first_line, named)
            if not (heading + rows).isascii():
                self.content.report.remark("full_width_delimiter", where=f"line {self.first_line}")
        if len(rows) > 1:
            quote = ""  # such files are written by joining, without quotes
        if len(quote) > 1:
            raise Unreadable(f"option `quote` is {quote!r}", remedy="give one character, or none")
        escape = self.content.option("escape", None)
        return Dialect(heading, quote, escape), Dialect(rows, quote, escape)

    def batches(self) -> Iterator[pa.RecordBatch]:
        rows = self._rows()
        return without_headings(rows, self.names, self.content.report) if self.header_lines else rows

    def _rows(self) -> Iterator[pa.RecordBatch]:
        width, dialect = len(self.names), self.dialect
        with self.content.open() as file:
            text = blocks(file, self.encoding, self.skip, self.content.report.remark_line)
            skip = self.first_line + self.header_lines - 1
            for block in ahead(cut_blocks(text, dialect.delimiter, dialect.quote, dialect.escape, skip, width)):
                fast = fast_columns(block, dialect.delimiter, dialect.quote, self.schema)
                if fast is not None:
                    yield from fast
                else:
                    yield from self._carefully(block, width)

    @cached_property
    def _columns(self) -> Columns:
        """What the file's rows look like; asked for by the first record that may hide some."""
        skip = self.first_line + self.header_lines - 1
        with self.content.open() as file:
            physical = islice(lines(blocks(file, self.encoding, self.skip)), skip, None)
            sample = as_rfc_4180(physical, self.dialect)
            return Columns(len(self.names), self.dialect, sample, self.quoted_heading)

    def _hides(self, taken: list[str], cells: list[str]) -> bool:
        return hides_rows(taken, cells, self._columns)

    def _found(self, place: str) -> None:
        self.content.report.remark("hidden_rows_in_cell", where=place)

    def _carefully(self, block: Block, width: int) -> Iterator[pa.RecordBatch]:
        rows = Rows(self.schema)
        for record in Records(block.lines(), self.dialect, block.line, width, self._hides, self._found):
            problem = ROW_WIDTH if len(record.cells) != width else LINE_UNREADABLE if record.broken else None
            if problem is None and spoiled(record.raw):
                problem = TEXT_UNDECODABLE
            rows.add(record.cells, record.line, problem, problem and record.raw, len(record.raw))
            if rows.full:
                yield rows.take()
        if rows.rows:
            yield rows.take()
