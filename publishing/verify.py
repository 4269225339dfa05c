"""Whether everything that was landed and published still has the bytes that were written.

Landed batches are read here by their manifests' files alone (a room of its own wrote them): a manifest that cannot be
read is a damaged batch.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from catalogue.checksums import Expected, all_wrong
from catalogue.installation import Installation
from publishing import analyst
from publishing.released import ReleaseError, expected_files, manifest_of, numbers, published_tables

MANIFEST = "manifest.json"


@dataclass(frozen=True)
class Item:
    """A file with the name of what it belongs to. ``kind``: batch, release or analysts' file; ``of``: resource or
    table; ``number``: of the batch or release. ``expected``: null where the manifest does not tell."""

    kind: str
    of: str
    number: str
    file: str
    expected: Expected | None


@dataclass(frozen=True)
class Damaged:
    item: Item
    wrong: str

    def as_dict(self) -> dict[str, str]:
        """kind, department, of, number, file, wrong, remedy."""
        item = self.item
        remedy = {
            "batch": f"restore it from a backup, or govshare batch withdraw {item.of} {item.number}",
            "release": "restore it from a backup; a current one is published anew by govshare run",
        }.get(item.kind, "govshare run makes it anew")
        department = item.of.partition(".")[0] if item.kind == "batch" else ""
        return {
            "kind": item.kind, "department": department, "of": item.of, "number": item.number, "file": item.file,
            "wrong": self.wrong, "remedy": remedy,
        }  # fmt: skip


def everything(installation: Installation) -> list[Item]:
    """All files of batches and releases, and the analysts' file."""
    return [*_batches(installation), *_releases(installation), *_analyst(installation)]


def examine(whole: Sequence[Item], advance: Callable[[int], None] | None = None) -> list[Damaged]:
    """Hash all of it; ``advance`` is told how many bytes were read. Gives what is damaged."""
    unread = [Damaged(item, "its manifest cannot be read") for item in whole if item.expected is None]
    by_path = {item.expected.path: item for item in whole if item.expected}

    def read(expected: Expected) -> None:
        if advance:
            advance(expected.bytes)

    expected = [item.expected for item in whole if item.expected]
    return unread + [Damaged(by_path[e.path], wrong) for e, wrong in all_wrong(expected, read)]


def batch_files(folder: Path) -> list[Expected] | None:
    """The parts of a landed batch as its manifest describes them; null: it cannot be read."""
    try:
        parts = json.loads((folder / MANIFEST).read_bytes())["parts"]
        return [Expected(folder / part["name"], part["bytes"], part["sha256"]) for part in parts]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def _batches(installation: Installation) -> Iterator[Item]:
    for folder in sorted(installation.landing.glob(f"*/*/{'[0-9]' * 6}")):
        resource = f"{folder.parents[1].name}.{folder.parent.name}"
        files = batch_files(folder)
        if files is None:
            yield Item("batch", resource, folder.name, MANIFEST, None)
        for expected in files or ():
            yield Item("batch", resource, folder.name, expected.path.name, expected)


def _releases(installation: Installation) -> Iterator[Item]:
    for table in published_tables(installation, with_current=False):
        for number in numbers(installation.published / table):
            try:
                manifest = manifest_of(installation.published / table / number)
            except ReleaseError:
                yield Item("release", table, number, MANIFEST, None)
                continue
            for expected in expected_files(manifest):
                yield Item("release", table, number, expected.path.name, expected)


def _analyst(installation: Installation) -> Iterator[Item]:
    path = installation.analyst_database
    if path.exists():
        yield Item("analysts' file", path.name, "", path.name, analyst.expected(installation))
