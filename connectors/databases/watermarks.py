"""Watermarks: how far a table was read, as text in the manifest and as a value in SQL.

A watermark that a source may have got wrong must not stop the collection for ever: values later than
tomorrow and text that is no time are not counted as the high mark. Rows that carry them are read again with
every delta, and dropped there because they have landed already.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from connectors.manifest import Manifest

ISO = re.compile(r"\d{4}-\d{2}-\d{2}([ T]\d{2}:\d{2}(:\d{2}(\.\d+)?)?)?")
SLASHED = re.compile(r"\d{4}/\d{2}/\d{2}( \d{2}:\d{2}(:\d{2}(\.\d+)?)?)?")
COMPACT = re.compile(r"(19|20)\d{6}(\d{6}(\d{3})?)?")
DIGITS = re.compile(r"\d+")
AHEAD = dt.timedelta(days=1)


def last_high(past: Sequence[Manifest], column: str) -> str | None:
    """The high mark of the newest batch that was read by this column; null before the first complete load."""
    for manifest in reversed(past):
        if manifest.watermark and manifest.watermark.column == column and manifest.mode in ("delta", "range"):
            if manifest.load and not manifest.load["complete"]:
                return None
            if manifest.watermark.high is not None:
                return manifest.watermark.high
    return None


def usable(text: str, kind: str) -> bool:
    """Whether a value may become the high mark: of a form that sorts in time, and not later than tomorrow."""
    tomorrow = dt.datetime.now() + AHEAD
    if kind == "text":
        if ISO.fullmatch(text):
            return text[:10] <= tomorrow.strftime("%Y-%m-%d")
        if SLASHED.fullmatch(text):
            return text[:10] <= tomorrow.strftime("%Y/%m/%d")
        if COMPACT.fullmatch(text):
            return text[:8] <= tomorrow.strftime("%Y%m%d")
        return bool(DIGITS.fullmatch(text))
    if kind in ("date", "timestamp"):
        return text[:10] <= tomorrow.strftime("%Y-%m-%d")
    return True


def highest(column: pa.Array, kind: str) -> str | None:
    """The highest usable value of a column, as text."""
    top = as_text(pc.max(column).as_py())
    if top is None or usable(top, kind):
        return top
    if kind == "text":
        for value in sorted((v for v in column.unique().to_pylist() if v), reverse=True):
            if usable(value, kind):
                return str(value)
        return None
    limit = dt.datetime.now() + AHEAD
    bound = pa.scalar(limit.date() if kind == "date" else limit).cast(column.type)
    return as_text(pc.max(column.filter(pc.less_equal(column, bound))).as_py())


def highest_of(row: Sequence[Any] | None, kind: str) -> str | None:
    """The high mark from a ``select max(...)``; null (everything is read again later) if it is not usable."""
    text = as_text(row[0]) if row else None
    return text if text is not None and usable(text, kind) else None


def higher(one: str | None, other: str | None, kind: str) -> str | None:
    """The later of two marks."""
    if one is None or other is None:
        return one if other is None else other
    return max(one, other, key=lambda text: value(text, kind))


def as_text(given: Any) -> str | None:
    """A value as the manifest keeps it."""
    if given is None:
        return None
    if isinstance(given, dt.datetime):
        return given.isoformat(sep=" ")
    if isinstance(given, bytes):
        return given.decode()
    return str(given)


def value(text: str, kind: str) -> Any:
    """A mark as a Python value of its type."""
    if kind == "integer":
        return int(text)
    if kind == "decimal":
        return Decimal(text)
    if kind == "date":
        return dt.date.fromisoformat(text)
    return dt.datetime.fromisoformat(text) if kind == "timestamp" else text


def below(high: str, kind: str, overlap: float) -> str:
    """The mark ``overlap`` below ``high``: seconds for times (also times written as text), units for
    numbers."""
    if not overlap:
        return high
    if kind == "integer":
        return str(int(high) - int(overlap))
    if kind == "decimal":
        return str(Decimal(high) - Decimal(str(overlap)))
    if kind == "date":
        return (dt.date.fromisoformat(high) - dt.timedelta(seconds=overlap)).isoformat()
    if kind == "timestamp":
        return str(as_text(dt.datetime.fromisoformat(high) - dt.timedelta(seconds=overlap)))
    return _text_below(high, overlap)


def _text_below(high: str, overlap: float) -> str:
    """A time written as text, ``overlap`` seconds earlier in the same spelling."""
    for pattern, form in ((ISO, "%Y-%m-%d"), (SLASHED, "%Y/%m/%d"), (COMPACT, "%Y%m%d")):
        if pattern.fullmatch(high):
            digits = re.sub(r"\D", "", high)[:14].ljust(14, "0")
            earlier = dt.datetime.strptime(digits, "%Y%m%d%H%M%S") - dt.timedelta(seconds=overlap)
            if pattern is COMPACT:
                return earlier.strftime("%Y%m%d%H%M%S")[: len(high)]
            time = earlier.strftime("%H:%M:%S")
            return (earlier.strftime(form) + high[10:11] + time)[: len(high)]
    if DIGITS.fullmatch(high):
        return str(max(0, int(high) - int(overlap))).zfill(len(high))
    return high
