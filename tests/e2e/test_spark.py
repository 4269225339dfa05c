"""The merge of a small city on Spark gives the base tables that DuckDB gives, row by row (``make test-spark``)."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import duckdb
import pytest

from catalogue.dbt import run_dbt
from catalogue.installation import DBT_PROJECT, PROJECT_ROOT, Installation
from catalogue.load import load
from connectors.collect import collect
from connectors.connections import Connections
from connectors.landing import ensure_empty
from demo_city import city
from orchestration.increment import next_build
from orchestration.inputs import begin
from orchestration.spark import tables

pytestmark = pytest.mark.spark
BASE = ("population", "legal_entity", "certificate")
GOVERNANCE = (
    "account", "disposition", "set_aside", "defects", "conflicts", "differences", "review", "supply", "certificate_sync",
    "shareholding",
)  # fmt: skip
# A small city's tables take seconds, and code made for each of their long expressions minutes.
SPARK_DEFAULTS = """
spark.sql.codegen.wholeStage false
spark.sql.codegen.factoryMode NO_CODEGEN
spark.sql.shuffle.partitions 2
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """A city of 2,000 people, merged on DuckDB and on Spark from the same batches."""
    pytest.importorskip("pyspark", reason="pyspark is not installed: make test-spark")
    if not shutil.which("java") and "JAVA_HOME" not in os.environ:
        pytest.skip("Spark needs Java 17")
    folder = tmp_path_factory.mktemp("spark")
    installation = Installation(folder, folder / "city", DBT_PROJECT / "cities" / "xinxiang")
    city.make(city.Order(2000, 1, "usual", None), installation.city)
    catalogue, connections = load(installation), Connections.load(installation)
    for resource in catalogue.resources.values():
        collect(resource, installation, connections)
        ensure_empty(installation, resource)
    work = next_build(installation, catalogue)
    begin(work, installation)
    run_dbt(installation, *work.arguments)
    _build_on_spark(installation)
    return installation


def _build_on_spark(installation: Installation) -> None:
    """In a process of its own, as Spark keeps its session and Java's as long as the process lives."""
    conf = installation.data / "conf"
    conf.mkdir()
    (conf / "spark-defaults.conf").write_text(SPARK_DEFAULTS)
    environment = {**os.environ, **installation.environment(), "SPARK_CONF_DIR": str(conf)}
    environment["GOVSHARE_CATALOGUE"] = str(installation.content)  # for dbt alone it is relative
    done = subprocess.run(
        [sys.executable, "-m", "orchestration.spark"],
        cwd=PROJECT_ROOT, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"[-5000:]


@pytest.mark.parametrize("table", [*(f"base.{name}" for name in BASE), *(f"governance.{name}" for name in GOVERNANCE)])
def test_the_tables_are_the_same_row_by_row(built: Installation, table: str) -> None:
    schema, name = table.split(".")
    files = tables(built) / f"{schema}.db" / name / "*.parquet"
    with duckdb.connect(str(built.warehouse), read_only=True) as warehouse:
        columns = ", ".join(f'"{column}"' for column in warehouse.sql(f"from {table}").columns)
        ours = f"select {columns} from {table}"
        theirs = f"select {columns} from read_parquet('{files}')"
        assert warehouse.sql(f"{ours} except all {theirs}").fetchall() == []
        assert warehouse.sql(f"{theirs} except all {ours}").fetchall() == []
        if schema == "base":
            [(rows,)] = warehouse.sql(f"select count(*) from {table}").fetchall()
            assert rows > 100
