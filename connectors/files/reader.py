"""What the readers of all file formats share: the protocol, rows → record batches, names.

A reader knows bytes and options, and nothing of resources, connections or landing: ``connector`` adds those.
Reading one format belongs in that format's module.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Protocol
from unicodedata import category

import pyarrow as pa

from catalogue.names import as_engine
from connectors.files.text import MARK_BYTES, Unreadable, shown, spoiled
from connectors.read_report import ReadReport
from connectors.shown import invisible

BATCH_ROWS = 20_000
BATCH_CHARACTERS = 16 << 20  # a batch of very long rows is cut earlier

BLANKS = " \t\u3000\u1680\u202f\u205f" + "".join(
    map(chr, range(0x2000, 0x200B))
)  # but no-break spaces: nobody sees them
NO_LETTERS = ("Cc", "Cf", "Lo", "Mn", "So")  # of what is invisible, without private characters and wide spaces

ROW_WIDTH = "row_width"
LINE_UNREADABLE = "line_unreadable"
TEXT_UNDECODABLE = "text_undecodable"
VALUE_UNREADABLE = "value_unreadable"
PROBLEM_FIELDS = [("_line", pa.int64()), ("_problem", pa.string()), ("_raw", pa.string())]
PART = pa.field("_part", pa.string())  # the sheet


@dataclass(frozen=True)
class Content:
    """The bytes of one delivered file (or archive member); ``open`` gives a new handle at the start.

    ``sibling`` opens the file beside it that has another ending, where a format spreads over two files. ``report`` is
    what the reader fills while it reads. Working files belong into ``scratch`` (``TemporaryDirectory(dir=scratch)``).
    """

    name: str
    open: Callable[[], BinaryIO]
    options: Mapping[str, Any] = field(default_factory=dict)
    sibling: Callable[[str], BinaryIO | None] = lambda ending: None
    report: ReadReport = field(default_factory=ReadReport, compare=False)
    scratch: Path | None = None
    items: Sequence[str] = ()  # that the resource declares

    def option(self, name: str, default: Any, kind: type | tuple[type, ...] = str) -> Any:
        """A declared option of the expected type."""
        value = self.options.get(name)
        if value is None:
            return default
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is int):
            kinds = kind if isinstance(kind, tuple) else (kind,)
            raise Unreadable(
                f"option `{name}` is {value!r}",
                remedy=f"give `{name}` in meta.connector as {' or '.join(k.__name__ for k in kinds)}",
            )
        return value


class Reader(Protocol):
    """One file's rows. ``schema`` are its columns, known before ``batches`` is called."""

    schema: pa.Schema

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Batches of the schema's columns and ``_line``, ``_problem``, ``_raw`` (``_part``: the sheet)."""
        ...


def text_schema(names: Sequence[str]) -> pa.Schema:
    return pa.schema([pa.field(name, pa.string()) for name in names])


class Rows:
    """Rows of text cells that become record batches.

    A cell with bytes that could not be decoded makes its row ``text_undecodable``; the cell gets U+FFFD and
    the row's ``_raw`` shows the bytes.
    """

    def __init__(self, schema: pa.Schema) -> None:
        self.schema = pa.schema([*schema, *PROBLEM_FIELDS])
        self.width = len(schema)
        self._clear()

    def _clear(self) -> None:
        self.rows: list[Sequence[str | None]] = []
        self.lines: list[int | None] = []
        self.problems: dict[int, tuple[str | None, str | None]] = {}
        self.characters = 0

    def add(
        self,
        cells: Sequence[str | None],
        line: int | None,
        problem: str | None = None,
        raw: str | None = None,
        size: int = 100,
    ) -> None:
        """Add a row: exactly ``width`` cells, or with a problem any number (those with a column are kept).

        ``raw`` without a problem says which cells of a good row are lost (workbooks).
        """
        if problem is not None:
            cells = [*cells[: self.width], *[None] * (self.width - len(cells))]
        if problem is not None or raw is not None:
            self.problems[len(self.rows)] = (problem, raw)
        self.rows.append(cells)
        self.lines.append(line)
        self.characters += size

    @property
    def full(self) -> bool:
        return len(self.rows) >= BATCH_ROWS or self.characters >= BATCH_CHARACTERS

    def take(self) -> pa.RecordBatch:
        """All rows so far as a batch."""
        columns = self._columns()
        if any(_marked(column) for column in columns):
            self._unmark()
            columns = self._columns()
        count = len(self.rows)
        problems: list[str | None] = [None] * count
        raws: list[str | None] = [None] * count
        for index, (problem, raw) in self.problems.items():
            problems[index], raws[index] = problem, None if raw is None else _whole(shown(raw))
        columns += [
            pa.array(self.lines, pa.int64()),
            pa.array(problems, pa.string()),
            pa.array(raws, pa.string()),
        ]
        self._clear()
        return pa.RecordBatch.from_arrays(columns, schema=self.schema)

    def _columns(self) -> list[pa.Array]:
        cells = zip(*self.rows, strict=True) if self.rows else [()] * self.width
        return [self._column(column) for column in cells]

    def _unmark(self) -> None:
        for index, cells in enumerate(self.rows):
            if any(cell is not None and spoiled(cell) for cell in cells):
                self.rows[index] = [None if cell is None else shown(cell, "\ufffd") for cell in cells]
                self.problems.setdefault(index, (TEXT_UNDECODABLE, json.dumps(cells, ensure_ascii=False)))

    def _column(self, cells: Sequence[str | None]) -> pa.Array:
        try:
            return pa.array(cells, pa.string())
        except UnicodeEncodeError:  # half of a surrogate pair, from an escape as in JSON's "\ud83d"
            clean: list[str | None] = []
            for index, cell in enumerate(cells):
                whole = None if cell is None else _whole(cell)
                if whole != cell:
                    self.problems.setdefault(index, (TEXT_UNDECODABLE, whole))
                clean.append(whole)
            return pa.array(clean, pa.string())


