"""What is written down of a build, beside the warehouse.

``inputs.json`` is what dbt's macros read (``dbt_project/macros/merge/increment.sql``). ``built.json`` says what the
warehouse holds: the batches and the project that the last finished build read. It is removed before dbt starts and
written when dbt is done, so a build that was killed is followed by a full one, and so is one whose notes are damaged.
"""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from catalogue.checksums import intact, sha256_of, write_sealed
from catalogue.files import read_derived, tell_damaged, write_whole
from catalogue.installation import Installation
from catalogue.vocabulary import CHINA
from connectors.manifest import EMPTY, delivered
from orchestration import warehouse
from orchestration.held import write as write_held
from publishing.released import ReleaseError, current_number, manifest_of, numbers, parquet_files

if TYPE_CHECKING:
    from orchestration.batches import Batch
    from orchestration.increment import Build

log = logging.getLogger("govshare")
HISTORY = "history"
BUILT = {"fingerprint", "project", "batches", "decisions", "inputs", "file"}


def begin(work: Build, installation: Installation) -> None:
    """Mark the warehouse as unfinished and tell dbt what to do."""
    _mark(installation).unlink(missing_ok=True)
    _sweep(installation)
    file = inputs_file(installation)
    last = read_derived(file) or {}
    inputs = {
        "at": _time_after(last.get("at")),
        "day": work.day.isoformat(),
        "former_day": last.get("day"),
        "history": _history(installation),
        "build": work.name,
        "full": work.full,
        **_to_read(work),
        "decisions": {path.stem: str(path) for path in decision_files(installation)},
    }
    write_whole(file, json.dumps(inputs, ensure_ascii=False, indent=1))


def go_on(work: Build, installation: Installation) -> None:
    """Tell dbt what has changed since ``begin``: of more resources nothing new is read."""
    file = inputs_file(installation)
    inputs = json.loads(file.read_text(encoding="utf-8")) | _to_read(work)
    write_whole(file, json.dumps(inputs, ensure_ascii=False, indent=1))


def _to_read(work: Build) -> dict[str, Any]:
    kept = work.kept
    read = {r: [EMPTY, *([] if r in kept else names)] for r, names in work.batches.items()}
    batches = {r: [found[name] for name in read[r] if name in found] for r, found in work.found.items()}
    counted = {resource: _counted(work, resource) for resource in work.found}
    return {
        "parts": {r: [str(file.path) for batch in here for file in batch.files()] for r, here in batches.items()},
        "delivered": counted,
        "kept": {resource: counted[resource]["rows"] - counted[resource]["left_out"] for resource in kept},
        "new": work.new,
        "landed": {resource: _days_landed(found) for resource, found in work.found.items()},
    }


def _days_landed(found: Mapping[str, Batch]) -> dict[str, str]:
    """Batch → the day in China on which it landed: no row of it can have been written much later."""
    days = {}
    for name, batch in found.items():
        if batch.manifest and batch.manifest.finished and name != EMPTY:
            moment = datetime.fromisoformat(batch.manifest.finished)
            days[name] = moment.astimezone(ZoneInfo(CHINA)).date().isoformat()
    return days


def _counted(work: Build, resource: str) -> dict[str, Any]:
    """What the source held of the resource's batches; of one without a readable manifest, what is staged of it."""
    found = work.found[resource]
    manifests = {n: m for n in work.batches[resource] if n in found and (m := found[n].manifest)}
    counts = delivered(list(manifests.values()))
    staged = work.kept.get(resource, {})
    return {**counts, "rows": counts["rows"] + sum(rows for name, rows in staged.items() if name not in manifests)}


def finish(work: Build, installation: Installation) -> None:
    """Say what the warehouse holds now."""
    holds = {
        "fingerprint": work.fingerprint,
        "project": work.project,
        "batches": work.batches,
        "decisions": work.decisions,
        "inputs": sha256_of(inputs_file(installation)),
        "file": warehouse.size_and_time(installation),
    }
    write_held(installation, work.held)
    write_sealed(_mark(installation), json.dumps(holds))
    _sweep(installation)


def _history(installation: Installation) -> list[str]:
    """The files that a new warehouse's history goes on from: of the current release or, where that is damaged, of the
    newest that is whole."""
    folder = installation.published / HISTORY
    current = current_number(installation, HISTORY)
    for number in sorted((n for n in numbers(folder) if current and n <= current), reverse=True):
        try:
            return parquet_files(manifest_of(folder / number))
        except ReleaseError as error:
            log.warning("%s History of a new warehouse goes on from an older release.", error)
    return []


def _sweep(installation: Installation) -> None:
    """Remove what a build has written out to merge it slice by slice (``dbt_project/macros/engine/slices.sql``)."""
    for folder in installation.warehouse.parent.glob("*.slices"):
        shutil.rmtree(folder)


def _time_after(last: str | None) -> str:
    """Now; but later than the last build even if somebody has set the clock back, or history would run backwards."""
    now = datetime.now(UTC)
    with suppress(ValueError, TypeError):  # no last one, or its note is damaged
        now = max(now, datetime.fromisoformat(str(last)) + timedelta(microseconds=1))
    return now.isoformat()


def built_fingerprint(installation: Installation) -> str | None:
    """The fingerprint of the last build that finished; none while the warehouse is in an unknown state."""
    return last_build(installation).get("fingerprint")


def lineage(installation: Installation) -> dict[str, Any]:
    """What a release is made from: the build's fingerprint, and of each resource the newest batch that it has read."""
    built = last_build(installation)
    newest = {resource: max(batches) for resource, batches in built.get("batches", {}).items() if batches}
    return {"fingerprint": built.get("fingerprint"), "batches": newest}


def last_build(installation: Installation) -> dict[str, Any]:
    """What the last build said of the warehouse; nothing where it did not finish, or what it left is damaged."""
    mark, inputs = _mark(installation), inputs_file(installation)
    if not installation.warehouse.exists() or not intact(mark) or not inputs.exists():
        return {}
    built: dict[str, Any] = json.loads(mark.read_bytes())
    if not built.keys() >= BUILT:  # of an older govshare
        return {}
    if sha256_of(inputs) != built["inputs"]:
        tell_damaged(inputs)
        return {}
    (size, time), (size_then, time_then) = warehouse.size_and_time(installation), built["file"]
    if (size, time) != (size_then, time_then) and (size < size_then or warehouse.damage(installation)):
        tell_damaged(installation.warehouse)
        return {}
    return built


def inputs_file(installation: Installation) -> Path:
    return installation.warehouse.with_name("inputs.json")


def _mark(installation: Installation) -> Path:
    return installation.warehouse.with_name("built.json")


def decision_files(installation: Installation) -> list[Path]:
    return sorted((installation.data / "decisions").glob("*.csv"))
