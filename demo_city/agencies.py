"""Offices of the city and its counties (机关): those that issue certificates and keep registers."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from demo_city.entities import NEVER, NO_PARENT, Entities, eligible
from demo_city.geography import Geography, county_name
from demo_city.identifiers import credit_codes, organisation_codes, registration_numbers
from demo_city.people import People
from demo_city.text import cat, nulls, number_text, pick

CITY = 410700
DISTRICTS = (410702, 410703, 410704, 410711)  # their police is the city's
OF_COUNTY = ["公安局", "市场监督管理局", "民政局", "事业单位登记管理局", "农业农村局"]
OF_CITY = ["公安局", "市场监督管理局", "民政局", "事业单位登记管理局", "自然资源和规划局"]
SINCE = np.datetime64("1990-01-01")


def agencies(rng: np.random.Generator, people: People, places: Geography, first: int) -> Entities:
    """``first``: how many entities there are already. Nobody is insured through them: weight 0."""
    counties = np.unique(places.county)
    county, of_county = (grid.ravel() for grid in np.meshgrid(counties, np.arange(len(OF_COUNTY)), indexing="ij"))
    name = cat(county_name(county), pick(OF_COUNTY, of_county))
    police = np.isin(county, DISTRICTS) & (of_county == 0)
    name = pc.if_else(pa.array(police), cat("新乡市公安局", county_name(county), "分局"), name)
    name = pa.concat_arrays([name, pa.array([f"新乡市{office}" for office in OF_CITY])])
    count = len(name)
    area = np.r_[county, np.full(len(OF_CITY), CITY)]
    division = np.r_[county, np.full(len(OF_CITY), DISTRICTS[0])]
    village = np.array([np.flatnonzero(places.county == code)[0] for code in division])
    kind = pa.array(["11"] * count)
    organisation = organisation_codes(
        (np.arange(first, first + count) * 7919 + 12_345_678) % 99_999_989, np.zeros(count, bool)
    )
    return Entities(
        kind=kind,
        credit_code=credit_codes(kind, area, organisation),
        name=name,
        entity_type=nulls(count),
        parent=np.full(count, NO_PARENT),
        representative=rng.choice(eligible(people), count),
        capital=np.full(count, np.nan),
        currency=pa.array(["CNY"] * count),
        established=np.full(count, SINCE),
        valid_to=np.full(count, NEVER),
        status=np.ones(count, np.int64),
        division=division,
        village=village,
        address=places.addresses(rng, village),
        office=pa.array(["新乡市机构编制委员会办公室"] * count),
        industry=pa.array(["S92"] * count),
        scope=nulls(count),
        registration_number=registration_numbers(area, 9_000_000 + np.arange(count)),
        organisation_code=organisation,
        phone=cat("0373-", number_text(rng.integers(2_000_000, 8_999_999, count))),
        weight=np.zeros(count),
    )
