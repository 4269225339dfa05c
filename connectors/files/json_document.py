"""One JSON document with a list of records somewhere in it, read as a stream whatever its size.

The document is read twice: once for the columns, once for the rows. An element of the list that is no object
is a row with ``line_unreadable`` and its text. A document that breaks off or is malformed lands nothing.

Options: ``records`` (path to the list, as ``data`` or ``result.rows``; default: the document is the list),
``encoding``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import ijson
import pyarrow as pa

from connectors.files.json_text import cells_of, text_of
from connectors.files.reader import LINE_UNREADABLE, Content, Rows, column_names, text_schema
from connectors.files.text import Unreadable, Utf8, encoding_of


class JsonDocument:
    """Reader of one JSON document; see the module for the options."""

    def __init__(self, content: Content) -> None:
        self.content = content
        self.path = content.option("records", "").strip(".")
        with content.open() as file:
            self.encoding, self.skip = encoding_of(file, content.option("encoding", None))
        keys: dict[str, None] = {}
        empty = True
        for element in self._elements():
            empty = False
            if isinstance(element, dict):
                keys.update(dict.fromkeys(element))
        if empty:
            self._need_list()
        self.keys = list(keys)
        self.schema = text_schema(column_names(self.keys))

    def _elements(self) -> Iterator[Any]:
        with self.content.open() as file:
            stream = Utf8(file, self.encoding, self.skip)
            number = 0
            try:
                for element in ijson.items(stream, f"{self.path}.item" if self.path else "item"):
                    number += 1
                    yield element
            except (ijson.JSONError, RecursionError) as error:
                broken_off = isinstance(error, ijson.IncompleteJSONError)
                raise Unreadable(
                    "the JSON document breaks off or is malformed" if broken_off else "not a JSON document",
                    place=f"after record {number}",
                    remedy="ask the department for the file again",
                ) from None

    def _need_list(self) -> None:
        """Tell an empty list from a path that leads nowhere."""
        names: list[str] = []
        with self.content.open() as file:
            for prefix, event, value in ijson.parse(Utf8(file, self.encoding, self.skip)):
                if prefix == self.path and event == "start_array":
                    return
                if prefix == "" and event == "map_key":
                    names.append(value)
        known = ", ".join(names[:20])
        what = f"there is no list at {self.path!r}" + (f"; the document has {known}" if known else "")
        raise Unreadable(what, remedy="correct `records` in meta.connector")

    def batches(self) -> Iterator[pa.RecordBatch]:
        rows = Rows(self.schema)
        for element in self._elements():
            if isinstance(element, dict):
                cells = cells_of(element, self.keys)
                rows.add(cells, None, size=sum(len(cell) for cell in cells if cell))
            else:
                rows.add([], None, LINE_UNREADABLE, text_of(element))
            if rows.full:
                yield rows.take()
        if rows.rows:
            yield rows.take()
