"""Every published table of the pilot's catalogue has its suite, and every check in it can be asked.

The tables are made empty from their contracts, so that the whole way from dbt's YAML to Great Expectations is
walked without a build.
"""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pyarrow.parquet as pq
import pytest
import yaml
from support import parsed

from catalogue.installation import DBT_PROJECT, Installation
from catalogue.load import load
from catalogue.model import Catalogue
from expectations.gate import judge
from expectations.plan import LastRelease, plan
from publishing.candidate import write_candidate

CONTENT = DBT_PROJECT / "cities" / "xinxiang"


def contracts() -> list[str]:
    """Models with an enforced contract, read from the YAML and not through the catalogue."""
    models = [
        model
        for file in sorted((DBT_PROJECT / "models").rglob("*.yml"))
        for model in yaml.safe_load(file.read_text(encoding="utf-8")).get("models", [])
    ]
    return sorted(model["name"] for model in models if model.get("config", {}).get("contract", {}).get("enforced"))


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    folder = tmp_path_factory.mktemp("suites")
    return parsed.take_over(Installation(folder / "data", folder / "city", CONTENT))


@pytest.fixture(scope="module")
def catalogue(installation: Installation) -> Catalogue:
    return load(installation)


@pytest.fixture(scope="module")
def warehouse(catalogue: Catalogue) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        for table in catalogue.published_tables.values():
            columns = ", ".join(f'"{column.name}" {column.type}' for column in table.columns)
            connection.execute(f'create table "{table.name}" ({columns})')
        yield connection


def test_each_table_with_a_contract_is_published_and_has_a_suite(catalogue: Catalogue) -> None:
    assert sorted(catalogue.published_tables) == contracts()
    for table in catalogue.published_tables.values():
        rules = {check.rule for check in plan(table, catalogue, LastRelease(1, "2026-01-01"))}
        assert {"columns", "types"} <= rules, table.name
        if table.layer == "base":
            assert {"primary_key", "volume", "volume_change", "not_null", "freshness"} <= rules, table.name


def test_each_column_with_a_standard_or_codes_is_checked_by_them(catalogue: Catalogue) -> None:
    for table in catalogue.published_tables.values():
        checks = plan(table, catalogue)
        for column in table.columns:
            rules = {check.rule for check in checks if check.column == column.name}
            assert not column.codes or "codes" in rules, f"{table.name}.{column.name}"
            assert not column.standard or rules - {"not_null", "completeness"}, f"{table.name}.{column.name}"


@pytest.mark.parametrize("name", contracts())
def test_all_checks_of_a_table_can_be_asked(
    name: str, installation: Installation, catalogue: Catalogue, warehouse: duckdb.DuckDBPyConnection
) -> None:
    table = catalogue.published_tables[name]
    verdict = judge(installation, table, write_candidate(installation, table, warehouse), catalogue)
    failed = {check.name: check.observed for check in verdict.checks if not check.passed}
    # An empty base table is no first release; nothing else can be wrong with no row.
    assert failed == ({"volume": "0 rows"} if table.layer == "base" else {})
    assert verdict.passed == (table.layer != "base")


def test_each_column_of_the_pilots_base_tables_carries_its_description_into_the_files(
    installation: Installation, catalogue: Catalogue, warehouse: duckdb.DuckDBPyConnection
) -> None:
    for table in catalogue.base_tables.values():
        written = write_candidate(installation, table, warehouse)
        schema = pq.read_schema(written.path / written.files[0].name)
        assert schema.metadata[b"title"].decode() == table.title
        for column in table.columns:
            words = schema.field(column.name).metadata
            assert words[b"description"].decode() == column.description != "", column.name
            assert words.get(b"clause", b"").decode() == column.clause
            assert words.get(b"standard", b"").decode() == column.standard
