"""Parts: the Parquet files of one batch, written row group by row group with their checksums.

How a landed column is encoded belongs here; which rows land, where, and when they become visible does not
(``connectors.landing``).
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from connectors.manifest import Part

ROW_GROUP_ROWS = 131_072  # bounds the writer's memory, and is what DuckDB likes to read in parallel
PART_ROWS = 4_000_000
SAMPLE_ROWS = 8192
FEW = 0.3  # a column with a smaller share of distinct values is written with a dictionary


class HashingFile:
    """A file that knows the sha256 of what was written, so that no part is read twice."""

    def __init__(self, path: Path) -> None:
        self.file: IO[bytes] = path.open("wb", buffering=1 << 20)
        self.sha256 = hashlib.sha256()
        self.bytes = 0
        self.closed = False

    def write(self, data: Any) -> int:
        view = memoryview(data)
        self.sha256.update(view)
        self.bytes += view.nbytes
        return self.file.write(view)

    def flush(self) -> None:
        self.file.flush()

    def close(self) -> None:
        if not self.closed:
            self.file.flush()
            os.fsync(self.file.fileno())
            self.file.close()
            self.closed = True


class Parts:
    """The parts of a batch while they are written. ``done`` are the finished ones."""

    def __init__(self, folder: Path, schema: pa.Schema) -> None:
        self.folder, self.schema = folder, schema
        self.done: list[Part] = []
        self._writer: pq.ParquetWriter | None = None
        self._sink: HashingFile | None = None
        self._rows = 0

    def write(self, group: Sequence[pa.RecordBatch]) -> None:
        """Write batches of the schema as one row group (more if there are too many rows)."""
        table = pa.Table.from_batches(group, self.schema)
        if self._writer is None:
            self._open(table)
        assert self._writer is not None
        self._writer.write_table(table, row_group_size=ROW_GROUP_ROWS)
        self._rows += table.num_rows
        if self._rows >= PART_ROWS:
            self._close()

    def finish(self) -> None:
        """Close the last part; a batch without rows has one part, too, for its schema."""
        if self._writer is None and not self.done:
            self._open(self.schema.empty_table())
        if self._writer is not None:
            self._close()

    def abandon(self) -> None:
        """Let go of the file that is being written; it goes away with the temporary folder."""
        if self._sink is not None:
            with suppress(OSError):
                self._sink.file.close()
            self._sink.closed = True

    def _open(self, first: pa.Table) -> None:
        self._name = f"part-{len(self.done):05d}.parquet"
        self._sink = HashingFile(self.folder / self._name)
        self._writer = pq.ParquetWriter(self._sink, self.schema, compression="zstd", **encodings(first))
        self._rows = 0

    def _close(self) -> None:
        assert self._writer is not None and self._sink is not None
        self._writer.close()
        self._sink.close()
        sink = self._sink
        self.done.append(Part(self._name, self._rows, sink.bytes, sink.sha256.hexdigest()))
        self._writer = self._sink = None


def encodings(first: pa.Table) -> dict[str, Any]:
    """How to encode each column, judged by the first rows.

    Parquet's default tries a dictionary for every column and gives up late: for keys, numbers and times that
    costs more than half of the writing, and the files are larger. Least and greatest values are kept of
    numbers and times, by which readers skip row groups; of text in no order they tell nothing.
    """
    sample = first.slice(0, SAMPLE_ROWS)
    dictionary: list[str] = []
    delta: dict[str, str] = {}
    for field, column in zip(sample.schema, sample.columns, strict=True):
        if pa.types.is_nested(field.type):
            continue
        if field.name != "_row" and pc.count_distinct(column).as_py() <= FEW * max(sample.num_rows, 1):
            dictionary.append(field.name)
        elif pa.types.is_integer(field.type) or pa.types.is_timestamp(field.type):
            delta[field.name] = "DELTA_BINARY_PACKED"
    ordered = [field.name for field in sample.schema if not _is_text(field.type)]
    return {
        "use_dictionary": dictionary or False,
        "column_encoding": delta or None,
        "write_statistics": ordered or False,
    }


def _is_text(kind: pa.DataType) -> bool:
    return pa.types.is_string(kind) or pa.types.is_binary(kind) or pa.types.is_nested(kind)
