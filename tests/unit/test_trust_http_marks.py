"""Marks: how far an interface was read, whatever the values of its watermark item look like."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.files.text import Unreadable
from connectors.http.marks import NEWEST, Marks, below, kind_of, moment, spelled_like
from connectors.http.windows import windows, zone_of
from connectors.read_report import ReadReport

CHINA = ZoneInfo("Asia/Shanghai")
NOW = dt.datetime(2026, 11, 1, 12, tzinfo=CHINA)


def high(values: list[str | None], former: str | None = None, kind: str | None = None) -> str | None:
    marks = Marks(kind, CHINA, NOW)
    for value in values:
        marks.add(value)
    return marks.high(former)


@pytest.mark.parametrize(
    ("values", "right"),
    [
        (["2026-10-29 10:00:00", "2026/10/30", "2026-10-29 11:00:00"], "2026/10/30"),
        (["2026-10-30T08:00:00", "2026-10-30 09:00:00"], "2026-10-30 09:00:00"),
        (["2026-10-30", "2026-10-30 00:00:01"], "2026-10-30 00:00:01"),
        (["2026-10-30 08:00:00", "2026-11-02 08:00:00"], "2026-10-30 08:00:00"),  # tomorrow moves nothing
        (["2026-10-30 08:00:00", "99999999999999999"], "2026-10-30 08:00:00"),
        (["2026-10-30 08:00:00", "abc", "", None, "zzz"], "2026-10-30 08:00:00"),
        (["2026-10-30T08:00:00+08:00", "2026-10-30T01:00:00Z"], "2026-10-30T01:00:00Z"),
        (["20261030", "20261029235959"], "20261030"),
        (["2026年9月3日", "2026-09-02"], "2026年9月3日"),
        (["2026-02-30 00:00:00"], None),
        (["9999-12-31 00:00:00"], None),
        ([], None),
    ],
)
def test_the_mark_is_the_latest_moment_that_is_over(values: list[str | None], right: str | None) -> None:
    assert high(values, kind="timestamp") == right
    if all(value is None or not value.isdigit() for value in values):
        assert high(values) == right


def test_the_mark_never_goes_back() -> None:
    assert high(["2026-10-01"], "2026-10-30 08:00:00") == "2026-10-30 08:00:00"
    assert high(["2026/10/30 08:00:00"], "2026-10-30T08:00:00") == "2026-10-30T08:00:00"


def test_numbers_leave_the_newest_rows_to_be_read_again() -> None:
    numbers = [str(n) for n in range(1, 3001)]
    assert high(numbers) == str(3000 - NEWEST + 1)
    assert high([*numbers, "9" * 25]) == str(3000 - NEWEST + 2)  # one huge number passes nothing by
    assert high(numbers[:10]) is None
    assert high(numbers[:10], "500") == "500"
    assert below("500", "integer", None, CHINA) == "500"
    assert below("0500", "integer", 100, CHINA) == "0400"


def test_seconds_and_milliseconds_are_moments() -> None:
    now = int(NOW.timestamp())
    assert high([str(now - 5), str(now + 5)], kind="seconds") == str(now - 5)
    assert high([str((now - 5) * 1000), str(now * 1000 + 1)], kind="milliseconds") == str((now - 5) * 1000)
    assert below(str(now), "seconds", None, CHINA) == str(now - 86_400)
    assert below(str(now * 1000), "milliseconds", 60, CHINA) == str((now - 60) * 1000)


@pytest.mark.parametrize(
    ("text", "earlier"),
    [
        ("2026-03-01", "2026-02-28"),
        ("2026-03-01 00:30:00", "2026-02-28 00:30:00"),
        ("2026/3/1 0:30", "2026/2/28 0:30"),
        ("2026-03-01T00:30:00.120Z", "2026-02-28T00:30:00.120Z"),
        ("2026-03-01T00:30:00+0800", "2026-02-28T00:30:00+0800"),
        ("20260301003000", "20260228003000"),
        ("20260301003000123", "20260228003000123"),
        ("20260301", "20260228"),
        ("2026年3月1日", "2026年2月28日"),
        ("no moment", "no moment"),
    ],
)
def test_a_day_is_read_again_in_the_spelling_of_the_source(text: str, earlier: str) -> None:
    assert below(text, None, None, CHINA) == earlier


@settings(max_examples=200, deadline=None, derandomize=True)
@given(
    when=st.datetimes(dt.datetime(1990, 1, 1), dt.datetime(2090, 1, 1)),
    text=st.sampled_from(
        ["2026-03-01 00:30:00.123456", "2026/03/01T00:30:00", "20260301003000", "2026.3.1 0:30:00Z", "2026-03-01"]
    ),
)
def test_a_spelled_moment_is_read_as_itself(when: dt.datetime, text: str) -> None:
    aware = when.replace(tzinfo=CHINA)
    read = moment(spelled_like(text, aware, CHINA), CHINA)
    assert read is not None and dt.timedelta(0) <= aware - read < dt.timedelta(days=1)


def test_what_a_mark_is() -> None:
    assert kind_of({"watermark_type": "date"}, None, "C") == "timestamp"
    assert kind_of({}, None, "T") == "timestamp"
    assert kind_of({}, "2026-01-01", "C") == "timestamp"
    assert kind_of({}, "77", "C") == "integer"
    assert kind_of({}, None, "C") is None
    with pytest.raises(Unreadable, match="no watermark_type 'colour'"):
        kind_of({"watermark_type": "colour"}, None, "C")


def test_values_that_move_nothing_are_reported() -> None:
    marks, report = Marks("timestamp", CHINA, NOW), ReadReport()
    for value in ["2026-10-01", "77", "abc", "2027-01-01", None]:
        marks.add(value)
    marks.report(report)
    assert {finding.what: finding.count for finding in report.remarks} == {"watermark_form": 2, "watermark_future": 1}


# --- windows

SINCE = {"from": "a", "to": "b", "since": "2026-01-01"}


def spans(now: str, low: str | None = None, **more: object) -> list[tuple[str, str, bool]]:
    moments = windows(
        {"window": {**SINCE, **more}},
        dt.datetime.fromisoformat(low) if low else None,
        dt.datetime.fromisoformat(now),
        CHINA,
    )
    return [(span.params["a"], span.params["b"], span.whole) for span in moments]


def test_windows_meet_and_the_last_one_is_not_whole() -> None:
    assert spans("2026-01-02 10:01:00") == [
        ("2026-01-01 00:00:00", "2026-01-02 00:00:00", True),
        ("2026-01-02 00:00:00", "2026-01-02 10:00:00", False),
    ]
    assert spans("2026-01-02 00:01:00") == [("2026-01-01 00:00:00", "2026-01-02 00:00:00", True)]
    assert spans("2025-01-01 00:00:00") == []


def test_a_form_without_hours_ends_windows_where_it_says() -> None:
    assert spans("2026-01-03 10:00:00", format="%Y%m%d") == [
        ("20260101", "20260102", True),
        ("20260102", "20260103", True),
    ]
    # shorter than the form can say: no window that is empty by its form, none left out
    assert spans("2026-01-03 10:00:00", format="%Y-%m-%d", hours=6) == [
        ("2026-01-01", "2026-01-02", True),
        ("2026-01-02", "2026-01-03", True),
    ]
    assert spans("2026-01-01 10:00:00", format="%Y-%m-%d") == []
    assert spans("2026-01-02 10:00:00", "2026-01-01 17:30:00", format="%Y-%m-%d")[0][0] == "2026-01-01"


def test_windows_in_seconds_are_of_the_declared_zone() -> None:
    begin = int(dt.datetime(2026, 1, 1, tzinfo=CHINA).timestamp())
    assert spans("2026-01-02 00:01:00", format="s") == [(str(begin), str(begin + 86_400), True)]
    assert spans("2026-01-02 00:01:00", format="ms") == [(f"{begin}000", f"{begin + 86_400}000", True)]
    assert spans("2026-01-02 00:01:00", format="%Y-%m-%dT%H:%M:%S%z")[0][0] == "2026-01-01T00:00:00+0800"


def test_zones_and_windows_that_are_none() -> None:
    assert zone_of({}).key == "Asia/Shanghai"
    for name in ("Mars/Phobos", "../../etc/passwd", ""):
        with pytest.raises(Unreadable, match="no time zone"):
            zone_of({"timezone": name})
    with pytest.raises(Unreadable, match="no length"):
        spans("2026-01-02", days=-1)
    with pytest.raises(Unreadable, match="incomplete"):
        spans("2026-01-02", since="yesterday")


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    now=st.datetimes(dt.datetime(2026, 1, 1), dt.datetime(2026, 3, 1)),
    hours=st.floats(0.5, 100),
    form=st.sampled_from(["%Y-%m-%d %H:%M:%S", "%Y-%m-%d", "%Y%m%d%H", "s"]),
)
def test_windows_leave_no_moment_out(now: dt.datetime, hours: float, form: str) -> None:
    made = list(windows({"window": {**SINCE, "hours": hours, "format": form}}, None, now, CHINA))
    for one, other in pairwise(made):
        assert one.end == other.start and one.params["b"] == other.params["a"]
    for span in made:
        assert span.start < span.end <= now and span.params["a"] != span.params["b"]
