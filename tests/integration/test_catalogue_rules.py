"""Every rule of the catalogue: a good entry with one thing broken, and what is said about it.

All entries lie in one content folder, so that dbt parses once and the test also shows that all is told at
once. The broken things are listed in ``test_catalogue_rules.yml``. What keeps dbt from parsing at all is in
``test_catalogue_check.py``.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from catalogue.check import check
from catalogue.installation import PROJECT_ROOT, Installation
from catalogue.problems import Problem

CASES = yaml.safe_load(Path(__file__).with_suffix(".yml").read_text(encoding="utf-8"))

GOOD = {
    "resource": """\
version: 2
sources:
  - name: DEPARTMENT
    schema: landing_DEPARTMENT
    tables:
      - name: licence
        description: 许可证照面信息
        config:
          meta:
            title: DEPARTMENT 许可信息
            code: 307016070399/000NUMBER
            category: {class: 部门, item: "省(区、市)及以下", subject: [食品药品安全]}
            summary: 许可证编号、经营者名称
            format: {category: 电子表格, type: xlsx}
            sharing: {type: 无条件共享, mode: 共享平台方式, method: 文件}
            open: {open: true}
            update_cycle: 每月
            published_on: 2026-11-01
            related: [307016070399/000101]
            register: food_licence
            claims:
              - {table: legal_entity, role: entity}
            connector: {kind: excel, connection: files, path: "*.xlsx", key: [许可证编号], mode: full}
            contract: evolve
        columns:
          - {name: 许可证编号, description: 许可证编号, config: {meta: {type: C}}}
          - {name: 经营者, description: 名称, config: {meta: {type: C, standard: organisation_name}}}
          - {name: 状态, description: 有效或注销, config: {meta: {type: C, codes: certificate_status}}}
""",
    "department": """\
version: 2
groups:
  - name: DEPARTMENT
    description: DEPARTMENT
    owner: {name: 某某局, email: office@city.example}
    config: {meta: {title: 某某局, code: "11410700009000074A"}}
""",
    "agreement": """\
version: 2
exposures:
  - name: DEPARTMENT_use
    label: 核验
    type: application
    owner: {name: 某某局, email: office@city.example}
    depends_on: [ref('legal_entity')]
    config:
      meta:
        consumer: DEPARTMENT
        columns: [credit_code, name, representative_name]
        purpose: 核验经营资格
        legal_basis: 《中华人民共和国食品安全法》
        form: 文件
        expiry: 2027-12-31
""",
}


def entry(kind: str, department: str, number: int) -> str:
    return GOOD[kind].replace("DEPARTMENT", department).replace("NUMBER", str(number))


def broken(case: dict[str, str], number: int) -> str:
    """The good entry with the case's one thing broken."""
    text = entry(case.get("of", "resource"), case["name"], number)
    old, new = (
        str(case.get(key, "")).replace("DEPARTMENT", case["name"]).replace("NUMBER", str(number))
        for key in ("drop" if "drop" in case else "old", "new")
    )
    assert text.count(old) == 1, case
    if "drop" in case:
        return "".join(line for line in text.splitlines(keepends=True) if old not in line)
    return text.replace(old, new)


def file_of(case: dict[str, str]) -> str:
    return f"{case.get('of', 'resource')}s/{case['name']}.yml"


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder with a good entry of each kind, all the broken ones, and what is missing on one side."""
    folder = tmp_path_factory.mktemp("content")
    files: dict[str, str] = {}
    for number, name in enumerate(["a_good", "same", "a_stranger", *(case["name"] for case in CASES)], 100):
        for kind in ("resource", "department"):
            files[f"{kind}s/{name}.yml"] = entry(kind, name, number)
        files[f"staging/stg_{name}__licence.sql"] = "select 1 as x"
    files["agreements/a_good.yml"] = entry("agreement", "a_good", 1)
    for number, case in enumerate(CASES, 200):
        files[file_of(case)] = broken(case, number)
    # A department that holds one name twice; one that nobody declared, with a name that no file system likes.
    table = files["resources/same.yml"].partition("    tables:\n")[2]
    files["resources/same.yml"] += table.replace("- name: licence", "- name: other").replace("same 许", "same、许")
    files["staging/stg_same__other.sql"] = "select 1 as x"
    del files["departments/a_stranger.yml"], files["staging/stg_a_stranger__licence.sql"]
    files["staging/stg_a_stranger__license.sql"] = "select 1 as x"
    files["resources/a_stranger.yml"] += table.replace("- name: licence", "- name: Other").replace("same", "Other")
    for name, text in files.items():
        file = folder / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def problems(content: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Problem]:
    data = tmp_path_factory.mktemp("data")
    return check(Installation(data, data / "city", content))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_a_broken_entry_is_told_with_file_line_entry_rule_and_remedy(
    case: dict[str, str], content: Path, problems: list[Problem]
) -> None:
    file = content / file_of(case)
    found = [p for p in problems if p.file == file]
    assert [p.rule for p in found] == [case["rule"]], found
    [problem] = found
    entries = {"resource": "{}.licence", "department": "{}", "agreement": "agreement {}_use"}
    expected = entries[case.get("of", "resource")].format(case["name"])
    assert problem.entry == (f"{expected}.{case['item']}" if "item" in case else expected)
    assert problem.severity == case.get("severity", "error")
    assert case.get("message", "") in problem.message
    assert problem.remedy and case.get("remedy", "") in problem.remedy
    assert problem.line is not None
    line = file.read_text(encoding="utf-8").splitlines()[problem.line - 1]
    assert case["line"].replace("DEPARTMENT", case["name"]) in line, f"line {problem.line}: {line}"


def test_good_entries_give_no_finding_at_all(content: Path, problems: list[Problem]) -> None:
    assert [p for p in problems if p.file.name == "a_good.yml"] == []


def test_one_department_may_not_have_two_resources_of_one_name(problems: list[Problem]) -> None:
    found = [(p.rule, p.entry, p.severity) for p in problems if p.file.name == "same.yml"]
    assert ("title_twice", "same.other", "error") in found and ("code_twice", "same.other", "error") in found


def test_an_undeclared_department_a_missing_staging_model_and_a_capital_letter_are_told(
    problems: list[Problem],
) -> None:
    found = {p.rule: p for p in problems if p.file.name == "a_stranger.yml"}
    assert {"provider", "staging", "name"} <= set(found)
    assert "add a group of that name" in found["provider"].remedy
    assert found["name"].entry == "a_stranger.Other"


def test_a_staging_model_without_a_resource_is_told(problems: list[Problem]) -> None:
    [orphan] = [p for p in problems if p.rule == "orphan"]
    assert orphan.file.name == "stg_a_stranger__license.sql" and orphan.severity == "warn"
    assert "did you mean stg_a_stranger__licence?" in orphan.message


def test_all_is_told_at_once_and_errors_come_first(problems: list[Problem]) -> None:
    assert len(problems) > len(CASES)
    severities = [problem.severity for problem in problems]
    assert severities == sorted(severities)
    assert len({(p.file, p.entry, p.rule, p.message) for p in problems}) == len(problems)


def test_every_rule_that_there_is_has_been_broken_here(problems: list[Problem]) -> None:
    """A rule without a case would be one that nobody has seen fail."""
    calls = re.compile(r'(?:of_resource\(\s*resource,|\bproblem\()\s*"(\w+)"')
    rules = (PROJECT_ROOT / "catalogue" / "rules").glob("*.py")
    named = {rule for file in rules for rule in calls.findall(file.read_text(encoding="utf-8"))}
    assert len(named) > 30 and named <= {problem.rule for problem in problems}
