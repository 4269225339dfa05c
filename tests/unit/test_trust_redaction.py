"""What leaves a process in words: no long number, no value that an engine quotes, no secret."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from dagster import EventLogEntry
from hypothesis import given, settings
from hypothesis import strategies as st

from catalogue import redaction
from catalogue.errors import GovshareError
from catalogue.redaction import in_json, in_logs, mask_with, redacted, without_numbers
from connectors.drift import Drift
from orchestration.event_log import discreet


@pytest.fixture
def record_factory() -> Iterator[None]:
    before = logging.getLogRecordFactory()
    yield
    logging.setLogRecordFactory(before)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("Conversion Error: Could not convert string '张三' to INT32\n\nLINE 3: select 'a'",
         "Conversion Error: Could not convert string <2 characters> to INT32\n\nLINE 3: select 'a'"),
        ("Conversion Error: Could not convert string 'O'Brien\n\n李四' to INT32",
         "Conversion Error: Could not convert string <11 characters> to INT32"),
        ('Invalid Input Error: Duplicate key "李 Error: 张三" here', "Invalid Input Error: Duplicate key <11 characters> here"),
        ("Out of Range Error: Type VARCHAR with value 张三 can't be cast", "Out of Range Error: Type VARCHAR with value <…>"),
        ("KeyError: '张三'", "KeyError: <2 characters>"),
        ("pyarrow.lib.ArrowInvalid: CSV parse error: Expected 2 columns, got 3: 张三,李四",
         "pyarrow.lib.ArrowInvalid: CSV parse error: Expected 2 columns, got 3: <…>"),
        ('Binder Error: Referenced column "foo" not found\nCandidate bindings: "张三"\n\nLINE 1: select foo',
         'Binder Error: Referenced column "foo" not found\n\n\nLINE 1: select foo'),
        ("connectors.base.CollectError: connection 'x' has no 'path'", "connectors.base.CollectError: connection 'x' has no 'path'"),
        ("138 0000 0001, 0373-3029999, 410702 19900307 002X", "<11 digits>, <11 digits>, <17 digits>"),
        ("4107021990030700２３ of batch 000012 at 2026-11-25 17:36:40.123456", "<18 digits> of batch 000012 at 2026-11-25 17:36:40.123456"),
    ],
)  # fmt: skip
def test_an_engines_words_are_told_without_what_they_quote(said: str, told: str) -> None:
    assert redacted(said) == told


@settings(max_examples=200, derandomize=True)
@given(st.text(st.characters(codec="utf-8", exclude_characters="�"), min_size=1, max_size=30))
def test_no_value_survives_that_duckdb_quotes(value: str) -> None:
    marked = f"甲{value}乙"
    assert "甲" not in redacted(f"Conversion Error: Could not convert string '{marked}' to INT32 when casting")


@settings(max_examples=200, derandomize=True)
@given(st.integers(10**8, 10**20), st.text(max_size=20), st.text(max_size=20))
def test_no_long_number_survives(number: int, before: str, after: str) -> None:
    assert str(number) not in without_numbers(f"{before}{number}{after}")


@pytest.mark.parametrize(
    "text", ["\n" * 300_000, "aError" * 100_000, "Error: " * 100_000, "abc.def_" * 100_000, "0" * 10**6]
)
def test_a_long_text_takes_no_long_time(text: str) -> None:
    assert len(redacted(text)) <= len(text) + 20


def test_documents_stay_documents_and_things_keep_their_names() -> None:
    run, code = "0b1c2d3e-1111-2222-3333-123456789012", "ab" + "1234567890" * 4
    said = {
        "msg": "Conversion Error: Could not convert string '张\"三' to INT",
        "run": run,
        "hash": code,
        "rows": 123456789012,
    }
    told = json.loads(in_json(json.dumps(said)))
    assert told == {**said, "msg": "Conversion Error: Could not convert string <3 characters> to INT"}


def test_an_error_of_ours_tells_a_number_by_its_length() -> None:
    error = GovshareError(
        "the heading 410702199003070023 is missing", where="a.b file 13800000001.csv", remedy="see line 17"
    )
    assert str(error) == "a.b file <11 digits>.csv: the heading <18 digits> is missing. Remedy: see line 17."
    assert error.what == "the heading <18 digits> is missing"


def test_secrets_are_taken_out_by_their_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redaction, "_more", [])
    mask_with(lambda text: text.replace("p@ss#word", "***"))
    assert redacted("OperationalError: p@ss#word is wrong") == "OperationalError: *** is wrong"


def test_what_any_library_logs_is_free_of_values(tmp_path: Path, record_factory: None) -> None:
    in_logs()
    log, file = logging.getLogger("some.library"), tmp_path / "log"
    handler = logging.FileHandler(file, encoding="utf-8")
    log.addHandler(handler)
    try:
        log.error("%s called %d", "ValueError: bad '张三'", 13800000001)
        log.error('{"info": {"msg": "Conversion Error: \'李四\'"}}')
        log.error("too few %s %s", "王五")
        try:
            raise ValueError("could not convert '赵六'")
        except ValueError:
            log.exception("it failed")
    finally:
        log.removeHandler(handler)
        handler.close()
    said = file.read_text(encoding="utf-8")
    assert not [value for value in ("张三", "李四", "王五", "13800000001") if value in said]
    assert "ValueError: could not convert <2 characters>" in said and "test_trust_redaction.py" in said


def test_dagsters_event_log_keeps_no_value() -> None:
    event = EventLogEntry(
        None, "ERROR", "failed: ValueError: bad '张三' 410702199003070023", "run", 1.0, "step", "job", None
    )
    kept = discreet(event)
    assert kept.user_message == "failed: ValueError: bad <2 characters> <18 digits>"
    assert kept._replace(user_message=event.user_message) == event
    quiet = EventLogEntry(None, "INFO", "12 rows", "run", 1.0)
    assert discreet(quiet) is quiet


def test_the_first_record_of_a_file_without_a_heading_is_not_shown_as_its_names() -> None:
    declared = tuple(f"项{n}" for n in range(4))
    persons = Drift(new=("陈广林", "胡志霞", "中国"), missing=declared, renamed={"项0": "陈广林"}, headed=False)
    with_number = Drift(new=("陈广林", "410702199003070023"), missing=("项0",), renamed={"项0": "陈广林"})
    for drift in (persons, with_number):
        assert (
            "陈" not in drift.sentence() + str(drift.facts())
            and f"{len(drift.new)} columns are new" in drift.sentence()
        )
    named = Drift(new=("备注",), missing=("项0",), renamed={"项0": "备注"})
    assert "项0 is missing (renamed to 备注?)" in named.sentence() and named.facts()["new"] == ("备注",)
