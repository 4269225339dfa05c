"""What a workbook says of its cells beside their values: formats, errors, formulas without a value, what is hidden.

calamine, which reads the values, gives none of it. For ``.xlsx`` this is read from the sheets' XML: a quick look tells
whether a sheet holds anything of the kind, and only then it is walked through cell by cell. For ``.xls`` xlrd knows it.
"""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO
from xml.parsers import expat

from connectors.files.number_format import NumberFormat, format_of, is_date
from connectors.files.text import Unreadable
from connectors.files.workbook_parts import Xml, walk

FORMULA, ERROR, NO_DATE = -1, -2, -3  # marks of cells; any other is the place of a number format
BLOCK = 1 << 20
AGAIN = "have the workbook opened, saved and sent again"
OVERLAP = 100
# One by one, each with a beginning that is searched for at once: as one pattern they take ten times as long.
ANYTHING = (
    rb"<f[ />]",
    rb":f[ />]",
    rb"<!DOCTYPE",
    rb"\"e\"",
    rb"'e'",
    rb"hidden\s*=\s*[\"'][1t]",
    rb"(?:ht|dth)\s*=\s*[\"']0[\"']",
)
OTHER_ENCODING = re.compile(
    rb"\A(?:\xff\xfe|\xfe\xff|\0|.\0)|\A[^>]*encoding\s*=\s*[\"'](?!utf-?8|us-ascii)", re.I | re.S
)


@dataclass
class SheetFacts:
    """``marks``: by sheet row (from 1) pairs of column (from 0) and mark, one after the other."""

    marks: dict[int, tuple[int, ...]] = field(default_factory=dict)
    written: dict[tuple[int, int], str] = field(default_factory=dict)  # numbers that a date's format cannot show
    hidden_rows: list[int] = field(default_factory=list)
    hidden_columns: list[int] = field(default_factory=list)

    def of_row(self, row: int) -> Iterator[tuple[int, int]]:
        pairs = iter(self.marks.get(row, ()))
        return zip(pairs, pairs, strict=True)


class Facts:
    """Of a kind of workbook of which nothing is known."""

    def __init__(self, unknown: str | None = None) -> None:
        self.unknown = unknown
        self.formats: list[NumberFormat] = []
        self.recalculated = False  # its writer computed nothing and left zeros for the values of formulas

    def sheet(self, name: str) -> SheetFacts:
        return SheetFacts()


def facts_of(file: BinaryIO, unpacked_limit: int) -> Facts:
    """What is known of a workbook. ``unpacked_limit``: bytes to which a zip's parts may unpack."""
    start = file.read(8)
    file.seek(0)
    if start.startswith(b"PK"):
        archive = zipfile.ZipFile(file)
        if len(set(archive.namelist())) < len(archive.namelist()):
            raise Unreadable("a workbook that has two parts of one name", remedy=AGAIN)
        size = sum(info.file_size for info in archive.infolist())
        if size > unpacked_limit:
            raise Unreadable(
                f"unpacks to more than the limit of {unpacked_limit >> 20:,} MB",
                remedy="if it is meant to be so large, raise `unpacked_limit_mb` in meta.connector",
            )
        parts = Xml(archive)
        if parts.workbook in archive.namelist():
            return XlsxFacts(parts)
        return Facts("number formats, hidden rows and formulas without a value: save as .xlsx")
    if start.startswith(b"\xd0\xcf\x11\xe0"):
        return _xls(file)
    return Facts("number formats, hidden rows and formulas without a value: save as .xlsx")


