"""``govshare check``: everything that is wrong with the catalogue, at once.

Here the findings of all stages come together: YAML that cannot be read, a project that dbt cannot parse,
entries without the right shape, broken rules. The rules themselves are in ``rules``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import yaml  # type: ignore[import-untyped]
from jinja2 import Environment, meta, nodes

from catalogue.dbt import DbtError, content_files
from catalogue.installation import DBT_PROJECT, Installation
from catalogue.load import Reading, read
from catalogue.model import staging_model
from catalogue.problems import LOADER, Problem
from catalogue.rules import problems_of
from catalogue.rules.words import close_to

LINE_IN_OUTPUT = re.compile(r"\bline (\d+)\b")
JINJA = Environment(extensions=["jinja2.ext.do"])
DBT_NAMES = """
adapter api builtins config context dbt_version doc env_var exceptions execute flags fromjson fromyaml graph
invocation_id load_result local_md5 log model modules print ref return run_started_at selected_resources set
source target this tojson toyaml var zip
"""  # what dbt gives every model besides its macros
FILE_IN_OUTPUT = re.compile(r"[\w./\-\u4e00-\u9fff]+\.(?:ya?ml|sql|csv)")


def check(installation: Installation) -> list[Problem]:
    """All findings, errors first. An empty list: the catalogue is in order."""
    found = list(_unreadable(installation.content))
    if not found:
        try:
            reading = read(installation)
        except DbtError as error:
            found = [_refused(error)]
        else:
            found = [*reading.problems, *problems_of(reading.catalogue)]
            found += _orphans(installation.content, reading)
            found += _unknown_macros(installation.content, reading)
    return sorted(found, key=lambda p: (p.severity != "error", str(p.file), p.line or 0))


def _unreadable(content: Path) -> Iterator[Problem]:
    """Files that are no YAML: the rest cannot be judged without them."""
    if not content.is_dir():
        yield Problem(
            content, "catalogue", "content", "there is no such folder",
            "GOVSHARE_CATALOGUE names the folder with sources/, staging/ and departments.yml",
        )  # fmt: skip
        return
    for file in content_files(content, ".yml", ".yaml"):
        try:
            yaml.load(file.read_text(encoding="utf-8"), Loader=LOADER)
        except UnicodeDecodeError:
            yield Problem(file, file.name, "yaml", "the file is not UTF-8", "save it as UTF-8")
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            yield Problem(
                file, file.name, "yaml", f"not readable as YAML: {getattr(error, 'problem', None) or error}",
                "correct indentation, brackets or quotes at this line", line=mark.line + 1 if mark else None,
            )  # fmt: skip


def _orphans(content: Path, reading: Reading) -> Iterator[Problem]:
    """Staging models that no resource stands behind: their rows would reach nothing."""
    expected = {resource.staging_model for resource in reading.catalogue.resources.values()}
    misshapen = [problem.entry.split(".") for problem in reading.problems if "." in problem.entry]
    expected |= {staging_model(department, name) for department, name, *_ in misshapen}
    for file in content_files(content, ".sql"):
        if file.stem.startswith("stg_") and file.stem not in expected:
            yield Problem(
                file, file.stem, "orphan",
                f"no resource is declared for it{close_to(file.stem, sorted(expected))}",
                "declare the resource under sources/, or rename or remove the file", severity="warn",
            )  # fmt: skip


def _unknown_macros(content: Path, reading: Reading) -> Iterator[Problem]:
    """Names in a staging model that stand for nothing: dbt itself would say so only in the middle of a
    build."""
    known = reading.macros | set(DBT_NAMES.split())
    for file in content_files(content, ".sql"):
        if not file.stem.startswith("stg_"):
            continue  # snapshots and macros have tags of dbt's own
        template = JINJA.parse(file.read_text(encoding="utf-8"))
        for name in sorted(meta.find_undeclared_variables(template) - known):
            lines = [node.lineno for node in template.find_all(nodes.Name) if node.name == name]
            yield Problem(
                file, file.stem, "macro", f"there is no macro {name}{close_to(name, sorted(reading.macros))}",
                "correct its name; docs/add-a-resource.md lists the macros of staging models",
                line=min(lines, default=None),
            )  # fmt: skip


def _refused(error: DbtError) -> Problem:
    """dbt's own refusal, with the file and line it names. What is wrong stands at either end of its words."""
    said = " ".join(line.strip() for line in error.output.splitlines() if "Encountered an error" not in line).strip()
    named, line = FILE_IN_OUTPUT.search(error.output), LINE_IN_OUTPUT.search(error.output)
    file = (DBT_PROJECT / named[0]).resolve() if named else DBT_PROJECT / "dbt_project.yml"
    return Problem(
        file, file.stem, "dbt",
        "dbt cannot parse the project: " + (said if len(said) <= 600 else f"{said[:250]} … {said[-300:]}"),
        "correct what dbt names, then check again: the other rules wait for it",
        line=int(line[1]) if line else None,
    )  # fmt: skip
