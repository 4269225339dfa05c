"""Where people live: Xinxiang's 12 counties, their towns and villages, and the areas inside identity
numbers.

Codes of ``facts/divisions.csv`` are GB/T 2260 (6 digits) and the statistical divisions of 2022 (9 and 12
digits).
"""

from __future__ import annotations

import csv
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from demo_city.names import FACTS
from demo_city.text import cat, number_text, pick, take

# Permanent residents in thousands: census 2020 where known, else the residual split by the shares of 2010.
WEIGHTS = {
    410702: 440.2, 410703: 240.0, 410704: 162.8, 410711: 378.8, 410721: 381.9, 410724: 452.7, 410725: 542.8,
    410726: 527.3, 410727: 835.7, 410781: 556.9, 410782: 831.9, 410783: 905.4,
}  # fmt: skip
# First registrations outside Xinxiang of people who moved here (GB/T 2260).
ELSEWHERE = (
    410105,
    410102,
    410823,
    410526,
    410522,
    410621,
    410928,
    410224,
    411322,
    412722,
    130429,
    370802,
    500233,
)
_JI_COUNTY, _HUI_COUNTY, _CHANGYUAN_COUNTY = 410722, 410723, 410728


@dataclass(frozen=True)
class Geography:
    """Villages as columns; ``weights`` add up to one."""

    county: np.ndarray
    county_name: pa.Array
    town_name: pa.Array
    village_name: pa.Array
    village_code: pa.Array
    weights: np.ndarray

    @classmethod
    def load(cls) -> Geography:
        with (FACTS / "divisions.csv").open(encoding="utf-8", newline="") as file:
            names = {row["code"]: row["name"] for row in csv.DictReader(file)}
        villages = [code for code in names if len(code) == 12]
        county = np.array([int(code[:6]) for code in villages])
        codes, count = np.unique(county, return_counts=True)
        share = {int(c): WEIGHTS[int(c)] / n for c, n in zip(codes, count, strict=True)}
        weights = np.array([share[int(c)] for c in county])
        return cls(
            county,
            pa.array([names[code[:6]] for code in villages]),
            pa.array([names[code[:9]] for code in villages]),
            pa.array([names[code] for code in villages]),
            pa.array(villages),
            weights / weights.sum(),
        )

    def draw(self, rng: np.random.Generator, count: int) -> np.ndarray:
        """Villages by population."""
        return np.searchsorted(np.cumsum(self.weights), rng.random(count)).clip(max=len(self.county) - 1)

    def addresses(self, rng: np.random.Generator, village: np.ndarray) -> pa.Array:
        """Full addresses; town blocks get building, unit and flat, villages a house number."""
        short = pc.replace_substring_regex(
            self.village_name, "(社区居民委员会|村民委员会|居民委员会|社区居委会|村委会|居委会)$", ""
        )
        community = np.asarray(pc.match_substring(self.village_name, "社区"))[village]
        count = len(village)
        house = cat(number_text(rng.integers(1, 400, count)), "号")
        flat = cat(
            number_text(rng.integers(1, 30, count)), "号楼", number_text(rng.integers(1, 5, count)), "单元",
            number_text(rng.integers(1, 19, count) * 100 + rng.integers(1, 5, count)), "室",
        )  # fmt: skip
        place = pc.if_else(
            pa.array(community), cat(take(short, village), "社区", flat), cat(take(short, village), house)
        )
        return cat("河南省新乡市", take(self.county_name, village), take(self.town_name, village), place)


def registration_area(rng: np.random.Generator, county: np.ndarray, birth: np.ndarray) -> np.ndarray:
    """The area of first registration (GB 11643): retired codes stay in the numbers of people registered
    under them.

    汲县 410722 and 辉县 410723 until 1988, 长垣县 410728 until 2019. Six of a hundred came from elsewhere.
    """
    year = birth.astype("M8[Y]").astype(int) + 1970
    area = county.copy()
    area[(county == 410781) & (year < 1988)] = _JI_COUNTY
    area[(county == 410782) & (year < 1988)] = _HUI_COUNTY
    area[(county == 410783) & (birth < np.datetime64("2019-09-01"))] = _CHANGYUAN_COUNTY
    came = rng.random(len(county)) < 0.06
    area[came] = rng.choice(ELSEWHERE, came.sum())
    return area


def county_name(codes: np.ndarray) -> pa.Array:
    """Names of county codes held as ints."""
    table = Geography.load()
    known, first = np.unique(table.county, return_index=True)
    return pick(table.county_name.take(pa.array(first)).to_pylist(), np.searchsorted(known, codes))
