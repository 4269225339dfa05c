"""Resources that are left at their last good state, because a batch of theirs is damaged or cannot be staged.

``warehouse/held.json`` says which, since when and why. The others are built and published as ever; a run that leaves a
resource behind says so and ends with an exit code, each time until it is put right.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from catalogue.checksums import intact, write_sealed
from catalogue.installation import Installation
from catalogue.vocabulary import CHINA
from orchestration.batches import Batch, damaged_parts

DAMAGED, REFUSED = "damaged", "refused"


@dataclass(frozen=True)
class Held:
    """``kind``: damaged (bytes are not those that landed) or refused (its staging failed). ``batches``: those to blame,
    each as it looked then; of a refused resource all that had not been staged before. ``project``: the fingerprint
    under which it was refused. ``since``: ISO 8601 with zone."""

    kind: str
    why: str
    batches: Mapping[str, str]
    project: str
    since: str

    def in_force(self, resource: str, found: Mapping[str, Batch], project: str) -> bool:
        """Whether what was wrong still is: nobody has restored or withdrawn a batch, or changed the project."""
        if self.kind == REFUSED:
            same = all(name in found and found[name].mark == mark for name, mark in self.batches.items())
            return same and self.project == project
        there = [(resource, found[name]) for name in self.batches if name in found]
        return any(batch.wrong for _, batch in there) or bool(damaged_parts(there))

    def sentence(self, resource: str) -> str:
        """Since when, why, and what to do."""
        since = datetime.fromisoformat(self.since).astimezone(ZoneInfo(CHINA)).strftime("%Y-%m-%d %H:%M")
        return f"held at its last good state since {since}: {self.why}. Remedy: {self._remedy(resource)}"

    def _remedy(self, resource: str) -> str:
        names = list(self.batches)
        which = names[0] if len(names) == 1 else "BATCH"
        withdraw = f"`govshare batch withdraw {resource} {which} --why TEXT`"
        if self.kind == DAMAGED:
            return f"restore the batch from a backup, or {withdraw}"
        few = f" (one of {', '.join(names[:5])}{' …' if len(names) > 5 else ''})" if len(names) > 1 else ""
        return f"{withdraw}{few}, or correct the staging model; then govshare run"


def words_of(wrong: Mapping[str, str]) -> str:
    """What is wrong with batches: of the first three."""
    said = "; ".join(f"batch {name}: {words}" for name, words in list(wrong.items())[:3])
    return said + (" …" if len(wrong) > 3 else "")


def hold_now(kind: str, why: str, marks: Mapping[str, str], project: str) -> Held:
    """``marks``: the batches to blame, each with its mark."""
    return Held(kind, why, marks, project, datetime.now(UTC).isoformat(timespec="seconds"))


def read(installation: Installation) -> dict[str, Held]:
    """Resource → why it is held, by the last build."""
    file = _file(installation)
    if not intact(file):
        return {}
    return {resource: Held(**entry) for resource, entry in json.loads(file.read_bytes()).items()}


def write(installation: Installation, held: Mapping[str, Held]) -> None:
    text = json.dumps({resource: asdict(entry) for resource, entry in held.items()}, ensure_ascii=False, indent=1)
    write_sealed(_file(installation), text + "\n")


def _file(installation: Installation) -> Path:
    return installation.warehouse.with_name("held.json")
