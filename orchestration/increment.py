"""What a build has to do: nothing, go on from the last one, or everything; and how that is told to dbt.

``warehouse/built.json`` says what the warehouse holds: the batches and the project that the last finished build
read. It is removed before dbt starts and written when dbt is done, so a build that was killed is followed by a full
one. ``warehouse/inputs.json`` is what dbt's macros read (``dbt_project/macros/merge/increment.sql``).
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from catalogue.dbt import project_fingerprint
from catalogue.errors import GovshareError
from catalogue.files import write_whole
from catalogue.installation import Installation
from catalogue.model import Catalogue, staging_model
from catalogue.secret import Secret
from catalogue.vocabulary import CHINA
from connectors.manifest import committed, delivered
from connectors.manifest import fingerprint as landing_fingerprint
from connectors.manifest import inputs as landing_inputs
from linking.settings import FILE as WEIGHTS
from publishing.released import current_release, parquet_files

ENGINES = ("govshare", "dbt-core", "dbt-duckdb", "duckdb")
DAY = "GOVSHARE_DAY"
AS_BEFORE = "as_before"  # tag of models that are the same in every build of one project
NOT_BUILT = ("test", "unit_test", "snapshot")


@dataclass(frozen=True)
class Build:
    """``fingerprint``: of all that the build depends on; ``project``: of all but batches, reviewers' decisions and the
    day. ``batches``: those that it reads, by resource; ``new``: those of them that the last build did not.
    ``decisions``: length and hash of each file of reviewers' decisions. ``day``: what is valid, is so on it. ``full``:
    nothing of the last build can be kept. ``done``: the warehouse is already what this build would make of it."""

    fingerprint: str
    project: str
    batches: Mapping[str, list[str]]
    decisions: Mapping[str, tuple[int, str]]
    new: Mapping[str, list[str]]
    day: date
    full: bool
    done: bool

    @property
    def arguments(self) -> list[str]:
        """dbt's command line for this build."""
        kinds = [word for kind in NOT_BUILT for word in ("--exclude-resource-type", kind)]
        if self.full:
            return ["build", *kinds, "--full-refresh"]
        # Code tables belong to the project: where that is the same, they are, as are views that say nothing of a build.
        # What is not new, is staged already.
        idle = [staging_model(*resource.split(".")) for resource in self.batches if resource not in self.new]
        left_out = [word for model in idle for word in ("--exclude", model)]
        return ["build", *kinds, "--exclude-resource-type", "seed", "--exclude", f"tag:{AS_BEFORE}", *left_out]

    def begin(self, installation: Installation, catalogue: Catalogue) -> None:
        """Mark the warehouse as unfinished and tell dbt what to do."""
        _mark(installation).unlink(missing_ok=True)
        _sweep(installation)
        file = installation.warehouse.with_name("inputs.json")
        history = current_release(installation, "history")
        last = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
        parts = landing_inputs(installation, catalogue.resources.values())
        inputs = {
            "at": _time_after(last.get("at")),
            "day": self.day.isoformat(),
            "former_day": last.get("day"),
            "history": parquet_files(history) if history else [],
            "build": self.fingerprint[:16],
            "full": self.full,
            "parts": parts,
            "delivered": delivered(parts),
            "new": self.new,
            "landed": {
                resource.id: _days_landed(installation, resource.id) for resource in catalogue.resources.values()
            },
            "decisions": {path.stem: str(path) for path in _decisions(installation)},
        }
        text = json.dumps(inputs, ensure_ascii=False, indent=1)
        write_whole(file, text)

    def finish(self, installation: Installation) -> None:
        """Say what the warehouse holds now."""
        holds = {
            "fingerprint": self.fingerprint,
            "project": self.project,
            "batches": self.batches,
            "decisions": self.decisions,
        }
        write_whole(_mark(installation), json.dumps(holds))
        _sweep(installation)


def _sweep(installation: Installation) -> None:
    """Remove what a build has written out to merge it slice by slice (``dbt_project/macros/engine/slices.sql``)."""
    for folder in installation.warehouse.parent.glob("*.slices"):
        shutil.rmtree(folder)


