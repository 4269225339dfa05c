"""What everything is called in Dagster, decided once: asset keys, groups, owners, kinds.

The group's leading digit makes the asset list read in the order of a row's way; Dagster allows letters,
digits and underscores only, so Chinese names go into metadata.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DagsterDbtTranslatorSettings, DbtProject
from dagster_dbt.dagster_dbt_translator import get_node

from catalogue.model import Resource

WAREHOUSE_POOL = "warehouse"  # one slot (dagster.yaml): DuckDB has one writer
BUILD = "3_build"
CANDIDATE = "4_candidate"
RELEASE = "5_release"


def landing_key(resource_id: str) -> dg.AssetKey:
    """``public_security.identity_card`` → ``landing/public_security/identity_card``."""
    return dg.AssetKey(["landing", *resource_id.split(".")])


def candidate_key(table: str) -> dg.AssetKey:
    return dg.AssetKey(["candidate", table])


def release_key(table: str) -> dg.AssetKey:
    return dg.AssetKey(["release", table])


def collect_group(department: str) -> str:
    return f"1_collect_{department}"


def staging_group(department: str) -> str:
    return f"2_staging_{department}"


def table_key(manifest: Mapping[str, Any], table: str) -> dg.AssetKey:
    """The key of the dbt model named ``table``, as the translator gives it."""
    node = next(
        n for n in manifest["nodes"].values() if n["resource_type"] == "model" and n["name"] == table
    )
    return _model_key(node)


def _model_key(node: Mapping[str, Any]) -> dg.AssetKey:
    return dg.AssetKey([node["schema"], node["name"]])


class Translator(DagsterDbtTranslator):
    """dbt's names to Dagster's: a source is its landing asset, a model lies under its layer."""

    def __init__(self, resources: Mapping[str, Resource], owners: Mapping[str, str]) -> None:
        super().__init__(DagsterDbtTranslatorSettings(enable_asset_checks=False))
        self._department_of = {f"stg_{r.id.replace('.', '__')}": r.department for r in resources.values()}
        self._owners = owners

    def get_asset_spec(
        self, manifest: Mapping[str, Any], unique_id: str, project: DbtProject | None
    ) -> dg.AssetSpec:
        node = get_node(manifest, unique_id)
        spec = super().get_asset_spec(manifest, unique_id, project)
        if node["resource_type"] == "source":
            return spec.replace_attributes(key=landing_key(f"{node['source_name']}.{node['name']}"))
        department = self._department_of.get(node["name"])
        return spec.replace_attributes(
            key=_model_key(node),
            group_name=staging_group(department) if department else f"{BUILD}_{node['schema']}",
            owners=[self._owners[department]] if department else [],
            kinds={"dbt", "duckdb"},
        )
