"""The gate's rules on real registers, which nobody of this project wrote; skipped where they are not."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import duckdb
import pytest

from expectations.standards import STANDARDS, literal

SHARED = Path(os.environ.get("GOVSHARE_SHARED") or Path(__file__).resolve().parents[3] / "shared")
REGISTERS = SHARED / "real" / "registration" / "csv"
DEFECTS = SHARED / "real" / "defect_rows"

pytestmark = pytest.mark.skipif(not REGISTERS.is_dir(), reason="the real registers are not on this machine")


def broken(standard: str, values: list[str]) -> dict[str, list[str]]:
    """Rule → the values that break it."""
    rows = ", ".join(f"({literal(value)})" for value in values)
    return {
        rule.name: [x for (x,) in duckdb.sql(f"select x from (values {rows}) t(x) where {rule.breaks('x')}").fetchall()]
        for rule in STANDARDS[standard]
    }


@pytest.fixture(scope="module")
def registered() -> list[dict[str, str]]:
    rows = []
    for file in sorted(REGISTERS.rglob("新乡.csv")):
        with file.open(encoding="utf-8", newline="") as lines:
            rows += list(csv.DictReader(lines))
    return rows


def test_no_rule_is_broken_by_the_codes_of_a_clean_register(registered: list[dict[str, str]]) -> None:
    codes = [row["统一社会信用代码"] for row in registered]
    assert len(codes) == 2179
    assert {rule: len(found) for rule, found in broken("credit_code", codes).items()} == {
        "credit_code_form": 0, "credit_code_check_digit": 0, "credit_code_inner_check": 0,
    }  # fmt: skip
    inside = [code[8:17] for code in codes]
    assert not any(broken("organisation_code", inside).values())


def test_uncleaned_names_and_dates_of_a_register_are_seen(registered: list[dict[str, str]]) -> None:
    people = broken("name", [row["法人代表"] for row in registered])
    assert len(people["placeholder"]) > 10, "N/A and ----"
    assert not any(broken("date", [row["注册日期"] for row in registered]).values())


@pytest.mark.parametrize(
    ("defect", "rules"),
    [
        ("code_len", {"credit_code_form"}),
        ("code_check", {"credit_code_check_digit"}),
        ("code_len|date_fmt|fffd", {"credit_code_form"}),
        ("dup_code", set()),
    ],
)
def test_codes_with_a_measured_defect_break_the_rule_for_it(defect: str, rules: set[str]) -> None:
    with (DEFECTS / "rows.csv").open(encoding="utf-8", newline="") as lines:
        rows = list(csv.reader(lines))
    with (DEFECTS / "rows_index.tsv").open(encoding="utf-8", newline="") as lines:
        index = list(csv.DictReader(lines, delimiter="\t"))
    codes = [rows[int(entry["line"]) - 1][1] for entry in index if entry["measured_defects"] == defect]
    assert codes
    found = broken("credit_code", codes)
    for rule in rules:
        assert sorted(found[rule]) == sorted(codes), rule
    if not rules:
        assert not found["credit_code_form"] and not found["credit_code_check_digit"]
