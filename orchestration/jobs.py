"""Jobs and schedules: the same few for every city, made from the catalogue."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import dagster as dg

from catalogue.model import Catalogue
from orchestration.cycles import CYCLES
from orchestration.keys import landing_key

CHINA = "Asia/Shanghai"
PUBLISH_CRON = "0 4 * * *"  # after the nightly collections, before the offices open


def jobs(
    collected: Sequence[dg.AssetsDefinition], built: dg.AssetsDefinition, published: Sequence[dg.AssetsDefinition]
) -> list[dg.JobDefinition | dg.UnresolvedAssetJobDefinition]:
    """``collect``, ``build``, ``publish``, ``everything``, and ``refresh`` (build and publish).

    A dead source fails ``collect``; ``refresh`` goes on with what has landed, which is why schedules and
    ``govshare run`` use the two, and ``everything`` is for the UI.
    """
    collect = dg.AssetSelection.assets(*collected)
    build = dg.AssetSelection.assets(built)
    publish = dg.AssetSelection.assets(*published)
    in_process = {"executor_def": dg.in_process_executor}  # a process for each step would cost 2.5 s a step
    return [
        dg.define_asset_job("collect", collect, description="归集:各部门信息资源入库", **in_process),
        dg.define_asset_job("build", build, description="融合:标准化、归并、三大基础库", **in_process),
        dg.define_asset_job("publish", publish, description="发布:候选、质检、发布", **in_process),
        dg.define_asset_job("refresh", build | publish, description="融合并发布已归集的数据", **in_process),
        dg.define_asset_job("everything", collect | build | publish, description="归集、融合、质检、发布", **in_process),
    ]


def schedules(catalogue: Catalogue, refresh: dg.UnresolvedAssetJobDefinition) -> list[dg.ScheduleDefinition]:
    """One for each update cycle that a resource declares, and the nightly refresh."""
    due: dict[str, list[dg.AssetKey]] = defaultdict(list)
    for resource in catalogue.resources.values():
        due[resource.update_cycle].append(landing_key(resource.id))
    made = [
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
    made.append(
        dg.ScheduleDefinition(name="refresh_nightly", job=refresh, cron_schedule=PUBLISH_CRON, execution_timezone=CHINA)
    )
    return made