def next_build(installation: Installation, catalogue: Catalogue) -> Build:
    """Compare what has landed, the project and the engines with what the last build read.

    A batch or a decision that has gone, another project, another engine, other weights of linking or another way of
    doing it make it a full one: increments only add.
    """
    resources = catalogue.resources.values()
    versions = [f"{package} {version(package)}" for package in ENGINES]
    linking = [path.read_text(encoding="utf-8") for path in (WEIGHTS, *sorted(WEIGHTS.parent.glob("*.py")))]
    # Other keys are other ids and hashes, so nothing of the last build is kept.
    keys = Secret.of(installation).hash("built with these keys")
    project = _hash(project_fingerprint(installation), *linking, *versions, keys)
    decided = {path.name: path.read_bytes() for path in _decisions(installation)}
    decisions = {name: (len(text), hashlib.sha256(text).hexdigest()) for name, text in decided.items()}
    # What is valid depends on the day, so yesterday's warehouse is not today's even if nothing has landed.
    day = day_of_build()
    fingerprint = _hash(landing_fingerprint(installation, resources), project, str(day), json.dumps(decisions))
    batches = {r.id: [m.batch for m in committed(installation, r.id)] for r in resources}
    built = _built(installation)
    past = built.get("batches", {})
    gone = any(set(names) - set(batches.get(resource, ())) for resource, names in past.items()) or any(
        hashlib.sha256(decided.get(name, b"")[:length]).hexdigest() != known
        for name, (length, known) in built.get("decisions", {}).items()
    )
    return Build(
        fingerprint=fingerprint,
        project=project,
        batches=batches,
        decisions=decisions,
        new={r: new for r, names in batches.items() if (new := [n for n in names if n not in past.get(r, ())])},
        day=day,
        full=gone or built.get("project") != project,
        done=built.get("fingerprint") == fingerprint,
    )


def day_of_build() -> date:
    """Today in China, or the day that ``GOVSHARE_DAY`` names, to make a former day's tables again."""
    told = os.environ.get(DAY)
    try:
        return date.fromisoformat(told) if told else datetime.now(ZoneInfo(CHINA)).date()
    except ValueError:
        remedy = "write it as 2026-11-25, or unset it for today"
        raise GovshareError(f"{DAY} is {told!r}, which is no date", remedy=remedy) from None


def _days_landed(installation: Installation, resource_id: str) -> dict[str, str]:
    """Batch → the day in China on which it landed: no row of it can have been written much later."""
    china = ZoneInfo(CHINA)
    return {
        manifest.batch: datetime.fromisoformat(manifest.finished).astimezone(china).date().isoformat()
        for manifest in committed(installation, resource_id)
        if manifest.finished
    }


def _decisions(installation: Installation) -> list[Path]:
    return sorted((installation.data / "decisions").glob("*.csv"))


def _time_after(last: str | None) -> str:
    """Now; but later than the last build even if somebody has set the clock back, or history would run backwards."""
    now = datetime.now(UTC)
    return (max(now, datetime.fromisoformat(last) + timedelta(microseconds=1)) if last else now).isoformat()


def built_fingerprint(installation: Installation) -> str | None:
    """The fingerprint of the last build that finished; none while the warehouse is in an unknown state."""
    return _built(installation).get("fingerprint")


def lineage(installation: Installation) -> dict[str, Any]:
    """What a release is made from: the build's fingerprint, and of each resource the newest batch that it has read."""
    built = _built(installation)
    newest = {resource: max(batches) for resource, batches in built.get("batches", {}).items() if batches}
    return {"fingerprint": built.get("fingerprint"), "batches": newest}


def _built(installation: Installation) -> dict:
    mark = _mark(installation)
    if not (mark.exists() and installation.warehouse.exists()):
        return {}
    return json.loads(mark.read_text(encoding="utf-8"))


def _mark(installation: Installation) -> Path:
    return installation.warehouse.with_name("built.json")


def _hash(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
