"""Jobs and schedules: the same few for every city, made from the catalogue."""

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition as Job

from catalogue.model import Catalogue
from catalogue.vocabulary import CHINA
from orchestration.cycles import CYCLES
from orchestration.keys import landing_key
from orchestration.periods import FORMS, delivered

PUBLISH_CRON = "0 4 * * *"  # after the nightly collections, before the offices open


def _job(name: str, selection: dg.AssetSelection, words: str) -> Job:
    # A process for each step would cost 2.5 s a step.
    return dg.define_asset_job(name, selection, description=words, executor_def=dg.in_process_executor)


def collect_jobs(catalogue: Catalogue) -> dict[str, Job]:
    """``collect`` for what is collected as a whole, ``collect_by_day`` and ``collect_by_month`` where a
    resource is delivered so: those have partitions, and a backfill of theirs fetches earlier periods."""
    keys: dict[str, list[dg.AssetKey]] = defaultdict(list)
    for resource in catalogue.resources.values():
        by = delivered(resource)
        keys[f"collect_by_{by}" if by else "collect"].append(landing_key(resource.id))
    words = {"collect": "归集:各部门信息资源入库", "collect_by_day": "归集:按日交换的信息资源",
             "collect_by_month": "归集:按月交换的信息资源"}  # fmt: skip
    return {name: _job(name, dg.AssetSelection.assets(*keys[name]), words[name]) for name in sorted(keys)}


def jobs(
    catalogue: Catalogue,
    built: dg.AssetsDefinition,
    checks: Sequence[dg.AssetChecksDefinition],
    published: Sequence[dg.AssetsDefinition],
) -> dict[str, Job]:
    """``collect…``, ``build``, ``publish``, ``refresh`` (build and publish) and ``everything``.

    A dead source fails ``collect``; ``refresh`` goes on with what has landed, which is why schedules and
    ``govshare run`` use the two, and ``everything`` is for the UI. Whatever publishes asks for the account.
    """
    whole = [landing_key(r.id) for r in catalogue.resources.values() if not delivered(r)]
    build = dg.AssetSelection.assets(built) | dg.AssetSelection.checks(*checks)
    publish = dg.AssetSelection.assets(*published) | dg.AssetSelection.checks(*checks)
    return {
        **collect_jobs(catalogue),
        "build": _job("build", build, "融合:标准化、归并、三大基础库、对账"),
        "publish": _job("publish", publish, "发布:对账、候选、质检、发布"),
        "refresh": _job("refresh", build | publish, "融合并发布已归集的数据"),
        "everything": _job("everything", dg.AssetSelection.assets(*whole) | build | publish, "归集、融合、质检、发布"),
    }


def schedules(catalogue: Catalogue, made: dict[str, Job]) -> list[dg.ScheduleDefinition]:
    """One for each update cycle that a resource declares, one for each way of being delivered, and the
    nightly refresh. They are off until somebody turns them on."""
    due: dict[str, list[dg.AssetKey]] = defaultdict(list)
    for resource in catalogue.resources.values():
        if not delivered(resource):
            due[resource.update_cycle].append(landing_key(resource.id))
    found = [
        dg.ScheduleDefinition(
            name=f"collect_{CYCLES[words].name}",
            target=dg.AssetSelection.assets(*keys),
            cron_schedule=cron,
            execution_timezone=CHINA,
            description=f"更新周期为“{words}”的 {len(keys)} 项信息资源",
        )
        for words, keys in due.items()
        if (cron := CYCLES[words].cron)
    ]
    found += [_of_partitions(by, made[f"collect_by_{by}"]) for by in FORMS if f"collect_by_{by}" in made]
    refresh = dg.ScheduleDefinition(
        name="refresh_nightly",
        job=made["refresh"],
        cron_schedule=PUBLISH_CRON,
        execution_timezone=CHINA,
        description="每日凌晨融合并发布已归集的数据",
    )
    return [*found, refresh]


def _of_partitions(by: str, job: Job) -> dg.ScheduleDefinition:
    """Early each day the day or month before: what was delivered for it should be complete."""

    @dg.schedule(
        name=f"collect_last_{by}",
        job=job,
        cron_schedule="30 1 * * *" if by == "day" else "30 1 2 * *",
        execution_timezone=CHINA,
        description=f"按{'日' if by == 'day' else '月'}交换的信息资源:上一{'日' if by == 'day' else '月'}",
    )
    def last(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
        at = context.scheduled_execution_time
        day = at.replace(day=1) if by == "month" else at
        key = (day - dt.timedelta(days=1)).strftime(FORMS[by])
        return dg.RunRequest(run_key=key, partition_key=key)

    return last
