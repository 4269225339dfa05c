"""What is new in a table by its watermark, or by a table of changes; and the comparison that finds what it missed.

``watermarks`` says what moves the mark, ``ordering`` how an engine compares it. Options: ``overlap``,
``watermark_type``, ``timezone``, ``sequence`` (the column that numbers the changes of a change table) and
``compare``: how often the whole table is read and compared with what has landed (``7 days``; also ``36 hours``,
``weekly``, ``never``). What a comparison finds lands, and is remarked as ``watermark_missed``; it withdraws nothing,
which takes ``mode: full``.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from connectors.base import CollectError, Watermark
from connectors.comparing import COMPARE, is_due, period_of
from connectors.databases import watermarks
from connectors.databases.columns import Column
from connectors.databases.ordering import Comparison, order_of
from connectors.databases.watermarks import Clock, Order, Reach, as_text
from connectors.read_report import ReadReport

if TYPE_CHECKING:
    from connectors.databases.connector import DatabaseConnector
    from connectors.databases.reading import Read


TEXTUAL = re.compile(r"char|text|clob|string", re.IGNORECASE)  # declared types whose values are in order of letters


class Delta:
    """The declared watermark of a connector's resource, as its engine has it."""

    def __init__(self, connector: DatabaseConnector) -> None:
        self.connector = connector
        self.options: Mapping[str, Any] = connector.resource.connector.options
        self.column = connector.column(connector.resource.connector.watermark, "watermark")
        self.clock: Clock = connector.reader.clock
        self.position: str | None = connector.reader.position()
        self.order = self._order()
        self.comparison = Comparison(self.order, connector.quoted(self.column.name), connector.reader.dialect)
        self.former, self.begin = watermarks.last(connector.past, self.order)

    def _order(self) -> Order:
        source = self.connector.source
        overlap = source.overlap
        if overlap is None and self.position is not None:
            overlap = 0.0  # what was written late is found by the order of commits
        items = {item.name: item.type for item in self.connector.resource.items}
        declared = self.options.get("watermark_type")
        order = order_of(self.column, declared, items.get(self.column.name, ""), source.timezone, overlap)
        if order is None:
            raise CollectError(
                f"the watermark {self.column.name!r} ({self.column.declared or self.column.arrow}) cannot be ordered"
                + (f" as {declared}" if declared else ""),
                where=source.where,
                remedy="set `watermark_type` of meta.connector to integer, date, timestamp or text, or name another "
                "column",
            )
        return order

    def read(self, changes: bool) -> Read:
        """Everything that may be new since the last read."""
        conditions = self._conditions()
        low = as_text(self.begin) if conditions else None
        # What stands until the reading is complete, and where the whole delivery is set aside.
        mark = replace(self.former or Watermark(self.column.name, self.order.kind, None, None), low=low)
        if not changes:
            return self.connector.read("delta", conditions=conditions, watermark=mark, delta=self)
        operation = self.connector.column(self.options.get("operation"), "operation")
        sequence = self.sequence()
        own = {operation.name, self.column.name, *([sequence.name] if sequence else [])}
        return self.connector.read(
            "changes",
            conditions=conditions,
            order=self._order_of_changes(sequence),
            operation=operation.name,
            watermark=mark,
            own_columns=tuple(own - {item.name for item in self.connector.resource.items}),
            delta=self,
        )

    def _conditions(self) -> tuple[str, ...]:
        if self.begin is None or not self.comparison.ordered:
            return ()
        since = self.comparison.since(self.begin)
        position = self.former.position if self.former else None
        if position is None:
            return (since,)
        written = self.connector.reader.written_since(position)
        return (f"({since} or {written})",) if written else ()

    def reached(self, reach: Reach) -> Watermark:
        """The watermark of a read that is complete."""
        safe = reach.safe()
        begin = self.begin
        if safe is not None:
            begin = watermarks.settled(safe, self.order, self.clock, self.connector.past)
        return Watermark(
            self.order.column,
            self.order.kind,
            as_text(self.begin),
            as_text(reach.high) or (self.former.high if self.former else None),
            as_text(begin),
            self.clock.now.isoformat(),
            self.position,
        )

    def before_load(self) -> Watermark:
        """The watermark of a first load in ranges: how far the table reaches before the first of them."""
        safe = None
        if self.comparison.ordered:
            now = self.order.local(min(self.clock.now, dt.datetime.now(dt.UTC)))
            statement = self.comparison.highest(self.connector.relation(), now)
            safe = self.comparison.found(self.connector.reader.one(statement))
        begin = None if safe is None else watermarks.settled(safe, self.order, self.clock, ())
        high, now_at = as_text(safe), self.clock.now.isoformat()
        return Watermark(self.order.column, self.order.kind, None, high, as_text(begin), now_at, self.position)

    def remark(self, reach: Reach, report: ReadReport) -> None:
        """What the owner of the table should know of its watermark."""
        if reach.unreadable:
            report.remark("watermark_form", reach.unreadable)
        if reach.ahead:
            report.remark("watermark_future", reach.ahead)
        if self.connector.reader.transactions_hidden:
            report.remark("transactions_hidden")

    # --- change tables

    def sequence(self) -> Column | None:
        """The column that numbers the changes: declared, the watermark itself, or the table's own whole-number key."""
        name = self.options.get("sequence")
        if name and name == self.column.name and self.order.kind == "integer":
            return None  # ordered as the numbers that its texts are
        if name:
            column = self.connector.column(name, "sequence")
            if TEXTUAL.search(column.declared) and self.options.get("watermark_type") != "text":
                raise CollectError(
                    f"the sequence {name!r} is text, which puts 10 before 9",
                    where=self.connector.source.where,
                    remedy="name a column of numbers, or make it the watermark with `watermark_type: integer`; if its "
                    "texts are all of one length, say so with `watermark_type: text`",
                )
            return column
        if not self.order.is_time and self.order.kind != "text":
            return None
        own = [column for column in self.connector.columns if column.key]
        record = self.connector.resource.connector.key
        numbered = len(own) == 1 and pa.types.is_integer(own[0].arrow) and own[0].name not in record
        return own[0] if numbered else None

    def _order_of_changes(self, sequence: Column | None) -> str:
        steps = ", ".join(self.connector.reader.steps())
        if sequence is not None:
            return self.connector.quoted(sequence.name)
        mark = self.comparison.mark() if self.comparison.ordered else self.comparison.quoted
        if not steps and (self.order.is_time or self.order.kind == "text"):
            raise CollectError(
                f"the order of the changes is not total: several can have the same {self.column.name!r}",
                where=self.connector.source.where,
                remedy="add `sequence` to meta.connector: the column that numbers the changes",
            )
        return f"{mark}, {steps}" if steps else mark

    # --- the comparison

    def compare_is_due(self) -> bool:
        """Whether the last time that everything was read is longer ago than declared."""
        period = period_of(self.options.get("compare", COMPARE))
        if period is None:
            raise CollectError(
                f"compare is {self.options['compare']!r}",
                where=self.connector.source.where,
                remedy="write it as `7 days`, `12 hours`, `weekly` or `never`",
            )
        if period == dt.timedelta.max or not self._conditions():
            return False
        return is_due(self.connector.past, period)
