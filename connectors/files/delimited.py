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
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, islice

import pyarrow as pa

from connectors.files.blocks import Block, ahead, cut_blocks, fast_columns, is_regular, regular_cells
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

LONGEST_RECORD_LINES = 1000  # a quote that is still open after so many lines was never meant to open
LONGEST_RECORD = 4 << 20
DELIMITERS = ",\t|;^\x01"
LINE_ENDS = "\r\n"
END_OF_FILE = "\x1a"  # Ctrl-Z, as DOS programs end a text


@dataclass(frozen=True)
class Dialect:
    """How cells are told apart. ``quote`` is empty where quotes mean nothing."""

    delimiter: str = ","
    quote: str = '"'
    escape: str | None = None

    @property
    def special(self) -> tuple[str, ...]:
        return tuple(mark for mark in (self.quote, self.escape) if mark)


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

    An opening quote that never closes must not swallow the good rows after it: such a line is a broken record
    of its own, and so is the next one with an unpaired quote. A line whose quotes pair, but are not doubled
    inside a cell as RFC 4180 wants, is read as if a quote ended a cell only before a delimiter or the end of
    the line.
    """

    def __init__(self, physical: Iterator[str], dialect: Dialect, line: int = 1, width: int = 0) -> None:
        self.physical, self.dialect, self.line, self.width = physical, dialect, line, width
        self._again: deque[str] = deque()
        self._open = False
        self._cell = _cell_pattern(dialect)

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

    def _next(self) -> str | None:
        return self._again.popleft() if self._again else next(self.physical, None)

    def _quoted(self, text: str, bare: str) -> Record:
        """A record with quotes, which may go on for several lines."""
        start = self.line
        cells, taken = self._strictly(text)
        odd = bool(self.dialect.quote) and bare.count(self.dialect.quote) % 2 == 1
        if cells is not None and len(taken) > 1 and (len(cells) == self.width or not self._hides_row(taken)):
            self.line += len(taken)
            self._open = False
            return Record(start, cells, "".join(taken).rstrip(LINE_ENDS), len(taken))
        self._again.extendleft(reversed(taken[1:]))
        self.line += 1
        if cells is not None and len(taken) == 1:
            closes, self._open = self._open and odd, self._open and not odd
            return Record(start, cells, bare, broken=closes)
        self._open = odd
        return Record(start, self._leniently(bare) if odd else self._loosely(bare), bare, broken=odd)

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
            return next(self._csv(feed(), strict=True)), taken
        except csv.Error:
            return None, taken

    def _leniently(self, bare: str) -> list[str]:
        return next(self._csv(iter([bare]), strict=False))

    def _csv(self, feed: Iterator[str], strict: bool) -> Iterator[list[str]]:
        dialect = self.dialect
        return csv.reader(
            feed,
            strict=strict,
            delimiter=dialect.delimiter,
            quotechar=dialect.quote or None,
            quoting=csv.QUOTE_MINIMAL if dialect.quote else csv.QUOTE_NONE,
            escapechar=dialect.escape,
        )

    def _hides_row(self, taken: list[str]) -> bool:
        """Whether a ragged record of several lines holds a line that is a whole row by itself."""
        cells, quote = regular_cells(self.dialect.delimiter, self.dialect.quote), self.dialect.quote
        return any(
            is_regular(text.rstrip(LINE_ENDS).encode(), quote, cells)
            and len(self._loosely(text.rstrip(LINE_ENDS))) == self.width
            for text in taken[1:]
        )

    def _loosely(self, bare: str) -> list[str]:
        if self._cell is None:
            return bare.split(self.dialect.delimiter)
        quote, cells, place = self.dialect.quote, [], 0
        while place <= len(bare):
            match = self._cell.match(bare, place)
            assert match is not None  # the pattern's second branch matches anything
            cells.append(match[2] if match[1] is None else match[1].replace(quote * 2, quote))
            place = match.end() + 1
        return cells


def _cell_pattern(dialect: Dialect) -> re.Pattern[str] | None:
    if not dialect.quote:
        return None
    q, d = re.escape(dialect.quote), re.escape(dialect.delimiter)
    return re.compile(rf"{q}(.*?){q}(?={d}|\Z)|([^{d}]*)", re.DOTALL)


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
        header: list[str] = []
        for record in Records(chain([first], physical), self.dialect, self.first_line):
            header = record.cells
            self.header_lines = record.line + record.lines - self.first_line if row else 0
            break
        names: list[str | None] = [*declared] if declared else [*header] if row else [None] * len(header)
        self.names = column_names(names)
        self.schema = text_schema(self.names)

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

    def _carefully(self, block: Block, width: int) -> Iterator[pa.RecordBatch]:
        rows = Rows(self.schema)
        for record in Records(block.lines(), self.dialect, block.line, width):
            problem = ROW_WIDTH if len(record.cells) != width else LINE_UNREADABLE if record.broken else None
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
