"""Landing assets: one multi-asset for each connection of a department, its resources read by threads inside.

What is done for one resource is ``connectors.collect``; here it gets its name, its owner, its freshness, its
second try and its figures in the UI. A step costs time to start, a thread nothing: so a connection is one
step, in a pool of its own with one slot. Resources that are delivered by day or month are steps of their own,
with partitions.
"""

import datetime as dt
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import dagster as dg

from catalogue.installation import Installation
from catalogue.model import Catalogue, Department, Resource
from catalogue.vocabulary import ITEM_TYPES
from connectors import landing
from connectors.collect import Collected, collect
from connectors.connections import Connections
from connectors.manifest import Manifest, committed
from connectors.read_report import ReadReport, sentence
from connectors.registry import is_file
from orchestration.alive import hold
from orchestration.cycles import CYCLES
from orchestration.failures import logged, may_pass, told
from orchestration.keys import collect_group, connection_pool, landing_key
from orchestration.landing_figures import figures_of
from orchestration.periods import Period, delivered, of_all_periods, of_period, partitions, period_of_file
from orchestration.progress import step

THREADS = 4  # resources of one connection that are read at once
TRIES = 3
FIRST_WAIT = 5  # seconds before the second try; the third waits twice as long
IN_TIME = "delivered_in_time"


def collect_assets(installation: Installation, catalogue: Catalogue) -> list[dg.AssetsDefinition]:
    """One definition for each connection of a department and, where there are such, each way of being
    delivered."""

    def way(resource: Resource) -> tuple[str, str, str]:
        return resource.department, resource.connector.connection, delivered(resource) or ""

    return [
        _connection_assets(installation, catalogue.departments[department], connection, by, list(resources))
        for (department, connection, by), resources in groupby(sorted(catalogue.resources.values(), key=way), key=way)
    ]


def _connection_assets(
    installation: Installation,
    department: Department,
    connection: str,
    by: str,
    resources: Sequence[Resource],
) -> dg.AssetsDefinition:
    by_key = {landing_key(resource.id): resource for resource in resources}
    name = (
        f"collect_{connection}"
        if connection.startswith(department.name)
        else f"collect_{department.name}__{connection}"
    )
    periods = partitions(by, resources) if by else None

    @dg.multi_asset(
        name=f"{name}_by_{by}" if by else name,
        description=f"{department.title}:经接入方式 {connection} 归集 {len(resources)} 项信息资源",
        specs=[_spec(department, resource) for resource in resources],
        check_specs=[_in_time_spec(r) for r in resources if CYCLES[r.update_cycle].tolerance],
        can_subset=True,
        partitions_def=periods,
        backfill_policy=dg.BackfillPolicy.single_run() if by else None,
        pool=connection_pool(connection),
    )
    def collect_connection(context: dg.AssetExecutionContext) -> Iterator[Any]:
        hold(installation, context.run.run_id)
        landing.sweep(installation)
        done = _done_before(context)
        keys = [key for key in sorted(context.selected_asset_keys) if key not in done]
        wanted = [_wanted(context, by_key[key], periods) for key in keys]
        failed: dict[str, BaseException] = {}
        for one, outcome in _collected(installation, Connections.load(installation), wanted):
            if isinstance(outcome, Collected):
                yield from _results(context, installation, one, outcome)
            else:  # one dead resource must not take the others with it
                failed[one.resource.id] = outcome
                context.log.error(logged(outcome))
        if failed:
            raise _failure(context, failed)

    return collect_connection


@dataclass(frozen=True)
class _Wanted:
    """What of a resource is to be read now: all of it, or its periods one after the other.

    ``unnamed``: the run names no period, so the step has to say which ones it took; those that were asked for, or none
    where the files tell.
    """

    resource: Resource
    parts: Sequence[Resource]
    unnamed: Sequence[str] | None = None


def _wanted(context: dg.AssetExecutionContext, resource: Resource, periods: dg.PartitionsDefinition | None) -> _Wanted:
    by = delivered(resource)
    if by is None or periods is None:
        return _Wanted(resource, [resource])
    if context.has_partition_key or context.has_partition_key_range:
        return _Wanted(resource, [of_period(resource, Period.of(by, key)) for key in context.partition_keys])
    if is_file(resource):
        return _Wanted(resource, [of_all_periods(resource)], [])
    read = context.instance.get_materialized_partitions(landing_key(resource.id))
    known = periods.get_partition_keys()
    due = [key for key in known if key not in read or key == known[-1]]
    return _Wanted(resource, [of_period(resource, Period.of(by, key)) for key in due], due)


class _Stopped(BaseException):
    """The run was interrupted: leave the source alone."""


def _collected(
    installation: Installation,
    connections: Connections,
    wanted: Sequence[_Wanted],
) -> Iterator[tuple[_Wanted, Collected | BaseException]]:
    """Collect all, a few at a time, and give each as it ends."""
    stop = threading.Event()

    def work(resource: Resource, parts: Sequence[Resource]) -> Collected:
        def report(_: str, rows: int, __: float) -> None:
            if stop.is_set():
                raise _Stopped
            step("collect", resource.id, rows=rows)

        step("collect", resource.id, rows=0)
        try:
            found = [collect(part, installation, connections, report) for part in parts]
        except Exception as error:
            step("collect", resource.id, done=True, note=f"failed: {told(error)}")
            raise
        whole = found[0] if len(found) == 1 else _sum(resource, found)
        step("collect", resource.id, rows=whole.rows, done=True, note=whole.message, seconds=whole.seconds,
             left_out=sentence(whole.left_out))  # fmt: skip
        return whole

    threads = ThreadPoolExecutor(THREADS, thread_name_prefix="collect")
    try:
        jobs = {threads.submit(work, one.resource, one.parts): one for one in wanted}
        for job in as_completed(jobs):
            yield jobs[job], job.exception() or job.result()
    finally:
        stop.set()
        threads.shutdown(cancel_futures=True)


