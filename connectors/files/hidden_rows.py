"""Whether a cell with line ends is a cell, or rows that stray quotes hide.

By RFC 4180 a quote that opens in one row and closes in another makes one cell of all rows between. Such a cell
is known by its structure: its lines have as many delimiters as the file's rows. A text of several lines may
have them by chance, so its lines must also look like the file's rows: the same kinds of values in each column,
quoted as the column's values are, and the same line end.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, islice
from typing import Any

LINE_ENDS = "\r\n"
LONGEST_RECORD_LINES = 1000  # a quote that is still open after so many lines was never meant to open
LONGEST_RECORD = 4 << 20
SAMPLE_RECORDS = 500
USUAL = 0.95  # of a column's values, to be what the column holds
MOSTLY = 0.75  # of a column's values, so that a value of another kind speaks against a row
FEW = 3  # values that may be a slip
KNOWN = 20  # values by which one knows what a column of text holds
NUMERIC = {"digits", "number", "time", "code"}  # kinds of values that a line of prose hardly begins with


@dataclass(frozen=True)
class Dialect:
    """How cells are told apart. ``quote`` is empty where quotes mean nothing."""

    delimiter: str = ","
    quote: str = '"'
    escape: str | None = None

    @property
    def special(self) -> tuple[str, ...]:
        return tuple(mark for mark in (self.quote, self.escape) if mark)

    @cached_property
    def cell(self) -> re.Pattern[str] | None:
        """One cell: by RFC 4180; or with quotes that are not doubled; or its text as it stands."""
        if not self.quote:
            return None
        q, d = re.escape(self.quote), re.escape(self.delimiter)
        ends = rf"{q}(?={d}|\Z)"
        if self.escape:
            e = re.escape(self.escape)
            return re.compile(rf"{q}((?:{e}.|{q}{q}|[^{q}{e}])*){ends}|(?!)(.)|((?:{e}.|[^{d}{e}]|{e}\Z)*)", re.DOTALL)
        return re.compile(rf"{q}([^{q}]*(?:{q}{q}[^{q}]*)*){ends}|{q}(.*?){ends}|([^{d}]*)", re.DOTALL)

    @cached_property
    def regular(self) -> re.Pattern[str]:
        """A line of cells that are quoted as a whole or have no quote."""
        q, d = re.escape(self.quote), re.escape(self.delimiter)
        cell = rf"(?:{q}[^{q}]*(?:{q}{q}[^{q}]*)*{q}|[^{q}{d}]*)"
        return re.compile(rf"{cell}(?:{d}{cell})*\Z")

    def loosely(self, text: str) -> list[tuple[str, bool]]:
        """The cells of a text and whether each was quoted; a quote without its pair is a character."""
        if self.cell is None:
            return [(cell, False) for cell in text.split(self.delimiter)]
        cells: list[tuple[str, bool]] = []
        place = 0
        while place <= len(text):
            match = self.cell.match(text, place)
            assert match is not None  # the pattern's second branch matches anything
            inside = match[1] if match[1] is not None else match[2]
            quoted = inside is not None
            cell = inside.replace(self.quote * 2, self.quote) if quoted else match[3]
            cells.append((re.sub(rf"{re.escape(self.escape)}(.)", r"\1", cell) if self.escape else cell, quoted))
            place = match.end() + len(self.delimiter)
        return cells

    def rows(self, lines: Iterable[str], strict: bool = True) -> Iterator[list[str]]:
        """Records by RFC 4180; ``csv.Error`` where it is broken, or what can be made of it."""
        return csv.reader(
            lines,
            strict=strict,
            delimiter=self.delimiter,
            quotechar=self.quote or None,
            quoting=csv.QUOTE_MINIMAL if self.quote else csv.QUOTE_NONE,
            escapechar=self.escape,
        )


def kind_of(value: str) -> str:
    """What kind of value a cell holds, as far as one sees it without knowing the column."""
    if value[:1].isspace():
        return "indented"
    if value.isdecimal():
        return "digits"
    if re.fullmatch(r"[-+]?[\d.,%]+", value):
        return "number"
    if re.fullmatch(r"[\d\-/:.T 年月日时分秒]+", value):
        return "time"
    if not value.isascii():
        return "text"
    return "code" if re.fullmatch(r"[\w\-./]*\d[\w\-./]*", value) else "words"


class Columns:
    """What the rows of a file look like, from the records at its start: kinds and quotes by column, line ends."""

    def __init__(
        self, width: int, dialect: Dialect, records: Iterable[tuple[Sequence[str], str]] = (), quotes: bool = False
    ) -> None:
        """``records``: cells and text (with its line end) of records as RFC 4180 reads them.

        ``quotes``: the heading has quotes, so perhaps every row has.
        """
        self.width, self.dialect = width, dialect
        kinds: list[Counter[str]] = [Counter() for _ in range(width)]
        quoted: list[Counter[bool]] = [Counter() for _ in range(width)]
        filled = [0] * width  # values; below zero where one was missing
        self.ends: set[str] = set()
        self.quotes = quotes
        for cells, raw in islice(records, SAMPLE_RECORDS):
            if len(cells) != width:
                continue
            bare = raw.rstrip(LINE_ENDS)
            self.ends.add(raw[len(bare) :])
            self.quotes = self.quotes and dialect.quote in bare
            for column, cell in enumerate(cells):
                filled[column] = filled[column] + 1 if cell and filled[column] >= 0 else -1
                if _plain(cell):
                    kinds[column][kind_of(cell)] += 1
            loose = dialect.loosely(bare)
            if len(loose) == width:
                for styles, (cell, with_quotes) in zip(quoted, loose, strict=True):
                    if _plain(cell):
                        styles[with_quotes] += 1
        self.ends.discard("")
        self.telling = [_share(counts, NUMERIC) >= MOSTLY for counts in kinds]
        self.kinds = [
            _usual(counts) & NUMERIC if telling else _usual(counts)
            for counts, telling in zip(kinds, self.telling, strict=True)
        ]
        self.filled = [seen > 0 for seen in filled]
        self.known = [counts.total() >= KNOWN for counts in kinds]
        self.quoted = [_usual(counts) for counts in quoted]

    def fits(self, cells: Sequence[tuple[str, bool]]) -> bool | None:
        """Whether a line looks like a row in more columns than not; null where nothing speaks for either."""
        quote, score = self.dialect.quote, 0
        for column, (cell, with_quotes) in enumerate(cells[: self.width]):
            stray = not with_quotes and cell.count(quote) % 2 == 1
            value = cell.strip(quote) if stray else cell
            if not value:
                score -= self.telling[column] and self.filled[column]
            elif not stray and self.quoted[column] and with_quotes not in self.quoted[column]:
                score -= 1
            elif kind_of(value) in self.kinds[column]:
                score += self.telling[column]
            elif self.telling[column] or self.known[column]:
                score -= 1
        return None if score == 0 else score > 0


def _share(counts: Counter[str], of: set[str]) -> float:
    return sum(counts[kind] for kind in of) / max(counts.total(), 1)


def _plain(cell: str) -> bool:
    """Whether a cell says something, and on one line: what it says is not in question."""
    return bool(cell) and not any(end in cell for end in LINE_ENDS)


def _usual(counts: Counter[Any]) -> set[Any]:
    """What is seen in a column, without what is rare."""
    whole, kept = counts.total(), 0
    usual = set()
    for value, count in counts.most_common():
        if kept >= USUAL * whole and count < FEW:
            break
        usual.add(value)
        kept += count
    return usual


def _begins_row(cell: str, columns: Columns) -> bool:
    """Whether the last line of a cell is the beginning of a row, so that the quote after it opens a cell of that."""
    if _plain(cell) or not cell.endswith(columns.dialect.delimiter):
        return False
    *_, last = re.split("[\r\n]", cell)
    return columns.fits(columns.dialect.loosely(last)[:-1]) is True


def _between(cells: Sequence[str]) -> set[int]:
    """Numbers of the lines, from 0, in which one cell of several lines ends and the next one begins."""
    ends = list(accumulate(len(re.findall("\r\n|\r|\n", cell)) for cell in cells if not _plain(cell)))
    return set(ends[:-1])


def hides_rows(taken: Sequence[str], cells: Sequence[str], columns: Columns) -> bool:
    """Whether a record of several physical lines is rows with stray quotes in the first and the last of them.

    Where nothing speaks for one record rather than for several, they are several: the two with the quotes are
    set aside, and no row is lost.
    """
    width, dialect = columns.width, columns.dialect
    if not dialect.quote or not any(dialect.quote in line for line in taken):
        return False  # every line end was escaped
    bare = [line.rstrip(LINE_ENDS) for line in taken]
    inner_ends = {line[len(text) :] for line, text in zip(taken[:-1], bare[:-1], strict=True)}
    if len(cells) == width and columns.ends and not inner_ends & columns.ends:
        return False  # as spreadsheets write: another line end within cells than after rows
    if len(cells) == width and any(_begins_row(cell, columns) for cell in cells):
        return True
    first, last = dialect.loosely(bare[0]), dialect.loosely(bare[-1])
    inside = [line for number, line in enumerate(bare[1:-1], 1) if line and number not in _between(cells)]
    inner = [dialect.loosely(line) if dialect.regular.match(line) else [] for line in inside]
    rows = [columns.fits(line) for line in inner if len(line) == width]
    tested = [columns.fits(first), columns.fits(last)] if len(first) == len(last) == width else []
    if width == 1 or (columns.quotes and len(cells) == width):  # only the values can tell, or show the opposite
        tested = [fit is True or False for fit in tested]
        rows = [fit is True or False for fit in rows]
    both = bool(tested) and False not in tested
    if len(cells) != width:
        return both or rows.count(False) < len(rows)
    if not inner:
        return both
    return 2 * len(rows) > len(inner) and 2 * rows.count(False) < len(rows)
