"""The gate's rules on single values: each one lets right values pass and catches a wrong one, and on random
input the check digits agree with python-stdnum, which nobody of this project wrote."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stdnum.cn import ric, uscc
from stdnum.exceptions import ValidationError

from expectations.standards import FROM_KEY, STANDARDS, TEXT_EVERYWHERE, literal

# Numbers that the standards themselves give as examples, and departments' published codes.
ID_NUMBERS = ["11010519491231002X", "440524188001010014"]
CREDIT_CODES = ["91350100M000100Y43", "11410700005483005B", "11410700009000074A"]
VILLAGE_COOPERATIVE = "N2410728MF1234567"  # python-stdnum refuses a letter in front; the standard does not

# standard → values that keep all its rules, and for each rule values that break it
VALUES: dict[str, tuple[list[str], dict[str, list[str]]]] = {
    "id_number": (
        ID_NUMBERS,
        {
            "id_number_form": [
                "11010519491231002x", "130503670401001", "1101051949123100２X", " 11010519491231002X",
                "01010519491231002X", "无", "",
            ],
            "id_number_birth_date": ["110105194902300020", "110105209912310020", "110105178001010020"],
            "id_number_check_digit": ["110105194912310021", "110105194912310020", "440524188001010041"],
        },
    ),
    "credit_code": (
        [*CREDIT_CODES, VILLAGE_COOPERATIVE + uscc.calc_check_digit(VILLAGE_COOPERATIVE)],
        {
            "credit_code_form": [
                "91350100m000100y43", "9135010OM000100Y43", "410700000012345", "91350100M000100Y4３", "",
                "91350100M000100Y43 ", "9X35O100M000100Y43",
            ],
            "credit_code_check_digit": ["91350100M000100Y44", "91350100M000100Y34", "11410700005483006B"],
            "credit_code_inner_check": ["91350100M000100Z43", "914107000000000017"],
        },
    ),
    "organisation_code": (
        ["M000100Y4", "005483005"],
        {
            "organisation_code_form": ["M000100Y-4", "m000100y4", "12345678", "M000100YA"],
            "organisation_code_check": ["M000100Y5", "005483006"],
        },
    ),
    "registration_number": (
        ["410700000012345"], {"registration_number_form": ["4107000000123", "豫工商1号"]},
    ),
    "tax_number": (
        ["410702MA3X00001", "91350100M000100Y43", "11010519491231002X00"],
        {"tax_number_form": ["410702-MA3X0000", "4107", "410702ma3x00001"]},
    ),
    "date": (
        ["1949-10-01", "2024-02-29", "1800-01-01"],
        {"date_range": ["9999-09-09", "2023-02-29", "1799-12-31", "长期", "2023年1月1日"]},
    ),
    "division": (
        ["410702", "410702001", "410702001001"],
        {"division_form": ["红旗区", "4107", "41070200", "0410702", "4107020010010"]},
    ),
    "currency": (["CNY", "USD"], {"currency_form": ["人民币", "cny", "RMB¥", ""]}),
    "phone": (
        ["13803730001", "+8613803730001", "0373-3029999", "3029999", "0373-3029999-801", "400-123-4567"],
        {"phone_form": ["见备注", "138037300012", "0373-30", "３０２９９９９"]},
    ),
    "name": (
        ["王小明", "阿依古丽·买买提", "芦＊", "John Smith"],
        {
            "text": [" 王小明", "王小明　", "王\t小明", "王&#183;明", "王１", "", "王\ufffd明", "王\u200b明"],
            "placeholder": ["N/A", "n/a", "----", "\\n", "无", "NULL"],
            "digits_in_name": ["王2"],
        },
    ),
    "organisation_name": (
        ["新乡市平原商贸有限公司", "A&B 商贸(新乡)有限公司"],
        {"text": ["新乡市商贸有限公司　", "新乡&amp;商贸", "ＡＢ商贸"], "placeholder": ["N/A", "--"]},
    ),
    "always_true": (["true"], {"true": ["false"]}),
}  # fmt: skip

# meta.from_key → key, values that agree with it, values that do not
FROM_KEY_VALUES = {
    "id_number_birth_date": ("11010519491231002X", ["1949-12-31"], ["1949-12-30"]),
    "id_number_sex": ("11010519491231002X", ["2", "0", "9"], ["1"]),
    "organisation_code_in": ("91350100M000100Y43", ["M000100Y4"], ["M000100Y5"]),
    "credit_code_kind": ("91350100M000100Y43", ["enterprise"], ["agency", "other"]),
}


DUCKDB = duckdb.connect()


def broken(condition: str, values: Sequence[str]) -> list[str]:
    """The values for which the SQL condition on ``x`` holds; a null counts as kept, as in the plan."""
    rows = ", ".join(f"({n}, {literal(value)})" for n, value in enumerate(values))
    found = DUCKDB.execute(f"select n from (values {rows}) as t(n, x) where {condition}").fetchall()
    return [values[n] for (n,) in sorted(found)]


def test_every_standard_and_rule_has_values_here() -> None:
    assert set(VALUES) == set(STANDARDS)
    for standard, (good, bad) in VALUES.items():
        assert good and set(bad) == {rule.name for rule in STANDARDS[standard]}
    assert set(FROM_KEY_VALUES) == set(FROM_KEY)


@pytest.mark.parametrize("standard", sorted(STANDARDS))
def test_right_values_break_no_rule(standard: str) -> None:
    good = VALUES[standard][0]
    for rule in STANDARDS[standard]:
        assert broken(rule.breaks("x"), good) == [], rule.name


@pytest.mark.parametrize(
    ("standard", "rule"), [(standard, rule) for standard, rules in STANDARDS.items() for rule in rules],
    ids=lambda part: part if isinstance(part, str) else part.name,
)  # fmt: skip
def test_each_rule_catches_its_wrong_values(standard: str, rule) -> None:
    bad = VALUES[standard][1][rule.name]
    assert broken(rule.breaks("x"), bad) == bad
    assert rule.severity in ("block", "warn") and rule.title


def test_texts_without_a_standard_are_only_marked() -> None:
    assert {rule.name: rule.severity for rule in TEXT_EVERYWHERE} == {"text": "warn", "placeholder": "warn"}
    assert [broken(rule.breaks("x"), ["平原路 1 号"]) for rule in TEXT_EVERYWHERE] == [[], []]


def test_a_code_that_says_nothing_of_the_kind_contradicts_none() -> None:
    condition = FROM_KEY["credit_code_kind"][2](literal("Y1410728MF1234567X"), "x")
    assert broken(condition, ["collective", "other"]) == []


@pytest.mark.parametrize("name", sorted(FROM_KEY))
def test_a_value_that_the_key_contradicts_is_found(name: str) -> None:
    key, agree, differ = FROM_KEY_VALUES[name]
    condition = FROM_KEY[name][2](literal(key), "x")
    assert broken(condition, [*agree, *differ]) == differ


# --- random input against python-stdnum


def passes(standard: str, values: Sequence[str]) -> set[str]:
    """The values that no blocking rule of the standard stops."""
    blocking = " or ".join(f"({r.breaks('x')})" for r in STANDARDS[standard] if r.severity == "block")
    return set(values) - set(broken(f"coalesce({blocking}, false)", values))


def is_id_number(value: str) -> bool:
    """stdnum's opinion without its demand that the county existed in the year of birth, which real cards
    fail."""
    if ric.compact(value) != value or len(value) != 18 or not (value[:17].isascii() and value[:17].isdigit()):
        return False
    try:
        born = ric.get_birth_date(value)
    except ValidationError:
        return False
    right = value[17] == ric.calc_check_digit(value)
    return right and value[0] != "0" and dt.date(1850, 1, 1) <= born <= dt.date.today()


def is_credit_code(value: str) -> bool:
    """stdnum's opinion of a value as it is: it would mend case, spaces and hyphens without a word."""
    return uscc.compact(value) == value and uscc.is_valid(value)


