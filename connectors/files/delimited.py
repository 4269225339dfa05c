"""Delimited text (CSV, TSV, `|` …): any encoding, quotes, embedded line breaks, ragged rows; no line lost.

``Delimited`` reads block by block: a block of regular rows goes through pyarrow (``fast_columns``), any other
through ``records`` below, which defines what is right. Both give the same rows.

Options: ``encoding``, ``delimiter`` (one or more characters; found in the header when not given), ``quote``
(``"`` or ``none``), ``escape``, ``header_row`` (physical line, default 1; 0 = the file has none), ``columns``
(the names for a file without header).
"""

from __future__ import annotations

import csv
import re
import sys
from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, islice

import pyarrow as pa

from connectors.files.blocks import Block, ahead, cut_blocks, fast_columns
from connectors.files.hidden_rows import (
    LINE_ENDS,
    LONGEST_RECORD,
    LONGEST_RECORD_LINES,
    Columns,
    Dialect,
    hides_rows,
)
from connectors.files.reader import (
    LINE_UNREADABLE,
    ROW_WIDTH,
    TEXT_UNDECODABLE,
    Content,
    Rows,
    column_names,
    text_schema,
)
from connectors.files.text import Unreadable, blocks, encoding_of, lines, spoiled

csv.field_size_limit(sys.maxsize)

HEADING_SAMPLE = 20  # lines after a heading of several, by which to tell how many columns there are
DELIMITERS = ",\t|;^\x01"
LINE_END = frozenset(LINE_ENDS)
END_OF_FILE = "\x1a"  # Ctrl-Z, as DOS programs end a text


@dataclass(frozen=True)
class Record:
    """One record: the physical line on which it starts, how many it takes, its cells, its text.

    ``broken``: its quotes do not pair, so the cells are a guess.
    """

    line: int
    cells: list[str]
    raw: str
    lines: int = 1
    broken: bool = False


class Records:
    """Records from physical lines, ``line`` being the number of the next one.

    A quote that opens in one row must not swallow the good rows after it, whether it never closes or closes in
    another row (``hides`` says so of the lines and cells of a record). Such a line is a broken record of its
    own, and so is the line in which the quote closes. A line whose quotes pair, but are not doubled inside a
    cell as RFC 4180 wants, is read as if a quote ended a cell only before a delimiter or the end of the line.
    """

    def __init__(
        self,
        physical: Iterator[str],
        dialect: Dialect,
        line: int = 1,
        width: int = 0,
        hides: Callable[[list[str], list[str]], bool] | None = None,
        found: Callable[[str], None] = lambda place: None,
    ) -> None:
        """``found`` is called with the place of each cell that held rows."""
        self.physical, self.dialect, self.line, self.width, self.found = physical, dialect, line, width, found
        self.hides = hides or (lambda taken, cells: hides_rows(taken, cells, Columns(width, dialect)))
        self._again: deque[str] = deque()
        self._open = False  # a quote that never closes has opened
        self._closing = 0  # the line in which a stray quote is known to close

    def __iter__(self) -> Iterator[Record]:
        delimiter, special = self.dialect.delimiter, self.dialect.special
        while (text := self._next()) is not None:
            bare = text.rstrip(LINE_ENDS)
            if not bare or bare == END_OF_FILE:
                self.line += 1
            elif any(mark in bare for mark in special):
                yield self._quoted(text, bare)
            else:
                self.line += 1
                yield Record(self.line - 1, bare.split(delimiter), bare)

    @property
    def ahead(self) -> bool:
        """Whether lines after the last record were looked at already."""
        return bool(self._again)

    def _next(self) -> str | None:
        return self._again.popleft() if self._again else next(self.physical, None)

    def _quoted(self, text: str, bare: str) -> Record:
        """A record with quotes, which may go on for several lines."""
        start = self.line
        cells, taken = self._strictly(text)
        end = start + len(taken) - 1
        if cells is not None and len(taken) > 1:
            if not self.hides(taken, cells):
                self.line = end + 1
                self._open = False
                raw = "".join(taken).rstrip(LINE_ENDS)
                return Record(
                    start, cells, raw, len(taken), start <= self._closing <= end or self._doubtful(raw, cells)
                )
            self._closing = end
            self.found(f"lines {start}-{end}")
        self._again.extendleft(reversed(taken[1:]))
        self.line += 1
        odd = bool(self.dialect.quote) and bare.count(self.dialect.quote) % 2 == 1
        broken = self._closing == start or (self._open and not self.dialect.regular.match(bare))
        if cells is not None and len(taken) == 1:
            self._open = self._open and not (odd and broken)
            return Record(start, cells, bare, broken=broken)
        if cells is None:
            self._open = odd
            if len(taken) >= LONGEST_RECORD_LINES:
                self.found(f"line {start} on")
        return Record(start, self._loosely(bare), bare, broken=broken or odd or cells is not None)

    def _doubtful(self, raw: str, cells: list[str]) -> bool:
        """Whether quotes of a record of several lines, or of what follows it, look as if they were one off."""
        if self.dialect.escape:
            return False
        if not self.dialect.regular.match(raw):
            return True
        if not any(self.dialect.delimiter in cell and not LINE_END.isdisjoint(cell) for cell in cells):
            return False
        blank: list[str] = []
        while (text := self._next()) is not None and not text.rstrip(LINE_ENDS):
            blank.append(text)
        following, taken = self._strictly(text) if text is not None else ([], [])
        self._again.extendleft(reversed(blank + taken))
        one_line = text is not None and len(taken) == 1
        return following is None or (one_line and not self.dialect.regular.match(taken[0].rstrip(LINE_ENDS)))

    def _strictly(self, text: str) -> tuple[list[str] | None, list[str]]:
        """The cells by the rules of RFC 4180, null if broken, and the physical lines that were looked at."""
        taken: list[str] = []

        def feed() -> Iterator[str]:
            line: str | None = text
            size = 0
            while line is not None and len(taken) < LONGEST_RECORD_LINES and size < LONGEST_RECORD:
                taken.append(line)
                size += len(line)
                yield line
                line = self._next()
            if line is not None:
                self._again.appendleft(line)

        try:
            return next(self.dialect.rows(feed(), strict=True)), taken
        except csv.Error:
            return None, taken

    def _loosely(self, bare: str) -> list[str]:
        return [cell for cell, _ in self.dialect.loosely(bare)]


