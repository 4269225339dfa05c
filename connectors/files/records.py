"""Records of delimited text, line by line, with care for quotes: what ``delimited`` reads where pyarrow may not.

This defines what is right; ``blocks`` gives the same rows for what is regular.
"""

from __future__ import annotations

import csv
import sys
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from connectors.files.hidden_rows import (
    LINE_ENDS,
    LONGEST_RECORD,
    LONGEST_RECORD_LINES,
    Columns,
    Dialect,
    hides_rows,
)
from connectors.files.text import END_OF_FILE

csv.field_size_limit(sys.maxsize)

LINE_END = frozenset(LINE_ENDS)


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
            elif odd:
                return Record(start, self._leniently(bare), bare, broken=True)
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
            return next(self.dialect.rows(feed())), taken
        except csv.Error:
            return None, taken

    def _leniently(self, bare: str) -> list[str]:
        return next(self.dialect.rows([bare], strict=False))

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
