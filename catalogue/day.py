"""The day of a build: what is valid, is so on it."""

from __future__ import annotations

import os
from datetime import date, datetime
from zoneinfo import ZoneInfo

from catalogue.errors import GovshareError
from catalogue.vocabulary import CHINA

DAY = "GOVSHARE_DAY"


def day_of_build() -> date:
    """Today in China, or the day that ``GOVSHARE_DAY`` names, to make a former day's tables again."""
    told = os.environ.get(DAY)
    try:
        return date.fromisoformat(told) if told else datetime.now(ZoneInfo(CHINA)).date()
    except ValueError:
        remedy = "write it as 2026-11-25, or unset it for today"
        raise GovshareError(f"{DAY} is {told!r}, which is no date", remedy=remedy) from None
