"""The seed ``rules`` and the code agree: no rule without severity, dimension and remedy, no entry that nothing gives."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest

from catalogue.installation import DBT_PROJECT, PROJECT_ROOT
from expectations.standards import FROM_KEY, STANDARDS, TEXT_EVERYWHERE

DIMENSIONS = ("规范性", "完整性", "准确性", "一致性", "时效性", "可访问性")  # GB/T 36344-2018
SEVERITIES = ("set_aside", "repaired", "warn", "block")
with (DBT_PROJECT / "seeds" / "rules.csv").open(encoding="utf-8", newline="") as _file:
    RULES = {row["rule"]: row for row in csv.DictReader(_file)}

NAME = r"([a-z]+(?:_[a-z0-9]+)+)"
GIVEN_BY_SQL = [
    rf"\bdefect(?:_in)?\('{NAME}'",  # defect(rule, item, condition)
    rf"'problem', \"'{NAME}'\"",  # struct_of([('value', …), ('problem', "'…'")])
    rf"checked_or\(.*, '{NAME}'\)",  # checked_or(x, value, rule)
    rf"'rule', \"'{NAME}'\"",  # struct_of([('rule', "'…'")])
    rf"\b(?:then|else) '{NAME}'",  # case … then 'rule', in what is called a problem, fault, doubt or rule
    rf"^\s*'{NAME}': '[\^\[&]",  # text_repairs: rule to pattern
]
# What stands behind `then` and is no rule.
OTHER_WORDS = re.compile(
    r"^(hk_mo_tw_permit|legal_entity|self_employed|public_institution|social_organisation|religious_place|set_aside"
    r"|registration_number|organisation_code|tax_number|name_and_\w+|credit_code|id_number|current_date)$"
)


def sql_files() -> list[Path]:
    parts = [DBT_PROJECT / part for part in ("macros", "models", "cities")]
    return sorted(file for part in parts for file in part.rglob("*.sql"))


def given_by_sql() -> dict[str, str]:
    """Rule → a file that gives it."""
    found = {}
    for file in sql_files():
        text = re.sub(r"\{#.*?#\}", "", file.read_text(encoding="utf-8"), flags=re.DOTALL)
        for pattern in GIVEN_BY_SQL:
            for rule in re.findall(pattern, text, flags=re.MULTILINE):
                if not OTHER_WORDS.match(rule):
                    found[rule] = file.name
        for attribute in re.findall(r"disagrees_with_id\('(\w+)'", text):
            found[f"{attribute}_disagrees_with_id"] = file.name
    return found


def given_by_connectors() -> dict[str, str]:
    """What stands in ``_problem`` of a landed row: constants that are named for it, and words said in place."""
    found = {}
    for file in (PROJECT_ROOT / "connectors").rglob("*.py"):
        text = file.read_text(encoding="utf-8")
        for name in re.findall(
            rf"^(?:ROW_WIDTH|LINE_UNREADABLE|UNREADABLE|[A-Z_]*PROBLEM[A-Z_]*) = \"{NAME}\"", text, re.MULTILINE
        ):
            found[name] = file.name
        for rule in RULES:
            if f'"{rule}"' in text:
                found[rule] = file.name
        if "problem" in text:
            for name in re.findall(rf"\"{NAME}\" if |else \"{NAME}\"", text):
                found |= {
                    n: file.name
                    for n in name
                    if re.search("_(unreadable|width|missing|retyped|unknown|undecodable)$", n)
                }
    return found


def given_by_the_gate() -> set[str]:
    rules = {rule.name for rules in STANDARDS.values() for rule in rules} | {rule.name for rule in TEXT_EVERYWHERE}
    return rules | {name for name, *_ in FROM_KEY.values()}


def test_each_rule_is_complete() -> None:
    for rule, entry in RULES.items():
        assert re.fullmatch(r"[a-z][a-z0-9_]*", rule)
        assert entry["severity"] in SEVERITIES, rule
        assert entry["dimension"] in DIMENSIONS, rule
        assert entry["title"] and entry["remedy"], rule
    assert len(RULES) == sum(1 for _ in (DBT_PROJECT / "seeds" / "rules.csv").open(encoding="utf-8")) - 1, (
        "a rule twice"
    )


@pytest.mark.parametrize("given", [given_by_sql, given_by_connectors, given_by_the_gate])
def test_no_rule_is_given_that_the_seed_does_not_know(given) -> None:
    unknown = set(given()) - set(RULES)
    assert not unknown, f"enter {unknown} in seeds/rules.csv"


def test_no_entry_is_of_a_rule_that_nothing_gives() -> None:
    given = {*given_by_sql(), *given_by_connectors(), *given_by_the_gate()}
    words = {
        word
        for folder in ("orchestration", "publishing", "linking")
        for file in (PROJECT_ROOT / folder).rglob("*.py")
        for word in re.findall(rf"\"{NAME}\"", file.read_text(encoding="utf-8"))
    }
    assert set(RULES) - given - words == set()


def test_the_gate_blocks_only_what_nobody_can_repair_there() -> None:
    """A block of the gate is a fault of ours: its remedy speaks to the data engineers, no department."""
    for rule, entry in RULES.items():
        if entry["severity"] == "block":
            assert rule in given_by_the_gate() and rule not in given_by_sql()
