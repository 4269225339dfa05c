"""Windows of time: which spans to ask an interface for, one after the other, up to now.

``window`` in meta.connector: ``from``, ``to`` (names of the parameters), ``since`` (first moment), ``days``
or ``hours`` (length, 1 day), ``format`` (``strftime``, or ``s`` or ``ms`` for seconds or milliseconds since
1970), ``lag`` (seconds before now at which the last window ends, 60). Moments are those of ``timezone``
(Asia/Shanghai), whatever the machine's own zone. A window ends where its written form says, so that a form
without hours never leaves hours out.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from catalogue.vocabulary import CHINA
from connectors.files.text import Unreadable

ISO = "%Y-%m-%d %H:%M:%S"
EPOCH = {"s": 1, "ms": 1000}


@dataclass(frozen=True)
class Window:
    """A span of time, its end not included, and the parameters that ask for it.

    ``start`` and ``end`` are naive, in the declared zone. ``whole``: it is as long as declared, and so over.
    """

    start: dt.datetime
    end: dt.datetime
    params: Mapping[str, Any]
    whole: bool


def zone_of(options: Mapping[str, Any]) -> ZoneInfo:
    """The zone in which the interface writes moments without one."""
    name = str(options.get("timezone", CHINA))
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise Unreadable(f"there is no time zone {name!r}", remedy="give `timezone` as Asia/Shanghai or UTC") from None


def windows(options: Mapping[str, Any], low: dt.datetime | None, now: dt.datetime, zone: ZoneInfo) -> Iterator[Window]:
    """Windows from ``low`` (or ``since``) to ``now``, both naive in the zone."""
    window = options["window"]
    form = str(window.get("format", ISO))
    try:
        start = low or dt.datetime.fromisoformat(str(window["since"]))
        if start.tzinfo is not None:
            start = start.astimezone(zone).replace(tzinfo=None)
        length = dt.timedelta(days=float(window.get("days", 0)), hours=float(window.get("hours", 0)))
        lag = dt.timedelta(seconds=float(window.get("lag", 60)))
        question(options, start, start, zone)
    except (KeyError, ValueError, OverflowError):
        raise Unreadable(
            "`window` is incomplete",
            remedy="give `from`, `to`, `since` (an ISO date) and `days` in meta.connector",
        ) from None
    if "%" not in form and form not in EPOCH:
        raise Unreadable("`format` of `window` writes no time", remedy="write it as %Y-%m-%d %H:%M:%S, or s or ms")
    length = length or dt.timedelta(days=1)
    if length <= dt.timedelta(0):
        raise Unreadable("`window` has no length", remedy="give `days` or `hours` of `window` as more than 0")
    last = (now - lag).replace(microsecond=0)
    start = _as_written(start, form)
    while start < last:
        due, end = start + length, _as_written(start + length, form)
        while end <= start:  # shorter than the form can say
            due += length
            end = _as_written(due, form)
        whole = due <= last
        if not whole:
            end = _as_written(last, form)
            if end <= start:
                return
        yield Window(start, end, question(options, start, end, zone), whole)
        start = end


def question(options: Mapping[str, Any], start: dt.datetime, end: dt.datetime, zone: ZoneInfo) -> dict[str, str]:
    """The parameters that ask for a span."""
    window = options["window"]
    form = str(window.get("format", ISO))
    return {str(window["from"]): _write(start, form, zone), str(window["to"]): _write(end, form, zone)}


def _write(moment: dt.datetime, form: str, zone: ZoneInfo) -> str:
    aware = moment.replace(tzinfo=zone)
    return str(int(aware.timestamp() * EPOCH[form])) if form in EPOCH else aware.strftime(form)


def _as_written(moment: dt.datetime, form: str) -> dt.datetime:
    """The moment that the written form means, which may have no seconds or hours."""
    moment = moment.replace(microsecond=0)
    if form in EPOCH:
        return moment
    try:
        return dt.datetime.strptime(moment.strftime(form), form).replace(tzinfo=None)
    except ValueError:  # a form that only writes
        return moment
