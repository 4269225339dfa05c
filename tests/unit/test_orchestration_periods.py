"""Resources delivered by day or month: partitions, one period's part, and which period a file is of."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from catalogue.errors import GovshareError
from catalogue.model import Connector, Resource
from orchestration.periods import Period, delivered, of_all_periods, of_period, partitions, period_of_file


def resource(kind: str = "delimited", mode: str = "full", **options: Any) -> Resource:
    connector = Connector(kind=kind, connection="files", key=("id",), mode=mode, options=options)
    return Resource(department="office", name="payments", connector=connector)


MONTHLY = resource(delivered="month", path="{partition:%Y}/缴费_{partition:%Y%m}*.csv")


def test_a_period_is_the_time_from_its_first_day_to_before_the_next() -> None:
    assert Period.of("month", "2026-12") == Period(dt.date(2026, 12, 1), dt.date(2027, 1, 1))
    assert Period.of("month", "2024-01") == Period(dt.date(2024, 1, 1), dt.date(2024, 2, 1))
    assert Period.of("day", "2024-02-28") == Period(dt.date(2024, 2, 28), dt.date(2024, 2, 29))


def test_a_resource_of_a_period_asks_for_that_period_only() -> None:
    narrowed = of_period(MONTHLY, Period.of("month", "2026-10"))
    assert narrowed.connector.options["path"] == "2026/缴费_202610*.csv"
    assert MONTHLY.connector.options["path"].startswith("{partition")  # the declared one stays as it is


def test_places_are_filled_in_wherever_they_stand() -> None:
    query = "select * from jy where rq >= date '{partition}' and rq < date '{partition_end}'"
    daily = resource(
        "database", "period", delivered="day", query=query, params={"from": ["{partition:%Y%m%d}"], "size": 10}
    )
    options = of_period(daily, Period.of("day", "2026-10-31")).connector.options
    assert options["query"].endswith("rq >= date '2026-10-31' and rq < date '2026-11-01'")
    assert options["params"] == {"from": ["20261031"], "size": 10}


def test_all_periods_are_any_digits() -> None:
    path = of_all_periods(MONTHLY).connector.options["path"]
    assert path == "[0-9]" * 4 + "/缴费_" + "[0-9]" * 6 + "*.csv"


@pytest.mark.parametrize(
    ("name", "period"),
    [
        ("2026/缴费_202610.csv", "2026-10"),
        ("2026/缴费_202610_第二次.csv", "2026-10"),
        ("2026/缴费_20261.csv", None),
        ("2026/缴费_202613.csv", None),
        ("其他.csv", None),
    ],
)
def test_a_file_tells_its_period_by_its_name(name: str, period: str | None) -> None:
    assert period_of_file(MONTHLY, name) == period


def test_the_partitions_reach_from_the_earliest_declared_period_to_the_present_one() -> None:
    later = resource(delivered="month", delivered_from="2024-03", path="a_{partition}.csv")
    earlier = resource(delivered="month", delivered_from="2023-11", path="b_{partition}.csv")
    keys = partitions("month", [later, earlier]).get_partition_keys(
        current_time=dt.datetime(2024, 5, 10, tzinfo=dt.UTC)
    )
    assert keys == ["2023-11", "2023-12", "2024-01", "2024-02", "2024-03", "2024-04", "2024-05"]


def test_a_wrong_declaration_names_the_resource_and_the_remedy() -> None:
    assert delivered(resource(path="a.csv")) is None
    with pytest.raises(GovshareError, match=r"office\.payments.*week.*day, month"):
        delivered(resource(delivered="week", path="{partition}.csv"))
    with pytest.raises(GovshareError, match="no text of its connector says where the month stands"):
        delivered(resource(delivered="month", path="a.csv"))
    for whole in (
        resource(delivered="month", path="{partition}.csv", snapshot=True),
        resource("database", "full", delivered="month", query="select '{partition}'"),
    ):
        with pytest.raises(GovshareError, match="would be withdrawn"):
            delivered(whole)
