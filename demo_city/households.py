"""Households: who lives with whom, how old they are, and who is whose parent or spouse.

Shapes follow the census of 2020 for Xinxiang (standards: 7th census bulletin): 3.1 persons a household, 23 %
under 15, 18 % of 60 and more. Only the skeleton is made here; what people do in life is in ``life``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

TODAY = np.datetime64("2026-11-01")
HEAD, SPOUSE, CHILD1, CHILD2, CHILD3, FATHER, MOTHER = range(7)
SLOTS = 7
NOBODY = -1

# Household types: single young, single old, young couple, old couple, couple with children, three
# generations, one parent with children. Shares of households.
TYPES = np.array([0.055, 0.09, 0.05, 0.19, 0.385, 0.19, 0.055])
SINGLE_YOUNG, SINGLE_OLD, COUPLE_YOUNG, COUPLE_OLD, FAMILY, THREE_GENERATIONS, ONE_PARENT = range(7)
# Age of the head (mean, spread, least, most) by type.
HEAD_AGE = np.array(
    [
        [30, 7, 19, 50],
        [72, 8, 60, 95],
        [29, 4, 23, 38],
        [68, 8, 52, 92],
        [39, 8.5, 24, 58],
        [38, 7.5, 25, 56],
        [40, 8, 24, 58],
    ],
    float,
)


@dataclass(frozen=True)
class Roster:
    """One entry a person, persons of a household side by side.

    Indices point into the roster, -1 is nobody.
    """

    household: np.ndarray
    slot: np.ndarray
    sex: np.ndarray
    birth: np.ndarray
    spouse: np.ndarray
    mother: np.ndarray
    father: np.ndarray
    household_type: np.ndarray

    def __len__(self) -> int:
        return len(self.household)


def make_roster(rng: np.random.Generator, people: int) -> Roster:
    """``people`` persons in households; the last household may be cut short."""
    count = int(people / 2.9) + 20
    kind = rng.choice(len(TYPES), count, p=TYPES / TYPES.sum())
    head_age = _head_age(rng, kind)
    present = _present(rng, kind, head_age)
    head_sex = np.where(rng.random(count) < 0.5, 1, 2)
    # Couples are headed by the husband three times out of four; the sex of the other follows.
    couple = present[:, SPOUSE]
    head_sex[couple] = np.where(rng.random(couple.sum()) < 0.75, 1, 2)
    age = _ages(rng, head_age, head_sex, present)
    sex = _sexes(rng, head_sex, count)
    place = np.full((count, SLOTS), NOBODY)
    flat = np.flatnonzero(present.ravel())[:people]
    place.ravel()[flat] = np.arange(len(flat))
    household, slot = flat // SLOTS, flat % SLOTS
    days = (age * 365.2425).ravel()[flat].astype(np.int64)
    return Roster(
        household=household,
        slot=slot,
        sex=sex.ravel()[flat],
        birth=TODAY - np.maximum(days, 1).astype("m8[D]"),
        household_type=kind[household],
        **_relations(place, household, slot, head_sex),
    )


def _head_age(rng: np.random.Generator, kind: np.ndarray) -> np.ndarray:
    mean, spread, least, most = HEAD_AGE[kind].T
    age = rng.normal(mean, spread)
    outside = (age < least) | (age > most)
    age[outside] = rng.uniform(least[outside], most[outside])
    return age


def _present(rng: np.random.Generator, kind: np.ndarray, head_age: np.ndarray) -> np.ndarray:
    """Which slots of a household are taken, (households, SLOTS)."""
    count = len(kind)
    present = np.zeros((count, SLOTS), bool)
    present[:, HEAD] = True
    with_children = np.isin(kind, (FAMILY, THREE_GENERATIONS, ONE_PARENT))
    present[:, SPOUSE] = np.isin(kind, (COUPLE_YOUNG, COUPLE_OLD, FAMILY, THREE_GENERATIONS))
    draw = rng.random(count)
    children = 1 + (draw < 0.62) + (draw < 0.13)
    children[head_age < 29] = 1
    for number, slot in enumerate((CHILD1, CHILD2, CHILD3), 1):
        present[:, slot] = with_children & (children >= number)
    grandparents = kind == THREE_GENERATIONS
    which = rng.random(count)
    present[:, FATHER] = grandparents & (which < 0.75)
    present[:, MOTHER] = grandparents & (which > 0.25)
    return present


def _ages(rng: np.random.Generator, head_age: np.ndarray, head_sex: np.ndarray, present: np.ndarray) -> np.ndarray:
    count = len(head_age)
    age = np.zeros((count, SLOTS))
    age[:, HEAD] = head_age
    difference = rng.normal(1.8, 2.2, count).clip(-4, 9)
    age[:, SPOUSE] = head_age + np.where(head_sex == 1, -difference, difference)
    # Not clipped: all at the limit would be born on one day, for which there are too few numbers.
    _spread(rng, age[:, SPOUSE], 21, 22)
    parent = np.where(head_sex == 2, age[:, HEAD], np.where(present[:, SPOUSE], age[:, SPOUSE], head_age - 1.5))
    first = rng.normal(25, 3, count).clip(20.6, 38)
    age[:, CHILD1] = np.maximum(parent - first, rng.uniform(0.02, 1.5, count))
    gap = rng.normal(4, 2, count).clip(1.2, 10)
    # A second child that would not be born yet is a twin of the first (as are two of a hundred).
    twin = rng.random(count) < 0.02
    second = age[:, CHILD1] - gap
    age[:, CHILD2] = np.where(twin | (second < 0.02), age[:, CHILD1], second)
    third = age[:, CHILD2] - rng.normal(3.5, 1.5, count).clip(1.2, 8)
    age[:, CHILD3] = np.where(third < 0.02, age[:, CHILD2], third)
    mother = np.where(head_sex == 1, age[:, HEAD], age[:, SPOUSE]) + rng.normal(24, 2.5, count).clip(19.5, 36)
    age[:, MOTHER] = mother
    age[:, FATHER] = mother + rng.normal(1.8, 2, count).clip(-3, 8)
    for parent_of_head in (MOTHER, FATHER):
        _spread(rng, age[:, parent_of_head], None, 99)
    return age


def _spread(rng: np.random.Generator, ages: np.ndarray, least: float | None, most: float) -> None:
    """Ages under ``least`` or, without it, over ``most`` come to lie within a year of the limit."""
    outside = ages < least if least is not None else ages > most
    low = most - 1 if least is None else least
    ages[outside] = rng.uniform(low, most, int(outside.sum()))


def _sexes(rng: np.random.Generator, head_sex: np.ndarray, count: int) -> np.ndarray:
    sex = np.where(rng.random((count, SLOTS)) < 0.513, 1, 2)
    sex[:, HEAD], sex[:, SPOUSE] = head_sex, 3 - head_sex
    sex[:, FATHER], sex[:, MOTHER] = 1, 2
    return sex


def _relations(
    place: np.ndarray, household: np.ndarray, slot: np.ndarray, head_sex: np.ndarray
) -> dict[str, np.ndarray]:
    """Spouse, mother and father of each person inside the household.

    The old couple are the husband's parents.
    """
    mine = place[household]
    head, spouse = mine[:, HEAD], mine[:, SPOUSE]
    partner = np.full(len(household), NOBODY)
    for one, other in ((HEAD, SPOUSE), (SPOUSE, HEAD), (FATHER, MOTHER), (MOTHER, FATHER)):
        here = slot == one
        partner[here] = mine[here, other]
    child = np.isin(slot, (CHILD1, CHILD2, CHILD3))
    man_is_head = head_sex[household] == 1
    husband = np.where(man_is_head, head, spouse)
    wife = np.where(man_is_head, spouse, head)
    is_husband = np.isin(slot, (HEAD, SPOUSE)) & ((slot == HEAD) == man_is_head)
    return {
        "spouse": partner,
        "father": np.where(child, husband, np.where(is_husband, mine[:, FATHER], NOBODY)),
        "mother": np.where(child, wife, np.where(is_husband, mine[:, MOTHER], NOBODY)),
    }
