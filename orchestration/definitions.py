"""The one code location: everything Dagster shows of this installation, made from its catalogue.

A page on purpose. How a connection is collected, a warehouse built or a table published is told by the
modules named below; names are decided in ``keys``.
"""

from __future__ import annotations

import dagster as dg

from catalogue import private
from catalogue.installation import Installation
from catalogue.load import load
from catalogue.model import Catalogue
from catalogue.parsed import read_manifest
from orchestration.collect import collect_assets
from orchestration.jobs import collect_jobs


def definitions(installation: Installation, catalogue: Catalogue | None = None) -> dg.Definitions:
    """All of an installation: assets, checks, jobs, schedules, sensors, resources."""
    from orchestration.build import account_check, build_assets, dbt_resource, held_check
    from orchestration.drop_folders import sensors
    from orchestration.jobs import jobs, schedules
    from orchestration.publish import publish_assets

    catalogue = catalogue or load(installation)
    manifest = read_manifest(installation)
    built = build_assets(installation, catalogue, manifest)
    checks = [account_check(installation, manifest), held_check(installation, manifest)]
    published = publish_assets(installation, catalogue, manifest)
    made = jobs(catalogue, built, checks, published)
    return dg.Definitions(
        assets=[*collect_assets(installation, catalogue), built, *published],
        asset_checks=checks,
        jobs=list(made.values()),
        schedules=schedules(catalogue, made),
        sensors=sensors(installation, catalogue),
        resources={"dbt": dbt_resource(installation)},
        executor=dg.in_process_executor,
    )


def collecting(installation: Installation, catalogue: Catalogue) -> dg.Definitions:
    """Only what collects: a run that finds nothing new needs no dbt, whose import takes seconds."""
    return dg.Definitions(
        assets=collect_assets(installation, catalogue),
        jobs=list(collect_jobs(catalogue).values()),
        executor=dg.in_process_executor,
    )


@dg.definitions
def defs() -> dg.Definitions:
    private.begin()
    return definitions(Installation.from_env())
