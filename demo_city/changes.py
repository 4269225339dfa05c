"""One more day in the city: births, deaths, weddings, divorces, moves, jobs, new and changing enterprises.

``evolve`` gives the world of the next day and what happened to whom. Positions of persons and entities
never change; new ones come at the end. What departments learn of it is for the registers (``hears``).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa

from demo_city.entities import Entities, new_entities
from demo_city.households import CHILD3, NOBODY, TODAY, Roster
from demo_city.identifiers import id_numbers
from demo_city.joining import joined
from demo_city.life import DIVORCED, MARRIED, SINGLE, WIDOWED, Marriages
from demo_city.names import given_names
from demo_city.people import People
from demo_city.text import cat, nulls, put, take, where
from demo_city.world import NOWHERE, World

Events = dict[str, np.ndarray]
NEVER = np.datetime64("NaT", "D")
# Events on one day as shares of all persons (or entities), for a share of changes of one.
MOVES, JOBS, DEATHS, BIRTHS, WEDDINGS, DIVORCES, GONE, NAMES = 0.1, 0.15, 0.02, 0.02, 0.02, 0.005, 0.02, 0.005
FIRMS, CLOSED, FOUNDED = 0.3, 0.05, 0.1


def evolve(world: World, day: int, share: float) -> tuple[World, Events]:
    """The world of ``day`` from that of the day before; ``share``: how much changes."""
    change = _Change(world, day, share)
    for step in (
        change.moves, change.jobs, change.deaths, change.gone, change.weddings, change.divorces, change.names,
        change.births, change.firms,
    ):  # fmt: skip
        step()
    return World(world.seed, world.places, change.people, change.entities), change.events


class _Change:
    """The new world in the making: shallow copies whose columns are replaced, never written into."""

    def __init__(self, world: World, day: int, share: float) -> None:
        self.world, self.share = world, share
        self.people, self.entities = replace(world.people), replace(world.entities)
        self.date = TODAY + np.timedelta64(day - 2, "D")
        self.rng = world.stream(f"day:{day}")
        self.events: Events = {}

    def some(self, candidates: np.ndarray, part: float, whole: int) -> np.ndarray:
        """A few of ``candidates`` in order: ``part`` of ``whole`` by the share of changes, at least one."""
        count = min(max(1, round(whole * part * self.share)), len(candidates))
        return np.sort(self.rng.choice(candidates, count, replace=False))

    def set(self, of: People | Entities, name: str, at: np.ndarray, values: object) -> None:
        column = getattr(of, name)
        if isinstance(column, pa.Array):
            setattr(of, name, put(column, at, values))
        else:
            changed = column.copy()
            changed[at] = values
            setattr(of, name, changed)

    def moves(self) -> None:
        """Whole households move within the city, and live where they are registered."""
        people, places = self.people, self.world.places
        household = people.roster.household
        movers = self.some(np.flatnonzero((people.roster.slot == 0) & people.here), MOVES / 3, len(people))
        village = places.draw(self.rng, len(movers))
        address = places.addresses(self.rng, village)
        members = np.flatnonzero(np.isin(household, household[movers]))
        of = np.searchsorted(household[movers], household[members])
        self.set(people, "village", members, village[of])
        self.set(people, "division", members, places.county[village[of]])
        for name in ("address", "residence"):
            self.set(people, name, members, take(address, of))
        self.events["move"] = members

    def jobs(self) -> None:
        people = self.people
        employed = np.flatnonzero(people.employer >= 0)
        changed = self.some(employed, JOBS, len(people))
        self.set(people, "employer", changed, self.rng.choice(people.employer[employed], len(changed)))
        self.events["job"] = changed

    def _leave(self, at: np.ndarray) -> None:
        """Who dies or goes away has no employer and no school any more."""
        people = self.people
        self.set(people, "insurance", at, np.where(people.insurance[at] > 0, 3, 0))
        self.set(people, "employer", at, NOWHERE)
        self.set(people, "school", at, NOWHERE)

    def deaths(self) -> None:
        """The old mostly. Nobody registers a widow: that follows from the death."""
        people = self.people
        old = np.flatnonzero(people.here & (people.age > 50) & (self.rng.random(len(people)) < people.age / 110))
        dead = self.some(old, DEATHS, len(people))
        self.set(people, "death", dead, self.date)
        widowed = people.spouse[dead]
        widowed = np.unique(widowed[(widowed != NOBODY) & ~np.isin(widowed, dead)])
        self.set(people, "marital_status", widowed, WIDOWED)
        self.set(people, "spouse", widowed, NOBODY)
        self._leave(dead)
        self.events["death"] = dead

    def gone(self) -> None:
        people = self.people
        single = people.here & (people.age >= 18) & (people.age < 40) & (people.spouse == NOBODY)
        leaving = self.some(np.flatnonzero(single), GONE, len(people))
        self.set(people, "moved_out", leaving, self.date)
        self._leave(leaving)
        self.events["gone"] = leaving

    def weddings(self) -> None:
        people = self.people
        free = people.here & (people.age >= 23) & (people.age < 60) & np.isin(people.marital_status, (SINGLE, DIVORCED))
        men, women = (np.flatnonzero(free & (people.sex == sex)) for sex in (1, 2))
        count = min(len(men), len(women), max(1, round(len(people) * WEDDINGS * self.share)))
        husband, wife = (
            np.array(sorted(self.rng.choice(side, count, replace=False), key=lambda n: people.birth[n]), np.int64)
            for side in (men, women)
        )
        for one, other in ((husband, wife), (wife, husband)):
            self.set(people, "marital_status", one, MARRIED)
            self.set(people, "spouse", one, other)
        old = people.marriage
        people.marriage = Marriages(
            np.r_[old.husband, husband],
            np.r_[old.wife, wife],
            np.r_[old.date, np.full(count, self.date)],
            np.r_[old.divorced, np.full(count, NEVER)],
        )
        self.events["wedding"] = np.sort(np.r_[husband, wife])

    def divorces(self) -> None:
        people, marriage = self.people, self.people.marriage
        lasting = np.isnat(marriage.divorced) & (people.spouse[marriage.husband] == marriage.wife)
        lasting &= people.here[marriage.husband] & people.here[marriage.wife] & (marriage.date < TODAY)
        ended = self.some(np.flatnonzero(lasting), DIVORCES, len(people))
        divorced = marriage.divorced.copy()
        divorced[ended] = self.date
        people.marriage = replace(marriage, divorced=divorced)
        both = np.sort(np.r_[marriage.husband[ended], marriage.wife[ended]])
        self.set(people, "marital_status", both, DIVORCED)
        self.set(people, "spouse", both, NOBODY)
        self.events["divorce"] = both

    def names(self) -> None:
        """A few take another given name."""
        people = self.people
        plain = people.here & (people.ethnic_group == 1)
        changed = self.some(np.flatnonzero(plain), NAMES, len(people))
        before = take(people.name, changed)
        surname = pa.compute.utf8_slice_codeunits(before, 0, 1)
        after = cat(surname, given_names(self.rng, people.sex[changed]))
        really = np.asarray(pa.compute.not_equal(before, after))
        changed = changed[really]
        self.set(people, "former_name", changed, before.filter(pa.array(really)))
        self.set(people, "name", changed, after.filter(pa.array(really)))
        self.events["name"] = changed

    def births(self) -> None:
        """Children of married couples, at the end of all columns; registered later, as most are."""
        people = self.people
        married = (people.sex == 2) & people.here & (people.spouse != NOBODY) & (people.age >= 21) & (people.age < 42)
        mother = self.some(np.flatnonzero(married), BIRTHS, len(people))
        father = people.spouse[mother]
        mother = mother[people.here[father]]
        self.people = _with_children(self.rng, people, mother, people.spouse[mother], self.date)

    def firms(self) -> None:
        """Enterprises founded, closed, and under another representative, at another address."""
        old, people = self.entities, self.people
        market = old.of_kind("91", "92", "93")
        running = market[old.status[market] == 1]
        changed = self.some(running, FIRMS, len(old))
        closed = self.some(np.setdiff1d(running, changed), CLOSED, len(old))
        self.set(old, "representative", changed, self.rng.choice(old.representative, len(changed)))
        self.set(old, "address", changed, self.world.places.addresses(self.rng, old.village[changed]))
        self.set(old, "status", closed, 4)
        count = max(1, round(len(old) * FOUNDED * self.share))
        new = new_entities(self.rng, count, self.date, people, self.world.places, len(old))
        self.entities = joined(old, new)
        self.events |= {"firm": changed, "closed": closed}


def _with_children(
    rng: np.random.Generator, people: People, mother: np.ndarray, father: np.ndarray, date: np.datetime64
) -> People:
    count = len(mother)
    sex = np.where(rng.random(count) < 0.513, 1, 2)
    birth = np.full(count, date)
    surname = pa.compute.utf8_slice_codeunits(take(people.name, father), 0, 1)
    usual = cat(surname, given_names(rng, sex))
    area = people.division[mother]
    nobody, none = np.full(count, NOBODY), nulls(count)
    roster = Roster(
        household=people.roster.household[mother],
        slot=np.full(count, CHILD3),
        sex=sex,
        birth=birth,
        spouse=nobody,
        mother=mother,
        father=father,
        household_type=people.roster.household_type[mother],
    )
    dotted = pa.compute.match_substring(take(people.name, father), "·")
    children = People(
        roster=roster,
        id_number=id_numbers(area, birth, sex),
        name=where(np.asarray(dotted), take(people.name, father), usual),
        former_name=none,
        sex=sex,
        ethnic_group=people.ethnic_group[father],
        birth=birth,
        birth_division=area,
        household_number=take(people.household_number, mother),
        relation=np.where(np.minimum(people.relation[mother], people.relation[father]) == 0, 1 + sex, 6),
        village=people.village[mother],
        division=area,
        origin=people.origin[mother],
        address=take(people.address, mother),
        residence=take(people.residence, mother),
        phone=none,
        education=np.zeros(count, np.int64),
        death=np.full(count, NEVER),
        moved_out=np.full(count, NEVER),
        marriage=people.marriage,
        marital_status=np.full(count, SINGLE),
        spouse=nobody,
        mother=mother,
        father=father,
        employer=np.full(count, NOWHERE),
        insurance=np.zeros(count, np.int64),
        school=np.full(count, NOWHERE),
        registered=rng.random(count) < 0.3,
    )
    return joined(people, children)
