"""Releases: numbered, immutable folders of Parquet files with a manifest; ``current`` leads to the one to read.

A release is made of a candidate that the gate passed: the manifest is written into the candidate's folder,
the folder gets its number by one rename, then ``current`` moves by another. Nothing here decides whether a
candidate is good, and nothing changes a release once it has its number. How it is read is in ``released``, how one
goes back in ``rollback``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from filelock import FileLock

from catalogue import private
from catalogue.errors import GovshareError
from catalogue.files import read_derived, write_whole
from catalogue.installation import Installation
from publishing.candidate import Candidate, check_written, discard
from publishing.files import point, rename_into_place, sweep
from publishing.released import (
    CURRENT,
    MANIFEST,
    current_number,
    current_release,
    damage,
    manifest_of,
    manifests,
    numbers,
    published_tables,
)
from publishing.withdrawn import Hold, Withdrawn, withdrawn

CONFIRMED = "confirmed.json"  # the newest lineage after which the current release stayed current


class GateFailed(GovshareError):
    """The candidate did not pass; the former release stays current. Names rules and counts, never values."""

    def __init__(self, table: str, verdict: VerdictLike) -> None:
        self.table, self.verdict = table, verdict
        failed = [check for check in verdict.blocked_by]
        named = ", ".join(f"{check.name} ({check.observed})" for check in failed[:5])
        more = f" and {len(failed) - 5} more" if len(failed) > 5 else ""
        super().__init__(
            f"the gate stopped the release, {len(failed)} blocking checks failed: {named}{more}",
            where=table,
            remedy="see the report in data_docs; the former release stays current",
        )


class CheckLike(Protocol):
    """A failed check, as far as its name and what was seen go."""

    name: str
    observed: str


class VerdictLike(Protocol):
    """The gate's verdict, as far as releasing needs it (``expectations.verdict.Verdict``)."""

    passed: bool

    @property
    def blocked_by(self) -> list[Any]: ...

    def as_dict(self) -> dict[str, Any]: ...


@dataclass(frozen=True)
class Release:
    """``state``: ``new``, ``unchanged`` (the current release has this content already), ``withdrawn`` (the
    content was rolled back, so it is not published again; the release is the withdrawn one), ``held`` (the table was
    rolled back, and what caused it is still there) or ``rolled back``."""

    table: str
    number: str
    path: Path
    state: str
    rows: int
    published_at: str


def publish(
    installation: Installation, candidate: Candidate, verdict: VerdictLike, lineage: Mapping[str, Any]
) -> Release:
    """Make ``candidate`` the current release of its table.

    ``lineage`` goes into the manifest as it is: ``fingerprint`` of the build, batches, versions. A candidate
    with the content of the current release makes no new one. Raises ``GateFailed`` when the verdict is not a
    pass.
    """
    if not verdict.passed:
        raise GateFailed(candidate.table, verdict)
    check_written(candidate)
    with alone(installation):
        return _publish(installation, candidate, verdict, lineage)


def alone(installation: Installation) -> FileLock:
    """Held by who changes which release is current: a roll-back may come while a run publishes."""
    installation.published.mkdir(parents=True, exist_ok=True)
    return FileLock(installation.published / ".lock")


