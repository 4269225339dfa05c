"""How a model becomes a table: a contract is held although it is asked of the table and not of the query."""

from __future__ import annotations

import re
from pathlib import Path

import duckdb
import pytest
import yaml
from dbt.cli.main import dbtRunner, dbtRunnerResult

from catalogue.dbt import close_warehouse
from catalogue.installation import DBT_PROJECT

KEPT = "select 'one' as id, cast(1 as bigint) as number"


class Project:
    """A dbt project with the one model ``kept`` and our materializations."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.warehouse = folder / "warehouse.duckdb"
        (folder / "models").mkdir()
        project = {
            "name": "contracts", "profile": "contracts", "macro-paths": [str(DBT_PROJECT / "macros" / "engine")],
            "flags": {"send_anonymous_usage_stats": False},
        }  # fmt: skip
        profile = {"target": "duckdb", "outputs": {"duckdb": {"type": "duckdb", "path": str(self.warehouse)}}}
        (folder / "dbt_project.yml").write_text(yaml.safe_dump(project))
        (folder / "profiles.yml").write_text(yaml.safe_dump({"contracts": profile}))

    def build(self, query: str, materialized: str, constraint: str = "not_null") -> dbtRunnerResult:
        columns = [
            {"name": "id", "data_type": "varchar", "constraints": [{"type": constraint}]},
            {"name": "number", "data_type": "bigint"},
        ]
        config = {"materialized": materialized, "contract": {"enforced": True}, "on_schema_change": "fail"}
        model = {"name": "kept", "config": config, "columns": columns}
        (self.folder / "models" / "kept.yml").write_text(yaml.safe_dump({"models": [model]}))
        (self.folder / "models" / "kept.sql").write_text(query)
        place = ["--project-dir", str(self.folder), "--profiles-dir", str(self.folder)]
        try:
            return dbtRunner().invoke(["--quiet", "build", "--full-refresh", *place])
        finally:
            close_warehouse()

    def rows(self, query: str) -> list[tuple[object, ...]]:
        with duckdb.connect(str(self.warehouse), read_only=True) as warehouse:
            return warehouse.sql(query).fetchall()


@pytest.mark.parametrize("materialized", ["table", "incremental"])
@pytest.mark.parametrize(
    ("query", "constraint", "said"),
    [
        ("select 'one' as id, cast(1 as integer) as number", "not_null", "data type mismatch"),
        ("select 'one' as id", "not_null", "missing in definition|number"),
        (f"{KEPT}, 2 as more", "not_null", "more"),
        ("select cast(null as varchar) as id, cast(1 as bigint) as number", "not_null", "NOT NULL constraint failed"),
        (KEPT, "unique", "only not_null is kept. Remedy"),
    ],
)
def test_what_breaks_a_contract_fails_and_leaves_the_table_as_it_was(
    tmp_path: Path, materialized: str, query: str, constraint: str, said: str
) -> None:
    project = Project(tmp_path)
    assert project.build(KEPT, materialized).success
    broken = project.build(query, materialized, constraint)
    assert not broken.success
    assert re.search(said, broken.result.results[0].message)
    assert project.rows("from kept") == [("one", 1)]
    assert project.rows(
        "select column_name, is_nullable from duckdb_columns() where table_name = 'kept' order by column_index"
    ) == [
        ("id", False),
        ("number", True),
    ]
