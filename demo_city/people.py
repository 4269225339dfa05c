"""The persons of the city: names, numbers, homes, and what life did to them, as columns of equal length.

Everything here is true; what departments know of it, and how wrongly, is in ``departments`` and ``dirt``.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from demo_city import life
from demo_city.geography import Geography, county_name, registration_area
from demo_city.households import NOBODY, TODAY, Roster, make_roster
from demo_city.identifiers import id_numbers
from demo_city.names import draw_surnames, person_names
from demo_city.text import cat, nulls, number_text, padded, pick, put, take, where

# GB/T 3304 codes and shares in a Henan city.
ETHNIC = np.array([1, 3, 11, 2, 15, 6, 8, 7, 10, 5])
ETHNIC_SHARES = np.array([0.982, 0.0125, 0.0016, 0.0009, 0.0008, 0.0006, 0.0006, 0.0005, 0.0003, 0.0002])
# GB/T 4761-2008 (family relations) has many more; these are the words of the household register.
RELATION_WORDS = ["户主", "配偶", "子", "女", "父亲", "母亲", "其他"]


@dataclass
class People:
    """One entry a person. Dates are datetime64[D] with NaT for never; positions of persons use -1 for
    nobody.
    """

    roster: Roster
    id_number: pa.Array
    name: pa.Array
    former_name: pa.Array
    sex: np.ndarray
    ethnic_group: np.ndarray
    birth: np.ndarray
    birth_division: np.ndarray
    household_number: pa.Array
    relation: np.ndarray
    village: np.ndarray
    division: np.ndarray
    origin: np.ndarray  # the county of the first day: what numbers of documents are made of
    address: pa.Array
    residence: pa.Array
    phone: pa.Array
    education: np.ndarray
    death: np.ndarray
    moved_out: np.ndarray
    marriage: life.Marriages
    marital_status: np.ndarray
    spouse: np.ndarray
    mother: np.ndarray
    father: np.ndarray
    employer: np.ndarray = field(default_factory=lambda: np.array([], np.int64))
    insurance: np.ndarray = field(default_factory=lambda: np.array([], np.int64))
    school: np.ndarray = field(default_factory=lambda: np.array([], np.int64))
    registered: np.ndarray = field(default_factory=lambda: np.array([], bool))

    def __len__(self) -> int:
        return len(self.sex)

    @property
    def age(self) -> np.ndarray:
        """Years completed today, as if all were alive."""
        return ((TODAY - self.birth).astype(int) / 365.2425).astype(int)

    @property
    def here(self) -> np.ndarray:
        """Alive and not moved away."""
        return np.isnat(self.death) & np.isnat(self.moved_out)


def make_people(rng: np.random.Generator, count: int, places: Geography) -> People:
    roster = make_roster(rng, count)
    households = int(roster.household.max()) + 1
    village_of_household = places.draw(rng, households)
    village = village_of_household[roster.household]
    county = places.county[village]
    area = registration_area(rng, county, roster.birth)
    ethnic = _ethnic_groups(rng, roster, households)
    surname = _surnames(rng, roster, households)
    death = life.deaths(rng, roster)
    marriages = life.marriages(rng, roster, death)
    marital_status, spouse = life.marital_status(rng, roster, death, marriages)
    home = places.addresses(rng, village_of_household)
    address = take(home, roster.household)
    away = rng.random(households) < 0.13
    lives_at = where(away, places.addresses(rng, places.draw(rng, households)), home)
    name = person_names(rng, surname, roster.sex, ethnic)
    return People(
        roster=roster,
        id_number=id_numbers(area, roster.birth, roster.sex),
        name=name,
        former_name=_former_names(rng, roster, surname, ethnic, name),
        sex=roster.sex,
        ethnic_group=ethnic,
        birth=roster.birth,
        birth_division=np.where(area // 100 == 4107, county, area),
        household_number=take(
            cat(number_text(places.county[village_of_household]), padded(np.arange(1, households + 1), 8)),
            roster.household,
        ),
        relation=_relation_words(roster),
        village=village,
        division=county,
        origin=county,
        address=address,
        residence=take(lives_at, roster.household),
        phone=_phones(rng, roster),
        education=life.education(rng, roster),
        death=death,
        moved_out=life.moves(rng, roster, death),
        marriage=marriages,
        marital_status=marital_status,
        spouse=spouse,
        mother=roster.mother,
        father=roster.father,
    )


def _ethnic_groups(rng: np.random.Generator, roster: Roster, households: int) -> np.ndarray:
    """By household, except that a tenth of the spouses are of another group."""
    of_household = rng.choice(ETHNIC, households, p=ETHNIC_SHARES / ETHNIC_SHARES.sum())
    ethnic = of_household[roster.household]
    other = (roster.slot == 1) & (ethnic != 1) & (rng.random(len(roster)) < 0.5)
    ethnic[other] = 1
    return ethnic


def _surnames(rng: np.random.Generator, roster: Roster, households: int) -> np.ndarray:
    """Children and the old couple's husband carry the family's; spouses and mothers bring their own."""
    family = draw_surnames(rng, households)[roster.household]
    own = draw_surnames(rng, len(roster))
    is_husband = (roster.slot <= 1) & (roster.sex == 1)
    married_in = (roster.slot <= 1) & (roster.sex == 2) & (roster.spouse != NOBODY)
    of_mother = (roster.slot >= 2) & (roster.slot <= 4) & (rng.random(len(roster)) < 0.03)
    return np.where((married_in & ~is_husband) | (roster.slot == 6) | of_mother, own, family)


def _former_names(
    rng: np.random.Generator, roster: Roster, surname: np.ndarray, ethnic: np.ndarray, name: pa.Array
) -> pa.Array:
    changed = np.flatnonzero(rng.random(len(roster)) < 0.02)
    if not len(changed):
        return nulls(len(roster))
    former = person_names(rng, surname[changed], roster.sex[changed], ethnic[changed])
    same = np.array([a == b for a, b in zip(former.to_pylist(), take(name, changed).to_pylist(), strict=True)])
    return put(nulls(len(roster)), changed[~same], take(former, np.flatnonzero(~same)))


def _relation_words(roster: Roster) -> np.ndarray:
    """Positions in ``RELATION_WORDS``, seen from the head. The head's parents-in-law are 其他."""
    relation = np.full(len(roster), 6)
    relation[roster.slot == 0] = 0
    relation[roster.slot == 1] = 1
    child = (roster.slot >= 2) & (roster.slot <= 4)
    relation[child] = np.where(roster.sex[child] == 1, 2, 3)
    head_first = np.flatnonzero(roster.slot == 0)
    head_of = head_first[np.searchsorted(roster.household[head_first], roster.household)]
    own_parents = (roster.slot >= 5) & (roster.sex[head_of] == 1)
    relation[own_parents] = roster.slot[own_parents] - 1
    return relation


def _phones(rng: np.random.Generator, roster: Roster) -> pa.Array:
    """Mobile numbers of those over 12, most of them."""
    count = len(roster)
    prefixes = [
        "130",
        "131",
        "132",
        "135",
        "136",
        "137",
        "138",
        "139",
        "150",
        "151",
        "152",
        "155",
        "156",
        "157",
        "158",
        "159",
        "166",
        "173",
        "177",
        "180",
        "182",
        "185",
        "186",
        "187",
        "188",
        "189",
        "198",
        "199",
    ]
    numbers = cat(pick(prefixes, rng.integers(0, len(prefixes), count)), padded(rng.integers(0, 10**8, count), 8))
    has = (TODAY - roster.birth).astype(int) > 12 * 365
    return where(has & (rng.random(count) < 0.93), numbers, None)


def own_county(people: People) -> pa.Array:
    return county_name(people.division)
