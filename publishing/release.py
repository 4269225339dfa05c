"""Releases: numbered, immutable folders of Parquet files with a manifest; ``current`` leads to the one to
read.

A release is made of a candidate that the gate passed: the manifest is written into the candidate's folder,
the folder gets its number by one rename, then ``current`` moves by another. Nothing here decides whether a
candidate is good, and nothing changes a release once it has its number.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from catalogue.errors import GovshareError
from catalogue.files import write_whole
from catalogue.installation import Installation
from publishing.candidate import Candidate, discard
from publishing.files import point, rename_into_place, sweep

CURRENT = "current"
MANIFEST = "manifest.json"
CONFIRMED = "confirmed.json"  # the newest lineage after which the current release stayed current
WITHDRAWN = "withdrawn.json"  # numbers of releases that were rolled back
NUMBER = re.compile(r"\d{6}")


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


class ReleaseError(GovshareError):
    """A release that was asked for is not there, or its files are not those that were published."""


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
    content was rolled back, so it is not published again; the release is the withdrawn one) or ``rolled
    back``."""

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
    heal(installation, candidate.table)
    folder = installation.published / candidate.table
    current = current_number(installation, candidate.table)
    same = {m["release"]: m for m in _manifests(folder) if m["content_hash"] == candidate.content_hash}
    known = current if current in same else max(_withdrawn(folder) & same.keys(), default=None)
    if current and known:
        discard(candidate)  # or the gate would take it for rows to come
        _confirm(folder, current, lineage)
        return _release(folder, same[known], "unchanged" if known == current else "withdrawn")

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
    for file in candidate.path.iterdir():
        file.chmod(0o444)  # a release is never changed
    folder.mkdir(parents=True, exist_ok=True)
    rename_into_place(candidate.path, folder / manifest["release"])
    point(folder / CURRENT, manifest["release"])
    _confirm(folder, manifest["release"], lineage)
    return _release(folder, manifest, "new")


def heal(installation: Installation, table: str) -> None:
    """Finish what a killed run began: sweep temporary names, and let ``current`` lead to the newest release
    that was not rolled back (a run may die between giving a release its number and moving ``current``)."""
    folder = installation.published / table
    sweep(folder, CURRENT)
    for note in folder.glob(".*.tmp"):  # of write_whole
        note.unlink()
    good = [number for number in _numbers(folder) if number not in _withdrawn(folder)]
    if good and current_number(installation, table) != good[-1]:
        point(folder / CURRENT, good[-1])


def rollback(installation: Installation, table: str, release: str) -> Release:
    """Make an older release current again. Everything newer counts as withdrawn: the same content is not
    published again by the next run, other content is."""
    folder = installation.published / table
    if release not in _numbers(folder):
        raise ReleaseError(
            f"there is no release {release}", where=table, remedy="govshare releases lists what there is"
        )
    newer = [number for number in _numbers(folder) if number > release]
    withdrawn = sorted({*_withdrawn(folder), *newer} - {release})
    write_whole(folder / WITHDRAWN, json.dumps(withdrawn))
    point(folder / CURRENT, release)
    return _release(folder, manifest_of(folder / release), "rolled back")


def releases(installation: Installation) -> list[dict[str, Any]]:
    """All releases of all tables, oldest first: table, release, current, rows, published_at, gate."""
    found = []
    for table in published_tables(installation, with_current=False):
        current = current_number(installation, table)
        for manifest in _manifests(installation.published / table):
            found.append(
                {
                    "table": table,
                    "release": manifest["release"],
                    "current": manifest["release"] == current,
                    "rows": manifest["rows"],
                    "published_at": manifest["published_at"],
                    "gate": manifest["gate"]["verdict"],
                }
            )
    return found


def published_tables(installation: Installation, *, with_current: bool = True) -> list[str]:
    """Names of the tables that have a release, sorted."""
    if not installation.published.is_dir():
        return []
    folders = [path for path in sorted(installation.published.iterdir()) if path.is_dir()]
    return [path.name for path in folders if _numbers(path) and (not with_current or (path / CURRENT).exists())]


def current_number(installation: Installation, table: str) -> str | None:
    """The number that ``current`` leads to; null before the first release."""
    link = installation.published / table / CURRENT
    return os.readlink(link) if link.is_symlink() and link.exists() else None


def current_release(installation: Installation, table: str) -> dict[str, Any] | None:
    """The manifest of the current release, with its folder under ``path``; null before the first release."""
    number = current_number(installation, table)
    if number is None:
        return None
    path = installation.published / table / number
    return {**manifest_of(path), "path": path}


def release_of(installation: Installation, table: str) -> dict[str, Any]:
    """The same, for who cannot do without one."""
    manifest = current_release(installation, table)
    if manifest is None:
        raise ReleaseError(
            "this table has no release", where=table, remedy="govshare releases lists what has been published"
        )
    return manifest


def current_fingerprint(installation: Installation, table: str) -> str | None:
    """The fingerprint of the last build whose content was dealt with, be it the current one or one that was
    rolled back: equal means nothing is left to publish."""
    number = current_number(installation, table)
    note = installation.published / table / CONFIRMED
    if number is None or not note.exists():
        return None
    confirmed = json.loads(note.read_text(encoding="utf-8"))
    return confirmed["lineage"].get("fingerprint") if confirmed["release"] == number else None


def manifest_of(release: Path) -> dict[str, Any]:
    return json.loads((release / MANIFEST).read_text(encoding="utf-8"))


def parquet_files(manifest: Mapping[str, Any]) -> list[str]:
    """Absolute paths of the files of a manifest that ``current_release`` gave."""
    return [str(manifest["path"] / file["name"]) for file in manifest["files"]]


def _confirm(folder: Path, release: str, lineage: Mapping[str, Any]) -> None:
    note = {
        "release": release,
        "lineage": dict(lineage),
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    write_whole(folder / CONFIRMED, json.dumps(note, ensure_ascii=False, default=str))


def _release(folder: Path, manifest: Mapping[str, Any], state: str) -> Release:
    number = manifest["release"]
    return Release(manifest["table"], number, folder / number, state, manifest["rows"], manifest["published_at"])


def _numbers(folder: Path) -> list[str]:
    if not folder.is_dir():
        return []
    return sorted(path.name for path in folder.iterdir() if NUMBER.fullmatch(path.name))


def _last_number(folder: Path) -> int:
    return int(max(_numbers(folder), default="0"))


def _manifests(folder: Path) -> list[dict[str, Any]]:
    return [manifest_of(folder / number) for number in _numbers(folder)]


def _withdrawn(folder: Path) -> set[str]:
    note = folder / WITHDRAWN
    return set(json.loads(note.read_text(encoding="utf-8"))) if note.exists() else set()
