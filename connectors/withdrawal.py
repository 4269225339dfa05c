"""Taking a committed batch out again, and putting it back: nothing of it is changed or lost.

A batch is moved beside the others, to ``.withdrawn/<batch>``, by one rename. ``.withdrawn/<batch>.json`` says who did
what, when and why. Its number is never given to another batch. Collecting then goes on from the batches that are
left: the watermark is theirs, and the batch's files count as not taken, unless they are held.
"""

from __future__ import annotations

import getpass
import json
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from catalogue.files import sync, write_whole
from catalogue.installation import Installation
from connectors.base import CollectError
from connectors.manifest import BATCH_NAME, EMPTY, MANIFEST, WITHDRAWN, DamagedBatch, Manifest, committed


@dataclass(frozen=True)
class Withdrawn:
    """A batch that was taken out. ``manifest`` is null where it cannot be read."""

    batch: str
    why: str
    who: str
    at: str
    held: bool
    path: Path
    manifest: Manifest | None


def withdraw(installation: Installation, resource: str, batch: str, why: str, *, hold: bool = False) -> Withdrawn:
    """Take a batch out. ``hold``: its files still count as taken, so that no collection brings them back."""
    folder = installation.landing_of(resource) / batch
    if not BATCH_NAME.fullmatch(batch) or batch == EMPTY or not folder.is_dir():
        raise CollectError(
            f"there is no batch {batch!r}", where=resource, remedy=f"`govshare batch list {resource}` shows them"
        )
    if not why.strip():
        raise CollectError("it is not said why", where=f"{resource} {batch}", remedy="add --why TEXT")
    target = installation.landing_of(resource) / WITHDRAWN / batch
    _note(target, {"what": "withdrawn", "why": why, "held": hold})
    if target.exists():
        raise CollectError(
            f"a batch {batch} was withdrawn before", where=resource, remedy=f"look at both: {folder} and {target}"
        )
    _rename(folder, target)
    return next(found for found in withdrawn(installation, resource) if found.batch == batch)


def restore(installation: Installation, resource: str, batch: str, why: str) -> None:
    """Put a withdrawn batch back into its place."""
    source = installation.landing_of(resource) / WITHDRAWN / batch
    if not BATCH_NAME.fullmatch(batch) or not source.is_dir():
        raise CollectError(
            f"no batch {batch!r} was withdrawn", where=resource, remedy=f"`govshare batch list {resource}` shows them"
        )
    for manifest in committed(installation, resource):
        if batch in manifest.replaces:
            raise CollectError(
                f"batch {manifest.batch} has taken its place: the same file, read otherwise",
                where=f"{resource} {batch}",
                remedy=f"withdraw {manifest.batch} first",
            )
    _rename(source, installation.landing_of(resource) / batch)
    _note(source, {"what": "restored", "why": why})


def withdrawn(installation: Installation, resource: str) -> list[Withdrawn]:
    """The batches that are taken out now, oldest first."""
    root = installation.landing_of(resource) / WITHDRAWN
    folders = sorted(root.iterdir()) if root.is_dir() else []
    return [_withdrawn(folder) for folder in folders if folder.is_dir() and BATCH_NAME.fullmatch(folder.name)]


@dataclass(frozen=True)
class Moved:
    """A batch that was taken out or put back, and when last (ISO 8601)."""

    manifest: Manifest
    at: str
    held: bool


def moved(installation: Installation, resource: str, past: Sequence[Manifest], out: Sequence[Withdrawn]) -> list[Moved]:
    """The batches that were taken out or put back by hand: what landed later was compared with others than are there
    now. ``out``: as from ``withdrawn``. Those that another batch replaces are not meant."""
    known = {manifest.batch: manifest for manifest in (*past, *(entry.manifest for entry in out)) if manifest}
    replaced = {batch for manifest in known.values() for batch in manifest.replaces}
    held = {entry.batch for entry in out if entry.held}
    found = []
    for batch, manifest in known.items():
        note = installation.landing_of(resource) / WITHDRAWN / f"{batch}.json"
        if batch not in replaced and note.exists():
            with suppress(OSError, ValueError, KeyError, TypeError, IndexError):
                at = json.loads(note.read_text(encoding="utf-8"))[-1]["at"]
                found.append(Moved(manifest, str(at), batch in held))
    return found


def finish_replacing(installation: Installation, resource: str, past: Sequence[Manifest]) -> list[Manifest]:
    """Take out what later batches replace; returns what stays. Called before and after a collection, so that one that
    was killed between its two steps is made whole by the next."""
    replaced = {batch: manifest.batch for manifest in past for batch in manifest.replaces}
    stay = []
    for manifest in past:
        if manifest.batch in replaced:
            withdraw(installation, resource, manifest.batch, f"read again otherwise: batch {replaced[manifest.batch]}")
        else:
            stay.append(manifest)
    return stay


def last_number(installation: Installation, resource: str) -> int:
    """The highest number that a batch of the resource ever had; 0 without any."""
    root = installation.landing_of(resource)
    folders = [*root.glob("*"), *root.glob(f"{WITHDRAWN}/*")] if root.is_dir() else []
    return max((int(f.name.removesuffix(".json")) for f in folders if BATCH_NAME.fullmatch(f.stem)), default=0)


def _withdrawn(folder: Path) -> Withdrawn:
    try:
        last = json.loads(folder.with_suffix(".json").read_text(encoding="utf-8"))[-1]
        why, who, at = (str(last[name]) for name in ("why", "who", "at"))
        held = bool(last.get("held"))
    except (OSError, ValueError, KeyError, TypeError, IndexError):
        why, who, at, held = "not known: the note is damaged", "", "", False
    try:
        manifest = Manifest.from_file(folder / MANIFEST)
    except DamagedBatch:
        manifest = None
    return Withdrawn(folder.name, why, who, at, held, folder, manifest)


def _note(folder: Path, event: dict[str, Any]) -> None:
    """Add an event to the note of a batch."""
    file = folder.with_suffix(".json")
    try:
        events = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        events = []
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    events.append({**event, "who": getpass.getuser(), "at": now})
    write_whole(file, json.dumps(events, ensure_ascii=False, indent=1) + "\n")


def _rename(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    os.rename(source, target)
    sync(source.parent)
    sync(target.parent)
