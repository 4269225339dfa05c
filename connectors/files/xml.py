"""XML: one element after another as records, their children and attributes as cells; a stream.

A child element is a column by its tag (without namespace), an attribute ``@name``, nested children join with
a dot (``address.city``), a repeated child lands as a JSON list. A document that breaks off or is malformed
lands nothing. Entities that a document defines itself are refused: they are how XML bombs are made.

Options: ``records`` (tag of the record elements, or a path of tags as ``response/data/row``), ``encoding``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, BinaryIO
from xml.parsers import expat

import pyarrow as pa

from connectors.files.reader import Content, Rows, column_names, text_schema
from connectors.files.text import Unreadable, Utf8, encoding_of, known_encoding

CHUNK = 1 << 18
DECLARED = re.compile(rb"<\?xml[^>]*?encoding\s*=\s*[\"']([\w.\-]+)[\"']")
Record = dict[str, list[str]]


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
        self.tags: dict[str, None] = {}
        keys: dict[str, None] = {}
        empty = True
        for _, record in self._records():
            empty = False
            keys.update(dict.fromkeys(record))
        if empty and self.path[-1] not in self.tags:
            self._explain()
        self.keys = list(keys)
        self.schema = text_schema(column_names(self.keys))

    def _explain(self) -> None:
        known = ", ".join(list(self.tags)[:20])
        if len(self.tags) > 1:  # a document of nothing but its root is an empty delivery
            raise Unreadable(
                f"there is no element {'/'.join(self.path)}; the document has {known}",
                remedy="correct `records` in meta.connector",
            )

    def _records(self) -> Iterator[tuple[int, Record]]:
        """Line and cells of each record element."""
        with self.content.open() as file:
            stream = Utf8(file, self.encoding, self.skip)
            collector = _Collector(self.path, self.tags)
            done = False
            while not done:
                chunk = stream.read(CHUNK)
                done = not chunk
                try:
                    collector.parser.Parse(chunk, done)
                except expat.ExpatError as error:
                    raise Unreadable(
                        f"not well-formed XML ({expat.ErrorString(error.code)})",
                        place=f"line {error.lineno}",
                        remedy="ask the department for the file again",
                    ) from None
                yield from collector.take()

    def batches(self) -> Iterator[pa.RecordBatch]:
        rows = Rows(self.schema)
        for line, record in self._records():
            cells = [_cell(record.get(key)) for key in self.keys]
            rows.add(cells, line, size=sum(len(cell) for cell in cells if cell))
            if rows.full:
                yield rows.take()
        if rows.rows:
            yield rows.take()


class _Collector:
    """Collects record elements while expat walks through the document."""

    def __init__(self, path: list[str], tags: dict[str, None]) -> None:
        self.path, self.tags = path, tags
        self.steps: list[str] = []
        self.inside = 0  # depth of the record element, 0 outside
        self.line = 0
        self.record: Record = {}
        self.texts: list[list[str]] = []
        self.leaves: list[bool] = []
        self.records: list[tuple[int, Record]] = []
        self.parser = expat.ParserCreate("utf-8")  # whatever the document says: its text was decoded before
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self.start
        self.parser.EndElementHandler = self.end
        self.parser.CharacterDataHandler = self.text
        self.parser.EntityDeclHandler = self.entity

    def take(self) -> list[tuple[int, Record]]:
        records, self.records = self.records, []
        return records

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self.steps.append(tag.rsplit(":", 1)[-1])
        if not self.inside:
            if len(self.tags) < 1000:
                self.tags[self.steps[-1]] = None
            if self.steps[-len(self.path) :] != self.path:
                return
            self.inside, self.line, self.record = len(self.steps), self.parser.CurrentLineNumber, {}
        elif self.leaves:
            self.leaves[-1] = False
        self.texts.append([])
        self.leaves.append(True)
        for name, value in attributes.items():
            if not name.startswith("xmlns"):
                self._put([*self._place(), f"@{name.rsplit(':', 1)[-1]}"], value)

    def end(self, tag: str) -> None:
        if self.inside:
            text, leaf = "".join(self.texts.pop()), self.leaves.pop()
            place = self._place()
            if place and (leaf or text.strip()):
                self._put(place, text if leaf else text.strip())
            elif not place and text.strip():
                self._put(["text"], text.strip())
            if len(self.steps) == self.inside:
                self.records.append((self.line, self.record))
                self.inside = 0
        self.steps.pop()

    def text(self, data: str) -> None:
        if self.texts:
            self.texts[-1].append(data)

    def entity(self, *_: Any) -> None:
        raise Unreadable(
            "the document defines entities of its own, as XML bombs do",
            place=f"line {self.parser.CurrentLineNumber}",
            remedy="have the department write the document without a DOCTYPE",
        )

    def _place(self) -> list[str]:
        return self.steps[self.inside :]

    def _put(self, place: list[str], value: str) -> None:
        self.record.setdefault(".".join(place), []).append(value)


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
