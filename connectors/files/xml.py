"""XML: one element after another as records, their children and attributes as cells; a stream.

A child element is a column by its tag (without namespace), an attribute ``@name``, nested children join with
a dot (``address.city``), a repeated child lands as a JSON list; text beside children lands without its place
among them, which the report says. HTML's named characters (``&middot;``) are read; a record with an entity that
nobody knows, a bare ``&`` or a character that XML forbids is a row with ``text_undecodable``, one nested deeper
than 200 with ``line_unreadable``. A document that breaks off or is malformed otherwise lands nothing. Entities
that a document defines itself are refused: they are how XML bombs are made. Where the document says how many
records it has (``total``, ``count`` … as an attribute or element outside of them) and has another number, the
report says so.

Options: ``records`` (tag of the record elements, or a path of tags as ``response/data/row``), ``encoding``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, BinaryIO
from xml.parsers import expat

import pyarrow as pa

from connectors.files.json_stream import COUNTS
from connectors.files.json_text import DEEPEST, may_be_record
from connectors.files.reader import LINE_UNREADABLE, Content, Rows, column_names, text_schema
from connectors.files.text import Unreadable, Utf8, encoding_of, known_encoding
from connectors.files.two_encodings import Found
from connectors.files.xml_text import declarations, entity_names, mended, unknown
from connectors.shown import shown_names

CHUNK = 1 << 18
DECLARED = re.compile(rb"<\?xml[^>]*?encoding\s*=\s*[\"']([\w.\-]+)[\"']")


class Xml:
    """Reader of one XML file; see the module for the options."""

    def __init__(self, content: Content) -> None:
        self.content = content
        path = content.option("records", "").strip("/.")
        if not path:
            raise Unreadable(
                "`records` is not declared",
                remedy="give the tag of the record elements as `records` in meta.connector",
            )
        self.path = re.split(r"[/.]", path)
        with content.open() as file:
            self.encoding, self.skip = encoding_of(file, content.option("encoding", None) or _declared(file))
        self.names = entity_names(self._chunks())
        self.tags: dict[str, None] = {}
        keys: dict[str, None] = {}
        empty = True
        for record in self._records(report=False):
            empty = False
            keys.update(dict.fromkeys(record.cells))
        if empty and self.path[-1] not in self.tags:
            self._explain()
        self.keys = list(keys)
        self.schema = text_schema(column_names(self.keys, content.report, content.items))

    def _explain(self) -> None:
        if len(self.tags) > 1:  # a document of nothing but its root is an empty delivery
            raise Unreadable(
                f"there is no element {'/'.join(self.path)}; the document has {shown_names(self.tags)}",
                remedy="correct `records` in meta.connector",
            )

    def _chunks(self, found: Found = lambda what, line: None) -> Iterator[bytes]:
        with self.content.open() as file:
            stream = Utf8(file, self.encoding, self.skip, found)
            while chunk := stream.read(CHUNK):
                yield chunk

    def _records(self, report: bool) -> Iterator[Record]:
        told = self.content.report

        def found(what: str, line: int) -> None:
            if report:
                told.remark_line(what, line)

        first = (key.split(".")[0].lstrip("@") for key in self.keys) if report else ()
        collector = _Collector(self.path, self.tags, declarations(self.names), found, frozenset(first))
        count = 0
        for chunk in chain(mended(self._chunks(found), unknown(self.names), found), (None,)):
            try:
                collector.parser.Parse(chunk or b"", chunk is None)
            except expat.ExpatError as error:
                raise Unreadable(
                    f"not well-formed XML ({expat.ErrorString(error.code)})",
                    place=f"line {error.lineno}",
                    remedy="ask the department for the file again",
                ) from None
            records = collector.take()
            count += len(records)
            yield from records
        for line in collector.others:
            told.leave_out("record", rows=1, where=f"line {line}")
        for declared in collector.declared:
            if report and declared != count:
                told.remark("record_count", where=f"{declared:,} declared, {count:,} read")
                break

    def batches(self) -> Iterator[pa.RecordBatch]:
        rows = Rows(self.schema)
        for record in self._records(report=True):
            cells = [_cell(record.cells.get(key)) for key in self.keys]
            rows.add(cells, record.line, LINE_UNREADABLE if record.deep else None, size=sum(len(c) for c in cells if c))
            if rows.full:
                yield rows.take()
        if rows.rows:
            yield rows.take()


@dataclass
class Record:
    """One record element: the line of its tag, its cells by column; ``deep``: nested deeper than a record may be."""

    line: int
    cells: dict[str, list[str]] = field(default_factory=dict)
    deep: bool = False


class _Collector:
    """Collects record elements while expat walks through the document."""

    def __init__(
        self,
        path: list[str],
        tags: dict[str, None],
        entities: bytes,
        found: Callable[[str, int], None],
        known: frozenset[str],
    ) -> None:
        self.path, self.tags, self.entities, self.found = path, tags, entities, found
        self.steps: list[str] = []
        self.inside = 0  # depth of the record element, 0 outside
        self.record = Record(0)
        self.texts: list[list[str]] = []
        self.leaves: list[bool] = []
        self.outside: list[str] = []  # the text of the last element outside of records
        self.known = known  # names in records; an element outside with most of them is one, too
        self.names: list[set[str]] = []  # of the open elements outside: their children and attributes
        self.others: list[int] = []  # the lines of elements outside that look like records
        self.declared: list[int] = []  # how many records there are, by the document's own words
        self.records: list[Record] = []
        self.parser = expat.ParserCreate("utf-8")  # whatever the document says: its text was decoded before
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self.start
        self.parser.EndElementHandler = self.end
        self.parser.CharacterDataHandler = self.text
        self.parser.EntityDeclHandler = self.entity
        self.parser.SkippedEntityHandler = self.skipped
        if entities:
            self.parser.UseForeignDTD(True)
            self.parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_ALWAYS)
            self.parser.ExternalEntityRefHandler = self.outer

    def take(self) -> list[Record]:
        records, self.records = self.records, []
        return records

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self.steps.append(tag.rsplit(":", 1)[-1])
        if not self.inside:
            if len(self.tags) < 1000:
                self.tags[self.steps[-1]] = None
            if self.steps[-len(self.path) :] != self.path:
                self.outside = []
                for name, value in attributes.items():
                    self._count(name, value)
                self._open_outside(attributes)
                return
            self.inside, self.record = len(self.steps), Record(self.parser.CurrentLineNumber)
        elif self.leaves:
            self.leaves[-1] = False
        self.texts.append([])
        self.leaves.append(True)
        self.record.deep = self.record.deep or len(self.steps) - self.inside > DEEPEST
        for name, value in attributes.items():
            if not name.startswith("xmlns"):
                self._put([*self._place(), f"@{name.rsplit(':', 1)[-1]}"], value)

    def end(self, tag: str) -> None:
        if self.inside:
            text, leaf = "".join(self.texts.pop()), self.leaves.pop()
            place = self._place()
            if not leaf and text.strip():
                self.found("mixed_content", self.parser.CurrentLineNumber)
            if place and (leaf or text.strip()):
                self._put(place, text if leaf else text.strip())
            elif not place and text.strip():
                self._put(["text"], text.strip())
            if len(self.steps) == self.inside:
                self.records.append(self.record)
                self.inside = 0
        else:
            self._count(self.steps[-1], "".join(self.outside))
            self.outside = []
            if may_be_record(self.names.pop(), self.known):
                self.others.append(self.parser.CurrentLineNumber)
        self.steps.pop()

    def _open_outside(self, attributes: dict[str, str]) -> None:
        if self.names:
            self.names[-1] |= {self.steps[-1]} & self.known
        self.names.append({name.rsplit(":", 1)[-1] for name in attributes} & self.known)

    def text(self, data: str) -> None:
        if self.texts:
            self.texts[-1].append(data)
        elif len(self.outside) < 20:
            self.outside.append(data)

    def _count(self, name: str, value: str) -> None:
        name, value = name.rsplit(":", 1)[-1].casefold().replace("_", ""), value.strip()
        if name in COUNTS and value.isascii() and value.isdigit() and len(value) < 15:
            self.declared.append(int(value))

    def outer(self, context: str | None, *_: Any) -> int:
        """Stands in for the DTD that the document names, which is never fetched."""
        parser = self.parser.ExternalEntityParserCreate(context)
        parser.EntityDeclHandler = None
        parser.Parse(self.entities, True)
        return 1

    def skipped(self, *_: Any) -> None:
        raise Unreadable(
            "an entity that is not defined",
            place=f"line {self.parser.CurrentLineNumber}",
            remedy="have the department write characters as they are, without a DOCTYPE",
        )

    def entity(self, *_: Any) -> None:
        raise Unreadable(
            "the document defines entities of its own, as XML bombs do",
            place=f"line {self.parser.CurrentLineNumber}",
            remedy="have the department write the document without a DOCTYPE",
        )

    def _place(self) -> list[str]:
        return self.steps[self.inside : self.inside + DEEPEST]

    def _put(self, place: list[str], value: str) -> None:
        self.record.cells.setdefault(".".join(place), []).append(value)


def _cell(values: list[str] | None) -> str | None:
    if not values:
        return None
    return values[0] if len(values) == 1 else json.dumps(values, ensure_ascii=False)


def _declared(file: BinaryIO) -> str | None:
    """The encoding of the XML declaration, if Python knows it."""
    match = DECLARED.match(file.read(200).lstrip(b"\xef\xbb\xbf \r\n\t"))
    file.seek(0)
    name = match[1].decode("ascii", "replace") if match else None
    return name if name and known_encoding(name) and name.lower() not in ("utf-16",) else None
