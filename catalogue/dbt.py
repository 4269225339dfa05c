"""How govshare calls dbt: the same project, profile, variables and environment every time.

Here belong the command line, the variables ``staged`` and ``provenance``, the code tables, and the project's
fingerprint. What dbt has parsed is kept in ``parsed``; when dbt builds the warehouse is Dagster's business.
"""

from __future__ import annotations

import csv
import hashlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]

from catalogue.checksums import intact, seal
from catalogue.dbt_process import close_warehouse
from catalogue.errors import GovshareError
from catalogue.files import write_whole
from catalogue.installation import DBT_PROJECT, Installation
from catalogue.model import staging_model
from catalogue.problems import LOADER
from catalogue.secret import Secret

PARTS = ("dbt_project.yml", "profiles.yml", "macros", "models", "seeds", "snapshots", "tests")
SUFFIXES = (".sql", ".py", ".yml", ".yaml", ".csv", ".md")  # of what dbt reads
STATE = "partial_parse.msgpack"  # what dbt has parsed, so that it parses only what has changed
ADDRESS = 'struct(resource varchar, batch varchar, "row" bigint)'
_NARROW = str.maketrans("（），", "(),")
_WIDE = str.maketrans("(),", "（），")
COLOURS = re.compile(r"\x1b\[[0-9;]*m")


class DbtError(GovshareError):
    """dbt refused; ``output`` is all it said."""

    def __init__(self, what: str, output: str, remedy: str) -> None:
        super().__init__(what, where="dbt", remedy=remedy)
        self.output = output


def staged_models(content: Path) -> dict[str, list[str]]:
    """Base table → the staging models (``stg_<department>__<resource>``) whose rows speak of it, sorted.

    Read from the sources' ``claims`` before dbt parses, because dbt wants every ref while it parses. A
    resource without a staging model is left out, and one that is malformed too: ``check`` tells about it.
    """
    written = {path.stem for path in content_files(content, ".sql")}
    staged: dict[str, set[str]] = {}
    for department, name, meta in _sources(content):
        model = staging_model(department, name)
        claims = meta.get("claims") if model in written else None
        for claim in claims if isinstance(claims, list) else []:
            if isinstance(claim, Mapping) and isinstance(claim.get("table"), str):
                staged.setdefault(claim["table"], set()).add(model)
    return {table: sorted(models) for table, models in sorted(staged.items())}


def vars_argument(installation: Installation) -> str:
    """The variables that every call of dbt gets, as one argument. ``project`` is for dbt alone: what it has parsed of a
    project that lay elsewhere, it would go on reading there."""
    staged = staged_models(installation.content)
    return json.dumps({"staged": staged, "provenance": provenance_types(), "project": str(DBT_PROJECT)})


def provenance_types() -> dict[str, str]:
    """Base table → SQL type of its ``_provenance``: for each attribute the row that supplied it.

    A contract must spell a type out, and nobody should write sixty fields that follow from the columns.
    """
    types: dict[str, str] = {}
    for file in sorted((DBT_PROJECT / "models" / "base").glob("*.yml")):
        for model in _list(yaml.load(file.read_text(encoding="utf-8"), Loader=LOADER), "models"):
            meta = (model.get("config") or {}).get("meta") or {}
            known = meta.get("identifier", meta.get("key"))
            names = [
                column["name"]
                for column in _list(model, "columns")
                if not column["name"].startswith("_")
                and (column["name"] != meta.get("key") or column["name"] == known)
                and not column["config"]["meta"].get("derived_from")
            ]
            if names:
                fields = ", ".join(f"{name} {ADDRESS}" for name in names)
                types[model["name"]] = f"struct({fields})"
    return types


