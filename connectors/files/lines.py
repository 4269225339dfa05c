"""One record a line: JSON lines, and Python literals as some crawlers and scripts write them.

A line that is no object, or one with a name twice or with brackets nested deeper than 200, is a row with
``line_unreadable`` and its text. Numbers land with the digits as written. The file is read twice: once for the
columns (the names of all objects, in the order in which they first appear), once for the rows.

Options: ``encoding``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pyarrow as pa

from connectors.files import json_text, python_literal
from connectors.files.json_text import RepeatedName, cells_of, too_deep
from connectors.files.reader import LINE_UNREADABLE, Content, Rows, column_names, text_schema
from connectors.files.text import END_OF_FILE, blocks, encoding_of, lines
from connectors.files.two_encodings import Found

Parse = Callable[[str], Any]


class Lines:
    """Reader of a file with one record a line, each parsed by ``parse``."""

    def __init__(self, content: Content, parse: Parse) -> None:
        self.content, self.parse = content, parse
        with content.open() as file:
            self.encoding, self.skip = encoding_of(file, content.option("encoding", None))
        keys: dict[str, None] = {}
        for _, _, record, _ in self._records():
            if record is not None:
                keys.update(dict.fromkeys(record))
        self.keys = list(keys)
        self.schema = text_schema(column_names(self.keys, content.report, content.items))

    def _records(
        self, found: Found = lambda what, line: None
    ) -> Iterator[tuple[int, str, dict[str, Any] | None, bool]]:
        """Line number, text, record (null if the line is none), whether a name repeats, of all but blank lines."""
        with self.content.open() as file:
            for number, line in enumerate(lines(blocks(file, self.encoding, self.skip, found)), 1):
                text = line.strip()
                if text and text != END_OF_FILE:
                    record, repeated = self._record(text)
                    yield number, text, record, repeated

    def _record(self, text: str) -> tuple[dict[str, Any] | None, bool]:
        try:
            record = None if too_deep(text) else self.parse(text)
        except RepeatedName:
            return None, True
        except (ValueError, RecursionError, MemoryError):
            return None, False
        return (record if isinstance(record, dict) else None), False

    def batches(self) -> Iterator[pa.RecordBatch]:
        rows = Rows(self.schema)
        for number, text, record, repeated in self._records(self.content.report.remark_line):
            if record is None:
                rows.add([], number, LINE_UNREADABLE, text, len(text))
                if repeated:
                    self.content.report.remark_line("repeated_name", number)
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
    record = python_literal.loads(text)
    if isinstance(record, dict):
        return {key: str(value) if isinstance(value, bool) else value for key, value in record.items()}
    return record
