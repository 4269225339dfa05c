"""Calling dbt until it is done: where a staging model fails, its resource is held and the others go on.

A model is made in one transaction, so one that failed is what it was, and what comes after it has not been touched. A
second call does what the first one has left, as if the resource had had nothing new.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import dagster as dg
import duckdb
from dagster_dbt import DbtCliResource

from catalogue.dbt import as_dbt, vars_argument
from catalogue.errors import without_values
from catalogue.installation import Installation
from catalogue.model import Catalogue
from orchestration import warehouse
from orchestration.batches import damaged_parts
from orchestration.held import DAMAGED, REFUSED, Held, hold_now, words_of
from orchestration.increment import Build
from orchestration.inputs import begin, go_on

CALLS = 4
# What is wrong with data or a model; anything else (memory, disk) is no fault of a resource.
OF_DATA = ("Conversion Error", "Invalid Input Error", "Binder Error", "Catalog Error", "Out of Range Error",
           "Constraint Error", "Parser Error", "Compilation Error", "Type Error", "Mismatch Type Error",
           "Not implemented Error")  # fmt: skip


class DamagedWarehouseError(Exception):
    """dbt came upon a damaged block of the warehouse."""


@dataclass
class Attempts:
    """What dbt has made so far. ``events``: Dagster's, of finished tables. ``failure``: why it stopped, without
    values."""

    work: Build
    events: list[Any] = field(default_factory=list)
    failure: str | None = None


def build(
    context: dg.AssetExecutionContext,
    dbt: DbtCliResource,
    installation: Installation,
    catalogue: Catalogue,
    work: Build,
    progress: Callable[[int], None],
) -> Attempts:
    """Build ``work``; gives it back with the resources that are held in the end. Raises ``DamagedWarehouseError``."""
    begin(work, installation)
    so_far = Attempts(work)
    done: list[str] = []
    for _ in range(CALLS):
        results = _call(context, dbt, installation, so_far, so_far.work.again_without(done), progress)
        if results is None:
            so_far.failure = None
            return so_far
        wrong = {r["unique_id"]: str(r["message"]) for r in results if r["status"] in ("error", "fail")}
        done += [_name(r["unique_id"]) for r in results if r["status"] in ("success", "pass")]
        if any(map(warehouse.speaks_of_damage, wrong.values())):
            raise DamagedWarehouseError
        so_far.failure = "; ".join(f"{_name(node)}: {without_values(text)}" for node, text in wrong.items()) or None
        held = _to_hold(installation, catalogue, so_far.work, wrong)
        if not held:
            break
        so_far.work = so_far.work.holding(held, installation)
        go_on(so_far.work, installation)
    so_far.failure = so_far.failure or "dbt stopped without saying why; its log is in data/dbt/logs"
    return so_far


def _call(
    context: dg.AssetExecutionContext,
    dbt: DbtCliResource,
    installation: Installation,
    so_far: Attempts,
    arguments: Sequence[str],
    progress: Callable[[int], None],
) -> list[dict[str, Any]] | None:
    """Call dbt once; null when it did all, otherwise what became of each node, as far as it is known."""
    with as_dbt(installation):
        command = [*arguments, "--vars", vars_argument(installation)]
        invocation = dbt.cli(command, context=context, raise_on_error=False)
    for event in invocation.stream():
        so_far.events.append(event)
        progress(len(so_far.events))
    if invocation.process.wait() == 0:
        return None
    try:
        results: list[dict[str, Any]] = invocation.get_artifact("run_results.json")["results"]
    except (OSError, ValueError, KeyError):
        return []
    return results


def _to_hold(installation: Installation, catalogue: Catalogue, work: Build, wrong: dict[str, str]) -> dict[str, Held]:
    """The resources without which dbt can go on: those whose staging failed or, where no table was made at all, those
    whose batches cannot be read together."""
    by_model = {f"model.govshare.{r.staging_model}": r.id for r in catalogue.resources.values()}
    staging = {by_model[node]: text for node, text in wrong.items() if node in by_model}
    if not staging and not any(node.startswith("model.") for node in wrong):
        staging = _unreadable(work)
    if not all(any(words in text for words in OF_DATA) for text in staging.values()):
        return {}
    return {resource: _hold(work, resource, text) for resource, text in staging.items() if resource not in work.kept}


def _hold(work: Build, resource: str, text: str) -> Held:
    found, names = work.found[resource], work.batches[resource]
    wrong = damaged_parts((resource, found[name]) for name in names).get(resource, {})
    if wrong:
        return hold_now(DAMAGED, words_of(wrong), {name: found[name].mark for name in wrong}, work.project)
    blamed = work.new.get(resource) or names
    return hold_now(REFUSED, without_values(text), {name: found[name].mark for name in blamed}, work.project)


def _unreadable(work: Build) -> dict[str, str]:
    """Resources whose batches DuckDB cannot read as one table, with what it says."""
    wrong = {}
    with duckdb.connect() as connection:
        for resource, found in work.found.items():
            if resource in work.kept:
                continue
            files = [str(file.path) for name in ("000000", *work.batches[resource]) for file in found[name].files()]
            try:
                connection.execute("describe select * from read_parquet(?, union_by_name = true)", [files])
            except duckdb.Error as error:
                wrong[resource] = str(error)
    return wrong


def _name(unique_id: str) -> str:
    return unique_id.rpartition(".")[2]
