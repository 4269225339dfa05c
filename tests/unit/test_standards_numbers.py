"""Identity numbers, credit codes and the numbers they replaced, against python-stdnum on random input.

stdnum mends what it is given without a word (case, spaces, hyphens), wants a county to have existed in the year of birth
and knows no credit code that begins with a letter; so it is asked for check digits, and for whole numbers only where it
is right.
"""

from __future__ import annotations

import datetime as dt
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.cn import ric, uscc
from stdnum.exceptions import ValidationError
from stdnum.iso7064 import mod_11_2, mod_11_10, mod_37_36
from test_standards_harness import RANDOM, STANDARDS, standards

TODAY = dt.date.today()
AREAS = ["410702", "410728", "410722", "110105", "810000", "830000", "411081", "999999", "419999"]


def completed(seventeen: str) -> str:
    return seventeen + mod_11_2.calc_check_digit(seventeen)


born = st.dates(dt.date(1840, 1, 1), dt.date(2060, 1, 1)).map(lambda day: f"{day.year:04}{day:%m%d}")
id_numbers = st.builds(
    lambda area, day, sequence: completed(f"{area}{day}{sequence:03d}"),
    st.sampled_from(AREAS), born, st.integers(0, 999),
)  # fmt: skip
foreigners = st.builds(
    lambda region, country, day, sequence: completed(f"9{region}{country}{day}{sequence:03d}"),
    st.sampled_from(["11", "41"]), st.sampled_from(["124", "840", "392"]), born, st.integers(0, 999),
)  # fmt: skip
old_numbers = st.builds(
    lambda area, day, sequence: f"{area}{day:%y%m%d}{sequence:03d}",
    st.sampled_from(AREAS), st.dates(dt.date(1900, 1, 1), dt.date(1999, 12, 31)), st.integers(0, 999),
)  # fmt: skip
credit_codes = st.builds(
    lambda head, area, rest: (n := f"{head}{area}{rest}") + uscc.calc_check_digit(n),
    st.sampled_from(["11", "12", "51", "52", "91", "92", "93", "N1", "N2", "A1", "Y1"]),
    st.sampled_from(["410700", "410702", "100000"]),
    st.text(uscc._alphabet, min_size=9, max_size=9).filter(lambda x: not x.startswith("00000000")),
)  # fmt: skip


def spoilt(numbers: st.SearchStrategy[str], characters: str) -> st.SearchStrategy[str]:
    """Right numbers, and the same with a character changed, dropped, added, or two exchanged."""

    @st.composite
    def one(draw: st.DrawFn) -> str:
        number = draw(numbers)
        at = draw(st.integers(0, len(number) - 2))
        other = draw(st.sampled_from(characters))
        return draw(st.sampled_from([
            number, number, number,
            number[:at] + other + number[at + 1:],
            number[:at] + number[at + 1] + number[at] + number[at + 2:],
            number[:at] + number[at + 1:],
            number[:at] + other + number[at:],
            number[:-1] + other,
        ]))  # fmt: skip

    return one()


def disguised(numbers: st.SearchStrategy[str]) -> st.SearchStrategy[tuple[str, str]]:
    """A number, and the same as an office may have written it."""

    @st.composite
    def one(draw: st.DrawFn) -> tuple[str, str]:
        number = draw(numbers)
        written = draw(st.sampled_from([number, number.lower()]))
        if draw(st.booleans()):
            written = "".join(chr(ord(c) + 0xFEE0) for c in written)
        at = draw(st.integers(1, len(number) - 1))
        middle = draw(st.sampled_from(["", " ", "-", "　", "－", "\u200b", "\t"]))
        around = draw(st.sampled_from(["{}", " {}", "{}　", "'{}", "`{}", "\u202a{}\u202c", "{}\n", "{}&nbsp;"]))
        return number, around.format(written[:at] + middle + written[at:])

    return one()