def spoilt(numbers: st.SearchStrategy[str], characters: str) -> st.SearchStrategy[str]:
    """Right numbers, and the same with one character changed, dropped or doubled, or two exchanged."""

    @st.composite
    def one(draw: st.DrawFn) -> str:
        number = draw(numbers)
        at = draw(st.integers(0, len(number) - 2))
        other = draw(st.sampled_from(characters))
        return draw(st.sampled_from([
            number,
            number[:at] + other + number[at + 1:],
            number[:at] + number[at + 1] + number[at] + number[at + 2:],
            number[:at] + number[at + 1:],
            number[:at] + number[at] + number[at:],
            number + other,
            number.lower(),
        ]))  # fmt: skip

    return one()


born = st.dates(dt.date(1840, 1, 1), dt.date(2060, 1, 1)).map(lambda date: f"{date:%Y%m%d}".zfill(8))
id_numbers = st.builds(
    lambda area, date, sequence: (n := f"{area}{date}{sequence:03d}") + ric.calc_check_digit(n + "0"),
    st.sampled_from(["410702", "410728", "110105", "810000", "999999"]), born, st.integers(0, 999),
)  # fmt: skip
# Only codes that begin with eight digits, the others stdnum refuses.
credit_codes = st.builds(
    lambda head, area, rest: (n := f"{head}{area}{rest}") + uscc.calc_check_digit(n),
    st.sampled_from(["11", "12", "51", "91", "92", "93"]), st.sampled_from(["410700", "410702", "100000"]),
    st.text(uscc._alphabet, min_size=9, max_size=9),
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(st.lists(spoilt(id_numbers, "0123456789Xx１Ｘ I"), min_size=1, max_size=40))
def test_identity_numbers_are_judged_as_stdnum_judges_them(values: list[str]) -> None:
    assert passes("id_number", values) == {value for value in values if is_id_number(value)}


@settings(max_examples=60, deadline=None)
@given(st.lists(spoilt(credit_codes, uscc._alphabet[::3] + "IOSVZa-５"), min_size=1, max_size=40))
def test_credit_codes_are_judged_as_stdnum_judges_them(values: list[str]) -> None:
    digits = [v for v in values if (v[:8].isascii() and v[:8].isdigit()) or len(v) != 18]
    assert passes("credit_code", digits or ["x"]) == {value for value in digits if is_credit_code(value)}


@settings(max_examples=20, deadline=None)
@given(st.lists(st.text(max_size=20), min_size=30, max_size=60))
def test_no_text_whatever_makes_a_rule_raise(values: list[str]) -> None:
    """A value that a rule could not be asked of would fail the gate with no word on what is wrong."""
    values = [value.replace("\0", "") for value in values]
    every = " or ".join(f"({rule.breaks('x')})" for rules in STANDARDS.values() for rule in rules)
    assert set(broken(every, values)) <= set(values)


def test_the_gate_knows_the_day_of_the_build_and_no_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOVSHARE_DAY", "2026-11-25")
    monkeypatch.setenv("TZ", "America/New_York")
    born = next(rule for rule in STANDARDS["id_number"] if rule.name == "id_number_birth_date")
    wrong = {day: duckdb.sql(f"select {born.breaks('x')} from (select '410711{day}001X' as x)").fetchall()[0][0]
             for day in ("18491231", "20261125", "20261126", "20991231")}  # fmt: skip
    assert wrong == {"18491231": True, "20261125": False, "20261126": True, "20991231": True}
