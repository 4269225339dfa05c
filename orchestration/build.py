"""The dbt step: batches to base tables in the warehouse, or nothing where nothing has changed; and the
account.

Here belongs when dbt runs and what its assets show. What it does is SQL in ``dbt_project``.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from graphlib import TopologicalSorter
from typing import Any

import dagster as dg
import duckdb
from dagster_dbt import DbtCliResource, dbt_assets
from dagster_dbt.compat import DBT_PYTHON_VERSION

from catalogue.dbt import dbt_executable
from catalogue.installation import DBT_PROJECT, Installation
from catalogue.model import Catalogue
from orchestration import attempts, figures
from orchestration.alive import hold
from orchestration.attempts import DamagedWarehouseError
from orchestration.batches import ensure_all_empty
from orchestration.dbt import Translator, table_key
from orchestration.held import read as read_held
from orchestration.increment import next_build
from orchestration.inputs import finish
from orchestration.keys import ACCOUNT, WAREHOUSE_POOL, landing_key
from orchestration.progress import step
from orchestration.warehouse import make_ready, put_aside


def build_assets(installation: Installation, catalogue: Catalogue, manifest: Mapping[str, Any]) -> dg.AssetsDefinition:
    """All code tables and models as one step of the warehouse's pool."""

    @dbt_assets(
        name="dbt_build",
        manifest=manifest,
        select="resource_type:model resource_type:seed",
        dagster_dbt_translator=Translator(catalogue),
        pool=WAREHOUSE_POOL,
    )
    def build(context: dg.AssetExecutionContext, dbt: DbtCliResource) -> Iterator[Any]:
        hold(installation, context.run.run_id)
        ensure_all_empty(installation, catalogue.resources.values())
        work = next_build(installation, catalogue)
        partial = len(context.selected_asset_keys) < len(context.assets_def.keys)
        if work.done and not partial:
            context.log.info("No new batch and no changed model: nothing to build.")
            step("build", "warehouse", done=True, note="unchanged")
            for key in _in_order(context.assets_def):
                yield dg.Output(None, context.output_for_asset_key(key), metadata={"state": "unchanged"})
            return

        def progress(count: int) -> None:
            step("build", "warehouse", note=f"{count} of {len(context.selected_asset_keys)} tables")

        for again in (True, False):
            make_ready(installation)
            step("build", "warehouse", note="checks what has landed")
            work = next_build(installation, catalogue)
            work = replace(work, full=work.full or partial).checked(installation)
            context.log.info("Building in full." if work.full else f"Going on from the last build with {work.new}.")
            try:
                made = attempts.build(context, dbt, installation, catalogue, work, progress)
                break
            except DamagedWarehouseError:
                if not again:
                    raise
                put_aside(installation, "a block of it cannot be read")
        # Held back until dbt has closed the warehouse: only then can the rows be counted.
        yield from _with_figures(context, installation, catalogue, made.events)
        if made.failure:
            words = f"dbt stopped after {len(made.events)} tables: {made.failure}"
            step("build", "warehouse", done=True, note=f"failed: {words}")
            raise dg.Failure(words, allow_retries=False)
        if not partial:
            finish(made.work, installation)
        for resource, entry in made.work.held.items():
            context.log.error(f"{resource}: {entry.sentence(resource)}")
            context.log_event(dg.AssetObservation(landing_key(resource), metadata={"held": entry.sentence(resource)}))
        how = "in full" if made.work.full else "what new batches touch"
        step("build", "warehouse", done=True, note=f"{len(made.events)} tables, {how}")

    return build


def account_check(installation: Installation, manifest: Mapping[str, Any]) -> dg.AssetChecksDefinition:
    """The account must balance: as long as it does not, no candidate is written and nothing is released."""

    @dg.asset_check(
        asset=table_key(manifest, ACCOUNT),
        name="balances",
        blocking=True,
        pool=WAREHOUSE_POOL,
        description="每项信息资源 交付 = 落地 + 遗漏,落地 = 归并 + 被取代 + 重复 + 疑义。不平衡则任何表都不发布",
    )
    def balances(context: dg.AssetCheckExecutionContext) -> dg.AssetCheckResult:
        hold(installation, context.run.run_id)
        with figures.warehouse(installation) as warehouse:
            entries = warehouse.account()
        wrong = [entry.resource for entry in entries if not entry.balances]
        if wrong:
            step(
                "build",
                "account",
                done=True,
                note=f"failed: the account does not balance for {', '.join(wrong)}",
            )
        return dg.AssetCheckResult(
            passed=bool(entries) and not wrong,
            severity=dg.AssetCheckSeverity.ERROR,
            metadata={
                "resources": len(entries),
                "delivered": sum(entry.delivered for entry in entries),
                "left out": sum(entry.left_out for entry in entries),
                "landed": sum(entry.landed for entry in entries),
                **{name: sum(entry.outcomes[name] for entry in entries) for name in figures.COUNTS},
                "not in balance": ", ".join(wrong) or "none",
                "account": dg.MetadataValue.table([_line(entry) for entry in entries]),
            },
        )

    return balances