def judged(text: str) -> tuple[str | None, str | None]:
    """What the standard says of an identity number in plain letters."""
    if len(text) == 15 and text.isascii() and text.isdigit() and text[0] != "0":
        century = "18" if text[12:] in ("996", "997", "998", "999") else "19"
        text = completed(text[:6] + century + text[6:])
    if len(text) != 18:
        return None, "id_number_length"
    digits = text[:17]
    if not (digits.isascii() and digits.isdigit() and digits[0] != "0" and text[17] in "0123456789X"):
        return None, "id_number_form"
    try:
        day = dt.date(int(text[6:10]), int(text[10:12]), int(text[12:14]))
    except ValueError:
        return None, "id_number_birth_date"
    if not dt.date(1850, 1, 1) <= day <= TODAY:
        return None, "id_number_birth_date"
    return (text, None) if completed(digits) == text else (None, "id_number_check_digit")


def test_a_stroke_is_no_digit() -> None:
    """Numbers of 17 characters and a stroke whose check character is right if the stroke is passed over."""
    assert standards().of("id_number", ["4107_220130603574X"]) == [(None, "id_number_length")]
    codes = [f"9141_702MA44T{n:04d}{check}" for n in range(40) for check in "0123456789ABCDEFGHJKLMNPQRTUWXY"]
    assert {value for value, _ in standards().of("credit_code", codes)} == {None}


@RANDOM
@given(st.lists(spoilt(st.one_of(id_numbers, foreigners, old_numbers), "0123456789X.+_eEI"), min_size=30, max_size=50))
def test_identity_numbers_are_judged_by_the_standard(values: list[str]) -> None:
    upper = [value.upper() for value in values]
    written = [value.replace("_", "") for value in upper]  # a stroke is no part of a number
    assert standards().of("id_number", values) == [judged(value) for value in written]


@RANDOM
@given(st.lists(spoilt(id_numbers, "0123456789X"), min_size=30, max_size=50))
def test_stdnum_takes_every_number_that_counts_and_no_other(values: list[str]) -> None:
    for value, (number, problem) in zip(values, standards().of("id_number", values), strict=True):
        try:
            ric.get_birth_date(value), ric.calc_check_digit(value)
            right = len(value) == 18 and value[0] != "0" and ric.calc_check_digit(value) == value[17]
            right = right and dt.date(1850, 1, 1) <= ric.get_birth_date(value) <= TODAY
        except (ValidationError, ValueError):
            right = False
        assert (number == value and problem is None) == right, value


@RANDOM
@given(st.lists(st.one_of(disguised(id_numbers), disguised(old_numbers)), min_size=30, max_size=50))
def test_an_identity_number_is_known_in_every_disguise(pairs: list[tuple[str, str]]) -> None:
    found = standards().cleaned("id_number", [written for _, written in pairs])
    assert found == [judged(number) for number, _ in pairs]
    again = [value for value, _ in found if value]
    assert standards().cleaned("id_number", again) == [(value, None) for value in again]


@RANDOM
@given(st.lists(st.one_of(spoilt(id_numbers, "0123456789X"), st.text(max_size=20)), min_size=30, max_size=50))
def test_the_quick_look_takes_no_number_that_a_rule_refuses(values: list[str]) -> None:
    values = [value.replace("\0", "") for value in values]
    quick = standards().macro("surely_id_number", values)
    for value, sure in zip(values, quick, strict=True):
        if sure:
            assert judged(value) == (value, None)
        elif judged(value) == (value, None):
            assert value[10:14] == "0229", "only 29 February is left to the rules"


def test_identity_numbers_of_the_standard_and_their_kinds() -> None:
    """GB 11643-1999 annex A; 910000 numbers since 2023-12."""
    examples = ["11010519491231002X", "440524188001010014"]
    permit, foreigner = completed("81000019900307001"), completed("91112419810803002")
    assert standards().of("id_number", [*examples, permit, foreigner]) == [
        (number, None) for number in (*examples, permit, foreigner)
    ]
    kinds = standards().macro("id_number_kind", [*examples, permit, completed("83000019900307001"), foreigner, None])
    assert kinds == ["citizen", "citizen", "hk_mo_tw_permit", "hk_mo_tw_permit", "foreigner", None]


