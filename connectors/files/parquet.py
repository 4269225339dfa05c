"""Parquet: columns keep their types; row groups are read one by one. A broken file lands nothing.

A file whose pages have checksums is compared with them; in one without, flipped bits of a value cannot be noticed. Text
that is no UTF-8 makes its row ``text_undecodable``.

Options: none of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from connectors.files.reader import BATCH_ROWS, PROBLEM_FIELDS, TEXT_UNDECODABLE, Content, heading_names
from connectors.files.text import Unreadable

BROKEN = (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError, UnicodeDecodeError)
NEW_ONE = "ask the department for the file again"


class Parquet:
    """Reader of one Parquet file."""

    def __init__(self, content: Content) -> None:
        self.content = content
        with content.open() as file:
            parquet = self._opened(file)
            fields, self.count = list(parquet.schema_arrow), parquet.metadata.num_rows
        names = heading_names([field.name for field in fields], content.report, content.items)
        self.schema = pa.schema([field.with_name(name) for field, name in zip(fields, names, strict=True)])

    def _opened(self, file: object) -> pq.ParquetFile:
        try:
            return pq.ParquetFile(file, page_checksum_verification=True)
        except BROKEN:
            raise Unreadable("not a whole Parquet file", remedy=NEW_ONE) from None

    def batches(self) -> Iterator[pa.RecordBatch]:
        schema = pa.schema([*self.schema, *PROBLEM_FIELDS])
        read = 0
        with self.content.open() as file:
            parquet = self._opened(file)
            for group in range(parquet.num_row_groups):
                for batch in self._group(parquet, group):
                    columns, problems = _decoded(batch)
                    none = [pa.nulls(batch.num_rows, kind) for _, kind in PROBLEM_FIELDS]
                    if problems:
                        none[1] = pa.array([problems.get(row) for row in range(batch.num_rows)], pa.string())
                    read += batch.num_rows
                    yield pa.RecordBatch.from_arrays([*columns, *none], schema=schema)
        if read != self.count:
            raise Unreadable(f"the file announces {self.count:,} rows and has {read:,}", remedy=NEW_ONE)

    def _group(self, parquet: pq.ParquetFile, group: int) -> Iterator[pa.RecordBatch]:
        try:
            for batch in parquet.iter_batches(batch_size=BATCH_ROWS, row_groups=[group]):
                batch.validate()
                yield batch
        except BROKEN:
            raise Unreadable(
                "a damaged part of a Parquet file", place=f"row group {group + 1}", remedy=NEW_ONE
            ) from None


def _decoded(batch: pa.RecordBatch) -> tuple[list[Any], dict[int, str]]:
    """The columns with whole text, and the rows that had bytes which are none."""
    columns, problems = list(batch.columns), dict[int, str]()
    for place, column in enumerate(columns):
        if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
            continue
        try:
            column.validate(full=True)
        except pa.ArrowInvalid:
            texts: list[str | None] = []
            for row, value in enumerate(
                column.view(pa.binary() if pa.types.is_string(column.type) else pa.large_binary())
            ):
                data = value.as_py()
                text = None if data is None else data.decode("utf-8", "replace")
                if text is not None and text.encode() != data:
                    problems[row] = TEXT_UNDECODABLE
                texts.append(text)
            columns[place] = pa.array(texts, column.type)
    return columns, problems