class XlsxFacts(Facts):
    """Of a workbook in the format of ECMA-376."""

    def __init__(self, parts: Xml) -> None:
        super().__init__()
        self.archive = parts.archive
        folder, name = posixpath.split(parts.workbook)
        relations = parts.relations(folder, f"{folder}/_rels/{name}.rels")
        self.parts: dict[str, str] = {}
        for tag, attributes in parts.elements(parts.workbook):
            if tag == "sheet":
                own = next((value for key, value in attributes.items() if key.rpartition(":")[2] == "id"), "")
                if attributes.get("name") in self.parts:
                    raise Unreadable(
                        "a workbook that has two sheets of one name", remedy="have it saved and sent again"
                    )
                self.parts[attributes.get("name", "")] = relations.get(own, ("", ""))[1]
            elif tag == "calcPr":
                self.recalculated = attributes.get("fullCalcOnLoad") in ("1", "true")
        self.styles: dict[str, int] = {}
        self.dates: set[str] = set()
        styles = next((target for kind, target in relations.values() if kind == "styles"), None)
        if styles in self.archive.namelist():
            self._read_styles(parts.elements(str(styles)))
        self.anything = [re.compile(pattern) for pattern in ANYTHING]
        if self.dates:
            self.anything.append(re.compile(rb"v>-\d"))
        if self.styles:
            numbers = "|".join(map(re.escape, self.styles))
            self.anything.append(re.compile(rf'\ss\s*=\s*["\'](?:{numbers})["\']'.encode()))

    def _read_styles(self, elements: list[tuple[str, dict[str, str]]]) -> None:
        codes = {a.get("numFmtId"): a.get("formatCode", "") for tag, a in elements if tag == "numFmt"}
        tags = [tag for tag, _ in elements]
        start = tags.index("cellXfs") + 1 if "cellXfs" in tags else len(tags)
        number = 0
        for tag, attributes in elements[start:]:
            if tag in ("cellStyles", "dxfs"):
                break
            if tag != "xf":
                continue
            identity = attributes.get("numFmtId", "0")
            found = format_of(int(identity), codes.get(identity)) if identity.isdigit() else None
            if identity.isdigit() and is_date(int(identity), codes.get(identity)):
                self.dates.add(str(number))
            if found is not None:
                self.styles[str(number)] = len(self.formats)
                self.formats.append(found)
            number += 1

    def sheet(self, name: str) -> SheetFacts:
        part = self.parts.get(name)
        if part not in self.archive.namelist():
            return SheetFacts()
        with self.archive.open(str(part)) as file:
            if not self._anything(file):
                return SheetFacts()
        with self.archive.open(str(part)) as file:
            collector = _Cells(self)
            walk(file, collector.start, collector.parser)
            collector.close()
        return collector.facts

    def _anything(self, file: Any) -> bool:
        rest = b""
        while block := file.read(BLOCK):
            if not rest and OTHER_ENCODING.search(block[:200]):
                return True
            block = rest + block
            if any(pattern.search(block) for pattern in self.anything):
                return True
            rest = block[-OVERLAP:]
        return False