def as_rfc_4180(physical: Iterator[str], dialect: Dialect) -> Iterator[tuple[list[str], str]]:
    """Cells and text of each record, with its line end, whatever a quote may hide."""
    last = ""

    def watched() -> Iterator[str]:
        nonlocal last
        for line in physical:
            last = line
            yield line

    records = Records(watched(), dialect, hides=lambda taken, cells: False)
    for record in records:
        end = last[len(last.rstrip(LINE_ENDS)) :] if not records.ahead else ""
        yield record.cells, record.raw + end


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
        skipped = sum(1 for _ in islice(physical, max(row - 1, 0)))
        first = next(physical, None)
        if first is None:
            raise Unreadable(
                "the file is empty" if row <= 1 else f"the file has {skipped} lines and no line {row}",
                remedy="ask the department for the file again, or correct `header_row` in meta.connector",
            )
        self.dialect = self._dialect(first)
        self.first_line = skipped + 1  # where reading starts: the header, or the first row
        self.header_lines = 0
        header, taken = self._heading(chain([first], physical))
        self.quoted_heading = bool(self.dialect.quote) and self.dialect.quote in first
        self.header_lines = taken if row else 0
        names: list[str | None] = [*declared] if declared else [*header] if row else [None] * len(header)
        self.names = column_names(names)
        self.schema = text_schema(self.names)

    def _heading(self, physical: Iterator[str]) -> tuple[list[str], int]:
        """The cells of the heading and how many lines it takes; a stray quote in it hides no row either."""
        records = Records(physical, self.dialect, self.first_line, hides=lambda taken, cells: False)
        record = next(iter(records), None)
        if record is None:
            return [], 0
        taken = record.line + record.lines - self.first_line
        if record.lines == 1:
            return record.cells, taken
        first, *_ = heading = list(lines(iter((record.raw,))))
        following = [line for line in islice(physical, HEADING_SAMPLE) if line.strip(LINE_ENDS)]
        rows = [[cell for cell, _ in self.dialect.loosely(line.rstrip(LINE_ENDS))] for line in following]
        width = Counter(map(len, rows)).most_common(1)[0][0] if rows else len(record.cells)
        alone = [cell for cell, _ in self.dialect.loosely(first.rstrip(LINE_ENDS))]
        columns = Columns(width, self.dialect, zip(rows, following, strict=True))
        if len(alone) == width and hides_rows(heading, record.cells, columns):
            self.content.report.remark("hidden_rows_in_cell", where=f"line {record.line}")
            return alone, taken - record.lines + 1
        return record.cells, taken

    def _dialect(self, header: str) -> Dialect:
        quote = self.content.option("quote", '"')
        quote = "" if quote.lower() in ("", "none") else quote
        given = self.content.option("delimiter", None)
        delimiter = {"\\t": "\t", "tab": "\t"}.get(given, given) if given else _delimiter_of(header, quote)
        if len(delimiter) > 1:
            quote = ""  # such files are written by joining, without quotes
        if len(quote) > 1:
            raise Unreadable(f"option `quote` is {quote!r}", remedy="give one character, or none")
        return Dialect(delimiter, quote, self.content.option("escape", None))

    def batches(self) -> Iterator[pa.RecordBatch]:
        width, dialect = len(self.names), self.dialect
        with self.content.open() as file:
            text = blocks(file, self.encoding, self.skip)
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
            problem = LINE_UNREADABLE if record.broken else ROW_WIDTH if len(record.cells) != width else None
            if problem is None and spoiled(record.raw):
                problem = TEXT_UNDECODABLE
            rows.add(record.cells, record.line, problem, problem and record.raw, len(record.raw))
            if rows.full:
                yield rows.take()
        if rows.rows:
            yield rows.take()


def _delimiter_of(header: str, quote: str) -> str:
    """The delimiter that the header line has most of, outside quotes."""
    bare = re.sub(f"{re.escape(quote)}[^{re.escape(quote)}]*{re.escape(quote)}", "", header) if quote else header
    return max(DELIMITERS, key=bare.count)