def held_check(installation: Installation, manifest: Mapping[str, Any]) -> dg.AssetChecksDefinition:
    """Every resource is built with all that has landed. One that is not stays at its last good state, the others go on:
    so this blocks nothing."""

    @dg.asset_check(
        asset=table_key(manifest, ACCOUNT),
        name="nothing_held",
        description="每项信息资源均已按全部批次融合;不能融合的保持上次正常状态并在此列出",
    )
    def nothing_held(context: dg.AssetCheckExecutionContext) -> dg.AssetCheckResult:
        held = {resource: entry.sentence(resource) for resource, entry in read_held(installation).items()}
        return dg.AssetCheckResult(
            passed=not held,
            severity=dg.AssetCheckSeverity.ERROR,
            metadata={"held": dg.MetadataValue.json(held) if held else "none"},
        )

    return nothing_held


class Dbt(DbtCliResource):
    """dbt without what Dagster does beside it and we do not need, which takes seconds: `dbt --version`, which asks the
    package index on the internet for the newest one, and an adapter in our own process for figures that we count
    ourselves."""

    @cached_property
    def _cli_version(self) -> Any:
        return DBT_PYTHON_VERSION

    def _initialize_dbt_core_adapter(self, args: Sequence[str]) -> Any:
        return None


def dbt_resource(installation: Installation) -> DbtCliResource:
    """dbt's command line on this installation's warehouse."""
    return Dbt(
        project_dir=str(DBT_PROJECT),
        profiles_dir=str(DBT_PROJECT),
        global_config_flags=["--no-use-colors"],
        dbt_executable=dbt_executable(),
    )


def _in_order(assets: dg.AssetsDefinition) -> Iterator[dg.AssetKey]:
    """The step's assets, each after those it is made from, as Dagster wants their outputs."""
    made_from = {spec.key: [dep.asset_key for dep in spec.deps] for spec in assets.specs}
    return (key for key in TopologicalSorter(made_from).static_order() if key in made_from)


def _with_figures(
    context: dg.AssetExecutionContext, installation: Installation, catalogue: Catalogue, finished: list[Any]
) -> Iterator[Any]:
    """dbt's events with row counts and, where rows were set aside, how many by which rule."""
    try:
        with figures.warehouse(installation) as warehouse:
            rows, set_aside = warehouse.rows, warehouse.set_aside()
            account = {entry.resource: entry for entry in warehouse.account()}
    except duckdb.Error:  # of a build that failed
        yield from finished
        return
    staging = {resource.staging_model: resource.id for resource in catalogue.resources.values()}
    everything = [{"resource": resource, **line} for resource, lines in set_aside.items() for line in lines]
    for event in finished:
        if not isinstance(event, dg.Output):
            yield event
            continue
        schema, name = context.asset_key_for_output(event.output_name).path[-2:]
        metadata: dict[str, Any] = dict(event.metadata)
        if (schema, name) in rows:
            metadata["dagster/row_count"] = rows[schema, name]
        if name in staging:
            metadata |= _outcome(account.get(staging[name]), set_aside.get(staging[name], []))
        elif name == figures.SET_ASIDE:
            metadata["set aside by rule"] = _table(everything)
        elif name == ACCOUNT:
            metadata["account"] = dg.MetadataValue.table([_line(entry) for entry in account.values()])
        yield dg.Output(event.value, event.output_name, metadata=metadata)
    for resource in catalogue.resources:
        if resource in account:
            outcome = _outcome(account[resource], set_aside.get(resource, []))
            context.log_event(dg.AssetObservation(landing_key(resource), metadata=outcome))


def _outcome(entry: figures.Entry | None, set_aside: list[dict[str, Any]]) -> dict[str, Any]:
    """What became of a resource's rows."""
    if entry is None:
        return {}
    return {
        "delivered": entry.delivered,
        "left out": entry.left_out,
        "landed": entry.landed,
        **entry.outcomes,
        "set aside by rule": _table(set_aside),
    }


def _table(lines: list[dict[str, Any]]) -> Any:
    return dg.MetadataValue.table([dg.TableRecord(line) for line in lines]) if lines else "none"


def _line(entry: figures.Entry) -> dg.TableRecord:
    return dg.TableRecord(
        {"resource": entry.resource, "delivered": entry.delivered, "left out": entry.left_out,
         "landed": entry.landed, **entry.outcomes,
         "balances": entry.balances}
    )  # fmt: skip
