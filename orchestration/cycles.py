"""更新周期: what a resource's update cycle means for schedules and freshness, decided once.

The words are the compilation guide's (发改高技〔2017〕1272号, 更新周期).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True)
class Cycle:
    """``name`` in Dagster; ``cron`` when it is collected (none: on demand); ``tolerance`` before it counts as
    late (zero: never)."""

    name: str
    cron: str | None
    tolerance: timedelta


CYCLES = {
    "实时": Cycle("real_time", "*/5 * * * *", timedelta(minutes=30)),
    "每小时": Cycle("hourly", "5 * * * *", timedelta(hours=3)),
    "每日": Cycle("daily", "0 1 * * *", timedelta(days=2)),
    "每周": Cycle("weekly", "0 1 * * 1", timedelta(days=9)),
    "每旬": Cycle("ten_days", "0 1 1,11,21 * *", timedelta(days=13)),
    "每月": Cycle("monthly", "0 1 1 * *", timedelta(days=36)),
    "每季度": Cycle("quarterly", "0 1 1 1,4,7,10 *", timedelta(days=100)),
    "每半年": Cycle("half_yearly", "0 1 1 1,7 *", timedelta(days=200)),
    "每年": Cycle("yearly", "0 1 1 1 *", timedelta(days=400)),
    "不定期": Cycle("irregular", None, timedelta(0)),
}
