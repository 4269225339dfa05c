"""Neighbours of a written number against python-stdnum: each slip leads back, and only valid numbers are found."""

from __future__ import annotations

import pyarrow as pa
from hypothesis import example, given, settings
from hypothesis import strategies as st
from stdnum.cn import ric

from linking.numbers import neighbours


@st.composite
def slips(draw: st.DrawFn) -> tuple[str, str]:
    """A valid number and what a slip of the pen makes of it."""
    digits = draw(st.text("0123456789", min_size=16, max_size=16))
    body = draw(st.sampled_from("123456")) + digits
    number = body + ric.calc_check_digit(body + "0")
    place = draw(st.integers(0, 16))
    digit = draw(st.sampled_from("0123456789"))
    slip = draw(st.sampled_from(["wrong", "exchanged", "left out", "too many", "check"]))
    written = {
        "wrong": number[:place] + digit + number[place + 1 :],
        "exchanged": number[:place] + number[place + 1] + number[place] + number[place + 2 :],
        "left out": number[:place] + number[place + 1 :],
        "too many": number[:place] + digit + number[place:],
        "check": number[:17] + digit,
    }[slip]
    return number, written


def found_for(written: list[str]) -> list[set[str]]:
    table = neighbours(pa.array(written, pa.string()))
    found: list[set[str]] = [set() for _ in written]
    for position, number in zip(table["position"].to_pylist(), table["number"].to_pylist(), strict=True):
        found[position].add(number)
    return found


@settings(deadline=None)
@given(st.lists(slips(), min_size=1, max_size=5))
def test_every_slip_leads_back(pairs: list[tuple[str, str]]) -> None:
    for (number, written), found in zip(pairs, found_for([w for _, w in pairs]), strict=True):
        # an exchange with the check character may put the X inside: no such text is a written number
        assert number in found or written == number or "X" in written[:-1]


@settings(deadline=None)
@given(slips())
@example(("19012266831385583X", "1901226683138558X3"))
@example(("19012266831385583X", "190122668313855X3"))
def test_neighbours_are_valid_numbers_and_others(pair: tuple[str, str]) -> None:
    [found] = found_for([pair[1]])
    assert all(number[17] == ric.calc_check_digit(number) and len(number) == 18 for number in found)
    assert pair[1] not in found


def test_other_texts_have_no_neighbours() -> None:
    assert found_for(["", "4107", "1" * 15, "2" * 16]) == [set(), set(), set(), set()]
    assert neighbours(pa.array([], pa.string())).num_rows == 0
