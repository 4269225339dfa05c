"""Candidate, gate, release for each published table, and the analysts' database.

The gate's checks are blocking asset checks of the candidate: one that fails keeps the release step from
running, so the former release stays current. Every candidate waits for the account, whose check blocks them
all. What is checked is ``expectations``, what is written ``publishing``; here the steps get their order and
their figures.
"""

import logging
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import dagster as dg

from catalogue.installation import Installation
from catalogue.model import BaseTable, Catalogue
from expectations.gate import judge
from expectations.plan import LastRelease, plan
from expectations.standards import BLOCK
from expectations.verdict import Verdict
from orchestration.alive import hold
from orchestration.dbt import table_key
from orchestration.inputs import built_fingerprint, lineage
from orchestration.keys import ACCOUNT, CANDIDATE, RELEASE, WAREHOUSE_POOL, candidate_key, release_key
from orchestration.progress import step
from publishing.analyst import build_analyst_database
from publishing.candidate import Candidate, write_candidate
from publishing.release import held, is_published, publish
from publishing.released import ReleaseError, current_release, parquet_files

log = logging.getLogger("govshare")
ANY_RELEASE = LastRelease(rows=1, updated_at="1970-01-01")  # so that the comparing checks are planned, too
Judged = tuple[Candidate, Verdict]


def publish_assets(
    installation: Installation, catalogue: Catalogue, manifest: Mapping[str, Any]
) -> list[dg.AssetsDefinition]:
    """For each published table a candidate with the gate's checks and a release; last the analysts'
    database."""
    tables = list(catalogue.published_tables.values())
    made = []
    for table in tables:
        built = {table_key(manifest, table.name), table_key(manifest, ACCOUNT)}
        made.append(_candidate_asset(installation, catalogue, table, built))
        made.append(_release_asset(installation, table))
    made.append(_analyst_asset(installation, [release_key(table.name) for table in tables]))
    return made


def _candidate_asset(
    installation: Installation, catalogue: Catalogue, table: BaseTable, built: set[dg.AssetKey]
) -> dg.AssetsDefinition:
    planned = plan(table, catalogue, ANY_RELEASE)

    @dg.asset(
        key=candidate_key(table.name),
        deps=[*sorted(built), *map(candidate_key, sorted(_before(catalogue, table.name)))],
        group_name=CANDIDATE,
        kinds={"parquet", "greatexpectations"},
        description=f"{table.title or table.name}:候选发布文件,及按数据标准的质检",
        check_specs=[
            dg.AssetCheckSpec(
                check.name,
                asset=candidate_key(table.name),
                description=check.description,
                blocking=check.severity == BLOCK,
            )
            for check in planned
        ],
        pool=WAREHOUSE_POOL,
    )
    def candidate(
        context: dg.AssetExecutionContext,
    ) -> Iterator[dg.Output[Judged | None] | dg.AssetCheckResult]:
        hold(installation, context.run.run_id)
        fingerprint = built_fingerprint(installation)
        if is_published(installation, table.name, fingerprint):
            release = current_release(installation, table.name) or {}
            step("publish", table.name, done=True, note=_held(installation, table.name) or "unchanged")
            yield dg.Output(None, metadata={"state": "unchanged", "dagster/row_count": release["rows"]})
            found = {check["name"]: check for check in release["gate"]["checks"]}
        else:
            step("publish", table.name, note="candidate")
            written = write_candidate(installation, table)
            step("publish", table.name, rows=written.rows, note="gate")
            verdict = judge(installation, table, written, catalogue, released=partial(_readable, installation))
            yield dg.Output((written, verdict), metadata=_figures(written, verdict))
            found = {check["name"]: check for check in verdict.as_dict()["checks"]}
            if not verdict.passed:
                names = ", ".join(f"{check.name} ({check.observed})" for check in verdict.blocked_by)
                step("publish", table.name, done=True, note=f"failed: the gate stopped {table.name}: {names}")
        for check in planned:
            yield _check_result(check.name, found.get(check.name))

    return candidate


def _readable(installation: Installation, table: str) -> list[str]:
    """The files of a table's current release; none where there is none, or it is damaged, which is told: the gate then
    has nothing to compare with."""
    try:
        release = current_release(installation, table)
        return parquet_files(release) if release else []
    except ReleaseError as error:
        log.warning("%s", error)
        return []


