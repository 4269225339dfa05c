"""One JSON document with a list of records somewhere in it, read as a stream whatever its size.

The document is read twice: once for the columns, once for the rows. An element of the list that is no object,
or that cannot be parsed by itself (a control character, a name twice, brackets nested deeper than 200), is a row
with ``line_unreadable`` and its text. A document that breaks off or is malformed beyond its records lands
nothing. Where the document says how many records it has (``total``, ``count`` … beside the list or above it) and
has another number, the report says so.

Options: ``records`` (path to the list, as ``data`` or ``result.rows``; default: the document is the list),
``encoding``.
"""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from connectors.files.json_stream import Element, JsonStream
from connectors.files.json_text import cells_of, text_of
from connectors.files.reader import LINE_UNREADABLE, Content, Rows, column_names, text_schema
from connectors.files.text import Unreadable, blocks, encoding_of
from connectors.shown import shown_names


class JsonDocument:
    """Reader of one JSON document; see the module for the options."""

    def __init__(self, content: Content) -> None:
        self.content = content
        self.path = content.option("records", "").strip(".")
        with content.open() as file:
            self.encoding, self.skip = encoding_of(file, content.option("encoding", None))
        keys: dict[str, None] = {}
        for element in self._elements(report=False):
            if isinstance(element.value, dict):
                keys.update(dict.fromkeys(element.value))
        self.keys = list(keys)
        self.schema = text_schema(column_names(self.keys, content.report, content.items))

    def _elements(self, report: bool) -> Iterator[Element]:
        told = self.content.report

        def found(what: str, line: int) -> None:
            if report:
                told.remark_line(what, line)

        with self.content.open() as file:
            stream = JsonStream(
                blocks(file, self.encoding, self.skip, found),
                self.path,
                lambda line: found("repeated_name", line),
                frozenset(self.keys) if report else frozenset(),
            )
            yield from stream
            if not stream.found:
                known = f"; the document has {shown_names(stream.names)}" if stream.names else ""
                raise Unreadable(
                    f"there is no list at {self.path!r}{known}", remedy="correct `records` in meta.connector"
                )
        for line in stream.others:
            told.leave_out("record", rows=1, where=f"line {line}")
        if report and any(declared != stream.count for declared in stream.declared):
            declared = next(declared for declared in stream.declared if declared != stream.count)
            told.remark("record_count", where=f"{declared:,} declared, {stream.count:,} read")

    def batches(self) -> Iterator[pa.RecordBatch]:
        rows = Rows(self.schema)
        for element in self._elements(report=True):
            if isinstance(element.value, dict):
                cells = cells_of(element.value, self.keys)
                rows.add(cells, element.line, size=sum(len(cell) for cell in cells if cell))
            else:
                raw = text_of(element.value) if element.text is None else element.text
                rows.add([], element.line, LINE_UNREADABLE, raw, len(raw or ""))
                if element.repeated:
                    self.content.report.remark_line("repeated_name", element.line)
            if rows.full:
                yield rows.take()
        if rows.rows:
            yield rows.take()