def _sum(resource: Resource, found: Sequence[Collected]) -> Collected:
    """Several periods of a resource as one."""
    landed = [part for part in found if not part.unchanged]
    rows = sum(part.rows for part in found)
    report = ReadReport()
    for part in found:
        report.add(ReadReport.of(part.left_out, part.remarks))
    return Collected(
        resource=resource.id,
        batches=tuple(batch for part in found for batch in part.batches),
        rows=rows,
        read=sum(part.read for part in found),
        deletes=sum(part.deletes for part in found),
        bytes=sum(part.bytes for part in found),
        seconds=sum(part.seconds for part in found),
        problems={rule: sum(p.problems.get(rule, 0) for p in found) for p in found for rule in p.problems},
        left_out=report.left_out,
        remarks=report.remarks,
        drift=landed[-1].drift if landed else {},
        unchanged=not landed,
        watermark=landed[-1].watermark if landed else None,
        message=f"{rows:,} rows in {sum(len(p.batches) for p in found)} batch(es)"
        if landed
        else found[-1].message
        if found
        else "no period is due",
    )


def _done_before(context: dg.AssetExecutionContext) -> set[dg.AssetKey]:
    """What an earlier try of this step has collected already: a second try asks for the rest only."""
    if not context.retry_number:
        return set()
    events = context.instance.all_logs(context.run.run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION)
    return {key for event in events if (key := event.get_dagster_event().asset_key)}


def _failure(context: dg.AssetExecutionContext, failed: dict[str, BaseException]) -> Exception:
    """A second try where that may help; otherwise the failure with all that went wrong."""
    words = {resource: told(error) for resource, error in failed.items()}
    if context.retry_number < TRIES - 1 and any(map(may_pass, failed.values())):
        wait = FIRST_WAIT * 2**context.retry_number
        for resource in failed:
            step("collect", resource, note=f"tries again in {wait} s")
        return dg.RetryRequested(max_retries=TRIES - 1, seconds_to_wait=wait)
    return dg.Failure(
        description="\n".join(words.values()),
        metadata={"failed resources": dg.MetadataValue.json(words)},
        allow_retries=False,
    )


def _spec(department: Department, resource: Resource) -> dg.AssetSpec:
    tolerance = CYCLES[resource.update_cycle].tolerance
    return dg.AssetSpec(
        landing_key(resource.id),
        description=f"{resource.title}({department.title})。{resource.summary}",
        group_name=collect_group(department.name),
        owners=[department.email],
        kinds={resource.connector.kind, "parquet"},
        skippable=True,
        freshness_policy=dg.FreshnessPolicy.time_window(fail_window=tolerance, warn_window=tolerance * 0.8)
        if tolerance
        else None,
        metadata={
            "信息资源代码": resource.code,
            "提供方": department.title,
            "共享类型": resource.sharing.type,
            "更新周期": resource.update_cycle,
            "接入方式": f"{resource.connector.kind} · {resource.connector.connection}",
            "dagster/column_schema": dg.TableSchema(
                [dg.TableColumn(item.name, ITEM_TYPES[item.type], item.description) for item in resource.items]
            ),
        },
    )


def _in_time_spec(resource: Resource) -> dg.AssetCheckSpec:
    allowed = _days(CYCLES[resource.update_cycle].tolerance)
    words = f"更新周期为“{resource.update_cycle}”:最近一次交换不早于 {allowed}前"
    return dg.AssetCheckSpec(IN_TIME, asset=landing_key(resource.id), description=words)


def _results(
    context: dg.AssetExecutionContext, installation: Installation, wanted: _Wanted, collected: Collected
) -> Iterator[Any]:
    """The asset's figures and its check."""
    resource = wanted.resource
    past = committed(installation, resource.id)
    key, figures = landing_key(resource.id), figures_of(collected, past)
    if wanted.unnamed is not None:
        for period in sorted({*wanted.unnamed, *_periods_of(resource, collected, past)}):
            context.log_event(dg.AssetMaterialization(key, partition=period, metadata=figures))
    yield dg.MaterializeResult(asset_key=key, metadata=figures)
    if dg.AssetCheckKey(key, IN_TIME) in context.selected_asset_check_keys:
        yield _in_time(resource, past)


def _periods_of(resource: Resource, collected: Collected, past: Sequence[Manifest]) -> set[str]:
    landed = [manifest for manifest in past if manifest.batch in collected.batches]
    periods = {period_of_file(resource, file.name) for manifest in landed for file in manifest.files}
    return {period for period in periods if period}


def _in_time(resource: Resource, past: Sequence[Manifest]) -> dg.AssetCheckResult:
    """Files tell by the newest one; a database that was just read is as new as it can be."""
    tolerance = CYCLES[resource.update_cycle].tolerance
    now = dt.datetime.now(dt.UTC)
    newest = (
        now
        if not is_file(resource)
        else max((dt.datetime.fromisoformat(manifest.finished) for manifest in past), default=None)
    )
    return dg.AssetCheckResult(
        asset_key=landing_key(resource.id),
        check_name=IN_TIME,
        passed=newest is not None and now - newest <= tolerance,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={
            "newest delivery": dg.MetadataValue.timestamp(newest) if newest else "none yet",
            "allowed": _days(tolerance),
        },
    )


def _days(span: dt.timedelta) -> str:
    return f"{span.days} 天" if span.days else f"{span.total_seconds() / 60:.0f} 分钟"
