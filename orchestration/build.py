"""The dbt step: batches to base tables in the warehouse, or nothing where nothing has changed.

Here belongs when dbt runs and what its assets show. What it does is SQL in ``dbt_project``.
"""

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from graphlib import TopologicalSorter
from typing import Any

import dagster as dg
import duckdb
from dagster_dbt import DbtCliResource, dbt_assets
from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_fixed

from catalogue.dbt import dbt_executable, dbt_vars
from catalogue.errors import GovshareError
from catalogue.installation import DBT_PROJECT, Installation
from catalogue.model import Catalogue
from connectors.landing import ensure_empty
from orchestration.increment import next_build
from orchestration.keys import WAREHOUSE_POOL, Translator
from orchestration.progress import step

ORPHAN_SECONDS = 600  # how long a dbt that outlived its killed parent may hold the warehouse


def build_assets(
    installation: Installation, catalogue: Catalogue, manifest: Mapping[str, Any]
) -> dg.AssetsDefinition:
    """All seeds and models as one step of the warehouse's pool."""
    owners = {d.name: d.email for d in catalogue.departments.values()}

    @dbt_assets(
        name="build",
        manifest=manifest,
        select="resource_type:model resource_type:seed",
        dagster_dbt_translator=Translator(catalogue.resources, owners),
        pool=WAREHOUSE_POOL,
    )
    def build(context: dg.AssetExecutionContext, dbt: DbtCliResource) -> Iterator[Any]:
        for resource in catalogue.resources.values():
            ensure_empty(installation, resource)
        work = next_build(installation, catalogue)
        partial = len(context.selected_asset_keys) < len(context.assets_def.keys)
        if partial:  # what is left out would not know of the increment
            work = replace(work, full=True)
        elif work.done:
            context.log.info("No new batch and no changed model: nothing to build.")
            step("build", "warehouse", done=True, note="unchanged")
            for key in _in_order(context.assets_def):
                yield dg.Output(None, context.output_for_asset_key(key), metadata={"state": "unchanged"})
            return

        _wait_for_warehouse(installation)
        work.begin(installation, catalogue)
        context.log.info("Building in full." if work.full else f"Going on from the last build with {work.new}.")
        left_out = ["test", "unit_test", "snapshot", *([] if work.full else ["seed"])]
        invocation = dbt.cli(
            ["build", *(word for kind in left_out for word in ("--exclude-resource-type", kind)),
             *(["--full-refresh"] if work.full else []), "--vars", json.dumps(dbt_vars(installation))],
            context=context,
        )  # fmt: skip
        # Held back until dbt has closed the warehouse: only then can the rows be counted.
        finished: list[Any] = []
        try:
            for event in invocation.stream():
                finished.append(event)
                step("build", "warehouse", rows=len(finished))
        finally:
            counts = _row_counts(installation)
            for event in finished:
                yield _with_row_count(event, counts, context)
        if not partial:
            work.finish(installation)
        step("build", "warehouse", rows=len(finished), done=True, note="in full" if work.full else "what new batches touch")

    return build


def dbt_resource(installation: Installation) -> DbtCliResource:
    """dbt's command line on this installation's warehouse."""
    os.environ.update(installation.environment())
    return DbtCliResource(
        project_dir=str(DBT_PROJECT), profiles_dir=str(DBT_PROJECT), global_config_flags=["--no-use-colors"],
        dbt_executable=dbt_executable(),
    )


@retry(retry=retry_if_exception_type(duckdb.IOException), stop=stop_after_delay(ORPHAN_SECONDS),
       wait=wait_fixed(1), reraise=True)  # fmt: skip
def _open_warehouse(installation: Installation) -> None:
    duckdb.connect(str(installation.warehouse)).close()


def _wait_for_warehouse(installation: Installation) -> None:
    installation.warehouse.parent.mkdir(parents=True, exist_ok=True)
    try:
        _open_warehouse(installation)
    except duckdb.IOException as error:
        raise GovshareError(
            "the warehouse is held by another process",
            where=str(installation.warehouse),
            remedy="end the process that DuckDB names: " + str(error).partition("(")[2][:80],
        ) from error


def _in_order(assets: dg.AssetsDefinition) -> Iterator[dg.AssetKey]:
    """The step's assets, each after those it is made from, as Dagster wants their outputs."""
    made_from = {spec.key: [dep.asset_key for dep in spec.deps] for spec in assets.specs}
    return (key for key in TopologicalSorter(made_from).static_order() if key in made_from)


def _row_counts(installation: Installation) -> dict[tuple[str, str], int]:
    with duckdb.connect(str(installation.warehouse), read_only=True) as warehouse:
        rows = warehouse.sql("select schema_name, table_name, estimated_size from duckdb_tables()").fetchall()
    return {(schema, table): size for schema, table, size in rows}


def _with_row_count(event: Any, counts: Mapping[tuple[str, str], int], context: dg.AssetExecutionContext) -> Any:
    if not isinstance(event, dg.Output):
        return event
    schema, name = context.asset_key_for_output(event.output_name).path[-2:]
    metadata = dict(event.metadata)
    if (schema, name) in counts:
        metadata["dagster/row_count"] = counts[schema, name]
    return dg.Output(event.value, event.output_name, metadata=metadata)