def test_centenarians_of_fifteen_digits_were_born_before_1900() -> None:
    found = [value for value, _ in standards().of("id_number", ["410722990307996", "410722990307995"])]
    assert [number[6:10] for number in found] == ["1899", "1999"]


@RANDOM
@given(st.lists(id_numbers, min_size=30, max_size=50))
def test_birth_date_and_sex_are_those_of_the_number(values: list[str]) -> None:
    good = [value for value in values if judged(value)[0]]
    assert standards().macro("id_number_birth_date", good) == [ric.get_birth_date(value) for value in good]
    assert standards().macro("id_number_sex", good) == ["1" if int(value[16]) % 2 else "2" for value in good]


def test_a_number_that_is_none_has_neither_birth_date_nor_sex() -> None:
    for macro in ("id_number_birth_date", "id_number_sex"):
        assert standards().macro(macro, [None, "", "N/A", "41070219901307"]) == [None] * 4


def test_the_address_of_a_number_may_be_of_any_time_but_not_invented() -> None:
    """410722 汲县 and 410728 长垣县 are retired; 419999 never was; elsewhere the province decides."""
    areas = {"410722": True, "410728": True, "410783": True, "410700": True, "419999": False, "410785": False,
             "110999": True, "990101": False, "810000": True, "830000": True, "200101": False}  # fmt: skip
    numbers = [completed(f"{area}19900307001") for area in areas]
    assert standards().macro("id_number_doubt", numbers) == [
        None if known else "id_number_area" for known in areas.values()
    ]
    assert standards().macro("id_number_doubt", [completed("91112419810803002"), None]) == [None, None]


# --- credit codes


def credit_code_judged(text: str) -> tuple[str | None, str | None]:
    if len(text) == 15 and text.isascii() and text.isdigit():
        return None, "registration_number_only"
    if len(text) != 18:
        return None, "credit_code_length"
    if any(c not in uscc._alphabet for c in text) or not text[2:8].isdigit():
        return None, "credit_code_character"
    return (text, None) if uscc.calc_check_digit(text[:17]) == text[17] else (None, "credit_code_check_digit")


@RANDOM
@given(st.lists(spoilt(credit_codes, uscc._alphabet[::2] + "IOSVZé４"), min_size=30, max_size=50))
def test_credit_codes_are_judged_by_the_standard(values: list[str]) -> None:
    assert standards().of("credit_code", values) == [credit_code_judged(value) for value in values]
    for value, (code, _) in zip(values, standards().of("credit_code", values), strict=True):
        if value.isascii() and value[:8].isdigit():  # others stdnum refuses, or mends
            assert (code is not None) == uscc.is_valid(value)


@RANDOM
@given(st.lists(disguised(credit_codes), min_size=30, max_size=50))
def test_a_credit_code_is_known_in_every_disguise(pairs: list[tuple[str, str]]) -> None:
    assert standards().cleaned("credit_code", [written for _, written in pairs]) == [(code, None) for code, _ in pairs]
    codes = [code for code, _ in pairs]
    assert standards().cleaned("credit_code", codes) == [(code, None) for code in codes]


@RANDOM
@given(
    st.lists(
        st.one_of(spoilt(credit_codes, uscc._alphabet + "IOSVZ@`/:[é４𠮷"), st.text(max_size=20)),
        min_size=30,
        max_size=50,
    )
)
def test_the_quick_look_takes_no_code_that_a_rule_refuses(values: list[str]) -> None:
    values = [value.replace("\0", "") for value in values]
    for value, sure in zip(values, standards().macro("surely_credit_code", values), strict=True):
        right = credit_code_judged(value) == (value, None)
        assert right if sure else not right or value[0] in "ANY", value


