"""How far an interface was read: the values of the watermark item compared as what they mean.

A mark is one kind of thing: a moment in any spelling (``2026-10-30``, ``2026/1/3 8:00``, ``20261030``, with
``T`` or a blank, with or without a zone), or a whole number. A value of another kind never moves it, nor does
one that lies in the future. What is asked with later is spelled as the source spells it.
"""

from __future__ import annotations

import datetime as dt
import heapq
import re
from collections.abc import Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from connectors.files.text import Unreadable
from connectors.manifest import Manifest
from connectors.read_report import ReadReport

SPELLED = re.compile(
    r"(\d{4})([-/.]|年)(\d{1,2})([-/.]|月)(\d{1,2})(日?)"
    r"(?:([T ] ?)(\d{1,2}):(\d{2})(?::(\d{2})(?:([.,])(\d{1,9}))?)?)?( ?)(Z|[+-]\d{2}:?\d{2})?"
)
COMPACT = re.compile(r"(?:19|20)\d{6}(?:\d{6}(?:\d{3})?)?")
INTEGER = re.compile(r"-?[0-9]{1,30}")
EPOCHS = {"seconds": 1, "milliseconds": 1000}
KINDS = ("timestamp", "integer", *EPOCHS)
OVERLAP = 86_400.0  # as of databases: what is committed within a day of its own time comes with the next delta
NEWEST = 1_000  # numbers: so many rows are read again


def kind_of(options: Mapping[str, Any], former: str | None, item_type: str) -> str | None:
    """What the mark is: as declared, as the item's type says, as the last mark was; null if nobody knows yet."""
    declared = options.get("watermark_type")
    if declared is not None:
        declared = {"date": "timestamp", "datetime": "timestamp"}.get(str(declared), str(declared))
        if declared not in KINDS:
            raise Unreadable(f"there is no watermark_type {declared!r}", remedy=f"use one of {', '.join(KINDS)}")
        return declared
    if item_type[:1].upper() in ("D", "T"):
        return "timestamp"
    if former is None:
        return None
    return "integer" if moment(former, ZoneInfo("UTC")) is None else "timestamp"


def last_high(past: Sequence[Manifest], column: str) -> str | None:
    """The high mark of the newest delta that was read by this column; null before the first."""
    for manifest in reversed(past):
        mark = manifest.watermark
        if mark is not None and mark.column == column and manifest.mode == "delta" and mark.high is not None:
            return mark.high
    return None


def moment(text: str, zone: ZoneInfo) -> dt.datetime | None:
    """The moment that a text means, in the zone where it names none; null when it is none."""
    plain = text.strip()
    try:
        if COMPACT.fullmatch(plain):
            return _compact(plain).replace(tzinfo=zone)
        match = SPELLED.fullmatch(plain)
        if match is None:
            return None
        year, _, month, _, day, _, _, hour, minute, second, _, fraction, _, offset = match.groups()
        micro = int((fraction or "0").ljust(6, "0")[:6])
        made = dt.datetime(
            int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0), micro, zone
        )
        return made.replace(tzinfo=_offset(offset)) if offset else made
    except (ValueError, OverflowError):
        return None


def spelled_like(text: str, when: dt.datetime, zone: ZoneInfo) -> str:
    """A moment, spelled as another one is."""
    plain = text.strip()
    if COMPACT.fullmatch(plain):
        local = when.astimezone(zone)
        return (local.strftime("%Y%m%d%H%M%S") + f"{local.microsecond // 1000:03d}")[: len(plain)]
    match = SPELLED.fullmatch(plain)
    assert match is not None
    _, one, month, two, day, three, gap, hour, _, second, point, fraction, blank, offset = match.groups()
    local = when.astimezone(_offset(offset) if offset else zone)
    made = f"{local.year:04d}{one}{local.month:0{len(month)}d}{two}{local.day:0{len(day)}d}{three}"
    if hour:
        made += f"{gap}{local.hour:0{len(hour)}d}:{local.minute:02d}"
        made += f":{local.second:02d}" if second else ""
        made += point + f"{local.microsecond:06d}".ljust(9, "0")[: len(fraction)] if fraction else ""
    return made + (blank + offset if offset else "")


