"""The legal entities of the city: enterprises, self-employed, co-operatives, institutions, organisations,
villages.

About 65 for a thousand inhabitants (estimate in standards.md §4). True values only.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from demo_city.geography import Geography, county_name
from demo_city.households import TODAY
from demo_city.identifiers import credit_codes, organisation_codes, registration_numbers, sequence_in_group
from demo_city.names import FACTS
from demo_city.people import People
from demo_city.text import cat, number_text, padded, pick, take, where

# First two characters of the credit code (GB 32100-2015 table 1), share among all.
KINDS = ["91", "92", "93", "12", "51", "52", "53", "N2"]
KIND_SHARES = np.array([0.235, 0.655, 0.045, 0.022, 0.012, 0.024, 0.002, 0.005])
ENTITY_KIND = {
    "91": "enterprise", "92": "self_employed", "93": "cooperative", "12": "public_institution",
    "51": "social_organisation", "52": "social_organisation", "53": "social_organisation", "N2": "collective",
    "11": "agency",
}  # fmt: skip
NEW_CODES_SINCE = np.datetime64("2015-10-01")  # 三证合一
# samr_enterprise_type codes of enterprises with shares.
TYPES = {"1130": 0.42, "1151": 0.28, "1110": 0.01, "1190": 0.1, "1220": 0.01, "3100": 0.015, "3200": 0.025,
         "3400": 0.01, "4533": 0.02, "4540": 0.08, "2190": 0.0, "2100": 0.02, "5100": 0.01}  # fmt: skip
STATUS_CODES = np.array([1, 2, 4, 6])
NEVER = np.datetime64("NaT", "D")
BRANCH, NO_PARENT = "2100", -1


@dataclass
class Entities:
    """One entry a legal entity.

    ``parent``: position of the enterprise whose branch it is. ``representative``: position of the person.
    ``capital``: yuan of ``currency``, NaN unknown.
    """

    kind: pa.Array
    credit_code: pa.Array
    name: pa.Array
    entity_type: pa.Array
    parent: np.ndarray
    representative: np.ndarray
    capital: np.ndarray
    currency: pa.Array
    established: np.ndarray
    valid_to: np.ndarray
    status: np.ndarray
    division: np.ndarray
    village: np.ndarray
    address: pa.Array
    office: pa.Array
    industry: pa.Array
    scope: pa.Array
    registration_number: pa.Array
    organisation_code: pa.Array
    phone: pa.Array
    weight: np.ndarray

    def __len__(self) -> int:
        return len(self.division)

    def of_kind(self, *kinds: str) -> np.ndarray:
        """Positions of the entities whose code begins so."""
        return np.flatnonzero(np.asarray(pc.is_in(self.kind, pa.array(kinds))))


@cache
def words() -> dict[str, Any]:
    """The lists of ``facts/enterprises.toml``: single words, or tuples of what ``|`` parts."""
    document = tomllib.loads((FACTS / "enterprises.toml").read_text(encoding="utf-8"))
    lists: dict[str, Any] = {}
    for key, value in document.items():
        if isinstance(value, str):
            lists[key] = value.split()
        else:
            lists[key] = [tuple(line.split("|")) for line in value]
    return lists


def make_entities(rng: np.random.Generator, people: People, places: Geography) -> Entities:
    count = max(60, round(len(people) * 0.065))
    kind_at = rng.choice(len(KINDS), count, p=KIND_SHARES / KIND_SHARES.sum())
    kind_at[: len(KINDS) * 2] = np.tile(np.arange(len(KINDS)), 2)  # every kind occurs even in a small city
    status = STATUS_CODES[rng.choice(4, count, p=[0.86, 0.035, 0.095, 0.01])]
    return _entities(rng, kind_at, _established(rng, kind_at), status, people, places, 0)


def new_entities(
    rng: np.random.Generator, count: int, day: np.datetime64, people: People, places: Geography, first: int
) -> Entities:
    """Enterprises, self-employed and co-operatives founded on ``day``.

    ``first``: how many entities there are already.
    """
    kind_at = rng.choice(3, count, p=[0.25, 0.7, 0.05])
    running = np.full(count, STATUS_CODES[0])
    return _entities(rng, kind_at, np.full(count, day), running, people, places, first)


def _entities(
    rng: np.random.Generator,
    kind_at: np.ndarray,
    established: np.ndarray,
    status: np.ndarray,
    people: People,
    places: Geography,
    first: int,
) -> Entities:
    count = len(kind_at)
    kind = pick(KINDS, kind_at)
    village = places.draw(rng, count)
    division = places.county[village]
    new = established >= NEW_CODES_SINCE
    # Serials run through a fixed stride: none repeats among old (8 digits) or new (6 of 31 letters) codes.
    serial = (np.arange(first, first + count) * 7919 + 12_345_678) % 99_999_989
    organisation = organisation_codes(serial, new)
    area = np.where(rng.random(count) < 0.08, 410700, division)  # some are registered by the city's office
    area = np.where(rng.random(count) < 0.02, 410000, area)
    industry = _industry(rng, kind_at)
    representative = rng.choice(eligible(people), count)
    currency = np.where((kind_at == 0) & (rng.random(count) < 0.012), 1, 0)
    land_line = cat("0373-", number_text(rng.integers(2_000_000, 8_999_999, count)))
    names = _names(rng, kind_at, division, village, places, people, representative, industry)
    types = _entity_types(rng, kind_at)
    parent = _parents(kind_at, names, types)
    return Entities(
        kind=kind,
        credit_code=credit_codes(kind, area, organisation),
        name=where(parent >= 0, cat(take(names, parent), county_name(division), "分公司"), names),
        entity_type=types,
        parent=np.where(parent >= 0, parent + first, NO_PARENT),
        representative=representative,
        capital=_capital(rng, kind_at),
        currency=pick(["CNY", "USD"], currency),
        established=established,
        valid_to=_valid_to(rng, kind_at, established),
        status=status,
        division=division,
        village=village,
        address=places.addresses(rng, village),
        office=_offices(kind_at, area, division),
        industry=_part(industry, 0),
        scope=_part(industry, 2),
        registration_number=registration_numbers(area, 1_000_000 + sequence_in_group(area)),
        organisation_code=organisation,
        phone=where(rng.random(count) < 0.85, land_line, None),
        weight=_employees(rng, kind_at, status),
    )


def eligible(people: People) -> np.ndarray:
    """Who may represent: alive, 22 to 70, with a name that old spreadsheets can hold (basic plane)."""
    plain = ~np.asarray(pc.match_substring_regex(people.name, r"[\x{10000}-\x{10FFFF}]"))
    return np.flatnonzero(people.here & (people.age >= 22) & (people.age < 70) & plain)


def _established(rng: np.random.Generator, kind: np.ndarray) -> np.ndarray:
    """Most are young: two thirds since 2015."""
    first = np.datetime64("1981-01-01")
    span = (TODAY - first).astype(int) - 30
    share = np.where(np.isin(kind, (0, 1)), rng.beta(5, 1.6, len(kind)), rng.beta(2.5, 1.4, len(kind)))
    day = first + (share * span).astype("m8[D]")
    weekday = (day.astype(np.int64) + 3) % 7
    return day - np.maximum(weekday - 4, 0).astype("m8[D]")


def _valid_to(rng: np.random.Generator, kind: np.ndarray, established: np.ndarray) -> np.ndarray:
    """End of the business term; NaT is no end.

    Institutions and organisations hold certificates of five years.
    """
    term = rng.choice([10, 20, 30, 50], len(kind))
    limited = (kind == 0) & (rng.random(len(kind)) < 0.4)
    end = established + (term * 365.2425).astype(np.int64).astype("m8[D]")
    five = TODAY + rng.integers(-200, 1600, len(kind)).astype("m8[D]")
    return np.where(np.isin(kind, (3, 4, 5, 6)), five, np.where(limited, end, NEVER))


def _industry(rng: np.random.Generator, kind: np.ndarray) -> np.ndarray:
    """Positions in the joined list of industries (0 ...) and trades (after them)."""
    industries, trades = words()["industries"], words()["trades"]
    position = rng.integers(0, len(industries), len(kind))
    position[kind == 1] = len(industries) + rng.integers(0, len(trades), (kind == 1).sum())
    position[np.isin(kind, (2, 7))] = rng.integers(0, 2, np.isin(kind, (2, 7)).sum())
    return position


def _part(industry: np.ndarray, part: int) -> pa.Array:
    listed = words()["industries"] + words()["trades"]
    return pick([entry[part] for entry in listed], industry)


def _names(
    rng: np.random.Generator, kind: np.ndarray, division: np.ndarray, village: np.ndarray, places: Geography,
    people: People, representative: np.ndarray, industry: np.ndarray,
) -> pa.Array:  # fmt: skip
    count, lists = len(kind), words()
    county = county_name(division)
    marks = lists["marks"]
    mark = cat(*(pick(marks, rng.integers(0, len(marks), count)) for _ in range(2)))
    third = where(rng.random(count) < 0.35, pick(marks, rng.integers(0, len(marks), count)), "")
    prefix = where(rng.random(count) < 0.6, "新乡市", where(rng.random(count) < 0.15, "河南", county))
    trade = _part(industry, 1)
    number = where(rng.random(count) < 0.8, "", cat("第", pick(list("一二三四五六七八九"), rng.integers(0, 9, count))))
    town = take(places.town_name, village)
    by_kind = [
        cat(prefix, mark, third, trade, "有限公司"),
        cat(county, take(people.name, representative), trade),
        cat(county, mark, third, trade, "专业合作社"),
        cat(county, number, pick(lists["institutions"], rng.integers(0, len(lists["institutions"]), count))),
        cat(county, pick(lists["societies"], rng.integers(0, len(lists["societies"]), count))),
        cat(county, mark, pick(lists["private_units"], rng.integers(0, len(lists["private_units"]), count))),
        cat("新乡市", mark, pick(lists["foundations"], rng.integers(0, len(lists["foundations"]), count))),
        cat(county, town, _short(take(places.village_name, village)), "股份经济合作社"),
    ]  # fmt: skip
    result = by_kind[0]
    for at in range(1, len(KINDS)):
        result = where(kind == at, by_kind[at], result)
    return result


def _short(villages: pa.Array) -> pa.Array:
    """Names of villages without the word for their committee."""
    return pc.replace_substring_regex(villages, "(村民委员会|社区居民委员会|居民委员会|村委会)$", "")


def _entity_types(rng: np.random.Generator, kind: np.ndarray) -> pa.Array:
    codes = [c for c, share in TYPES.items() if share]
    shares = np.array([TYPES[c] for c in codes])
    drawn = pick(codes, rng.choice(len(codes), len(kind), p=shares / shares.sum()))
    return where(kind == 0, drawn, where(kind == 1, "9500", None))


def _parents(kind: np.ndarray, names: pa.Array, types: pa.Array) -> np.ndarray:
    """For each branch an enterprise that nobody shares the name of; without one it is none."""
    branch = (kind == 0) & np.asarray(pc.fill_null(pc.equal(types, BRANCH), False))
    _, first, count = np.unique(np.asarray(names.to_numpy(zero_copy_only=False)), return_index=True, return_counts=True)
    alone = np.zeros(len(kind), bool)
    alone[first[count == 1]] = True
    possible, branches = np.flatnonzero(alone & (kind == 0) & ~branch), np.flatnonzero(branch)
    parent = np.full(len(kind), NO_PARENT)
    if len(possible):
        parent[branches] = possible[np.arange(len(branches)) * 7 % len(possible)]
    return parent


def _capital(rng: np.random.Generator, kind: np.ndarray) -> np.ndarray:
    """Yuan: round sums of 万 mostly, some to the hundredth of a 万.

    The self-employed have small ones or none.
    """
    count = len(kind)
    scale = rng.choice([1, 3, 5, 10, 20, 30, 50, 100, 200, 300, 500, 1000, 2000, 5000, 10000], count)
    odd = rng.random(count) < 0.12
    amount = np.where(odd, np.round(scale * rng.uniform(0.5, 1.5, count), 4), scale) * 10_000.0
    amount = np.where(kind == 1, rng.choice([1, 2, 3, 5, 8, 10], count) * 10_000.0, amount)
    unknown = ((kind == 1) & (rng.random(count) < 0.4)) | (kind == 7)
    return np.where(unknown, np.nan, np.round(amount, 2))


def _offices(kind: np.ndarray, area: np.ndarray, division: np.ndarray) -> pa.Array:
    place = where(area == 410000, "河南省", where(area == 410700, "新乡市", county_name(division)))
    names = ["市场监督管理局"] * 3 + ["事业单位登记管理局"] + ["民政局"] * 3 + ["农业农村局"]
    return cat(place, pick(names, kind))


def _employees(rng: np.random.Generator, kind: np.ndarray, status: np.ndarray) -> np.ndarray:
    """Relative size as employer: heavy-tailed, nobody works for a cancelled one or a lone self-employed."""
    size = rng.pareto(1.3, len(kind)) + 0.5
    size *= np.array([1.0, 0.0, 0.2, 4.0, 0.3, 0.8, 0.1, 0.05])[kind]
    return np.where(status == 1, size, 0.0)


def padded_sequence(count: int, width: int) -> pa.Array:
    return padded(np.arange(1, count + 1), width)
