"""The simulated world: numbers valid by python-stdnum, families that can be, and the same city again."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from stdnum.cn import ric, uscc

from demo_city.chance import uniform
from demo_city.changes import evolve
from demo_city.households import TODAY
from demo_city.identifiers import id_is_valid
from demo_city.life import DIVORCED, MARRIED, WIDOWED
from demo_city.world import World, make_world

PEOPLE = 6000


@pytest.fixture(scope="module")
def world() -> World:
    return make_world(PEOPLE, 3)


@pytest.fixture(scope="module")
def tomorrow(world: World) -> World:
    return evolve(world, 2, 0.5)[0]


def columns_of(world: World) -> list[tuple[str, object]]:
    parts = (world.people, world.entities, world.people.marriage, world.people.roster)
    return [(name, value) for part in parts for name, value in vars(part).items()]


def same(one: object, other: object) -> bool:
    if isinstance(one, pa.Array):
        return one.equals(other)
    return not isinstance(one, np.ndarray) or np.array_equal(one, other, equal_nan=one.dtype.kind in "fM")


def test_the_same_seed_makes_the_same_world(world: World) -> None:
    again = make_world(PEOPLE, 3)
    assert [
        name for (name, a), (_, b) in zip(columns_of(world), columns_of(again), strict=True) if not same(a, b)
    ] == []


def test_another_seed_makes_another_world(world: World) -> None:
    assert not world.people.id_number.equals(make_world(PEOPLE, 4).people.id_number)


@pytest.mark.parametrize("which", ["world", "tomorrow"])
def test_identity_numbers(which: str, request: pytest.FixtureRequest) -> None:
    people = request.getfixturevalue(which).people
    assert id_is_valid(people.id_number).all()
    assert pc.count_distinct(people.id_number).as_py() == len(people)
    for number, birth, sex in zip(people.id_number.to_pylist(), people.birth, people.sex, strict=True):
        assert ric.calc_check_digit(number) == number[-1]
        assert number[6:14] == str(birth).replace("-", "")
        assert int(number[16]) % 2 == sex % 2


@pytest.mark.parametrize("which", ["world", "tomorrow"])
def test_credit_codes(which: str, request: pytest.FixtureRequest) -> None:
    entities = request.getfixturevalue(which).entities
    codes = entities.credit_code.to_pylist()
    assert len(set(codes)) == len(codes)
    # python-stdnum wants eight digits first and so refuses codes of villages (N2...).
    assert [code for code in codes if code[0] != "N" and not uscc.is_valid(code)] == []
    assert [code[8:17] for code in codes] == entities.organisation_code.to_pylist()


def test_families_can_be(world: World) -> None:
    people = world.people
    children = np.flatnonzero(people.mother >= 0)
    gap = (people.birth[children] - people.birth[people.mother[children]]).astype(int) / 365.2425
    assert gap.min() > 12
    assert (people.sex[people.mother[children]] == 2).all()
    couples = np.flatnonzero((people.spouse >= 0) & (people.marital_status == MARRIED) & people.here)
    assert (people.sex[couples] != people.sex[people.spouse[couples]]).all()
    assert (people.birth < TODAY).all()
    dead = ~np.isnat(people.death)
    assert (people.death[dead] >= people.birth[dead]).all()


def test_a_day_later(world: World, tomorrow: World) -> None:
    before, after = world.people, tomorrow.people
    count = len(before)
    assert len(after) > count and len(tomorrow.entities) > len(world.entities)
    assert after.id_number.slice(0, count).equals(before.id_number), "nobody's number changes"
    assert after.origin[:count].tolist() == before.origin.tolist(), "numbers of documents are made of it"
    died = np.flatnonzero(np.isnat(before.death) & ~np.isnat(after.death[:count]))
    assert len(died)
    widowed = before.spouse[died]
    widowed = widowed[(widowed >= 0) & np.isnat(after.death[widowed])]
    assert np.isin(after.marital_status[widowed], (WIDOWED, MARRIED)).all()
    divorced = np.flatnonzero((before.marital_status == MARRIED) & (after.marital_status[:count] == DIVORCED))
    assert (after.spouse[divorced] == -1).all()
    assert (after.mother[count:] >= 0).all()
    assert before.death[died].astype(str).tolist() == ["NaT"] * len(died), "the day before is left as it was"


def test_a_day_is_the_same_again(world: World, tomorrow: World) -> None:
    again = evolve(world, 2, 0.5)[0]
    pairs = zip(columns_of(tomorrow), columns_of(again), strict=True)
    assert [name for (name, a), (_, b) in pairs if not same(a, b)] == []


def test_chance_belongs_to_the_record() -> None:
    at = np.arange(100_000)
    draws = uniform(1, "purpose", at)
    assert np.array_equal(uniform(1, "purpose", at[500:600]), draws[500:600])
    assert abs(draws.mean() - 0.5) < 0.005 and abs(np.histogram(draws, 10)[0] / 10_000 - 1).max() < 0.05
    for other in (uniform(2, "purpose", at), uniform(1, "other", at)):
        assert abs(np.corrcoef(draws, other)[0, 1]) < 0.01
