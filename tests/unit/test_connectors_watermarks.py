"""Watermarks: what counts as a high mark, and what lies an overlap below it."""

from __future__ import annotations

import datetime as dt

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.databases import watermarks
from connectors.databases.columns import watermark_type


@pytest.mark.parametrize(
    ("high", "kind", "overlap", "low"),
    [
        ("2026-01-01 10:00:00", "text", 60, "2026-01-01 09:59:00"),
        ("2026-01-01T10:00", "text", 60, "2026-01-01T09:59"),
        ("2026/01/01 00:00:30", "text", 60, "2025/12/31 23:59:30"),
        ("20260101", "text", 86400, "20251231"),
        ("20260101100000", "text", 1, "20260101095959"),
        ("000123", "text", 3, "000120"),
        ("123", "integer", 3, "120"),
        ("2026-01-01", "date", 86400, "2025-12-31"),
        ("2026-01-01 10:00:00+00:00", "timestamp", 60, "2026-01-01 09:59:00+00:00"),
        ("abc", "text", 5, "abc"),
        ("abc", "text", 0, "abc"),
    ],
)
def test_below(high: str, kind: str, overlap: float, low: str) -> None:
    assert watermarks.below(high, kind, overlap) == low


@pytest.mark.parametrize(
    ("values", "kind", "high"),
    [
        (["2026-01-01", "9999-12-31", "N/A", "", None], pa.string(), "2026-01-01"),
        (["2026/01/01", "2026/01/02 10:00:00"], pa.string(), "2026/01/02 10:00:00"),
        (["x", None], pa.string(), None),
        ([dt.datetime(2026, 1, 1), dt.datetime(9999, 1, 1)], pa.timestamp("us"), "2026-01-01 00:00:00"),
        ([dt.date(2026, 1, 1), dt.date(9999, 1, 1)], pa.date32(), "2026-01-01"),
        ([3, 10, None], pa.int64(), "10"),
        ([], pa.int64(), None),
    ],
)
def test_highest(values: list[object], kind: pa.DataType, high: str | None) -> None:
    assert watermarks.highest(pa.array(values, kind), watermark_type(kind)) == high


@given(st.datetimes(dt.datetime(1970, 1, 1), dt.datetime(2025, 1, 1)))
def test_a_mark_comes_back_from_text_as_it_was(moment: dt.datetime) -> None:
    text = watermarks.as_text(moment)
    assert text is not None and watermarks.value(text, "timestamp") == moment
    assert watermarks.usable(text, "timestamp")