def _publish(
    installation: Installation, candidate: Candidate, verdict: VerdictLike, lineage: Mapping[str, Any]
) -> Release:
    heal(installation, candidate.table)
    folder = installation.published / candidate.table
    current, back = current_number(installation, candidate.table), withdrawn(folder)
    if current and back.hold:
        if back.hold.in_force(installation):
            discard(candidate)
            _confirm(folder, current, lineage)
            return release_as(manifest_of(folder / current), "held")
        Withdrawn(back.releases).write(folder)
    same = {m["release"]: m for m in manifests(folder) if m["content_hash"] == candidate.content_hash}
    same = {number: m for number, m in same.items() if number in back.releases or not damage(m)}
    known = current if current in same else max(back.releases & same.keys(), default=None)
    if current and known:
        discard(candidate)  # or the gate would take it for rows to come
        _confirm(folder, current, lineage)
        return release_as(same[known], "unchanged" if known == current else "withdrawn")

    manifest = {
        "table": candidate.table,
        "release": f"{_last_number(folder) + 1:06d}",
        **candidate.facts(),
        "gate": verdict.as_dict(),
        "lineage": dict(lineage),
        "published_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    text = json.dumps(manifest, ensure_ascii=False, indent=1, default=str)
    write_whole(candidate.path / MANIFEST, text + "\n")
    private.share(candidate.path.iterdir(), released=True)
    folder.mkdir(parents=True, exist_ok=True)
    private.share([installation.published, folder, candidate.path])
    rename_into_place(candidate.path, folder / manifest["release"])
    point(folder / CURRENT, manifest["release"])
    _confirm(folder, manifest["release"], lineage)
    return release_as({**manifest, "path": folder / manifest["release"]}, "new")


def heal(installation: Installation, table: str) -> None:
    """Finish what a killed run began: sweep temporary names, and let ``current`` lead to the newest release
    that was not rolled back (a run may die between giving a release its number and moving ``current``)."""
    folder = installation.published / table
    sweep(folder, CURRENT)
    for note in folder.glob(".*.tmp"):  # of write_whole
        note.unlink()
    taken_back = withdrawn(folder).releases
    good = [number for number in numbers(folder) if number not in taken_back]
    if good and current_number(installation, table) != good[-1]:
        point(folder / CURRENT, good[-1])


def releases(installation: Installation) -> list[dict[str, Any]]:
    """All releases of all tables that can be read, oldest first: table, release, current, rows, published_at, gate,
    held (why newer ones are not released; null where they are)."""
    found = []
    for table in published_tables(installation, with_current=False):
        current, why = current_number(installation, table), _why_held(installation, table)
        for manifest in manifests(installation.published / table):
            found.append(
                {
                    "table": table,
                    "release": manifest["release"],
                    "current": manifest["release"] == current,
                    "rows": manifest["rows"],
                    "published_at": manifest["published_at"],
                    "gate": manifest["gate"]["verdict"],
                    "held": why if manifest["release"] == current else None,
                }
            )
    return found


def current_fingerprint(installation: Installation, table: str) -> str | None:
    """The fingerprint of the last build whose content was dealt with, be it the current one or one that was
    rolled back: equal means nothing is left to publish."""
    number = current_number(installation, table)
    confirmed = read_derived(installation.published / table / CONFIRMED)
    try:
        return confirmed["lineage"].get("fingerprint") if confirmed and confirmed["release"] == number else None
    except (KeyError, AttributeError):
        return None


def is_published(installation: Installation, table: str, fingerprint: str | None) -> bool:
    """Whether nothing is left to do for ``table`` after the build of this fingerprint: it was dealt with, and the
    current release is what was published."""
    if fingerprint is None or current_fingerprint(installation, table) != fingerprint:
        return False
    try:
        hold = withdrawn(installation.published / table).hold
        manifest = current_release(installation, table)
    except GovshareError:  # damaged: told by who publishes the table, and by no other
        return False
    ended = hold is not None and not hold.in_force(installation)
    return manifest is not None and not ended and not damage(manifest)


def _why_held(installation: Installation, table: str) -> str | None:
    try:
        hold = held(installation, table)
    except GovshareError as error:
        return str(error)
    return hold.why if hold else None


def held(installation: Installation, table: str) -> Hold | None:
    """The hold on a table; null where there is none or what it waited for has been withdrawn."""
    hold = withdrawn(installation.published / table).hold
    return hold if hold and hold.in_force(installation) else None


def _confirm(folder: Path, release: str, lineage: Mapping[str, Any]) -> None:
    note = {
        "release": release,
        "lineage": dict(lineage),
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    write_whole(folder / CONFIRMED, json.dumps(note, ensure_ascii=False, default=str))


def release_as(manifest: Mapping[str, Any], state: str) -> Release:
    return Release(
        manifest["table"], manifest["release"], manifest["path"], state, manifest["rows"], manifest["published_at"]
    )


def _last_number(folder: Path) -> int:
    return int(max(numbers(folder), default="0"))