def _marked(column: pa.Array) -> bool:
    """Whether a text column may hold marks of undecodable bytes: a search in its buffer."""
    buffer = column.buffers()[2]
    data = buffer.to_pybytes() if buffer else b""
    return MARK_BYTES in data


def _whole(text: str) -> str:
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def heading_names(header: Sequence[str | None], report: ReadReport, declared: Sequence[str] = ()) -> list[str]:
    """The names of a table's heading; what was done to get them is in the report.

    Headings that only an invisible character tells apart are refused: one of them is not what it seems.
    """
    first: dict[str, tuple[int, str]] = {}
    for place, cell in enumerate(header, 1):
        seen, name = _joined(cell), _plain(cell).casefold()
        former = first.setdefault(name, (place, seen)) if name else (place, seen)
        if former[0] == place:
            continue
        if (
            former[1].casefold() != seen.casefold()
            and seen.strip(BLANKS).casefold() != former[1].strip(BLANKS).casefold()
        ):
            raise Unreadable(
                f"the headings of columns {former[0]} and {place} differ by invisible characters only",
                place=f"columns {former[0]} and {place}",
                remedy="have the department correct the heading, or declare `columns` in meta.connector",
            )
    return column_names(header, report, declared)


def column_names(
    header: Sequence[str | None], report: ReadReport | None = None, declared: Sequence[str] = ()
) -> list[str]:
    """Usable names from header cells: no line breaks, outer spaces or invisible characters, an empty cell is
    ``column_7``.

    Of names that an engine takes for one (it knows no case) the one that is written as a declared item keeps its
    name, or else one that needed no correction, or else the first; the others get a number.

    >>> column_names(["姓名\u200b", " 电话", "", "电话", "电话"])
    ['姓名', '电话_3', 'column_3', '电话', '电话_2']
    >>> column_names(["NAME", "name"], declared=["name"])
    ['NAME_2', 'name']
    """
    names = [_plain(cell) for cell in header]
    given = {as_engine(name) for name in names}

    def rank(place: int) -> tuple[bool, bool, int]:
        return names[place] not in declared, names[place] != header[place], place

    used: set[str] = set()
    numbers: dict[str, int] = {}
    for place in sorted(range(len(names)), key=rank):
        plain = names[place] or f"column_{place + 1}"
        if report is not None and names[place] != _joined(header[place]).strip(BLANKS):
            report.remark("heading", where=f"column {place + 1}")
        alike = as_engine(plain)
        name, number = plain, numbers.get(alike, 1)
        while as_engine(name) in used or (number > 1 and as_engine(name) in given):
            number += 1
            name = f"{plain}_{number}"
        if number > 1 and report is not None:
            report.remark("repeated_name", where=f"column {place + 1}")
        numbers[alike] = number
        used.add(as_engine(name))
        names[place] = name
    return names


def _joined(cell: str | None) -> str:
    whole = _whole(shown(cell or "", "\ufffd"))
    return "".join(part.strip(BLANKS) for part in whole.splitlines())


def _plain(cell: str | None) -> str:
    joined = _joined(cell)
    if not joined.isascii() or not joined.isprintable():
        joined = re.sub(r"(?<=[A-Za-z0-9])\xa0+(?=[A-Za-z0-9])", " ", joined)
        joined = "".join(c for c in joined if c != "\xa0" and not (invisible(c) and category(c) in NO_LETTERS))
    return joined.strip(BLANKS)