def below(high: str, kind: str | None, overlap: float | None, zone: ZoneInfo) -> str:
    """The mark from which is asked again, spelled as ``high`` is: ``overlap`` seconds (a day) before a moment,
    ``overlap`` (0: the mark is already below the newest rows) below a number."""
    if kind != "integer" and kind not in EPOCHS:
        when = moment(high, zone)
        if when is not None and when.year > 1900:
            return spelled_like(high, when - dt.timedelta(seconds=OVERLAP if overlap is None else overlap), zone)
    if not INTEGER.fullmatch(high):
        return high
    default = OVERLAP if kind in EPOCHS else 0
    less = int((default if overlap is None else overlap) * EPOCHS.get(kind or "", 1))
    return str(max(0, int(high) - less)).zfill(len(high)) if less else high


class Marks:
    """The values of one reading's watermark item, as they pass."""

    def __init__(self, kind: str | None, zone: ZoneInfo, now: dt.datetime) -> None:
        self.kind, self.zone, self.now = kind, zone, now
        self.top_moment: tuple[dt.datetime, str] | None = None
        self.newest: list[tuple[int, str]] = []  # a heap of the greatest numbers
        self.values = self.moments = self.numbers = self.future = 0

    def add(self, text: str | None) -> None:
        if text is None or not text.strip():
            return
        self.values += 1
        when = None if self.kind in ("integer", *EPOCHS) else moment(text, self.zone)
        if when is not None and when > self.now:
            self.future += 1
        elif when is not None:
            self.moments += 1
            self.top_moment = max(self.top_moment or (when, text), (when, text), key=lambda pair: pair[0])
        if self.kind == "timestamp" or not INTEGER.fullmatch(text):
            return
        number = int(text)
        if self.kind in EPOCHS and number > self.now.timestamp() * EPOCHS[self.kind]:
            self.future += 1
        else:
            self.numbers += 1
            (heapq.heappush if len(self.newest) < self._most else heapq.heappushpop)(self.newest, (number, text))

    def high(self, former: str | None) -> str | None:
        """The highest mark of this reading and the one before it; of plain numbers one that the newest rows are above
        of, so that neither one huge number nor a row that comes late is passed by."""
        if self._by_time():
            before = moment(former, self.zone) if former else None
            top = self.top_moment
            return former if top is None or (before is not None and before >= top[0]) else top[1]
        number = self.newest[0] if len(self.newest) == self._most else None
        if number is None or (former and INTEGER.fullmatch(former) and int(former) >= number[0]):
            return former
        return number[1]

    @property
    def _most(self) -> int:
        return 1 if self.kind in EPOCHS else NEWEST

    def _by_time(self) -> bool:
        """Without a declaration: what most values are (a day as ``20261030`` is both)."""
        return self.moments + self.future >= self.numbers if self.kind is None else self.kind == "timestamp"

    def report(self, report: ReadReport) -> None:
        """Say how many values did not move the mark."""
        future = self.future if self._by_time() or self.kind in EPOCHS else 0
        odd = self.values - future - (self.moments if self._by_time() else self.numbers)
        if odd > 0:
            report.remark("watermark_form", odd)
        if future:
            report.remark("watermark_future", future)


def _compact(text: str) -> dt.datetime:
    made = dt.datetime.strptime(text[:14].ljust(14, "0"), "%Y%m%d%H%M%S")
    return made.replace(microsecond=int(text[14:] or 0) * 1000)


def _offset(text: str) -> dt.tzinfo:
    if text == "Z":
        return dt.UTC
    digits = text[1:].replace(":", "")
    span = dt.timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return dt.timezone(-span if text[0] == "-" else span)
