"""What holds for the dbt project without running it: completeness of declarations, and where an engine's SQL may stand."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from catalogue.installation import DBT_PROJECT

CONTENT = DBT_PROJECT / "cities" / "xinxiang"
MERGE = DBT_PROJECT / "macros" / "merge"
# What only DuckDB, or only some engines, have; it belongs into a dispatched macro of macros/engine.
ENGINE_ONLY = re.compile(
    r"\b(arg_min|arg_max|list_\w+|map_from_entries|unnest|read_parquet|read_text|regexp_\w+|strptime|try_strptime|hugeint"
    r"|epoch_ms|bit_or|md5|sha256|exclude|qualify|struct_pack|hash)\s*\(|::|\bfilter \(where|\bexclude\s*\(",
    re.IGNORECASE,
)


def models() -> dict[str, dict]:
    return {
        model["name"]: model
        for file in (DBT_PROJECT / "models").rglob("*.yml")
        for model in yaml.safe_load(file.read_text(encoding="utf-8")).get("models", [])
    }


def sources() -> dict[tuple[str, str], dict]:
    return {
        (source["name"], table["name"]): table
        for file in (CONTENT / "sources").glob("*.yml")
        for source in yaml.safe_load(file.read_text(encoding="utf-8")).get("sources", [])
        for table in source["tables"]
    }


BASE = ("population", "legal_entity", "certificate")
COLUMNS = [(table, column["name"], column) for table in BASE for column in models()[table]["columns"]]


def test_every_model_is_described() -> None:
    written = {file.stem for suffix in ("*.sql", "*.py") for file in (DBT_PROJECT / "models").rglob(suffix)}
    described = {name for name, model in models().items() if model.get("description")}
    assert written == described


def test_each_resource_has_one_staging_model() -> None:
    written = {file.stem for file in (CONTENT / "staging").glob("*.sql")}
    assert written == {f"stg_{department}__{resource}" for department, resource in sources()}


@pytest.mark.parametrize(("table", "name", "column"), COLUMNS, ids=[f"{t}.{n}" for t, n, _ in COLUMNS])
def test_each_base_column_says_what_it_is(table: str, name: str, column: dict) -> None:
    meta = column["config"]["meta"]
    assert column["description"] and column["data_type"] and meta["title"]
    registers = {resource["config"]["meta"]["register"] for resource in sources().values()}
    unknown = set(meta.get("authority", [])) - registers
    assert not unknown, f"{table}.{name} names registers that no resource is: {unknown}"
    assert not meta.get("exclusive") or meta.get("authority"), "an exclusive column names its registers"


def sql_outside_engine() -> list[Path]:
    return sorted(
        [*(DBT_PROJECT / "models").rglob("*.sql"), *MERGE.glob("*.sql"), *(CONTENT / "staging").glob("*.sql")]
    )


@pytest.mark.parametrize("file", sql_outside_engine(), ids=lambda file: file.stem)
def test_engine_specific_sql_stands_in_engine_macros(file: Path) -> None:
    text = re.sub(r"\{#.*?#\}", "", file.read_text(encoding="utf-8"), flags=re.DOTALL)
    own = {
        name
        for engine in (DBT_PROJECT / "macros" / "engine").glob("*.sql")
        for name in re.findall(r"macro (\w+)\(", engine.read_text())
    }
    found = {match.group(0) for match in ENGINE_ONLY.finditer(text) if match.group(1) not in own}
    assert not found, f"move {found} into macros/engine"