@cache
def code_tables() -> dict[str, dict[str, dict[str, str]]]:
    """Code table → ``words`` (what departments write → code), ``names`` (code → name) and, where a seed has the column,
    ``successors`` (code → the one that took its place), from the seeds.

    Handed to the macros and no join: a staging model may decode without naming the seed as an input. A word of a seed
    with the column ``means`` stands for a code of another table (an older edition's code for today's).
    Brackets count in both widths.
    """
    tables: dict[str, dict[str, dict[str, str]]] = {}
    for path in sorted((DBT_PROJECT / "seeds").glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        if not rows or not {"code", "name"} <= rows[0].keys():
            continue
        words: dict[str, str] = {}
        for row in rows:
            for word in filter(None, [row["code"], row["name"], *(row.get("words") or "").split("|")]):
                for spelling in (word, word.translate(_WIDE), word.translate(_NARROW)):
                    words.setdefault(spelling, row.get("means") or row["code"])
        tables[path.stem] = {"words": words, "names": {row["code"]: row["name"] for row in rows}}
        if "successor" in rows[0]:
            tables[path.stem]["successors"] = {row["code"]: row["successor"] for row in rows if row["successor"]}
    return tables


def dbt_executable() -> str:
    """dbt of this very environment (``dbt_process``), whether or not its ``bin`` is on the PATH."""
    return str(Path(sys.executable).with_name("govshare-dbt"))


def dbt_command(installation: Installation, *arguments: str) -> list[str]:
    """dbt's command line, e.g. ``dbt_command(installation, "build", "--select", "population")``."""
    return [
        dbt_executable(), "--no-use-colors", *arguments,
        "--project-dir", str(DBT_PROJECT), "--profiles-dir", str(DBT_PROJECT),
        "--vars", vars_argument(installation),
    ]  # fmt: skip


def dbt_environment(installation: Installation) -> dict[str, str]:
    """The environment in which dbt works on this installation. The code tables come as a file and not among the
    variables: those dbt reads as YAML, which for so much takes nearly two seconds of every call. dbt's log does without
    the text of every statement, which lies under ``target/run`` anyway: writing it takes a fifth of a small build."""
    codes = {"GOVSHARE_CODES": str(_code_tables_file(installation))}
    Secret.of(installation)  # macros and linking read its file
    return {"DBT_LOG_LEVEL_FILE": "info", **os.environ, **installation.environment(), **codes}


def _code_tables_file(installation: Installation) -> Path:
    file = installation.dbt_target / "code_tables.json"
    text = json.dumps(code_tables(), ensure_ascii=False)
    if not file.exists() or file.read_bytes() != text.encode():
        write_whole(file, text)
    return file


def run_dbt(installation: Installation, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Call dbt and wait; raise ``DbtError`` with what it said when it fails."""
    installation.warehouse.parent.mkdir(parents=True, exist_ok=True)
    state = installation.dbt_target / STATE
    intact(state)  # or dbt would go on from what is damaged
    done = subprocess.run(
        dbt_command(installation, *arguments),
        env=dbt_environment(installation),
        cwd=DBT_PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        said = COLOURS.sub("", done.stdout + done.stderr).strip()
        raise DbtError(f"`dbt {arguments[0]}` failed:\n{said}", said, "correct what dbt names, then run again")
    with suppress(FileNotFoundError):
        seal(state)
    return done


@contextmanager
def as_dbt(installation: Installation, target: Path | None = None) -> Iterator[None]:
    """dbt's environment in this process, while dbt runs in it or is started from it; afterwards the process has its own
    again. ``target``: a target folder of its own."""
    intact(installation.dbt_target / STATE)  # Dagster hands it on to dbt
    before = dict(os.environ)
    os.environ.update(dbt_environment(installation) | ({"DBT_TARGET_PATH": str(target)} if target else {}))
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def run_dbt_here(installation: Installation, *arguments: str) -> None:
    """As ``run_dbt``, but in this process, and so in what environment it has (``as_dbt``)."""
    from dbt.cli.main import dbtRunner

    try:
        done = dbtRunner().invoke(dbt_command(installation, *arguments)[1:])
    finally:
        close_warehouse()
    if not done.success:
        results: list[Any] = list(getattr(done.result, "results", None) or [])
        wrong = [f"{r.node.original_file_path}: {r.message}" for r in results if r.status in ("error", "fail")]
        said = "\n".join(wrong) or str(done.exception)
        raise DbtError(f"`dbt {' '.join(arguments)}` failed:\n{said}", said, "correct what dbt names, then run again")


def project_fingerprint(installation: Installation) -> str:
    """SHA-256 over the dbt project and the city's content: any change in them changes it."""
    digest = hashlib.sha256()
    for name, path in _project_files(installation):
        digest.update(f"{name}\n".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def content_files(content: Path, *suffixes: str) -> list[Path]:
    """Files of a city's content, sorted; hidden ones are nobody's."""
    return sorted(
        path
        for path in content.rglob("*")
        if path.suffix in suffixes
        and not any(part.startswith(".") for part in path.relative_to(content).parts)
        and path.is_file()
    )


def _sources(content: Path) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Department, resource and meta of every source table that can be made out."""
    for file in content_files(content, ".yml", ".yaml"):
        try:
            document = yaml.load(file.read_text(encoding="utf-8"), Loader=LOADER)
        except (yaml.YAMLError, UnicodeDecodeError):
            continue
        for source in _list(document, "sources"):
            for table in _list(source, "tables"):
                config = table.get("config")
                meta = (config.get("meta") if isinstance(config, Mapping) else None) or table.get("meta")
                yield (
                    str(source.get("name")),
                    str(table.get("name")),
                    meta if isinstance(meta, Mapping) else {},
                )


def _list(parent: Any, name: str) -> list[Mapping[str, Any]]:
    members = parent.get(name) if isinstance(parent, Mapping) else None
    return [member for member in members if isinstance(member, Mapping)] if isinstance(members, list) else []


def _project_files(installation: Installation) -> Iterator[tuple[str, Path]]:
    for part in PARTS:
        root = DBT_PROJECT / part
        for path in [root] if root.is_file() else content_files(root, *SUFFIXES):
            yield path.relative_to(DBT_PROJECT).as_posix(), path
    for path in content_files(installation.content, *SUFFIXES):
        yield f"content/{path.relative_to(installation.content).as_posix()}", path