def _before(catalogue: Catalogue, table: str) -> set[str]:
    """Tables whose candidates must be there first: those it refers to. Of tables that refer to each other the one whose
    name comes first waits."""
    return {name for name in _referred(catalogue, {table}) if name > table or table not in _reached(catalogue, name)}


def _reached(catalogue: Catalogue, table: str) -> set[str]:
    """The tables that it refers to, those that they refer to, and so on."""
    reached: set[str] = set()
    while more := _referred(catalogue, reached or {table}) - reached:
        reached |= more
    return reached


def _referred(catalogue: Catalogue, tables: set[str]) -> set[str]:
    columns = (column for name in tables for column in catalogue.published_tables[name].columns)
    return {name for column in columns for name in column.references if name in catalogue.published_tables} - tables


def _check_result(name: str, check: Mapping[str, Any] | None) -> dg.AssetCheckResult:
    if check is None:
        return dg.AssetCheckResult(passed=True, check_name=name, metadata={"observed": "nothing to compare with yet"})
    severe = check["severity"] == BLOCK
    return dg.AssetCheckResult(
        passed=check["passed"],
        check_name=name,
        severity=dg.AssetCheckSeverity.ERROR if severe else dg.AssetCheckSeverity.WARN,
        metadata={
            "observed": check["observed"],
            "unexpected": check["unexpected_count"],
            "total": check["total"],
            "key hashes": ", ".join(check["examples"]) or "none",
        },
    )


def _figures(candidate: Candidate, verdict: Verdict) -> dict[str, Any]:
    return {
        "dagster/row_count": candidate.rows,
        "gate": verdict.word,
        "bytes": candidate.bytes,
        "checks": len(verdict.checks),
        "warnings": len(verdict.warnings),
        "seconds of judging": round(verdict.seconds, 2),
        "path": dg.MetadataValue.path(candidate.path),
    }


def _release_asset(installation: Installation, table: BaseTable) -> dg.AssetsDefinition:
    @dg.asset(
        key=release_key(table.name),
        ins={"judged": dg.AssetIn(candidate_key(table.name))},
        group_name=RELEASE,
        kinds={"parquet"},
        description=f"{table.title or table.name}:当前发布版本",
    )
    def release(context: dg.AssetExecutionContext, judged: Any) -> dg.MaterializeResult:
        if judged is None:
            current = current_release(installation, table.name) or {}
            return dg.MaterializeResult(metadata={"state": "unchanged", "release": current.get("release", "none")})
        candidate, verdict = judged
        made = publish(installation, candidate, verdict, lineage(installation))
        note = f"release {made.number}" if made.state == "new" else made.state
        stays = _held(installation, table.name)
        step("publish", table.name, rows=made.rows, done=True, note=stays or note)
        return dg.MaterializeResult(
            metadata={
                "state": made.state,
                "release": made.number,
                "dagster/row_count": made.rows,
                "path": dg.MetadataValue.path(made.path),
                "held": stays or "no",
            }
        )

    return release


def _held(installation: Installation, table: str) -> str:
    """Why nothing newer is released of a table that was rolled back, and how that ends; empty where it is."""
    stays = held(installation, table)
    return f"held at release {stays.release}: {stays.why}. Remedy: {stays.remedy(table)}" if stays else ""


def _analyst_asset(installation: Installation, releases: list[dg.AssetKey]) -> dg.AssetsDefinition:
    @dg.asset(
        key=dg.AssetKey("analyst_database"),
        deps=releases,
        group_name=RELEASE,
        kinds={"duckdb"},
        description="分析库:当前各发布版本的只读数据库,以改名方式替换",
    )
    def analyst_database() -> dg.MaterializeResult:
        database = build_analyst_database(installation)
        step(
            "publish",
            "analyst.duckdb",
            rows=database.rows,
            done=True,
            note="new" if database.changed else "unchanged",
        )
        return dg.MaterializeResult(
            metadata={
                "state": "new" if database.changed else "unchanged",
                "dagster/row_count": database.rows,
                "tables": dg.MetadataValue.json(database.tables),
                "path": dg.MetadataValue.path(database.path),
            }
        )

    return analyst_database
