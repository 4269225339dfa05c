"""Parquet: every row and column lands, or the file is refused with the place that is damaged."""

from __future__ import annotations

import io
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from connectors.files.parquet import Parquet
from connectors.files.reader import Content
from connectors.files.text import Unreadable


def written(table: pa.Table, **options: Any) -> bytes:
    made = io.BytesIO()
    pq.write_table(table, made, **options)
    return made.getvalue()


def read(data: bytes) -> list[dict[str, Any]]:
    reader = Parquet(Content("a.parquet", lambda: io.BytesIO(data)))
    return [row for batch in reader.batches() for row in batch.to_pylist()]


def test_two_columns_of_one_name_are_both_read() -> None:
    table = pa.Table.from_arrays([pa.array([1]), pa.array([2]), pa.array([3])], names=["a", "a", "A"])
    (row,) = read(written(table))
    assert [value for name, value in row.items() if not name.startswith("_")] == [1, 2, 3]


def test_text_that_is_no_utf_8_sets_its_row_aside_and_no_other() -> None:
    data = written(pa.table({"a": ["行一", "XYZ", "行三"], "n": [1, 2, 3]}), compression="none", use_dictionary=False)
    rows = read(data.replace(b"XYZ", b"X\xffZ"))
    assert [(row["a"], row["n"], row["_problem"]) for row in rows] == [
        ("行一", 1, None), ("X\ufffdZ", 2, "text_undecodable"), ("行三", 3, None),
    ]  # fmt: skip


def test_a_damaged_page_is_found_by_its_checksum_and_named() -> None:
    table = pa.table({"a": [f"row {n}" for n in range(3000)]})
    data = written(table, compression="none", use_dictionary=False, row_group_size=1000, write_page_checksum=True)
    damaged = data.replace(b"row 1500", b"row 1501")
    assert damaged != data and len(read(data)) == 3000
    with pytest.raises(Unreadable, match="damaged part") as error:
        read(damaged)
    assert error.value.place == "row group 2"


def test_nested_columns_and_empty_row_groups_land_as_they_are() -> None:
    table = pa.table({"l": pa.array([[1, 2], None]), "s": pa.array([{"k": "x"}, None]), "e": pa.array([None, None])})
    assert [(row["l"], row["s"], row["e"]) for row in read(written(table))] == [
        ([1, 2], {"k": "x"}, None),
        (None, None, None),
    ]
    assert read(written(table.slice(0, 0))) == []
