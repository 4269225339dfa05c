"""Dates and times in every spelling, and the ones that are left alone on purpose."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_standards_harness import RANDOM, standards

NUMERALS = "〇一二三四五六七八九"


def in_numerals(day: dt.date) -> str:
    """二〇二〇年六月十八日"""

    def number(n: int) -> str:
        tens, ones = divmod(n, 10)
        return ("" if tens == 0 else "十" if tens == 1 else NUMERALS[tens] + "十") + (NUMERALS[ones] if ones else "")

    return "".join(NUMERALS[int(d)] for d in str(day.year)) + f"年{number(day.month)}月{number(day.day)}日"


SPELLINGS = [
    lambda d: f"{d:%Y-%m-%d}",
    lambda d: f"{d.year}-{d.month}-{d.day}",
    lambda d: f"{d:%Y/%m/%d}",
    lambda d: f"{d.year}/{d.month}/{d.day}",
    lambda d: f"{d:%Y.%m.%d}",
    lambda d: f"{d.year}.{d.month}.{d.day}",
    lambda d: f"{d:%Y%m%d}",
    lambda d: f"{d:%Y}年{d:%m}月{d:%d}日",
    lambda d: f"{d.year}年{d.month}月{d.day}日",
    lambda d: f"{d.year}年{d.month}月{d.day}",
    lambda d: f"{d.year}年{d.month}月{d.day}号",
    lambda d: f"{d.year} 年 {d.month} 月 {d.day} 日",
    lambda d: f"{d.year}- {d.month}-{d.day}",
    lambda d: f"{d:%Y}－{d:%m}－{d:%d}",
    lambda d: f"{d:%Y}—{d:%m}—{d:%d}",
    lambda d: f"{d:%Y}．{d:%m}．{d:%d}",
    lambda d: f"{d:%Y-%m-%d} 00:00:00",
    lambda d: f"{d:%Y-%m-%d} 00:00:00.0",
    lambda d: f"{d:%Y-%m-%d}T00:00:00",
    lambda d: f"{d:%Y-%m-%d}T00:00:00+08:00",
    lambda d: f"{d.year}/{d.month}/{d.day} 0:00",
    lambda d: f"{d:%Y%m%d}000000",
    lambda d: f"{d:%Y%m%d} 00:00:00",
    lambda d: f"{d.year}年{d.month}月{d.day}日0时0分",
    lambda d: f"{d:%d-%b-%Y}".upper(),
    lambda d: f"{d:%b %d %Y} 12:00AM",
    lambda d: f"{d:%a %b %d} 00:00:00 CST {d.year}",
    in_numerals,
    lambda d: in_numerals(d).replace("〇", "○"),
    lambda d: "".join(chr(ord(c) + 0xFEE0) if c.isdigit() else c for c in f"{d.year}-{d.month}-{d.day}"),
    lambda d: f" {d:%Y-%m-%d}　",
]
days = st.dates(dt.date(1900, 1, 1), dt.date(2199, 12, 31))


@RANDOM
@given(st.lists(days, min_size=2, max_size=4))
def test_a_date_is_the_same_in_every_spelling(values: list[dt.date]) -> None:
    written = [spell(day) for day in values for spell in SPELLINGS]
    expected = [day for day in values for _ in SPELLINGS]
    assert standards().cleaned("date", written) == [(day, None) for day in expected], dict(
        zip(written, expected, strict=True)
    )
    times = standards().each(standards().sql("timestamp_of", standards().sql("clean_text", "t")), written)
    assert times == [dt.datetime.combine(day, dt.time()) for day in expected]
    assert standards().cleaned("date", map(str, values)) == [(day, None) for day in values]


@RANDOM
@given(st.lists(st.dates(dt.date(1927, 5, 18), dt.date(2100, 12, 31)), min_size=20, max_size=40))
def test_a_spreadsheets_day_number_is_a_date(values: list[dt.date]) -> None:
    serials = [str((day - dt.date(1899, 12, 30)).days) for day in values]
    found = standards().each(
        standards().sql("date_checked", "t", excel_day=True), [*serials, *(f"{x}.75" for x in serials)]
    )
    assert found == [{"value": day, "problem": None} for day in [*values, *values]]
    assert standards().macro("timestamp_of", [f"{x}.75" for x in serials], excel_day=True) == [
        dt.datetime.combine(day, dt.time(18)) for day in values
    ]
    # in any other column five digits may be anything
    assert standards().of("date", serials) == [(None, "date_day_number")] * len(serials)
    assert standards().macro("timestamp_of", serials) == [None] * len(serials)


@RANDOM
@given(
    st.lists(
        st.builds(dt.date, st.integers(1900, 2199), st.integers(1, 12), st.integers(13, 28)), min_size=20, max_size=40
    )
)
def test_day_and_month_in_other_order_are_told_apart_where_they_can_be(values: list[dt.date]) -> None:
    written = [form for d in values for form in (f"{d.month}/{d.day}/{d.year}", f"{d:%d/%m/%Y}", f"{d:%d-%m-%Y}")]
    assert standards().of("date", written) == [(day, None) for day in values for _ in range(3)]


@pytest.mark.parametrize("text", ["06/05/2020", "5.6.2020", "01-02-2003"])
def test_where_they_cannot_nothing_is_made_up(text: str) -> None:
    assert standards().of("date", [text]) == [(None, "date_unreadable")]


UTC_TIMES = [  # what a browser makes of a local day: in summer time (1986-1991) an hour more
    ("1990-03-06T16:00:00.000Z", dt.datetime(1990, 3, 7)),
    ("1988-06-30T15:00:00.000Z", dt.datetime(1988, 7, 1)),
    ("2020-06-18T01:05:00Z", dt.datetime(2020, 6, 18, 9, 5)),
    ("2020-06-18T01:05:00.000+0000", dt.datetime(2020, 6, 18, 9, 5)),
    ("2020-06-18 01:05:00+08", dt.datetime(2020, 6, 18, 1, 5)),
    ("1592442300000", dt.datetime(2020, 6, 18, 9, 5)),
]


@pytest.mark.parametrize(("text", "local"), UTC_TIMES)
def test_a_time_with_a_zone_is_local_time(text: str, local: dt.datetime) -> None:
    assert standards().macro("timestamp_of", [text]) == [local]
    assert standards().of("date", [text]) == [(local.date(), None)]


TIMES = [
    "2020-06-18 09:05:30", "2020-6-18 9:05:30", "2020/6/18 9:05:30", "20200618090530", "20200618 09:05:30",
    "2020-06-18T09:05:30", "2020年6月18日9时5分30秒", "2020年6月18日 09:05:30", "2020-06-18 09:05:30.000",
]  # fmt: skip


@pytest.mark.parametrize("text", TIMES)
def test_a_time_of_day_is_read(text: str) -> None:
    assert standards().macro("timestamp_of", [text]) == [dt.datetime(2020, 6, 18, 9, 5, 30)]
    assert standards().of("date", [text]) == [(dt.date(2020, 6, 18), None)]


def test_minutes_are_enough_and_a_wrong_time_leaves_the_day() -> None:
    given = ["2020-06-18 09:05", "202006180905", "2020-06-18 25:61:00", "2020-06-18 下午3:05", "2020-06-18 24:00:00"]
    day, nine = dt.datetime(2020, 6, 18), dt.datetime(2020, 6, 18, 9, 5)
    assert standards().macro("timestamp_of", given) == [nine, nine, day, day, dt.datetime(2020, 6, 19)]
    assert standards().of("date", given) == [(day.date(), None)] * 5


def test_no_time_is_the_newest_for_ever() -> None:
    given = [
        "9999-12-31 23:59:59",
        "9999-9-9",
        "长期",
        "2200-01-01",
        "1899-12-31",
        "0000-00-00 00:00:00",
        "epoch",
        "x",
        None,
    ]
    assert standards().macro("timestamp_of", given) == [None] * len(given)


NO_DEFECT = ["9999-9-9", "9999-12-31", "99991231", "9999/12/31", "9999", "99999", "长期", "永久有效", "无固定期限", "0000-00-00",
             "0000-00-00 00:00:00", "00000000", "0", "0001-01-01", None]  # fmt: skip
PROBLEMS = {
    "date_impossible": ["2020-02-30", "20200230", "2019-02-29", "2020-13-01", "2020年2月30日", "1990/6/31", "2020-00-10"],
    "date_incomplete": ["2020-06", "2020年6月", "202006", "2020.6", "2020", "2020年", "2020-06-00", "2020-00-00", "20200600"],
    "date_two_digit_year": ["90-3-7", "90.3.7", "90年3月7日", "900307", "18-6月-20", "18-JUN-20", "07-3月 -90"],
    "date_range": ["1799-12-31", "2200-01-01", "1066-10-14", "2999-12-31"],
    "date_unreadable": ["见备注", "2020-06-181", "20200618x", "1", "epoch", "infinity", "12", "2020-06-18至2030-06-18",
                        "2020-06-18 2030-06-18", "2020.6.18-2030.6.18"],
}  # fmt: skip


def test_what_says_no_day_is_null_and_no_defect() -> None:
    assert standards().of("date", NO_DEFECT) == [(None, None)] * len(NO_DEFECT)


@pytest.mark.parametrize("rule", PROBLEMS)
def test_each_rule_of_dates(rule: str) -> None:
    found = standards().of("date", PROBLEMS[rule])
    assert dict(zip(PROBLEMS[rule], found, strict=True)) == {text: (None, rule) for text in PROBLEMS[rule]}
    assert standards().macro("timestamp_of", PROBLEMS[rule]) == [None] * len(found) or rule == "date_range"


@RANDOM
@given(st.lists(st.text("0123456789-/.年月日 :T十二", max_size=14), min_size=40, max_size=60))
def test_a_date_is_never_without_its_day_in_the_text(values: list[str]) -> None:
    """Whatever is read has year, month and day in the text: nothing is made up."""
    clean = standards().macro("clean_text", values)
    for text, (day, problem) in zip(clean, standards().of("date", clean), strict=True):
        assert day is None or problem is None
        if day and not text.replace(".", "").isdigit() and not any(c in text for c in "十二"):
            assert str(day.day) in text and str(day.month) in text, text
