"""Collecting one resource: open its source, take what is new, land it, say what happened.

Here the parts of the room meet: registry, connections, drift, difference, landing. What is special to a kind
of source stands in its connector; when and what to collect is for the caller (Dagster, the command line, a
notebook).
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from catalogue.installation import Installation
from connectors import drift as drifts
from connectors.base import (
    CollectError,
    Connector,
    Delivery,
    NotNow,
    ReadAgain,
    ResourceLike,
    Watermark,
    where,
)
from connectors.connections import Connections
from connectors.landing import Landing, ensure_empty, landed_type, next_number
from connectors.manifest import Manifest, committed
from connectors.registry import factory

Progress = Callable[[str, int, float], None]  # resource, rows so far, seconds so far


@dataclass(frozen=True)
class Collected:
    """What one collection of a resource did. ``rows`` landed, ``read`` given by the source, ``bytes`` on
    disk.

    ``batches`` are the committed batch numbers; with none of them ``unchanged`` is true and ``message`` says
    why.
    """

    resource: str
    batches: tuple[str, ...] = ()
    rows: int = 0
    read: int = 0
    deletes: int = 0
    bytes: int = 0
    seconds: float = 0.0
    problems: Mapping[str, int] = field(default_factory=dict)
    drift: Mapping[str, Any] = field(default_factory=dict)
    unchanged: bool = True
    watermark: Watermark | None = None
    message: str = ""


def collect(
    resource: ResourceLike,
    installation: Installation,
    connections: Connections,
    progress: Progress | None = None,
) -> Collected:
    """Collect a resource into zero or more committed batches.

    Raises ``CollectError`` (department, resource, connection, remedy) when the source cannot be taken;
    batches that were committed before the error stay.
    """
    started = time.monotonic()
    ensure_empty(installation, resource)
    past = committed(installation, resource.id)
    taken = {manifest.identity for manifest in past if manifest.identity}
    landed: list[Manifest] = []
    read = 0

    def report(rows: int) -> None:
        if progress:
            progress(resource.id, read + rows, time.monotonic() - started)

    connector: Connector | None = None
    try:
        connector = factory(resource)(resource, connections.get(resource), past)
        for delivery in connector.deliveries():
            if delivery.identity and delivery.identity in taken:
                continue
            manifest, rows = land(resource, installation, connector, delivery, past, report)
            read += rows
            if manifest:
                past.append(manifest)
                landed.append(manifest)
                taken.add(manifest.identity or "")
    except NotNow as reason:
        return _collected(resource, landed, read, started, str(reason))
    finally:
        if connector is not None:
            connector.close()
    if landed:
        ensure_empty(installation, resource)
    return _collected(resource, landed, read, started, "nothing new at the source")


def _collected(
    resource: ResourceLike, landed: list[Manifest], read: int, started: float, reason: str
) -> Collected:
    problems: Counter[str] = Counter()
    for manifest in landed:
        problems.update(manifest.problems)
    rows = sum(manifest.rows for manifest in landed)
    drift = next((manifest.drift for manifest in reversed(landed) if manifest.drift), {})
    return Collected(
        resource=resource.id,
        batches=tuple(manifest.batch for manifest in landed),
        rows=rows,
        read=read,
        deletes=sum(manifest.deletes for manifest in landed),
        bytes=sum(manifest.bytes for manifest in landed),
        seconds=round(time.monotonic() - started, 3),
        problems=dict(problems),
        drift=drift,
        unchanged=not landed,
        watermark=landed[-1].watermark if landed else None,
        message=f"{rows:,} rows in {len(landed)} batch(es)" if landed else reason,
    )


def land(
    resource: ResourceLike,
    installation: Installation,
    connector: Connector,
    delivery: Delivery,
    past: list[Manifest],
    report: Callable[[int], None] = lambda rows: None,
) -> tuple[Manifest | None, int]:
    """Land one delivery: the manifest of its batch (null if nothing was new) and the rows read."""
    try:
        return _land(resource, installation, connector, delivery, past, report)
    except ReadAgain:
        careful: Delivery = delivery.carefully()  # type: ignore[attr-defined]
        return _land(resource, installation, connector, careful, past, report)


def _land(
    resource: ResourceLike,
    installation: Installation,
    connector: Connector,
    delivery: Delivery,
    past: list[Manifest],
    report: Callable[[int], None],
) -> tuple[Manifest | None, int]:
    own = tuple(getattr(delivery, "own_columns", ()))
    drift = drifts.compare(resource, delivery.schema, past, own)
    schema = _kept(resource, delivery.schema, own)
    counter = _Counter(report)
    before = delivery.watermark
    mark = drift.mark(resource.contract)
    with Landing(installation, resource, next_number(past)) as landing:
        landing.begin(schema)
        rows = counter.count(_marked(delivery.batches(), mark))
        stopped = drift.stops(resource.contract)
        if stopped or not past or delivery.mode not in ("full", "delta"):
            for batch in rows:
                landing.write(batch)
        else:
            _write_difference(landing, delivery, rows, schema, past, resource)
        landing.finish()
        facts: dict[str, Any] = {
            "mode": delivery.mode,
            "read": counter.rows,
            "files": tuple(delivery.files),
            "identity": delivery.identity,
            # A delivery that was set aside as a whole is read again once its columns are right.
            "watermark": before if mark else delivery.watermark,
            "load": delivery.load,
            "drift": drift.facts(),
            "connector": {"kind": connector.kind, "version": connector.version},
        }
        if stopped:
            name = (delivery.identity or "newest")[:16]
            landing.set_aside(name, **facts)
            raise CollectError(
                f"the source's columns are not those of the catalogue: {drift.sentence()}; "
                f"{counter.rows} rows are kept under .aside/{name} and were not landed",
                where=where(resource, ", ".join(file.name for file in delivery.files) or None),
                remedy="correct the source, or declare the columns as they are now (contract: evolve, freeze, set_aside)",
            )
        _check_fall(resource, delivery, counter.rows, past, landing, facts)
        if landing.rows == 0 and not delivery.identity and not delivery.load:
            return None, counter.rows
        return landing.commit(**facts), counter.rows


def _write_difference(
    landing: Landing,
    delivery: Delivery,
    rows: Iterator[pa.RecordBatch],
    schema: pa.Schema,
    past: list[Manifest],
    resource: ResourceLike,
) -> None:
    from connectors.difference import Difference, spool  # DuckDB: a first load does without

    kept = pa.schema([pa.field(f.name, landed_type(f.type)) for f in schema])
    difference = Difference(spool(rows, kept, landing.scratch), past, resource.connector.key)
    try:
        wanted = (
            difference.changes() if delivery.mode == "full" else difference.not_landed(delivery.watermark)
        )
        for batch in wanted:
            landing.write(batch)
    finally:
        difference.close()


def _kept(resource: ResourceLike, schema: pa.Schema, own: tuple[str, ...]) -> pa.Schema:
    """The columns that land: all, or under ``set_aside`` the declared ones (and the collecting's own)."""
    declared = {item.name for item in resource.items}
    if resource.contract != "set_aside" or not declared:
        return schema
    return pa.schema([field for field in schema if field.name in declared or field.name in own])


def _marked(batches: Iterator[pa.RecordBatch], problem: str | None) -> Iterator[pa.RecordBatch]:
    if problem is None:
        yield from batches
        return
    for batch in batches:
        marks = pa.repeat(pa.scalar(problem), batch.num_rows)
        if "_problem" in batch.schema.names:
            batch = batch.drop_columns(["_problem"])
        yield batch.append_column("_problem", marks)


class _Counter:
    """Counts the rows that a source gives while they pass."""

    def __init__(self, report: Callable[[int], None]) -> None:
        self.rows = 0
        self.report = report

    def count(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            self.rows += batch.num_rows
            self.report(self.rows)
            yield batch


DEFAULT_FALL = 0.5


def _check_fall(
    resource: ResourceLike,
    delivery: Delivery,
    read: int,
    past: list[Manifest],
    landing: Landing,
    facts: dict[str, Any],
) -> None:
    """Stop a full read whose row count fell by more than ``max_fall`` (a share, default 0.5) since the last
    one.

    An emptied table is far more often an accident at the source than the truth, and would withdraw every
    record. Deliveries of files are compared with the last one of the same file name.
    """
    names = {file.name for file in delivery.files}
    if delivery.mode == "full":
        known = [manifest for manifest in past if manifest.mode == "full"]
    elif delivery.mode == "file":
        known = [m for m in past if m.mode == "file" and names & {file.name for file in m.files}]
    else:
        return
    allowed = float(resource.connector.options.get("max_fall", DEFAULT_FALL))
    former = known[-1].read if known else 0
    if read >= former * (1 - allowed):
        return
    name = (delivery.identity or "newest")[:16]
    landing.set_aside(name, **facts)
    raise CollectError(
        f"the source gave {read:,} rows where it gave {former:,} before: a fall of {1 - read / former:.0%}, "
        f"more than the declared {allowed:.0%}; the rows are kept under .aside/{name} and were not landed",
        where=where(resource, ", ".join(sorted(names)) or None),
        remedy="ask the department; if the fall is real, set `max_fall` in meta.connector for this one collection",
    )
