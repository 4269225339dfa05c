"""When a resource that is read by a watermark is read as a whole again, to find what the watermark missed."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from typing import Any

from connectors.manifest import Manifest

COMPARE = "7 days"
NEVER = ("never", "false", "no", "none")
PERIODS = {"hourly": 1, "daily": 24, "weekly": 24 * 7, "monthly": 24 * 30}  # hours
UNITS = {"hour": 1, "day": 24, "week": 24 * 7}


def period_of(declared: Any) -> dt.timedelta | None:
    """``compare`` as a time; the longest one for never, null where it says nothing.

    >>> period_of("2 weeks"), period_of(3)
    (datetime.timedelta(days=14), datetime.timedelta(days=3))
    """
    text = str(declared).strip().lower()
    if text in NEVER:
        return dt.timedelta.max
    if text in PERIODS:
        return dt.timedelta(hours=PERIODS[text])
    match = re.fullmatch(r"(\d{1,5})\s*(hour|day|week)?s?", text)
    return dt.timedelta(hours=int(match[1]) * UNITS[match[2] or "day"]) if match else None


def is_due(past: Sequence[Manifest], period: dt.timedelta) -> bool:
    """Whether the last time that everything was read is longer ago than the period, or never was."""
    for manifest in reversed(past):
        whole = manifest.watermark is not None and manifest.watermark.low is None and manifest.mode == "delta"
        if whole or manifest.mode in ("compare", "full") or (manifest.load and manifest.load["complete"]):
            return dt.datetime.now(dt.UTC) - dt.datetime.fromisoformat(manifest.started) >= period
    return True
