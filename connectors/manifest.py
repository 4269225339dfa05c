"""The batch manifest: all that is known of a committed batch, and the questions asked of the committed ones.

Committed manifests are the only state of collection: the next batch number, the watermark, which files were
taken and how far a first load came are all read from here. Writing batches is in ``connectors.landing``.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from catalogue.checksums import Checksums, Expected, wrong_at_sight
from catalogue.checksums import wrong as wrong_bytes
from catalogue.installation import Installation
from connectors.base import CollectError, ResourceLike, SourceFile, Watermark, colliding
from connectors.read_report import Finding, finding_of, rows_left_out
from connectors.shown import shown_name

BATCH_NAME = re.compile(r"\d{6}")
EMPTY = "000000"
WITHDRAWN = ".withdrawn"  # folder beside the batches for those that were taken out
MANIFEST = "manifest.json"
CHECKSUMS = ".checksums.json"  # beside the departments: parts that were found intact


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

    ``mode``: empty, note (of a file that was moved), or that of the delivery (see ``Delivery.mode``).
    ``columns``: the source's names and
    Arrow types. ``rows`` landed, ``read`` rows that the source gave (they differ where a difference was
    taken),
    ``deletes`` of the landed rows that withdraw a record. ``problems`` by rule. ``left_out``: what the source
    holds and was not landed; ``remarks``: what landed and its owner should know. ``bytes`` of all parts.
    ``source`` is the name under which a file (or archive) was taken, ``reading`` how it was read (see
    ``connectors.taken``), ``replaces`` the batches that this one makes untrue, as the same file was read wrongly there.
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
    source: str | None = None
    reading: str | None = None
    replaces: tuple[str, ...] = ()
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

    def expected(self) -> list[Expected]:
        """The parts as they must lie there."""
        return [Expected(self.path / part.name, part.bytes, part.sha256) for part in self.parts]

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
            document["replaces"] = tuple(document.get("replaces", ()))
            for name in ("left_out", "remarks"):
                document[name] = tuple(finding_of(entry) for entry in document.get(name, ()))
            if document["watermark"]:
                document["watermark"] = Watermark(**document["watermark"])
            manifest = cls(path=file.parent, **document)
            _need_sound(manifest)
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise DamagedBatch(file.parent, f"its manifest cannot be read ({type(error).__name__})") from None
        return manifest


class DamagedBatch(CollectError):
    """A committed batch that cannot be read as it was committed. It stops its resource and no other."""

    def __init__(self, folder: Path, what: str) -> None:
        self.wrong = what
        self.resource = f"{folder.parent.parent.name}.{folder.parent.name}"
        self.batch = folder.name
        empty = "delete its folder: it holds no rows, and the next collection writes it anew"
        super().__init__(
            f"batch {self.batch} is damaged: {what}",
            where=f"{self.resource} ({folder})",
            remedy=empty
            if self.batch == EMPTY
            else "restore the batch's folder from backup; or take it out with `govshare batch withdraw "
            f"{self.resource} {self.batch} --why TEXT` and have its rows delivered again",
        )


def _need_sound(manifest: Manifest) -> None:
    """Fields of the types that everybody relies on: JSON that was tampered with may be well-formed."""
    texts = [
        manifest.resource,
        manifest.batch,
        manifest.mode,
        *(text for column in manifest.columns for text in column),
    ]
    texts += [text for part in manifest.parts for text in (part.name, part.sha256)]
    numbers = [manifest.rows, manifest.read, manifest.deletes]
    numbers += [number for part in manifest.parts for number in (part.rows, part.bytes)]
    if not all(isinstance(text, str) for text in texts) or not all(type(number) is int for number in numbers):
        raise TypeError
    if not manifest.parts or manifest.rows != sum(part.rows for part in manifest.parts):
        raise ValueError
    if any("/" in part.name or part.name.startswith(".") for part in manifest.parts):
        raise ValueError


def committed(installation: Installation, resource_id: str, *, with_empty: bool = False) -> list[Manifest]:
    """The resource's committed batches, oldest first; the empty batch 000000 only when asked for.

    Raises ``DamagedBatch`` where one cannot be read, or its parts are not there in their size.
    """
    return [read_batch(folder) for folder in _folders(installation, resource_id) if with_empty or folder.name != EMPTY]


def damaged_batches(installation: Installation, resources: Iterable[ResourceLike]) -> dict[str, list[DamagedBatch]]:
    """Resources of which a batch cannot be read, and why. Looks at manifests and sizes, not into the parts."""
    found: dict[str, list[DamagedBatch]] = {}
    for resource in resources:
        errors = [entry for entry in batches(installation, resource.id) if isinstance(entry, DamagedBatch)]
        if errors:
            found[resource.id] = errors
    return found


def batches(installation: Installation, resource_id: str) -> list[Manifest | DamagedBatch]:
    """All batches but the empty one, oldest first, each as it can be read or why it cannot."""
    found: list[Manifest | DamagedBatch] = []
    for folder in _folders(installation, resource_id):
        try:
            manifest = read_batch(folder)
        except DamagedBatch as error:
            found.append(error)
        else:
            if folder.name != EMPTY:
                found.append(manifest)
    return found


def _folders(installation: Installation, resource_id: str) -> list[Path]:
    folder = installation.landing_of(resource_id)
    if not folder.is_dir():
        return []
    return sorted(entry for entry in folder.iterdir() if BATCH_NAME.fullmatch(entry.name))


def read_batch(folder: Path) -> Manifest:
    """The manifest of a batch whose parts are there in their size."""
    manifest = Manifest.from_file(folder / MANIFEST)
    if wrong := wrong_at_a_glance(manifest):
        raise DamagedBatch(folder, wrong)
    return manifest


def wrong_at_a_glance(manifest: Manifest) -> str | None:
    """What is wrong with a batch as far as it can be seen without reading its parts; null: nothing."""
    if manifest.batch != manifest.path.name:
        return "its manifest is of another batch"
    for expected in manifest.expected():
        if wrong := wrong_at_sight(expected):
            return f"{expected.path.name} {wrong}"
    if collisions := colliding(name for name, _ in manifest.columns):
        return f"{len(collisions)} column(s) that engines take for others, as {_shown(collisions)}"
    return None


def _shown(collisions: Sequence[Sequence[str]]) -> str:
    return "; ".join(" and ".join(map(shown_name, group)) for group in collisions)


def delivered(manifests: Sequence[Manifest]) -> dict[str, Any]:
    """What a source held, by the manifests of a resource's batches.

    ``{"rows": landed and left out, "left_out": rows, "kinds": {what was left out: how many}}``.
    """
    findings = [finding for manifest in manifests for finding in manifest.left_out]
    kinds: Counter[str] = Counter()
    for finding in findings:
        kinds[finding.what] += finding.count
    left_out = rows_left_out(findings)
    rows = sum(manifest.rows for manifest in manifests) + left_out
    return {"rows": rows, "left_out": left_out, "kinds": dict(sorted(kinds.items()))}


def need_intact(past: Sequence[Manifest]) -> None:
    """Raise ``DamagedBatch`` unless all parts have the bytes that were committed. One that was found so and looks as it
    did then is not read again."""
    if not past:
        return
    checksums = Checksums(past[0].path.parents[2] / CHECKSUMS)
    for manifest in past:
        for expected in manifest.expected():
            if wrong := checksums.wrong(expected):
                raise DamagedBatch(manifest.path, f"{expected.path.name} {wrong}")
    checksums.save()


def damaged(manifest: Manifest) -> list[str]:
    """Names of the batch's parts whose bytes are not those that were committed."""
    return [expected.path.name for expected in manifest.expected() if wrong_bytes(expected)]
