"""Errors of other programs are told without the values that they quote."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalogue.errors import without_values


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("Could not convert string '41071119900307123X' to DATE", "Could not convert string '…' to DATE"),
        ("Type INT64 with value 410711199003071234 can't be cast", "Type INT64 with value … can'…"),
        ("invalid input syntax for type date: \"王小明's\"\nDETAIL: 4107", 'invalid input syntax for type date: "…"'),
        ("Duplicate key id: 王小明 violates the constraint", "Duplicate key id: … violates the constraint"),
        ("\n\nOut of Memory Error: failed to pin block of size 256.0 KiB", "Out of Memory Error: failed to pin block of size 256.0 KiB"),
        ("Could not convert string '4107111990", "Could not convert string '…"),
        ("", ""),
    ],
)  # fmt: skip
def test_a_value_in_an_error_is_not_told(said: str, told: str) -> None:
    assert without_values(said) == told


@settings(max_examples=200, derandomize=True)
@given(st.text(alphabet="41071119X'\"`王 -/a", min_size=1), st.sampled_from("'\""))
def test_no_value_survives_between_quotes_whatever_it_is_made_of(value: str, quote: str) -> None:
    told = without_values(f"Could not convert {quote}{value}7700770{value}{quote} to DATE")
    assert "7700770" not in told and "王" not in told
