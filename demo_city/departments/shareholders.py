"""市场监督管理局: who holds the enterprises (股东及出资信息).

A table beside the enterprise registration. A number or a name in it is a person's or an enterprise's, by the row.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from demo_city.chance import uniform
from demo_city.delivery import Delivery
from demo_city.departments.common import capital_in_own_currency, number_tells
from demo_city.entities import BRANCH
from demo_city.households import TODAY
from demo_city.office import Office
from demo_city.register import numbered, subject, which
from demo_city.text import cat, padded, spelled, where
from demo_city.vocabulary import CURRENCY_WORDS, worded
from demo_city.world import World

ONE_OWNER = ("1151", "4540")  # 自然人独资, 个人独资企业
MOST, NOBODY = 3, -1
HELD_BY_ENTERPRISE = 0.3  # of the second and third shareholders
# What each of one, two, three shareholders subscribes.
PORTIONS = np.array([[1.0, 0.0, 0.0], [0.6, 0.4, 0.0], [0.5, 0.3, 0.2]])
DAY = np.timedelta64(1, "D")


@dataclass
class Holders:
    """By enterprise and place among its shareholders: the person or the entity that holds; ``NOBODY`` in both for none.

    Who holds comes from entities before the enterprise in the city's list, so that those founded later bring no other
    holders to it.
    """

    person: np.ndarray
    entity: np.ndarray

    @property
    def there(self) -> np.ndarray:
        return (self.person != NOBODY) | (self.entity != NOBODY)


def _enterprises(world: World) -> np.ndarray:
    """Enterprises that have shareholders: branches have none of their own."""
    at = world.entities.of_kind("91")
    return at[~np.asarray(pc.is_in(world.entities.entity_type.take(pa.array(at)), pa.array([BRANCH])))]


def _holders(world: World, at: np.ndarray) -> Holders:
    """The representative, then the spouse, another entity's representative, or an older enterprise."""
    entities, people = world.entities, world.people
    held = Holders(*(np.full((len(at), MOST), NOBODY) for _ in range(2)))
    of_one = np.asarray(pc.is_in(entities.entity_type.take(pa.array(at)), pa.array(ONE_OWNER)))
    count = np.where(of_one, 1, 1 + (uniform(world.seed, "shareholders", at) * MOST).astype(int))
    held.person[:, 0] = entities.representative[at]
    owners = _enterprises(world)
    older = np.searchsorted(owners, at)
    for place in range(1, MOST):
        draw, which_one = (uniform(world.seed, f"shareholder {place} {what}", at) for what in ("kind", "who"))
        by_entity = (draw < HELD_BY_ENTERPRISE) & (older > 0)
        other = entities.representative[(which_one * at).astype(int)]
        spouse = people.spouse[held.person[:, 0]]
        family = (place == 1) & (spouse != NOBODY) & people.here[spouse]
        person = np.where(family, spouse, other)
        known = (held.person[:, :place] == person[:, None]).any(axis=1)
        entity = owners[(which_one * older).astype(int).clip(max=len(owners) - 1)]
        known_entity = (held.entity[:, :place] == entity[:, None]).any(axis=1)
        held.person[:, place] = np.where((place < count) & ~by_entity & ~known, person, NOBODY)
        held.entity[:, place] = np.where((place < count) & by_entity & ~known_entity, entity, NOBODY)
    return held


def shareholders(world: World) -> np.ndarray:
    at = _enterprises(world)
    there = _holders(world, at).there
    return np.sort(np.concatenate([numbered(at[there[:, place]], place) for place in range(MOST)]))


def shareholder(office: Office, records: np.ndarray) -> Delivery:
    """股东及出资信息, one row an enterprise and shareholder."""
    entities, at, place = office.world.entities, subject(records), which(records)
    held = _holders(office.world, at)
    row = np.arange(len(at))
    person, owner = held.person[row, place], held.entity[row, place]
    is_person = owner == NOBODY
    d = Delivery("market_regulation.shareholder", "invid", len(at), "gxsj", records)
    d.role("enterprise", "legal_entity", at, "uni_social_crd_cd")
    d.role("shareholder", "population", person, "person_number")
    d.role("corporate_shareholder", "legal_entity", owner, "owner_code")
    d.inner = frozenset({"person_number", "owner_code", "person_name", "owner_name"})
    d.item("invid", cat("4107", padded(records, 13)))
    d.item("uni_social_crd_cd", office.entity("credit_code", at), "credit_code", number_tells(office, at, "enterprise"))
    d.item("comp_nm", office.entity("name", at), "organisation_name", {"enterprise.name": None})
    d.item("person_name", office.person("name", person), "person_name", {"shareholder.name": None})
    d.item("owner_name", office.entity("name", owner), "organisation_name", {"corporate_shareholder.name": None})
    d.said_by_role("inv", shareholder="person_name", corporate_shareholder="owner_name")
    d.item("invtype", where(is_person, "自然人", "企业法人"))
    d.item("certype", where(is_person, "居民身份证", "统一社会信用代码"))
    of_person: dict[str, pa.Array | None] = {
        "shareholder.id_number": None,
        "shareholder.sex": office.person("sex", person),
        "shareholder.birth_date": office.person("birth_date", person),
    }
    d.item("person_number", office.person("id_number", person), "id_number", of_person)
    of_owner = number_tells(office, owner, "corporate_shareholder")
    d.item("owner_code", office.entity("credit_code", owner), "credit_code", of_owner)
    d.said_by_role("cerno", shareholder="person_number", corporate_shareholder="owner_code")
    portion = PORTIONS[held.there.sum(axis=1) - 1, held.there.cumsum(axis=1)[row, place] - 1]
    d.item("subconam", capital_in_own_currency(office, at, portion), "capital")
    d.item("capt_kind", worded(office.entity("capital_currency", at), CURRENCY_WORDS))
    d.item("conform", office.choose(["货币", "货币", "货币", "实物", "知识产权"], "contribution form", records))
    contributed = office.day_between("contribution", records, entities.established[at], TODAY - DAY)
    d.item("condate", spelled(contributed), "date")
    residence = office.person("residence_address", person)
    d.item("dom", where(is_person, residence, office.entity("address", owner)), "text",
           {"shareholder.residence_address": where(is_person, residence, None)})  # fmt: skip
    d.item("gxsj", office.stamps("shareholder clock", records, contributed), "timestamp")
    return d
