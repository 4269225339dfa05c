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

from catalogue.connector_options import wrong_options
from catalogue.errors import GovshareError
from catalogue.installation import Installation
from connectors.alone import alone
from connectors.base import CollectError, Connector, NotNow, ResourceLike, Watermark, where
from connectors.connections import Connections
from connectors.landing import ensure_empty
from connectors.manifest import Manifest, committed
from connectors.read_report import Finding, ReadReport, sentence
from connectors.registry import factory, is_file
from connectors.taken import Taken
from connectors.taking import Taker, Tally
from connectors.withdrawal import finish_replacing, moved, withdrawn

Progress = Callable[[str, int, float], None]  # resource, rows so far, seconds so far
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Collected:
    """What one collection of a resource did. ``rows`` landed, ``read`` given by the source, ``bytes`` on
    disk.

    ``batches`` are the committed batch numbers. ``unchanged``: no row landed, and ``message`` says why.
    ``left_out`` and ``remarks``: see ``connectors.read_report``. ``source_time``: how far the source was read, by
    its own watermark (time at source).
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
    *,
    again: bool = False,
) -> Collected:
    """Collect a resource into zero or more committed batches.

    ``again``: take everything that the source has, whatever was taken before; only what differs lands.
    Raises ``CollectError`` (department, resource, connection, remedy) when the source cannot be taken;
    batches that were committed before the error stay.
    """
    try:
        with alone(installation, resource.connector.connection):
            return _collect(resource, installation, connections, progress, time.monotonic(), again)
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
    again: bool,
) -> Collected:
    _need_right_options(resource)
    ensure_empty(installation, resource)
    past = finish_replacing(installation, resource.id, committed(installation, resource.id))
    known = len(past)

    def report(rows: int) -> None:
        if progress:
            progress(resource.id, rows, time.monotonic() - started)

    tally, read_report = Tally(report), ReadReport()
    reason = "nothing new at the source"
    try:
        with connections.open(resource) as connection:
            out = withdrawn(installation, resource.id)
            taken = Taken(past, out, again, moved(installation, resource.id, past, out))
            asked, state = _asked(resource, past, again, taken)
            connector = factory(resource)(asked, connection, state)
            try:
                # A period is not the whole, and a table that is read by what is new may have dropped what is old.
                files, mode = is_file(resource), resource.connector.mode
                withdrawing = files or mode == "full" or (mode != "period" and not again)
                taker = Taker(resource, installation, connector, past, tally, read_report, taken, known, withdrawing)
                for _ in _taken(taker, connector):
                    pass
            finally:
                read_report.add(getattr(connector, "folder_report", None) or ReadReport())
                connector.close()
    except NotNow as later:
        reason = str(later)
    finally:
        if len(past) > known:
            finish_replacing(installation, resource.id, past)
            ensure_empty(installation, resource)
    return _collected(resource, past[known:], tally.rows, started, reason, read_report)


def _need_right_options(resource: ResourceLike) -> None:
    """An option of the wrong kind is refused before anything is read."""
    wrong = [f"`{name}`: {words}" for name, words in wrong_options(resource.connector.kind, resource.connector.options)]
    if wrong:
        raise CollectError(
            f"meta.connector cannot be used: {'; '.join(wrong)}",
            where=where(resource),
            remedy="correct it in the catalogue; govshare check names every wrong entry",
        )


class _Overlaid:
    """A resource, or its connector's entry, with some of what it says replaced."""

    def __init__(self, of: Any, **changes: Any) -> None:
        self._of = of
        self.__dict__.update(changes)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._of, name)


def _asked(
    resource: ResourceLike, past: list[Manifest], again: bool, taken: Taken
) -> tuple[ResourceLike, list[Manifest]]:
    """What a connector is asked for, and what it is told of the past: to take all again, everything that there is."""
    if is_file(resource):  # whose connector only asks which files elsewhere it need not fetch
        return resource, [] if again else [manifest for manifest in past if not taken.disturbed(manifest)]
    if not (again or resource.connector.mode == "period"):
        return resource, past.copy()
    if resource.connector.mode == "changes":
        return resource, []
    whole: Any = _Overlaid(resource, connector=_Overlaid(resource.connector, mode="full"))
    return whole, past.copy()


def _taken(taker: Taker, connector: Connector) -> Iterator[Manifest | None]:
    """Take all deliveries; what was taken before is left out."""
    sessions = int(getattr(connector, "sessions", 1))
    if sessions > 1:
        yield from taker.take_ahead(connector.deliveries(), sessions)
        return
    for delivery in connector.deliveries():
        yield taker.take(delivery)


def _collected(
    resource: ResourceLike, landed: list[Manifest], read: int, started: float, reason: str, report: ReadReport
) -> Collected:
    problems: Counter[str] = Counter()
    for manifest in landed:
        problems.update(manifest.problems)
    rows = sum(manifest.rows for manifest in landed)
    drift = next((manifest.drift for manifest in reversed(landed) if manifest.drift), {})
    message = reason
    if rows or any(manifest.load for manifest in landed):
        message = f"{rows:,} rows in {len(landed)} batch(es)"
        message += f"; {reason}" if not reason.startswith("nothing new") else ""
    if replaced := sorted({batch for manifest in landed for batch in manifest.replaces}):
        message += f"; the same files were read otherwise before: batch(es) {', '.join(replaced)} are withdrawn"
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
        unchanged=not rows,
        watermark=landed[-1].watermark if landed else None,
        message=message,
    )
