"""Parquet: columns keep their types; row groups are read one by one. A broken file lands nothing.

Options: none of its own.
"""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.parquet as pq

from connectors.files.reader import BATCH_ROWS, PROBLEM_FIELDS, Content, column_names
from connectors.files.text import Unreadable


class Parquet:
    """Reader of one Parquet file."""

    def __init__(self, content: Content) -> None:
        self.content = content
        with content.open() as file:
            fields = list(self._opened(file).schema_arrow)
        names = column_names([field.name for field in fields])
        self.schema = pa.schema([field.with_name(name) for field, name in zip(fields, names, strict=True)])

    def _opened(self, file: object) -> pq.ParquetFile:
        try:
            return pq.ParquetFile(file)
        except (pa.ArrowInvalid, OSError):
            raise Unreadable("not a whole Parquet file", remedy="ask the department for the file again") from None

    def batches(self) -> Iterator[pa.RecordBatch]:
        schema = pa.schema([*self.schema, *PROBLEM_FIELDS])
        with self.content.open() as file:
            for batch in self._opened(file).iter_batches(batch_size=BATCH_ROWS):
                empty = [pa.nulls(batch.num_rows, kind) for _, kind in PROBLEM_FIELDS]
                yield pa.RecordBatch.from_arrays([*batch.columns, *empty], schema=schema)
