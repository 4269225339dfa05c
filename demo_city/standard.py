"""What is true, in the standard's form: the base attributes of all persons and legal entities as text
columns.

The yardstick for what departments tell and what the pipeline publishes. Written from the standards, not
from the pipeline's macros. Dates are ISO, sums have two decimals, codes are as the base tables want them.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from demo_city.entities import ENTITY_KIND, NEW_CODES_SINCE, Entities
from demo_city.life import MARRIED
from demo_city.people import People
from demo_city.text import number_text, padded, pick, spelled, take, where
from demo_city.world import World

# GB/T 4761-2008, in the order of people.RELATION_WORDS.
RELATION_CODES = ["02", "10", "20", "30", "51", "52", "97"]
TAX_STATES = {1: "正常", 2: "非正常", 4: "注销", 6: "注销"}
DATES = {
    "birth_date", "marriage_date", "move_out_date", "death_date", "establishment_date", "valid_from",
    "valid_to", "issue_date",
}  # fmt: skip
CERTIFICATE = [
    "certificate_id", "certificate_type", "certificate_number", "serial_number", "holder_kind", "holder_id",
    "holder_name", "issuer_name", "issue_date", "valid_from", "valid_to", "status",
]  # fmt: skip
KEYS = {"population": "id_number", "legal_entity": "credit_code", "certificate": "certificate_id"}


class Columns(dict[str, pa.Array]):
    """Columns made when they are first asked for; ``names`` are all there are."""

    def __init__(self, makers: dict[str, Callable[[], pa.Array]]) -> None:
        super().__init__()
        self.names = list(makers)
        self._makers = makers

    def __missing__(self, name: str) -> pa.Array:
        self[name] = self._makers[name]()
        return self[name]


class Standard:
    """The truth about a world. Columns are made lazily and kept."""

    def __init__(self, world: World) -> None:
        self.world = world

    @cached_property
    def people(self) -> Columns:
        people, entities, places = self.world.people, self.world.entities, self.world.places
        return Columns({
            "id_number": lambda: people.id_number,
            "name": lambda: people.name,
            "former_name": lambda: people.former_name,
            "sex": lambda: number_text(people.sex),
            "ethnic_group": lambda: padded(people.ethnic_group, 2),
            "birth_date": lambda: spelled(people.birth),
            "birth_division": lambda: number_text(people.birth_division),
            "household_number": lambda: people.household_number,
            "household_relation": lambda: pick(RELATION_CODES, people.relation),
            "household_division": lambda: number_text(people.division),
            "household_address": lambda: people.address,
            "household_town": lambda: street_code(take(places.village_code, people.village)),
            "household_village": lambda: take(places.village_code, people.village),
            "residence_address": lambda: people.residence,
            "marital_status": lambda: number_text(people.marital_status),
            "marriage_date": lambda: spelled(_marriage_dates(people)),
            "spouse_id_number": lambda: take(people.id_number, people.spouse),
            "education": lambda: where(people.education > 0, number_text(people.education), None),
            "employer_name": lambda: take(entities.name, people.employer),
            "employer_credit_code": lambda: take(entities.credit_code, people.employer),
            "insurance_status": lambda: where(people.insurance > 0, number_text(people.insurance), None),
            "school_name": lambda: take(entities.name, people.school),
            "phone": lambda: people.phone,
            "father_id_number": lambda: take(people.id_number, people.father),
            "mother_id_number": lambda: take(people.id_number, people.mother),
            "move_out_date": lambda: spelled(people.moved_out),
            "death_date": lambda: spelled(people.death),
        })  # fmt: skip

    @cached_property
    def entities(self) -> Columns:
        entities, people, places = self.world.entities, self.world.people, self.world.places
        return Columns({
            "credit_code": lambda: entities.credit_code,
            "name": lambda: entities.name,
            "parent_credit_code": lambda: take(entities.credit_code, entities.parent),
            "entity_kind": lambda: _kinds(entities),
            "entity_type": lambda: entities.entity_type,
            "representative_name": lambda: take(people.name, entities.representative),
            "representative_id_number": lambda: take(people.id_number, entities.representative),
            "capital_amount": lambda: money(entities.capital),
            "capital_currency": lambda: where(np.isnan(entities.capital), None, entities.currency),
            "establishment_date": lambda: spelled(entities.established),
            "valid_from": lambda: spelled(valid_from(entities)),
            "valid_to": lambda: spelled(entities.valid_to),
            "registration_status": lambda: number_text(entities.status),
            "registration_office": lambda: entities.office,
            "division_code": lambda: street_code(take(places.village_code, entities.village)),
            "address": lambda: entities.address,
            "industry": lambda: entities.industry,
            "business_scope": lambda: entities.scope,
            "registration_number": lambda: where(is_old(entities), entities.registration_number, None),
            "organisation_code": lambda: entities.organisation_code,
            "tax_number": lambda: entities.credit_code,
            "tax_status": lambda: pick([TAX_STATES.get(n) for n in range(7)], entities.status),
            "phone": lambda: entities.phone,
        })  # fmt: skip


def money(amounts: np.ndarray) -> pa.Array:
    """Sums with two decimals, null for NaN."""
    cents = np.round(np.nan_to_num(amounts) * 100).astype(np.int64)
    text = pc.binary_join_element_wise(number_text(cents // 100), padded(cents % 100, 2), ".")
    return where(np.isnan(amounts), None, text)


def _marriage_dates(people: People) -> np.ndarray:
    """Of the standing marriage only."""
    dates = np.full(len(people), np.datetime64("NaT", "D"))
    lasting = np.isnat(people.marriage.divorced)
    for side in (people.marriage.husband, people.marriage.wife):
        dates[side[lasting]] = people.marriage.date[lasting]
    dates[(people.marital_status != MARRIED) | (people.spouse < 0)] = np.datetime64("NaT", "D")
    return dates


def _kinds(entities: Entities) -> pa.Array:
    kinds = list(ENTITY_KIND)
    known = pc.index_in(entities.kind, pa.array(kinds)).fill_null(len(kinds))
    return take(pa.array([*ENTITY_KIND.values(), "other"]), np.asarray(known))


def valid_from(entities: Entities) -> np.ndarray:
    """Enterprises: since they were founded. Institutions and organisations: certificates of five years."""
    five = entities.valid_to - np.timedelta64(1826, "D")
    of_five_years = np.isin(np.asarray(entities.kind.to_numpy(zero_copy_only=False)), ["12", "51", "52", "53"])
    return np.where(of_five_years, np.maximum(five, entities.established), entities.established)


def street_code(villages: pa.Array) -> pa.Array:
    return pc.utf8_slice_codeunits(villages, 0, 9)


def is_old(entities: Entities) -> np.ndarray:
    """Market entities of before the credit codes: they have a registration number."""
    market = np.asarray(pc.is_in(entities.kind, pa.array(["91", "92", "93"])))
    return market & (entities.established < NEW_CODES_SINCE)
