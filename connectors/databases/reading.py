"""One statement's rows as a delivery: paced, with the watermark that they reach and the marks of a change table.

Which statement to read is decided in ``connectors.databases.connector``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from connectors.base import SourceFile, Watermark
from connectors.databases import watermarks

if TYPE_CHECKING:
    from connectors.databases.connector import DatabaseConnector

MARKS = {"I": "upsert", "U": "upsert", "D": "delete"}


@dataclass
class Read:
    """What one SELECT gives. ``watermark`` is complete once ``batches`` is exhausted."""

    connector: DatabaseConnector
    mode: str
    schema: pa.Schema
    conditions: tuple[str, ...] = ()
    order: str | None = None
    operation: str | None = None
    watermark: Watermark | None = None
    load: Mapping[str, Any] | None = None
    own_columns: tuple[str, ...] = ()
    careful: bool = False
    identity: None = None
    files: tuple[SourceFile, ...] = ()

    def carefully(self) -> Read:
        """The same rows again, value by value where needed."""
        return replace(self, careful=True)

    def batches(self) -> Iterator[pa.RecordBatch]:
        connector = self.connector
        with connector.session() as reader:
            columns = reader.in_bytes(connector.columns) if self.careful else connector.columns
            statement = connector.statement(columns, self.conditions, self.order)
            rows = reader.read(statement, columns, self.careful)
            for batch in connector.source.paced(rows, connector.sessions):
                self._move_watermark(batch)
                yield self._with_operation(batch)

    def _move_watermark(self, batch: pa.RecordBatch) -> None:
        """The watermark of a first load's ranges was set before the first of them, so that it stays."""
        mark = self.watermark
        if mark is None or self.load is not None:
            return
        top = watermarks.highest(batch.column(mark.column), mark.type)
        self.watermark = replace(mark, high=watermarks.higher(mark.high, top, mark.type))

    def _with_operation(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """For a change table: ``_op`` from the mark; an unknown mark is a problem of its row."""
        if self.operation is None:
            return batch
        options = self.connector.resource.connector.options
        marks = {str(mark).upper(): op for mark, op in {**MARKS, **options.get("marks", {})}.items()}
        given = [str(mark).strip().upper() for mark in batch.column(self.operation).to_pylist()]
        ops = [marks.get(mark) for mark in given]
        batch = batch.append_column("_op", pa.array([op or "upsert" for op in ops]))
        if None not in ops:
            return batch
        former: list[str | None] = [None] * len(ops)
        if "_problem" in batch.schema.names:
            former = batch.column("_problem").to_pylist()
            batch = batch.drop_columns(["_problem"])
        problems = [old or (None if op else "operation_unknown") for old, op in zip(former, ops, strict=True)]
        return batch.append_column("_problem", pa.array(problems, pa.string()))
