"""A column that changes its type stops no build: batches of a resource are read as one table."""

from __future__ import annotations

import datetime as dt
import itertools
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.collecting import Item, Office, Resource, Spec

VALUES = {
    "text": pa.array(["x"]),
    "int": pa.array([1]),
    "decimal": pa.array([Decimal("1.50")]),
    "date": pa.array([dt.date(2026, 7, 1)]),
    "moment": pa.array([dt.datetime(2026, 7, 1, 8)]),
    "time": pa.array([dt.time(8, 1)]),
    "truth": pa.array([True]),
    "bytes": pa.array([b"\xff\x00"]),
    "list": pa.array([[1, None]]),
    "structure": pa.array([{"k": "值"}]),
}


@pytest.mark.parametrize("order", [1, -1])
def test_any_two_types_are_read_as_one_column(tmp_path: Path, order: int) -> None:
    office = Office(tmp_path, 'path = "in"')
    drop = tmp_path / "city" / "in"
    drop.mkdir()
    for first, second in [pair[::order] for pair in itertools.combinations(VALUES, 2)]:
        spec = Spec("parquet", "office", ("id",), options={"path": f"{first}-{second}-*.parquet", "settle": 0})
        resource = Resource(f"office.{first}_{second}", spec, (Item("id"), Item("v")), "set_aside")
        for place, kind in enumerate((first, second)):
            table = pa.table({"id": pa.array([str(place)]), "v": VALUES[kind]})
            pq.write_table(table, drop / f"{first}-{second}-{place}.parquet")
        assert office.collect(resource).rows == 2, (first, second)
        values = [value for (value,) in office.landed(resource, "cast(v as varchar)")]
        assert len(values) == 2 and None not in values
        if "structure" in (first, second):
            assert '{"k": "值"}' in values
        empty = office.installation.landing_of(resource.id) / "000000" / "part-00000.parquet"
        assert duckdb.sql(f"select v from '{empty}'").fetchall() == []
