"""What a build finds of each resource in the landing: its batches, and which of them are not as they were committed.

Seen at a glance are manifests and sizes, at each run; hashed are the parts that a build is about to read.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from catalogue.checksums import Expected, all_wrong
from catalogue.errors import GovshareError
from catalogue.installation import Installation
from catalogue.model import Resource
from connectors.landing import Landing, ensure_empty
from connectors.manifest import BATCH_NAME, EMPTY, MANIFEST, WITHDRAWN, DamagedBatch, Manifest, wrong_at_a_glance


@dataclass(frozen=True)
class Batch:
    """One committed batch. ``manifest`` is null where it cannot be read, ``wrong`` what is wrong at a glance."""

    name: str
    manifest: Manifest | None
    wrong: str | None

    @property
    def mark(self) -> str:
        """Changes with the batch's content and with what is wrong."""
        sums = ",".join(part.sha256 for part in self.manifest.parts) if self.manifest else ""
        return f"{sums} {self.wrong or ''}"

    def files(self) -> list[Expected]:
        return [] if self.manifest is None else self.manifest.expected()


Landed = Mapping[str, Mapping[str, Batch]]  # resource → batch → what is found; the empty batch is among them


def landed(installation: Installation, resources: Iterable[Resource]) -> Landed:
    """All batches of all resources, oldest first."""
    return {resource.id: _of(installation.landing_of(resource.id)) for resource in resources}


def missing(installation: Installation, resource: str, past: Iterable[str], found: Mapping[str, Batch]) -> list[str]:
    """Batches that a former build has read and that are gone, though nobody has withdrawn them."""
    root = installation.landing_of(resource) / WITHDRAWN
    return [name for name in past if name not in found and not (root / name).exists()]


def damaged_parts(batches: Iterable[tuple[str, Batch]]) -> dict[str, dict[str, str]]:
    """Of (resource, batch) pairs those whose bytes are not the ones that were written: resource → batch → what is
    wrong. Hashes them all."""
    owner = {expected: (resource, batch) for resource, batch in batches for expected in batch.files()}
    found: dict[str, dict[str, str]] = {}
    for expected, wrong in all_wrong(owner):
        resource, batch = owner[expected]
        found.setdefault(resource, {}).setdefault(batch.name, f"{expected.path.name} {wrong}")
    for resource, batch in owner.values():
        if batch.name not in found.get(resource, ()) and (words := _miscounted(batch)):
            found.setdefault(resource, {})[batch.name] = words
    return found


def _miscounted(batch: Batch) -> str | None:
    """Parts that have other rows than their manifest says: the account would not balance by it, for the whole city."""
    if batch.manifest is None:
        return None
    for part in batch.manifest.parts:
        rows = pq.read_metadata(batch.manifest.path / part.name).num_rows
        if rows != part.rows:
            return f"{part.name} has {rows:,} rows, its manifest says {part.rows:,}"
    return None


def ensure_all_empty(installation: Installation, resources: Iterable[Resource]) -> None:
    """Batch 000000 of every resource, as far as its batches allow: one that is damaged is made anew."""
    for resource in resources:
        target = installation.landing_of(resource.id) / EMPTY
        if target.exists() and ((empty := _read(target)).wrong or damaged_parts([(resource.id, empty)])):
            shutil.rmtree(target)
        try:
            ensure_empty(installation, resource)
        except (GovshareError, OSError, pa.ArrowException):  # a damaged batch: what it had is not known
            if not target.exists():
                with Landing(installation, resource, 0) as landing:
                    landing.begin(pa.schema([(item.name, pa.string()) for item in resource.items]))
                    landing.commit(mode="empty")


def _of(folder: Path) -> dict[str, Batch]:
    entries = sorted(folder.iterdir()) if folder.is_dir() else []
    return {entry.name: _read(entry) for entry in entries if BATCH_NAME.fullmatch(entry.name)}


def _read(folder: Path) -> Batch:
    try:
        manifest = Manifest.from_file(folder / MANIFEST)
    except DamagedBatch as error:
        return Batch(folder.name, None, error.wrong)
    return Batch(folder.name, manifest, wrong_at_a_glance(manifest))
