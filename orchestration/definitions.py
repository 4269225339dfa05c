"""The one code location: everything Dagster shows of this installation, made from its catalogue.

A page on purpose. How a department is collected, a warehouse built or a table published is told by the
modules named below; names are decided in ``keys``.
"""

from __future__ import annotations

import json

import dagster as dg

from catalogue.dbt import ensure_manifest
from catalogue.installation import Installation
from catalogue.load import load
from orchestration.build import build_assets, dbt_resource
from orchestration.collect import collect_assets
from orchestration.jobs import jobs, schedules
from orchestration.publish import publish_assets


def definitions(installation: Installation) -> dg.Definitions:
    """The definitions of one installation: assets, checks, jobs, schedules, resources."""
    manifest = json.loads(ensure_manifest(installation).read_text(encoding="utf-8"))
    catalogue = load(installation)
    collected = collect_assets(installation, catalogue)
    built = build_assets(installation, catalogue, manifest)
    published = publish_assets(installation, catalogue, manifest)
    all_jobs = jobs(collected, built, published)
    refresh = next(job for job in all_jobs if job.name == "refresh")
    return dg.Definitions(
        assets=[*collected, built, *published],
        jobs=all_jobs,
        schedules=schedules(catalogue, refresh),
        resources={"dbt": dbt_resource(installation)},
    )


@dg.definitions
def defs() -> dg.Definitions:
    return definitions(Installation.from_env())
