"""What every department's office has: the world as it knows it, chance by record, stamps, and what it was
not told.

No department is known here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import pyarrow as pa

from demo_city.chance import uniform
from demo_city.delivery import Delivery
from demo_city.households import TODAY
from demo_city.rates import Rates
from demo_city.standard import Standard
from demo_city.text import cat, pick, spelled, take
from demo_city.world import World

OPENS, OFFICE_SECONDS = 8 * 3600, 10 * 3600


@dataclass
class Office:
    """``day`` 1 is the first delivery, of everything; on later days only what changed is written."""

    world: World
    standard: Standard
    rates: Rates
    day: int = 1

    @property
    def today(self) -> np.datetime64:
        return TODAY + np.timedelta64(self.day - 1, "D")

    def chance(self, purpose: str, at: np.ndarray) -> np.ndarray:
        return uniform(self.world.seed, purpose, at)

    def choose(self, words: Sequence[str | None], purpose: str, at: np.ndarray) -> pa.Array:
        """One of ``words`` for each record, all as likely; those given twice twice as."""
        return pick(words, (self.chance(purpose, at) * len(words)).astype(np.int64))

    def between(self, purpose: str, at: np.ndarray, low: int, high: int) -> np.ndarray:
        """Whole numbers, ``high`` not included."""
        return low + (self.chance(purpose, at) * (high - low)).astype(np.int64)

    def day_between(
        self,
        purpose: str,
        at: np.ndarray,
        first: np.ndarray | np.datetime64,
        last: np.ndarray | np.datetime64,
    ) -> np.ndarray:
        """A day from ``first`` to ``last``; ``first`` where that is later."""
        first = np.broadcast_to(np.asarray(first, "M8[D]"), len(at))
        span = np.maximum((np.asarray(last, "M8[D]") - first).astype(np.int64), 0) + 1
        return first + (self.chance(purpose, at) * span).astype("m8[D]")

    def stamps(self, purpose: str, at: np.ndarray, days: np.ndarray) -> pa.Array:
        """Times of day in office hours. On a later day everything that is delivered was written that day."""
        if self.day > 1:
            days = np.broadcast_to(self.today, len(at))
        second = self.between(f"{purpose}:second", at, 0, OFFICE_SECONDS)
        return cat(spelled(days), take(_times_of_day(), second))

    def not_told(
        self, defect: str, delivery: Delivery, item: str, at: np.ndarray, among: np.ndarray | None = None
    ) -> np.ndarray:
        """Which rows still say what was before. What an office writes anew it writes as it is."""
        if self.day > 1:
            return np.zeros(len(at), bool)
        hit = self.chance(f"{defect}:{delivery.resource}", at) < self.rates.of_rows(defect, delivery.resource)
        if among is not None:
            hit &= among
        delivery.count(defect, item, int(hit.sum()))
        return hit

    def person(self, attribute: str, at: np.ndarray) -> pa.Array:
        """What is true of the persons at these positions, in standard form."""
        return take(self.standard.people[attribute], at)

    def entity(self, attribute: str, at: np.ndarray) -> pa.Array:
        return take(self.standard.entities[attribute], at)


@cache
def _times_of_day() -> pa.Array:
    seconds = range(OPENS, OPENS + OFFICE_SECONDS)
    return pa.array([f" {s // 3600:02}:{s // 60 % 60:02}:{s % 60:02}" for s in seconds], pa.string())
