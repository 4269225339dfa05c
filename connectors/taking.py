"""Taking one delivery: its columns compared, its rows written, its fall checked, its batch committed.

``fill`` does the long part and may run for several deliveries at a time, ``settle`` decides and commits, one
after the other. Which deliveries there are and what is reported of them is for ``connectors.collect``.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from catalogue.installation import Installation
from connectors import drift as drifts
from connectors.base import CollectError, Connector, Delivery, ReadAgain, ResourceLike, where
from connectors.doubt import Doubt
from connectors.guards import why_not
from connectors.landing import Landing, next_number
from connectors.manifest import Manifest
from connectors.read_report import ReadReport
from connectors.shown import shown_file
from connectors.taken import Decision, Taken


class Tally:
    """Counts the rows that a source gives while they pass, whichever thread they come through."""

    def __init__(self, report: Callable[[int], None]) -> None:
        self.rows = 0
        self._report, self._lock = report, threading.Lock()

    def add(self, rows: int) -> None:
        with self._lock:
            self.rows += rows
            self._report(self.rows)


@dataclass
class Filled:
    """A delivery whose rows are written and wait under their temporary name."""

    landing: Landing
    delivery: Delivery
    drift: drifts.Drift
    watermark: Any
    read: int
    decision: Decision = Decision.TAKE
    replaces: tuple[str, ...] = ()
    dropped: int = 0  # columns that the contract leaves out
    doubted: bool = False  # keys are gone, and nothing was withdrawn for it


@dataclass(frozen=True)
class Taker:
    """What is the same for all deliveries of one collection. ``past`` grows with each committed batch; ``known`` is how
    many it had before. ``withdrawing``: what a whole read no longer has is withdrawn."""

    resource: ResourceLike
    installation: Installation
    connector: Connector
    past: list[Manifest]
    tally: Tally
    report: ReadReport
    taken: Taken
    known: int
    withdrawing: bool = True

    def take(self, delivery: Delivery) -> Manifest | None:
        """Land one delivery: the manifest of its batch, null if nothing was new."""
        decision = self.taken.decide(delivery)
        if decision is Decision.SKIP:
            return None
        return self.settle(self.fill(delivery, next_number(self.installation, self.resource), decision))

    def take_ahead(self, deliveries: Iterator[Delivery], sessions: int) -> Iterator[Manifest]:
        """Land key ranges, ``sessions`` of them at a time; committed in order, each under its number."""
        waiting: deque[Future[Filled]] = deque()
        number = next_number(self.installation, self.resource)
        with ThreadPoolExecutor(sessions, thread_name_prefix="range") as threads:
            try:
                for delivery in deliveries:
                    waiting.append(threads.submit(self.fill, delivery, number))
                    number += 1
                    if len(waiting) == sessions:
                        yield self._need_settled(waiting.popleft())
                while waiting:
                    yield self._need_settled(waiting.popleft())
            finally:
                for future in waiting:
                    if not future.cancel():
                        with suppress(Exception):
                            future.result().landing.abandon()

    def _need_settled(self, future: Future[Filled]) -> Manifest:
        manifest = self.settle(future.result())
        assert manifest is not None  # a range is committed even when it is empty
        return manifest

    def fill(self, delivery: Delivery, number: int, decision: Decision = Decision.TAKE) -> Filled:
        """Write a delivery's rows; all of them again where the fast way of reading fails on a value."""
        try:
            return self._fill(delivery, number, decision)
        except ReadAgain:
            return self._fill(delivery.carefully(), number, decision)  # type: ignore[attr-defined]

    def _fill(self, delivery: Delivery, number: int, decision: Decision) -> Filled:
        own = tuple(getattr(delivery, "own_columns", ()))
        drift = drifts.compare(self.resource, delivery.schema, self.past, own)
        schema = self._kept(delivery.schema, own)
        before, mark = delivery.watermark, drift.mark(self.resource.contract)
        read, doubt = 0, Doubt(self.resource.connector)

        def counted() -> Iterator[pa.RecordBatch]:
            nonlocal read
            for batch in _marked(delivery.batches(), mark):
                read += batch.num_rows
                doubt.see(batch)
                self.tally.add(batch.num_rows)
                yield batch

        landing = Landing(self.installation, self.resource, number)
        replaces: tuple[str, ...] = ()
        try:
            landing.begin(schema, self.past)
            former = self._former(delivery)
            if decision is Decision.NOTE:
                read = self.taken.former(delivery).read
            elif drift.stops(self.resource.contract):
                for batch in counted():
                    landing.write(batch)
            elif decision is Decision.AGAIN:
                replaces = self._write_again(landing, delivery, counted(), doubt)
            elif former:
                self._write_difference(landing, delivery, counted(), doubt, former)
            else:
                for batch in counted():
                    landing.write(batch)
            landing.finish()
        except BaseException:
            landing.abandon()
            raise
        # A delivery that was set aside as a whole is read again once its columns are right.
        watermark = before if mark else delivery.watermark
        dropped = len(delivery.schema) - len(schema)
        return Filled(landing, delivery, drift, watermark, read, decision, replaces, dropped, doubt.kept)

    def _kept(self, schema: pa.Schema, own: Sequence[str]) -> pa.Schema:
        """The columns that land: all, or under ``set_aside`` the declared ones (and the collecting's own)."""
        declared = {item.name for item in self.resource.items}
        if self.resource.contract != "set_aside" or not declared:
            return schema
        return pa.schema([field for field in schema if field.name in declared or field.name in own])

    def _former(self, delivery: Delivery) -> list[Manifest]:
        """The batches against which a delivery is compared, so that only what is new in it lands: all of them, or for a
        file among others those of the same name, since it has been written anew."""
        if delivery.mode == "file" and not self.taken.known_elsewhere(delivery):
            return self.taken.said(delivery)
        return self.past if delivery.mode in ("full", "delta", "changes", "compare", "file") else []

    def _write_difference(
        self,
        landing: Landing,
        delivery: Delivery,
        rows: Iterator[pa.RecordBatch],
        doubt: Doubt,
        former: list[Manifest],
    ) -> None:
        from connectors.difference import Difference, spool  # DuckDB: a first load does without

        spooled = spool(rows, landing.source_schema, landing.scratch)
        with closing(Difference(spooled, former, self.resource.connector.key)) as difference:
            if delivery.mode == "changes":
                changes = difference.events()
            elif delivery.mode == "delta":
                changes = difference.newer()
            else:  # what one file of several no longer has may be in another
                withdrawing = delivery.mode == "full" and self.withdrawing and getattr(delivery, "withdraws", True)
                changes = doubt.changes(difference, delivery, self.past) if withdrawing else difference.changes(False)
            for batch in changes:
                landing.write(batch)

    def _write_again(
        self, landing: Landing, delivery: Delivery, rows: Iterator[pa.RecordBatch], doubt: Doubt
    ) -> tuple[str, ...]:
        """Land a file that was read otherwise before, and say which batches it replaces; nothing where it gives the
        same rows. What those batches set aside, or gave other keys, is gone with them."""
        from connectors.difference import Difference, spool, spooled_rows

        key = self.resource.connector.key
        old = self.taken.superseded(delivery)
        spooled = spool(rows, landing.source_schema, landing.scratch)
        whole = delivery.mode == "full"
        same = self.past
        if not whole:
            said = self.taken.said(delivery)
            same = [m for m in self.past if m in said or m.identity == delivery.identity]
        with closing(Difference(spooled, same, key)) as difference:
            if not difference.differs(None if whole else old):
                return ()
        rest = [m for m in self.past if m not in old] if whole else []
        if not rest:
            for batch in spooled_rows(spooled):
                landing.write(batch)
            return tuple(m.batch for m in old)
        with closing(Difference(spooled, rest, key)) as difference:
            for batch in doubt.changes(difference, delivery, self.past):
                landing.write(batch)
        return tuple(m.batch for m in old)

    def settle(self, filled: Filled) -> Manifest | None:
        """Commit what was written, or keep it aside where drift or a fall stops it."""
        delivery, landing = filled.delivery, filled.landing
        report = ReadReport()
        report.add(getattr(delivery, "report", None) or ReadReport())
        if filled.dropped:
            report.leave_out("column", filled.dropped)
        if filled.doubted:
            report.remark("nothing_withdrawn")
        if delivery.mode == "compare" and landing.rows:
            report.remark("watermark_missed", landing.rows)
        self.report.add(report)
        with landing:
            facts: dict[str, Any] = {
                "mode": "note" if filled.decision is Decision.NOTE else delivery.mode,
                "read": filled.read,
                "files": tuple(delivery.files),
                "identity": delivery.identity,
                "source": getattr(delivery, "source", None) if delivery.identity else None,
                "reading": getattr(delivery, "reading", None) if delivery.identity else None,
                "replaces": filled.replaces,
                "watermark": filled.watermark,
                "load": delivery.load,
                "left_out": report.left_out,
                "remarks": report.remarks,
                "drift": filled.drift.facts(),
                "connector": {"kind": self.connector.kind, "version": self.connector.version},
            }
            reason = why_not(self, filled)
            if reason is not None:
                name = (delivery.identity or "newest")[:16]
                landing.set_aside(name, **facts)
                what, remedy = reason
                raise CollectError(
                    f"{what}; {filled.read:,} rows are kept under .aside/{name} and were not landed",
                    where=where(self.resource, ", ".join(shown_file(file.name) for file in delivery.files[:5]) or None),
                    remedy=remedy,
                )
            # A comparison that found nothing is kept too: by it the next one is due.
            if landing.rows == 0 and not delivery.load and delivery.mode != "compare" and not self._is_news(filled):
                return None
            manifest = landing.commit(**facts)
        self.past.append(manifest)
        return manifest

    def _is_news(self, filled: Filled) -> bool:
        """Whether an empty batch says something: that a file, this reading of it, or an empty window need not be taken
        again."""
        delivery: Any = filled.delivery
        if getattr(delivery, "advances", False):
            return True
        if not delivery.identity or filled.decision is not Decision.AGAIN:
            return bool(delivery.identity)
        state = self.taken.state(delivery)
        return bool(filled.replaces) or state is None or state.reading != delivery.reading


def _marked(batches: Iterator[pa.RecordBatch], problem: str | None) -> Iterator[pa.RecordBatch]:
    """The batches, all rows with the problem of their whole delivery, if it has one."""
    if problem is None:
        yield from batches
        return
    for batch in batches:
        marks = pa.repeat(pa.scalar(problem), batch.num_rows)
        if "_problem" in batch.schema.names:
            batch = batch.drop_columns(["_problem"])
        yield batch.append_column("_problem", marks)
