"""What happens to people.

Marriages and divorces, deaths, moves, schooling. Whole columns, nothing by person.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from demo_city.households import CHILD1, CHILD3, NOBODY, ONE_PARENT, SINGLE_OLD, TODAY, Roster
from demo_city.text import LAST_DAY

NEVER = np.datetime64("NaT", "D")
DAY = np.timedelta64(1, "D")
SINGLE, MARRIED, WIDOWED, DIVORCED = 10, 20, 30, 40
REGISTER_SINCE = np.datetime64("2016-01-01")  # older marriages were never entered into the electronic register
DEATHS_SINCE = np.datetime64("2019-01-01")
# GB/T 4658-2006 top codes and their shares by age; 0 is none yet.
LEVELS = np.array([10, 20, 30, 40, 60, 70, 80, 90])
LEVEL_SHARES = {
    (19, 30): [0.013, 0.13, 0.18, 0.13, 0.19, 0.33, 0.022, 0.003],
    (30, 45): [0.010, 0.08, 0.10, 0.11, 0.14, 0.50, 0.05, 0.008],
    (45, 60): [0.004, 0.04, 0.06, 0.06, 0.14, 0.52, 0.15, 0.026],
    (60, 200): [0.001, 0.01, 0.03, 0.03, 0.11, 0.34, 0.35, 0.129],
}


@dataclass(frozen=True)
class Marriages:
    """One entry a marriage: positions of husband and wife, when it began, when it was divorced (NaT: not)."""

    husband: np.ndarray
    wife: np.ndarray
    date: np.ndarray
    divorced: np.ndarray

    def __len__(self) -> int:
        return len(self.husband)


def years(count: np.ndarray | float) -> np.ndarray:
    return (np.asarray(count) * 365.2425).astype(np.int64).astype("m8[D]")


def years_later(days: np.ndarray, count: np.ndarray) -> np.ndarray:
    """The same day of another year; 29 February becomes 1 March."""
    months = days.astype("M8[M]")
    return (months + 12 * count.astype("m8[M]")).astype("M8[D]") + (days - months.astype("M8[D]"))


def full_years(births: np.ndarray, days: np.ndarray) -> np.ndarray:
    """Age on a day, by the calendar."""
    guess = days.astype("M8[Y]").astype(np.int64) - births.astype("M8[Y]").astype(np.int64)
    return guess - (years_later(births, guess) > days)


def deaths(rng: np.random.Generator, roster: Roster) -> np.ndarray:
    """Dates of death since 2019, by age; NaT for the living. About 0.7 % of the city a year."""
    age = (TODAY - roster.birth).astype(int) / 365.2425
    chance = np.interp(age, [0, 40, 55, 65, 75, 85, 95], [0.001, 0.006, 0.02, 0.07, 0.2, 0.45, 0.7])
    since = np.maximum(DEATHS_SINCE, roster.birth + DAY)
    span = np.maximum((TODAY - since).astype(int), 1)
    when = since + (rng.random(len(roster)) * span).astype("m8[D]")
    # The parents of young children stay alive: orphans are not modelled.
    return np.where((rng.random(len(roster)) < chance) & (age > 0.5), when, NEVER)


def marriages(rng: np.random.Generator, roster: Roster, death: np.ndarray) -> Marriages:
    """Couples of the households, and former couples among those who live alone."""
    husband = np.flatnonzero((roster.spouse != NOBODY) & (roster.sex == 1))
    wife = roster.spouse[husband]
    legal = np.maximum(roster.birth[husband] + years(22), roster.birth[wife] + years(20))
    wished = roster.birth[husband] + years(rng.normal(25.5, 2.5, len(husband)).clip(22, 40))
    first_child = _first_child(roster, husband)
    before_child = first_child - rng.integers(240, 900, len(husband)).astype("m8[D]")
    date = np.where(np.isnat(first_child), wished, before_child)
    last = np.minimum(TODAY, np.where(np.isnat(death[husband]), TODAY, death[husband]))
    last = np.minimum(last, np.where(np.isnat(death[wife]), TODAY, death[wife])) - DAY
    date = np.minimum(np.maximum(date, legal + rng.integers(1, 200, len(husband)).astype("m8[D]")), last)
    former = _former_couples(rng, roster, death)
    return Marriages(
        np.r_[husband, former.husband],
        np.r_[wife, former.wife],
        _office_days(np.r_[date, former.date]),
        np.r_[np.full(len(husband), NEVER), _office_days(former.divorced)],
    )


def _first_child(roster: Roster, husband: np.ndarray) -> np.ndarray:
    result = np.full(len(roster), NEVER)
    first = np.flatnonzero((roster.slot == CHILD1) & (roster.father != NOBODY))
    result[roster.father[first]] = roster.birth[first]
    return result[husband]


def _former_couples(rng: np.random.Generator, roster: Roster, death: np.ndarray) -> Marriages:
    """Divorced people: lone men and women of like age are taken as former couples."""
    age = (TODAY - roster.birth).astype(int) / 365.2425
    alone = (roster.spouse == NOBODY) & (roster.slot == 0) & (age > 26) & (age < 60) & np.isnat(death)
    chance = np.where(roster.household_type == ONE_PARENT, 0.75, 0.18)
    chosen = alone & (rng.random(len(roster)) < chance)
    men, women = (np.flatnonzero(chosen & (roster.sex == s)) for s in (1, 2))
    pairs = min(len(men), len(women))
    men, women = (g[np.argsort(roster.birth[g], kind="stable")][:pairs] for g in (men, women))
    legal = np.maximum(roster.birth[men] + years(22), roster.birth[women] + years(20))
    married = legal + rng.integers(1, 1500, pairs).astype("m8[D]")
    since = np.maximum(married + 60 * DAY, REGISTER_SINCE)
    span = np.maximum((TODAY - since).astype(int) - 2, 1)
    divorced = since + (rng.random(pairs) * span).astype("m8[D]")
    usable = (divorced < TODAY) & (divorced > married)
    return Marriages(men[usable], women[usable], married[usable], divorced[usable])


def _office_days(dates: np.ndarray) -> np.ndarray:
    """Move Saturdays and Sundays to the Friday before: offices are shut."""
    weekday = (dates.astype("M8[D]").astype(np.int64) + 3) % 7
    back = np.where(np.isnat(dates), 0, np.maximum(weekday - 4, 0))
    return dates - back.astype("m8[D]")


def marital_status(
    rng: np.random.Generator, roster: Roster, death: np.ndarray, marriages: Marriages
) -> tuple[np.ndarray, np.ndarray]:
    """Status today (GB/T 2261.2, without the order of the marriage) and the living or late partner's
    position.

    Whoever outlived the partner is widowed; who died first stays married.
    """
    status = np.full(len(roster), SINGLE)
    partner = np.full(len(roster), NOBODY)
    lasting = np.isnat(marriages.divorced)
    for one, other in ((marriages.husband, marriages.wife), (marriages.wife, marriages.husband)):
        me, mate = one[lasting], other[lasting]
        my_end = np.where(np.isnat(death[me]), np.datetime64(LAST_DAY, "D"), death[me])
        widowed = ~np.isnat(death[mate]) & (death[mate] < my_end)
        status[me] = np.where(widowed, WIDOWED, MARRIED)
        partner[me] = np.where(widowed, NOBODY, mate)
        status[one[~lasting]] = DIVORCED
    alone_old = (roster.household_type == SINGLE_OLD) & (status == SINGLE)
    old_parent = (roster.slot > CHILD3) & (status == SINGLE)
    status[(alone_old | old_parent) & (rng.random(len(roster)) < 0.92)] = WIDOWED
    status[(roster.household_type == ONE_PARENT) & (roster.slot == 0) & (status == SINGLE)] = WIDOWED
    return status, partner


def moves(rng: np.random.Generator, roster: Roster, death: np.ndarray) -> np.ndarray:
    """Dates of moving away since 2018; NaT for those who stayed. Young people mostly."""
    age = (TODAY - roster.birth).astype(int) / 365.2425
    chance = np.interp(age, [0, 18, 25, 40, 60], [0.004, 0.02, 0.04, 0.012, 0.003])
    since = np.maximum(np.datetime64("2018-01-01"), roster.birth + 30 * DAY)
    span = np.maximum((TODAY - since).astype(int), 1)
    when = since + (rng.random(len(roster)) * span).astype("m8[D]")
    return np.where((rng.random(len(roster)) < chance) & np.isnat(death) & (age > 1), when, NEVER)


def education(rng: np.random.Generator, roster: Roster) -> np.ndarray:
    """Highest level (GB/T 4658-2006 top codes, 0 none): by age, for pupils the school they are in."""
    age = (TODAY - roster.birth).astype(int) / 365.2425
    level = np.zeros(len(roster), np.int64)
    for (low, high), shares in LEVEL_SHARES.items():
        here = (age >= low) & (age < high)
        level[here] = rng.choice(LEVELS, here.sum(), p=np.array(shares) / sum(shares))
    level[(age >= 7) & (age < 13)] = 80
    level[(age >= 13) & (age < 16)] = 70
    high_school = (age >= 16) & (age < 19)
    level[high_school] = rng.choice([60, 40, 70], high_school.sum(), p=[0.52, 0.36, 0.12])
    return level
