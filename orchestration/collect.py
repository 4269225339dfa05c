"""Landing assets: one multi-asset for each department, its resources read by threads inside.

What is done for one resource is ``connectors.collect``; here it gets its name, its owner, its freshness and
its figures in the UI. A step costs seconds to start, a thread nothing: so a department is one step.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from datetime import timedelta
from typing import Any

import dagster as dg

from catalogue.installation import Installation
from catalogue.model import Catalogue, Department, Resource
from connectors import landing
from connectors.collect import Collected, collect
from connectors.connections import Connections
from orchestration.cycles import CYCLES
from orchestration.keys import collect_group, landing_key
from orchestration.progress import step

THREADS = 4


def collect_assets(installation: Installation, catalogue: Catalogue) -> list[dg.AssetsDefinition]:
    """One definition for each department that provides resources."""
    return [
        _department_assets(installation, department, resources)
        for department in catalogue.departments.values()
        if (resources := [r for r in catalogue.resources.values() if r.department == department.name])
    ]


def _department_assets(
    installation: Installation, department: Department, resources: Sequence[Resource]
) -> dg.AssetsDefinition:
    by_key = {landing_key(r.id): r for r in resources}

    @dg.multi_asset(
        name=f"collect_{department.name}",
        description=f"{department.title}: 归集 {len(resources)} 项信息资源",
        specs=[_spec(department, r) for r in resources],
        can_subset=True,
        pool=f"department_{department.name}",
        retry_policy=dg.RetryPolicy(max_retries=2, delay=5, backoff=dg.Backoff.EXPONENTIAL),
    )
    def collect_department(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult]:
        landing.sweep(installation)
        wanted = [by_key[key] for key in sorted(context.selected_asset_keys)]
        connections = Connections.load(installation)
        failed: dict[str, str] = {}
        with ThreadPoolExecutor(THREADS, thread_name_prefix=department.name) as threads:
            jobs = {threads.submit(_collect_one, r, installation, connections): r for r in wanted}
            for job in as_completed(jobs):
                resource = jobs[job]
                try:
                    yield _result(resource, job.result())
                except Exception as error:  # one dead resource must not take the department's others with it
                    failed[resource.id] = str(error)
                    step("collect", resource.id, done=True, note=f"failed: {error}")
                    context.log.error(str(error))
        if failed:
            raise dg.Failure(
                description="\n".join(failed.values()),
                metadata={"failed resources": dg.MetadataValue.json(failed)},
            )

    return collect_department


def _collect_one(resource: Resource, installation: Installation, connections: Connections) -> Collected:
    def report(_: str, rows: int, __: float) -> None:
        step("collect", resource.id, rows=rows)

    step("collect", resource.id, rows=0)
    collected = collect(resource, installation, connections, report)
    step("collect", resource.id, rows=collected.rows, done=True, note=collected.message)
    return collected


def _spec(department: Department, resource: Resource) -> dg.AssetSpec:
    cycle = CYCLES[resource.update_cycle]
    return dg.AssetSpec(
        landing_key(resource.id),
        description=f"{resource.title}({department.title})。{resource.summary}",
        group_name=collect_group(department.name),
        owners=[department.email],
        kinds={resource.connector.kind, "parquet"},
        skippable=True,
        freshness_policy=dg.FreshnessPolicy.time_window(
            fail_window=cycle.tolerance, warn_window=cycle.tolerance * 0.8
        )
        if cycle.tolerance > timedelta(0)
        else None,
        metadata={
            "信息资源代码": resource.code,
            "提供方": department.title,
            "共享类型": resource.sharing.type,
            "更新周期": resource.update_cycle,
            "dagster/column_schema": dg.TableSchema(
                [dg.TableColumn(item.name, item.type, item.description) for item in resource.items]
            ),
        },
    )


def _result(resource: Resource, collected: Collected) -> dg.MaterializeResult:
    metadata: dict[str, Any] = {
        "dagster/row_count": collected.rows,
        "state": collected.message or ("unchanged" if collected.unchanged else "landed"),
        "batches": ", ".join(collected.batches) or "none",
        "bytes": collected.bytes,
        "seconds": round(collected.seconds, 3),
        "rows per second": round(collected.rows / collected.seconds) if collected.seconds else 0,
    }
    if collected.watermark:
        metadata["watermark"] = str(collected.watermark)
    if collected.drift:
        metadata["drift"] = str(collected.drift)
    if collected.problems:
        metadata["problems"] = dg.MetadataValue.table(
            [dg.TableRecord({"rule": rule, "rows": n}) for rule, n in sorted(collected.problems.items())]
        )
    return dg.MaterializeResult(asset_key=landing_key(resource.id), metadata=metadata)
