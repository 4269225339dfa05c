"""dbt's names to Dagster's: a source is its landing asset, a model lies under its layer.

Apart from ``keys`` because dagster_dbt takes seconds to import, and collecting does without.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DagsterDbtTranslatorSettings, DbtProject
from dagster_dbt.dagster_dbt_translator import get_node

from catalogue.model import Catalogue
from orchestration.keys import DBT_GROUPS, landing_key, staging_group


def table_key(manifest: Mapping[str, Any], table: str) -> dg.AssetKey:
    """The key of the dbt model named ``table``, as the translator gives it."""
    nodes = manifest["nodes"].values()
    return _key(next(n for n in nodes if n["resource_type"] == "model" and n["name"] == table))


def _key(node: Mapping[str, Any]) -> dg.AssetKey:
    return dg.AssetKey([node["schema"], node["name"]])


class Translator(DagsterDbtTranslator):
    """What Dagster shows of each model and code table."""

    def __init__(self, catalogue: Catalogue) -> None:
        super().__init__(DagsterDbtTranslatorSettings(enable_asset_checks=False))
        self._resources = {resource.staging_model: resource for resource in catalogue.resources.values()}
        self._catalogue = catalogue

    def get_asset_spec(self, manifest: Mapping[str, Any], unique_id: str, project: DbtProject | None) -> dg.AssetSpec:
        node = get_node(manifest, unique_id)
        spec = super().get_asset_spec(manifest, unique_id, project)
        if node["resource_type"] == "source":
            return spec.replace_attributes(key=landing_key(f"{node['source_name']}.{node['name']}"))
        resource = self._resources.get(node["name"])
        if resource is None:
            group, owners = DBT_GROUPS[node["schema"]], []
            words = node["description"]
        else:
            group = staging_group(resource.department)
            owners = [self._catalogue.departments[resource.department].email]
            words = node["description"] or f"{resource.title}({resource.department_title}):按标准清洗,逐行标明问题"
        return spec.replace_attributes(
            key=_key(node), group_name=group, owners=owners, description=words, kinds={"dbt", "duckdb"}
        )