class _Cells:
    """Collects the marks of one sheet while expat walks through it."""

    def __init__(self, facts: XlsxFacts) -> None:
        self.parser = expat.ParserCreate()
        self.dates = facts.dates
        self.styles, self.recalculated = facts.styles, facts.recalculated
        self.facts = SheetFacts()
        self.columns: dict[str, int] = {}
        self.row, self.column, self.hidden = 0, -1, False
        self.pairs: list[int] = []
        self.style: int | None = None
        self.kind, self.formula, self.date, self.value, self.open = "", False, False, "", False
        self.computed = False

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        tag = tag.rpartition(":")[2]
        if tag == "c":
            self._close_cell()
            self.open = True
            reference = attributes.get("r")
            self.column = self.column + 1 if reference is None else self._column(reference)
            self.style = self.styles.get(attributes.get("s", ""))
            self.kind = attributes.get("t", "")
            self.date = attributes.get("s") in self.dates
        elif tag == "f":
            self.formula, self.computed, self.value = True, False, ""
        elif tag == "v" and (self.formula or self.date):
            self.computed = True
            self.parser.CharacterDataHandler = self.text
        elif tag == "row":
            self._close_row()
            self.row = int(attributes.get("r", self.row + 1))
            self.hidden = attributes.get("hidden") in ("1", "true") or attributes.get("ht") == "0"
        elif tag == "col" and (attributes.get("hidden") in ("1", "true") or attributes.get("width") == "0"):
            last = min(int(attributes["max"]), 16_384)
            self.facts.hidden_columns += range(int(attributes["min"]) - 1, last)

    def text(self, data: str) -> None:
        self.value += data

    def close(self) -> None:
        self._close_row()

    def _close_cell(self) -> None:
        if self.kind == "e":
            self.pairs += (self.column, ERROR)
        elif self.formula and self._without_value():
            self.pairs += (self.column, FORMULA)
        elif self.date and self.value.startswith("-") and self.kind in ("", "n"):
            self.pairs += (self.column, NO_DATE)
            self.facts.written[self.row, self.column] = self.value
        elif self.style is not None:
            self.pairs += (self.column, self.style)
        if self.formula or self.date:
            self.parser.CharacterDataHandler = None
        self.kind, self.style, self.formula, self.date, self.value = "", None, False, False, ""

    def _without_value(self) -> bool:
        if self.kind == "str":  # the empty text is a value
            return not self.computed
        return not self.value or (self.recalculated and self.value == "0")

    def _close_row(self) -> None:
        self._close_cell()
        if self.pairs:
            self.facts.marks[self.row] = (*self.facts.marks.get(self.row, ()), *self.pairs)
        if self.hidden and self.open:
            self.facts.hidden_rows.append(self.row)
        self.pairs, self.column, self.open = [], -1, False

    def _column(self, reference: str) -> int:
        letters = reference.rstrip("0123456789")
        found = self.columns.get(letters)
        if found is None:
            found = 0
            for letter in letters:
                found = found * 26 + ord(letter) - 64
            self.columns[letters] = found
        return found - 1


def _xls(file: BinaryIO) -> Facts:
    try:
        import xlrd

        book = xlrd.open_workbook(file_contents=file.read(), formatting_info=True, logfile=io.StringIO())
    except Exception:  # damaged or protected: whether a value can be had from it is for calamine to say
        return Facts("number formats and hidden rows of a damaged .xls")
    finally:
        file.seek(0)
    return XlsFacts(book)


class XlsFacts(Facts):
    """Of a workbook in the format of Excel 97 (BIFF)."""

    def __init__(self, book: Any) -> None:
        super().__init__()
        self.book = book
        self.styles: dict[int, int] = {}
        for place, style in enumerate(book.xf_list):
            known: Mapping[int, Any] = book.format_map
            code = known[style.format_key].format_str if style.format_key in known else None
            found = format_of(style.format_key, code or None)
            if found is not None:
                self.styles[place] = len(self.formats)
                self.formats.append(found)

    def sheet(self, name: str) -> SheetFacts:
        facts = SheetFacts()
        if name not in self.book.sheet_names():
            return facts
        sheet = self.book.sheet_by_name(name)
        for row in range(sheet.nrows):
            types, pairs = sheet.row_types(row), []
            for column, kind in enumerate(types):
                style = self.styles.get(sheet.cell_xf_index(row, column)) if self.styles and kind else None
                if kind == 5:
                    pairs += [column, ERROR]
                elif kind == 3 and sheet.cell_value(row, column) < 0:
                    pairs += [column, NO_DATE]
                    facts.written[row + 1, column] = repr(sheet.cell_value(row, column))
                elif style is not None:
                    pairs += [column, style]
            if pairs:
                facts.marks[row + 1] = tuple(pairs)
        facts.hidden_rows = [
            row + 1 for row, info in sorted(sheet.rowinfo_map.items()) if info.hidden and row < sheet.nrows
        ]
        facts.hidden_columns = [column for column, info in sorted(sheet.colinfo_map.items()) if info.hidden]
        return facts
