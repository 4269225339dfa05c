"""The whole city in one object: places, people, legal entities, and who works or learns where."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np
import pyarrow.compute as pc

from demo_city.agencies import agencies
from demo_city.entities import Entities, make_entities
from demo_city.geography import Geography
from demo_city.households import TODAY
from demo_city.joining import joined
from demo_city.people import People, make_people

NOWHERE = -1


@dataclass
class World:
    """Everything that is true. ``seed`` gives every resource a random stream of its own."""

    seed: int
    places: Geography
    people: People
    entities: Entities

    def stream(self, name: str) -> np.random.Generator:
        """The random numbers of one purpose: the same for a seed whatever else is made, in whatever order."""
        return np.random.default_rng([self.seed, zlib.crc32(name.encode())])


def make_world(people: int, seed: int) -> World:
    places = Geography.load()
    persons = make_people(_stream(seed, "people"), people, places)
    entities = make_entities(_stream(seed, "entities"), persons, places)
    entities = joined(entities, agencies(_stream(seed, "agencies"), persons, places, len(entities)))
    rng = _stream(seed, "work")
    persons.employer = _employers(rng, persons, entities)
    persons.school = _schools(rng, persons, entities)
    persons.insurance = _insurance(rng, persons)
    persons.registered = _registered(rng, persons)
    return World(seed, places, persons, entities)


def _stream(seed: int, name: str) -> np.random.Generator:
    return np.random.default_rng([seed, zlib.crc32(name.encode())])


def _employers(rng: np.random.Generator, people: People, entities: Entities) -> np.ndarray:
    """Positions of employers, -1 for none: three in ten of working age, larger employers more often."""
    works = (people.age >= 19) & (people.age < 60) & people.here & (rng.random(len(people)) < 0.33)
    ends = np.cumsum(entities.weight)
    employer = np.searchsorted(ends, rng.random(len(people)) * ends[-1], side="right").clip(max=len(entities) - 1)
    return np.where(works, employer, NOWHERE)


def _insurance(rng: np.random.Generator, people: People) -> np.ndarray:
    """State of the insurance.

    1 paid, 2 paused, 3 ended, 0 never insured. Employees, the self-insured, the retired.
    """
    draw, state = rng.random(len(people)), rng.random(len(people))
    grown = people.age >= 19
    alone = grown & (people.age < 60) & people.here & (draw < 0.22)
    ended = np.where(people.here, (people.age >= 60) & (draw < 0.3), (people.age >= 22) & (draw < 0.25))
    insurance = np.where(ended, 3, np.where(alone, np.where(state < 0.7, 1, 2), 0))
    return np.where(people.employer >= 0, np.where(state < 0.95, 1, 2), insurance)


def _registered(rng: np.random.Generator, people: People) -> np.ndarray:
    """Whose household is registered here.

    Not most who came from elsewhere, nor most children of a few weeks.
    """
    draw = rng.random(len(people))
    came = people.birth_division // 100 != 4107
    newborn = people.birth > TODAY - np.timedelta64(45, "D")
    return ~(came & (draw < 0.6)) & ~(newborn & (draw < 0.7))


def _schools(rng: np.random.Generator, people: People, entities: Entities) -> np.ndarray:
    """Positions of a pupil's school among ``schools``, -1 for none.

    One of the own county where there is one.
    """
    pupil = (people.age >= 6) & (people.age < 19) & people.here & (rng.random(len(people)) < 0.96)
    at = schools(entities)
    order = at[np.argsort(entities.division[at], kind="stable")]
    county = entities.division[order]
    first = np.searchsorted(county, people.division, side="left")
    last = np.searchsorted(county, people.division, side="right")
    none = first == last
    first, last = np.where(none, 0, first), np.where(none, len(order), last)
    chosen = order[(first + rng.random(len(people)) * (last - first)).astype(int).clip(max=len(order) - 1)]
    return np.where(pupil, chosen, NOWHERE)


def schools(entities: Entities) -> np.ndarray:
    """Positions of the institutions that teach; all institutions where a small city has no school."""
    teaching = np.asarray(pc.match_substring_regex(entities.name, "小学|中学|职业教育"))
    found = np.flatnonzero(teaching)
    return found if len(found) else entities.of_kind("12")
