"""One record a line: JSON lines, and Python literals as some crawlers and scripts write them.

A line that is no object is a row with ``line_unreadable`` and its text. The file is read twice: once for the
columns (the names of all objects, in the order in which they first appear), once for the rows.

Options: ``encoding``.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from typing import Any

import pyarrow as pa

from connectors.files import json_text
from connectors.files.json_text import cells_of
from connectors.files.reader import LINE_UNREADABLE, Content, Rows, column_names, text_schema
from connectors.files.text import blocks, encoding_of, lines

Parse = Callable[[str], Any]


class Lines:
    """Reader of a file with one record a line, each parsed by ``parse``."""

    def __init__(self, content: Content, parse: Parse) -> None:
        self.content, self.parse = content, parse
        with content.open() as file:
            self.encoding, self.skip = encoding_of(file, content.option("encoding", None))
        keys: dict[str, None] = {}
        for _, _, record in self._records():
            if record is not None:
                keys.update(dict.fromkeys(record))
        self.keys = list(keys)
        self.schema = text_schema(column_names(self.keys))

    def _records(self) -> Iterator[tuple[int, str, dict[str, Any] | None]]:
        """Line number, text and record (null if the line is none) of every line that is not blank."""
        with self.content.open() as file:
            for number, line in enumerate(lines(blocks(file, self.encoding, self.skip)), 1):
                text = line.strip()
                if text:
                    yield number, text, self._record(text)

    def _record(self, text: str) -> dict[str, Any] | None:
        try:
            record = self.parse(text)
        except (ValueError, SyntaxError, RecursionError, MemoryError, TypeError):
            return None
        return record if isinstance(record, dict) and all(isinstance(key, str) for key in record) else None

    def batches(self) -> Iterator[pa.RecordBatch]:
        rows = Rows(self.schema)
        for number, text, record in self._records():
            if record is None:
                rows.add([], number, LINE_UNREADABLE, text, len(text))
            else:
                rows.add(cells_of(record, self.keys), number, size=len(text))
            if rows.full:
                yield rows.take()
        if rows.rows:
            yield rows.take()


def json_lines(content: Content) -> Lines:
    return Lines(content, json_text.loads)


def python_literals(content: Content) -> Lines:
    return Lines(content, _literal)


def _literal(text: str) -> Any:
    """A Python literal; truth values as Python writes them, so that the text is the source's."""
    record = ast.literal_eval(text)
    if isinstance(record, dict):
        return {key: str(value) if isinstance(value, bool) else value for key, value in record.items()}
    return record
