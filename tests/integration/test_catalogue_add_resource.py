"""The exercise of ``docs/add-a-resource.md``, done as the page says it, with the blocks taken out of the
page.

One YAML entry and one SQL file on a copy of the pilot's content: what the page shows as answers must be the
answers.
"""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from catalogue.check import check
from catalogue.dbt import run_dbt
from catalogue.files import write_whole
from catalogue.installation import DBT_PROJECT, PROJECT_ROOT, Installation
from catalogue.load import load, read
from catalogue.problems import Problem
from connectors.collect import collect
from connectors.connections import Connections
from connectors.landing import ensure_empty
from expectations.gate import judge
from orchestration.increment import next_build
from orchestration.inputs import begin
from publishing.account import account
from publishing.analyst import build_analyst_database
from publishing.candidate import write_candidate
from publishing.query import query
from publishing.release import publish
from publishing.trace import trace

PAGE = (PROJECT_ROOT / "docs" / "add-a-resource.md").read_text(encoding="utf-8")
RESOURCE = "public_security.driving_licence"


def block(language: str) -> str:
    [found] = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    return found


def answers(command: str) -> list[str]:
    """What the page shows as answered to commands that begin so."""
    return re.findall(rf"```console\n\$ govshare {command}[^\n]*\n(.*?)```", PAGE, re.DOTALL)


def table(text: str) -> list[list[str]]:
    """The cells of a table as the command line draws it."""
    lines = [line for line in text.splitlines() if line.startswith("│")]
    return [[cell.strip() for cell in line.strip("│").split("│")] for line in lines]


def said(problems: list[Problem]) -> list[dict[str, Any]]:
    """Findings without the place, which differs from one machine to another."""
    return [without_place(problem.as_dict()) for problem in problems]


def without_place(finding: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in finding.items() if name not in ("file", "line")}


class Exercise:
    """The page's steps on a copy of the content; ``before`` and ``after``: the findings without and with
    SQL."""

    def __init__(self, folder: Path) -> None:
        content = folder / "content"
        shutil.copytree(DBT_PROJECT / "cities" / "xinxiang", content)
        self.installation = Installation(folder / "data", folder / "city", content)
        self.files = {path: path.read_bytes() for path in content.rglob("*") if path.is_file()}

        write_whole(self.installation.settings_file, block("toml"))
        delivered = self.installation.city / "traffic_police" / "机动车驾驶证_202611.csv"
        delivered.parent.mkdir()
        delivered.write_bytes(block("csv").encode("gb18030"))

        entry = content / "sources" / "public_security.yml"
        entry.write_text(entry.read_text(encoding="utf-8").rstrip("\n") + "\n\n" + block("yaml"), encoding="utf-8")
        self.before = check(self.installation)
        write_whole(content / "staging" / "stg_public_security__driving_licence.sql", block("sql"))
        self.after = check(self.installation)

    def run(self) -> None:
        """What ``govshare run`` does of it, room by room; the other departments have delivered nothing."""
        installation, catalogue = self.installation, load(self.installation)
        for resource in catalogue.resources.values():
            ensure_empty(installation, resource)
        collect(catalogue.resources[RESOURCE], installation, Connections.load(installation))
        begin(next_build(installation, catalogue), installation)
        left_out = [word for kind in ("test", "unit_test") for word in ("--exclude-resource-type", kind)]
        run_dbt(installation, "build", "--full-refresh", *left_out)
        for name in ("population", "account", "set_aside", "defects", "conflicts"):
            published = catalogue.published_tables[name]
            candidate = write_candidate(installation, published)
            publish(installation, candidate, judge(installation, published, candidate, catalogue), {})
        build_analyst_database(installation)


@pytest.fixture(scope="module")
def exercise(tmp_path_factory: pytest.TempPathFactory) -> Exercise:
    exercise = Exercise(tmp_path_factory.mktemp("exercise"))
    exercise.run()
    return exercise


def test_no_third_file_is_touched(exercise: Exercise) -> None:
    content = exercise.installation.content
    now = {path: path.read_bytes() for path in content.rglob("*") if path.is_file()}
    changed = {path.relative_to(content).as_posix() for path in now if now[path] != exercise.files.get(path)}
    assert changed == {"sources/public_security.yml", "staging/stg_public_security__driving_licence.sql"}


def test_check_answers_what_the_page_shows_before_and_after_the_sql_file(exercise: Exercise) -> None:
    before, after = (list(map(without_place, json.loads(text))) for text in answers("check"))
    assert said(exercise.before) == before
    assert said(exercise.after) == after
    assert [finding["severity"] for finding in after] == ["warn"]


def test_the_account_is_the_pages(exercise: Exercise) -> None:
    [shown] = [row for row in table(answers("account")[0]) if row[0] == RESOURCE]
    found = next(r for r in account(exercise.installation)["resources"] if r["resource"] == RESOURCE)
    counts = [found[name] for name in ("landed", "merged", "superseded", "duplicate", "set_aside")]
    assert [int(cell) for cell in shown[1:6]] == counts
    assert shown[6] == ", ".join(f"{rule} {n}" for rule, n in found["reasons"].items())


@pytest.mark.parametrize("name", ["set_aside", "defects"])
def test_what_was_set_aside_and_repaired_is_the_pages(exercise: Exercise, name: str) -> None:
    [(sql, shown)] = [
        (command.replace('\\"', '"'), answer)
        for command, answer in re.findall(r'\$ govshare query "(.*?)"\n(.*?)```', PAGE, re.DOTALL)
        if f"from {name} " in command
    ]
    assert table(shown) == [[str(cell) for cell in row] for row in query(exercise.installation, sql)[1]]


def test_the_trace_is_the_pages(exercise: Exercise) -> None:
    [[attribute, value, department, resource, batch, row, _]] = table(answers("trace")[0])
    [key] = re.findall(r"govshare trace population (\w+)", PAGE)
    [found] = trace(exercise.installation, "population", key, attribute)["attributes"]
    assert (value, department, resource, batch, int(row)) == tuple(
        found[name] for name in ("value", "department", "resource", "batch", "row")
    )


def test_every_macro_that_the_page_lists_is_there(exercise: Exercise) -> None:
    listed = {
        name
        for line in PAGE.partition("| macro |")[2].partition("```")[0].splitlines()
        for name in re.findall(r"`(\w+)\(", line.split("|")[1] if "|" in line else "")
    }
    assert len(listed) > 12 and listed <= read(exercise.installation).macros
