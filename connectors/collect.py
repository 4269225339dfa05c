"""Collecting one resource: open its source, take what is new, say what happened.

Here the parts of the room meet: registry, connections, deliveries and the landing of each (``taking``). What
is special to a kind of source stands in its connector; when and what to collect is for the caller (Dagster,
the command line, a notebook).
"""

from __future__ import annotations

import logging
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from catalogue.errors import GovshareError
from catalogue.installation import Installation
from connectors.base import CollectError, Connector, NotNow, ResourceLike, Watermark, where
from connectors.connections import Connections
from connectors.landing import ensure_empty
from connectors.manifest import Manifest, committed
from connectors.read_report import Finding, ReadReport, sentence
from connectors.registry import factory
from connectors.taking import Taker, Tally

Progress = Callable[[str, int, float], None]  # resource, rows so far, seconds so far
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Collected:
    """What one collection of a resource did. ``rows`` landed, ``read`` given by the source, ``bytes`` on
    disk.

    ``batches`` are the committed batch numbers; with none of them ``unchanged`` is true and ``message`` says
    why. ``left_out`` and ``remarks``: see ``connectors.read_report``. ``source_time``: how far the source was
    read, by its own watermark (time at source).
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
    left_out: tuple[Finding, ...] = ()
    remarks: tuple[Finding, ...] = ()
    unchanged: bool = True
    watermark: Watermark | None = None
    message: str = ""

    @property
    def source_time(self) -> str | None:
        return self.watermark.high if self.watermark else None


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
    try:
        return _collect(resource, installation, connections, progress, started)
    except GovshareError:
        raise
    except Exception as error:
        # The error's own text may hold values of a row: it goes into the log of whoever asks for it, only.
        log.debug("collecting %s", resource.id, exc_info=True)
        last = traceback.extract_tb(error.__traceback__)[-1]
        raise CollectError(
            f"could not be collected ({type(error).__name__} at {Path(last.filename).name}:{last.lineno})",
            where=where(resource, f"connection {resource.connector.connection!r}"),
            remedy="nothing of this delivery was landed; collect again, and report it if it stays so "
            "(the log level DEBUG shows where it comes from)",
        ) from None


def _collect(
    resource: ResourceLike,
    installation: Installation,
    connections: Connections,
    progress: Progress | None,
    started: float,
) -> Collected:
    ensure_empty(installation, resource)
    past = committed(installation, resource.id)
    known = len(past)

    def report(rows: int) -> None:
        if progress:
            progress(resource.id, rows, time.monotonic() - started)

    tally, read_report = Tally(report), ReadReport()
    reason = "nothing new at the source"
    try:
        with connections.open(resource) as connection:
            connector = factory(resource)(resource, connection, past.copy())
            try:
                taker = Taker(resource, installation, connector, past, tally, read_report)
                for _ in _taken(taker, connector):
                    pass
            finally:
                connector.close()
    except NotNow as later:
        reason = str(later)
    finally:
        if len(past) > known:
            ensure_empty(installation, resource)
    return _collected(resource, past[known:], tally.rows, started, reason, read_report)


def _taken(taker: Taker, connector: Connector) -> Iterator[Manifest | None]:
    """Take all deliveries; what was taken before is left out."""
    sessions = int(getattr(connector, "sessions", 1))
    if sessions > 1:
        yield from taker.take_ahead(connector.deliveries(), sessions)
        return
    taken = {manifest.identity for manifest in taker.past if manifest.identity}
    for delivery in connector.deliveries():
        if delivery.identity is None:
            yield taker.take(delivery)
        elif delivery.identity not in taken:
            yield taker.take(delivery)
            taken.add(delivery.identity)


def _collected(
    resource: ResourceLike, landed: list[Manifest], read: int, started: float, reason: str, report: ReadReport
) -> Collected:
    problems: Counter[str] = Counter()
    for manifest in landed:
        problems.update(manifest.problems)
    rows = sum(manifest.rows for manifest in landed)
    drift = next((manifest.drift for manifest in reversed(landed) if manifest.drift), {})
    message = reason
    if landed:
        message = f"{rows:,} rows in {len(landed)} batch(es)"
        message += f"; {reason}" if not reason.startswith("nothing new") else ""
    if report.left_out:
        message += f"; left out: {sentence(report.left_out)}"
    if report.remarks:
        message += f"; note: {sentence(report.remarks)}"
    return Collected(
        resource=resource.id,
        left_out=report.left_out,
        remarks=report.remarks,
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
        message=message,
    )
