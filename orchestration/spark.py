"""The merge on Spark: the same models on dbt's target ``spark``, always in full.

dbt-spark runs SQL only, and persons are linked by the room ``linking``, which is DuckDB's. So a build is two calls of
dbt with linking in between: the claims on persons leave Spark as Parquet files, and what linking makes of them comes
back as tables over such files. dbt runs in this process, because Spark's session lives in it.

    GOVSHARE_DATA=… python -m orchestration.spark
"""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path

import duckdb

from catalogue.dbt import as_dbt, run_dbt_here
from catalogue.installation import Installation
from catalogue.load import load
from catalogue.model import Catalogue
from linking.from_claims import Claims, links, suspicions
from orchestration.batches import ensure_all_empty
from orchestration.increment import NOT_BUILT, next_build
from orchestration.inputs import begin

CLAIMS = "int_population__claims"
LINKED = {"int_population__links": links, "int_population__suspicions": suspicions}
KEPT_FOR_A_DAY = ("int_population__loose", "int_population__marks")  # by linking, where builds go on from the last one
SCHEMA = "intermediate"


def build(installation: Installation, catalogue: Catalogue) -> None:
    """Everything that has landed to base and governance tables, in Spark's warehouse (``tables``)."""
    ensure_all_empty(installation, catalogue.resources.values())
    begin(replace(next_build(installation, catalogue), full=True).checked(installation), installation)
    # A target folder of its own: dbt keeps one parsed project in each, and the other target has another.
    with as_dbt(installation, installation.dbt_target / "spark"):
        _dbt(installation, "--select", f"+{CLAIMS}")
        _link(installation)
        _dbt(installation, "--exclude", f"+{CLAIMS}", *LINKED, *KEPT_FOR_A_DAY)


def tables(installation: Installation) -> Path:
    """Where Spark's tables lie: ``<schema>.db/<table>/*.parquet`` (``profiles.yml``)."""
    return installation.warehouse.with_name(installation.warehouse.name + ".spark")


def _dbt(installation: Installation, *chosen: str) -> None:
    kinds = [word for kind in NOT_BUILT for word in ("--exclude-resource-type", kind)]
    run_dbt_here(installation, "--quiet", "build", "--target", "spark", *kinds, *chosen)


def _link(installation: Installation) -> None:
    """Linking's answers to the claims, as Spark tables over the files that it wrote."""
    from pyspark.sql import SparkSession

    spark = SparkSession.builder.getOrCreate()  # the one that dbt has opened
    folder = tables(installation) / "linking"
    shutil.rmtree(folder, ignore_errors=True)
    spark.table(f"{SCHEMA}.{CLAIMS}").write.parquet(str(folder / CLAIMS))
    spark.sql(f"create schema if not exists {SCHEMA}")
    with duckdb.connect() as connection:
        connection.execute("set memory_limit = $limit", {"limit": os.environ.get("GOVSHARE_MEMORY", "4GB")})
        connection.execute(f"create schema {SCHEMA}")
        connection.execute(f"create view {SCHEMA}.{CLAIMS} as from '{folder / CLAIMS}/*.parquet'")
        for name, answer in LINKED.items():
            found = answer(connection, Claims(f"{SCHEMA}.{CLAIMS}"))
            (folder / name).mkdir()
            found.write_parquet(str(folder / name / "part-00000.parquet"))
            spark.sql(f"drop table if exists {SCHEMA}.{name}")
            spark.sql(f"create table {SCHEMA}.{name} using parquet location '{folder / name}'")


if __name__ == "__main__":
    here = Installation.from_env()
    build(here, load(here))
