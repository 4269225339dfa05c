"""One statement's rows as a delivery: paced, with the watermark they reach and the marks of a change table.

Which statement to read is decided in ``connectors.databases.connector``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from connectors.base import SourceFile, Watermark
from connectors.databases.watermarks import Reach
from connectors.read_report import ReadReport

if TYPE_CHECKING:
    from connectors.databases.connector import DatabaseConnector
    from connectors.databases.delta import Delta

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
    delta: Delta | None = None
    report: ReadReport = field(default_factory=ReadReport)
    own_columns: tuple[str, ...] = ()
    careful: bool = False
    identity: None = None
    files: tuple[SourceFile, ...] = ()

    def carefully(self) -> Read:
        """The same rows again, value by value where needed."""
        return replace(self, careful=True, report=ReadReport())

    def batches(self) -> Iterator[pa.RecordBatch]:
        connector, delta = self.connector, self.delta
        reach = Reach(delta.order, delta.clock.now) if delta else None
        with connector.session() as reader:
            columns = reader.in_bytes(connector.columns) if self.careful else connector.columns
            statement = connector.statement(columns, self.conditions, self.order)
            rows = reader.read(statement, columns, self.careful)
            for batch in connector.source.paced(rows, connector.sessions):
                if reach is not None:
                    reach.add(batch.column(reach.order.column))
                yield self._with_operation(batch)
        connector.source.tls.remark(self.report)
        if delta is not None and reach is not None:
            self.watermark = delta.reached(reach)
            delta.remark(reach, self.report)

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