@pytest.mark.parametrize(
    ("code", "kind"),
    [("11", "agency"), ("12", "public_institution"), ("52", "social_organisation"), ("71", "religious_place"),
     ("91", "enterprise"), ("92", "self_employed"), ("93", "cooperative"), ("N2", "collective"), ("N9", "other"),
     ("A1", "other"), ("Y1", "other"), ("81", "other")],
)  # fmt: skip
def test_kinds_of_credit_codes(code: str, kind: str) -> None:
    rest = "410702MA44T1234"
    whole = code + rest + uscc.calc_check_digit(code + rest)
    assert standards().of("credit_code", [whole]) == [(whole, None)]
    assert standards().macro("credit_code_kind", [whole, None]) == [kind, None]


# --- the numbers of before 2015


def organisation_check(eight: str) -> str:
    """GB 11714-1997, 3.3."""
    total = sum(w * int(c, 36) for w, c in zip((3, 7, 9, 10, 5, 8, 4, 2), eight, strict=True))
    return {10: "X", 11: "0"}.get(rest := 11 - total % 11, str(rest))


eights = st.one_of(
    st.text("0123456789", min_size=8, max_size=8),
    st.text("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=8, max_size=8),
).filter(lambda x: len(set(x)) > 1)


@RANDOM
@given(st.lists(st.tuples(eights, st.sampled_from("0123456789X"), st.booleans()), min_size=30, max_size=50))
def test_organisation_codes_keep_their_own_check_character(parts: list[tuple[str, str, bool]]) -> None:
    written = [f"{eight}-{last}" if hyphen else f"{eight}{last}" for eight, last, hyphen in parts]
    right = [organisation_check(eight) == last for eight, last, _ in parts]
    assert standards().of("organisation_code", written) == [
        (eight + last, None if good else "organisation_code_check")
        for (eight, last, _), good in zip(parts, right, strict=True)
    ]
    inside = [f"91410702{eight}{last}" for eight, last, _ in parts]
    codes = [code + "0" for code in inside]  # the doubt is about the code inside alone
    assert standards().macro("credit_code_doubt", codes) == [
        None if good else "credit_code_inner_check" for good in right
    ]


def test_what_is_no_organisation_code_is_null() -> None:
    found = standards().of("organisation_code", ["7171345", "410700100012345", "QWERTYUIO", None])
    assert found == [*[(None, "organisation_code_form")] * 3, (None, None)]


@RANDOM
@given(
    st.lists(
        st.tuples(
            st.text("0123456789", min_size=14, max_size=14).filter(lambda x: x[6:] != "0" * 8 and len(set(x)) > 1),
            st.sampled_from("0123456789"),
        ),
        min_size=30,
        max_size=50,
    )
)
def test_registration_numbers_of_fifteen_digits_have_a_check_digit(parts: list[tuple[str, str]]) -> None:
    numbers = [f"{fourteen}{last}" for fourteen, last in parts]
    assert standards().of("registration_number", numbers) == [
        (number, None if mod_11_10.is_valid(number) else "registration_number_check") for number in numbers
    ]


def test_older_registration_numbers_have_none() -> None:
    assert standards().of("registration_number", ["4107001000123", "豫工商1号", None]) == [
        ("4107001000123", None), (None, "registration_number_form"), (None, None),
    ]  # fmt: skip


# --- certificates


@RANDOM
@given(st.lists(st.text("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=1, max_size=70), min_size=30, max_size=50))
def test_mod_37_36_is_that_of_stdnum(values: list[str]) -> None:
    assert standards().macro("mod_37_36_check_character", values) == [mod_37_36.calc_check_digit(x) for x in values]


def test_a_certificate_identifier_has_its_parts_and_a_check_character() -> None:
    """GB/T 36904-2018; the type is that of the business licence."""
    kind, issuer = "11100000MB0143028R001", "11410700005483005B"
    sql = standards().sql("certificate_identifier", f"'{kind}'", f"'{issuer}'", "t", "'2'")
    number, lower, chinese, missing = standards().each(sql, ["410700000012345", "41a", "豫(2020)1号", None])
    assert number == f"1.2.156.3005.2.{kind}.{issuer}.410700000012345.002." + mod_37_36.calc_check_digit(
        f"{kind}{issuer}410700000012345002"
    )
    assert mod_37_36.is_valid(number.removeprefix("1.2.156.3005.2.").replace(".", ""))
    assert ".41A.002." in lower
    assert chinese is missing is None


def test_a_type_without_a_national_code_has_no_identifiers() -> None:
    sql = standards().sql("certificate_identifier", "t", "'11410700005483005B'", "'41'")
    assert standards().each(sql, ["local:food_licence", None]) == [None, None]


def by_law(birth: dt.date, since: dt.date) -> dt.date | None:
    """居民身份证法 art. 5."""
    age = since.year - birth.year - ((since.month, since.day) < (birth.month, birth.day))
    years = None if age < 0 else 5 if age < 16 else 10 if age < 26 else 20 if age < 46 else 0
    if years is None:
        return None
    if not years:
        return dt.date(9999, 12, 31)
    try:
        return since.replace(year=since.year + years)
    except ValueError:
        return since.replace(year=since.year + years, day=28)


days = st.dates(dt.date(1930, 1, 1), dt.date(2024, 12, 31))


@RANDOM
@given(st.lists(st.tuples(days, days), min_size=30, max_size=50))
def test_an_identity_card_ends_by_the_age_of_its_holder(pairs: list[tuple[dt.date, dt.date]]) -> None:
    births, since = zip(*pairs, strict=True)
    ends = standards().each(standards().sql("id_card_valid_to", "t::date", "since"), map(str, births), since=since)
    assert ends == [by_law(*pair) for pair in pairs]
    wrong = standards().sql("id_card_validity_wrong", "t::date", "since", "printed")
    assert not any(standards().each(wrong, map(str, births), since=since, printed=ends))
    off = [end and end - dt.timedelta(30) for end in ends]
    found = standards().each(wrong, map(str, births), since=since, printed=off)
    assert found == [None if end is None else True for end in ends]


def test_the_birthday_itself_counts_either_way() -> None:
    """On the day on which somebody becomes 46 a card is without end, or for twenty years."""
    wrong = standards().sql("id_card_validity_wrong", "date '1970-05-01'", "date '2016-05-01'", "t::date")
    assert standards().each(wrong, ["9999-12-31", "2036-05-01", "2026-05-01", None]) == [False, False, True, None]


def test_an_identity_card_of_somebody_of_unknown_age_has_no_end_by_law_and_no_wrong_one() -> None:
    end = standards().sql("id_card_valid_to", "cast(null as date)", "t::date")
    assert standards().each(end, ["2016-05-01"]) == [None]
    wrong = standards().sql("id_card_validity_wrong", "cast(null as date)", "date '2016-05-01'", "t::date")
    assert standards().each(wrong, ["9999-12-31", "2036-05-01"]) == [None, None]


def test_no_text_whatever_makes_a_standard_raise() -> None:
    odd = ["", " ", "é" * 9, "４" * 6, "𠮷" * 4 + "12", "0x12", "1e5", "-1", "+1", "1_000", "'", "\\", "%", "\\1", "9" * 40,
           "a" * 300, "\u200b", "１８" * 9, "00000000", "éééééé" + "４４", "12345678" + "é" * 5]  # fmt: skip
    odd += [unicodedata.normalize("NFD", x) for x in odd]
    for standard in STANDARDS:
        assert len(standards().cleaned(standard, odd)) == len(odd)
        assert len(standards().of(standard, odd)) == len(odd)


@RANDOM
@given(st.lists(days, min_size=20, max_size=40))
def test_a_certificate_ends_the_day_before_its_years_are_over(since: list[dt.date]) -> None:
    """Terms of the seed certificate_types: years, by age, or none."""
    sql = standards().sql("certificate_end_by_law", "t", "date '1990-03-07'", "since")
    for term in ("5", "age", None):
        found = standards().each(sql, [term] * len(since), since=since)
        if term == "5":
            expected = [
                day.replace(year=day.year + 5, day=28 if day.day == 29 and day.month == 2 else day.day)
                - dt.timedelta(1)
                for day in since
            ]
        else:
            expected = [by_law(dt.date(1990, 3, 7), day) if term else None for day in since]
        assert found == expected
