"""The batch manifest: all that is known of a committed batch, and the questions asked of the committed ones.

Committed manifests are the only state of collection: the next batch number, the watermark, which files were
taken and how far a first load came are all read from here. Writing batches is in ``connectors.landing``.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from catalogue.installation import Installation
from connectors.base import CollectError, ResourceLike, SourceFile, Watermark
from connectors.read_report import Finding, finding_of, rows_left_out

BATCH_NAME = re.compile(r"\d{6}")
EMPTY = "000000"
MANIFEST = "manifest.json"


@dataclass(frozen=True)
class Part:
    """One Parquet file of a batch."""

    name: str
    rows: int
    bytes: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """All that is known of a committed batch; ``path`` is its folder and is not written into the file.

    ``mode``: empty, file, full, delta or changes (see ``Delivery.mode``). ``columns``: the source's names and
    Arrow types. ``rows`` landed, ``read`` rows that the source gave (they differ where a difference was
    taken),
    ``deletes`` of the landed rows that withdraw a record. ``problems`` by rule. ``left_out``: what the source
    holds and was not landed; ``remarks``: what landed and its owner should know. ``bytes`` of all parts.
    ``started`` and ``finished`` are ISO 8601 with zone; ``seconds`` the time between them.
    """

    resource: str
    batch: str
    mode: str
    columns: tuple[tuple[str, str], ...]
    rows: int
    path: Path = field(compare=False)
    read: int = 0
    deletes: int = 0
    problems: Mapping[str, int] = field(default_factory=dict)
    left_out: tuple[Finding, ...] = ()
    remarks: tuple[Finding, ...] = ()
    files: tuple[SourceFile, ...] = ()
    identity: str | None = None
    watermark: Watermark | None = None
    load: Mapping[str, Any] | None = None
    drift: Mapping[str, Any] = field(default_factory=dict)
    connector: Mapping[str, str] = field(default_factory=dict)
    started: str = ""
    finished: str = ""
    seconds: float = 0.0
    bytes: int = 0
    parts: tuple[Part, ...] = ()

    def part_paths(self) -> list[Path]:
        return [self.path / part.name for part in self.parts]

    def to_json(self) -> str:
        document = asdict(self)
        del document["path"]
        document["columns"] = [{"name": name, "type": type_} for name, type_ in self.columns]
        return json.dumps(document, ensure_ascii=False, indent=1) + "\n"

    @classmethod
    def from_file(cls, file: Path) -> Manifest:
        try:
            document = json.loads(file.read_text(encoding="utf-8"))
            document["columns"] = tuple((column["name"], column["type"]) for column in document["columns"])
            document["files"] = tuple(SourceFile(**entry) for entry in document["files"])
            document["parts"] = tuple(Part(**entry) for entry in document["parts"])
            for name in ("left_out", "remarks"):
                document[name] = tuple(finding_of(entry) for entry in document.get(name, ()))
            if document["watermark"]:
                document["watermark"] = Watermark(**document["watermark"])
            return cls(path=file.parent, **document)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise CollectError(
                f"the batch's manifest cannot be read ({type(error).__name__})",
                where=str(file),
                remedy="restore the batch's folder from backup; batches are never changed by govshare",
            ) from error


def committed(installation: Installation, resource_id: str, *, with_empty: bool = False) -> list[Manifest]:
    """The resource's committed batches, oldest first; the empty batch 000000 only when asked for."""
    folder = installation.landing_of(resource_id)
    if not folder.is_dir():
        return []
    names = sorted(entry.name for entry in folder.iterdir() if BATCH_NAME.fullmatch(entry.name))
    return [Manifest.from_file(folder / name / MANIFEST) for name in names if with_empty or name != EMPTY]


def inputs(installation: Installation, resources: Iterable[ResourceLike]) -> dict[str, list[str]]:
    """For each resource the absolute paths of all Parquet parts that a build reads, the empty batch first."""
    return {
        resource.id: [
            str(path)
            for manifest in committed(installation, resource.id, with_empty=True)
            for path in manifest.part_paths()
        ]
        for resource in resources
    }


def delivered(parts: Mapping[str, Iterable[str]]) -> dict[str, dict[str, Any]]:
    """What the sources held, by the manifests of the batches that a build reads (``parts`` as from ``inputs``).

    Resource → ``{"rows": landed and left out, "left_out": rows, "kinds": {what was left out: how many}}``.
    """
    found = {}
    for resource, paths in parts.items():
        manifests = [Manifest.from_file(folder / MANIFEST) for folder in {Path(path).parent for path in paths}]
        findings = [finding for manifest in manifests for finding in manifest.left_out]
        kinds: Counter[str] = Counter()
        for finding in findings:
            kinds[finding.what] += finding.count
        left_out = rows_left_out(findings)
        rows = sum(manifest.rows for manifest in manifests) + left_out
        found[resource] = {"rows": rows, "left_out": left_out, "kinds": dict(sorted(kinds.items()))}
    return found


def fingerprint(installation: Installation, resources: Iterable[ResourceLike]) -> str:
    """One sha256 over all committed batches: equal if and only if a build would read the same bytes."""
    digest = hashlib.sha256()
    for resource in sorted(resources, key=lambda entry: entry.id):
        for manifest in committed(installation, resource.id, with_empty=True):
            parts = ",".join(part.sha256 for part in manifest.parts)
            digest.update(f"{resource.id}/{manifest.batch}:{parts}\n".encode())
    return digest.hexdigest()


def damaged(manifest: Manifest) -> list[str]:
    """Names of the batch's parts whose bytes are not those that were committed."""
    return [
        part.name
        for part in manifest.parts
        if not (manifest.path / part.name).is_file() or sha256_of(manifest.path / part.name) != part.sha256
    ]


def sha256_of(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def last_batch(past: Sequence[Manifest]) -> int:
    return int(past[-1].batch) if past else 0
