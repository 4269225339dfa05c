"""The small interface between a kind of source and the rest: connector → deliveries → record batches.

Only protocols and plain facts belong here. A new kind of source implements ``Connector`` and ``Delivery`` and
is entered in ``connectors.registry``; drift, difference, numbering, manifest and commit are done for it by
``connectors.taking``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import pyarrow as pa

from catalogue.errors import GovshareError
from catalogue.names import as_engine

if TYPE_CHECKING:
    from connectors.connections import Connection
    from connectors.landing import Manifest
    from connectors.read_report import ReadReport

ADDRESS_COLUMNS = ("_batch", "_row", "_op", "_file", "_line", "_problem", "_raw")
OPTIONAL_COLUMNS = {
    "_op": pa.string(),  # upsert | delete; absent = upsert
    "_file": pa.string(),  # name of the source file, relative to the connection's path
    "_line": pa.int64(),  # physical line (1-based) or sheet row
    "_problem": pa.string(),  # rule code found by the connector; null = readable
    "_raw": pa.string(),  # what the source gave, for a row with a problem
}


OWN_NAMES = frozenset(map(as_engine, ADDRESS_COLUMNS))


def colliding(names: Iterable[str]) -> list[list[str]]:
    """Columns that an engine cannot tell apart: from each other, or from those that govshare adds."""
    alike: dict[str, list[str]] = {}
    for name in names:
        alike.setdefault(as_engine(name), []).append(name)
    return [group for name, group in alike.items() if len(group) > 1 or name in OWN_NAMES]


class CollectError(GovshareError):
    """A resource could not be collected; nothing of the failed delivery was committed."""


class ItemLike(Protocol):
    """What connectors need to know of an item: ``name`` in the source, guide type (C N Y D T L M G B I F)."""

    @property
    def name(self) -> str: ...
    @property
    def type(self) -> str: ...


class ConnectorSpec(Protocol):
    """``meta.connector`` of a source: the named entries, and everything else in ``options``."""

    @property
    def kind(self) -> str: ...
    @property
    def connection(self) -> str: ...
    @property
    def key(self) -> Sequence[str]: ...
    @property
    def watermark(self) -> str | None: ...
    @property
    def mode(self) -> str: ...
    @property
    def options(self) -> Mapping[str, Any]: ...


class ResourceLike(Protocol):
    """The catalogue's resource, as far as connectors use it. ``id`` is ``department.name``."""

    @property
    def id(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def department(self) -> str: ...
    @property
    def department_title(self) -> str: ...
    @property
    def items(self) -> Sequence[ItemLike]: ...
    @property
    def connector(self) -> ConnectorSpec: ...
    @property
    def contract(self) -> str: ...


@dataclass(frozen=True)
class SourceFile:
    """A file that a delivery came from; ``name`` relative to the connection's path, ``sha256`` of its bytes.

    ``version`` tells versions of a file on another machine apart: one that was taken is not fetched again.
    ``modified``: seconds since 1970, by which a file is known again under another name.
    """

    name: str
    bytes: int
    sha256: str
    version: str | None = None
    modified: float | None = None


@dataclass(frozen=True)
class Watermark:
    """How far a resource was read: ``low``..``high`` of ``column`` as text, its ``type`` to read it back.

    ``type`` is one of integer, decimal, date, timestamp, text. ``low`` is null for a first read. Of databases also:
    ``begin``, from which the next delta reads (null: it reads everything), ``at``, the source's time when this one
    began (ISO 8601 with zone), and ``position`` in the source's own order of commits, where it has one.
    """

    column: str
    type: str
    low: str | None
    high: str | None
    begin: str | None = None
    at: str | None = None
    position: str | None = None


class Delivery(Protocol):
    """What becomes one batch if it commits: a file, or one read of a database table.

    ``identity``: recognises a delivery that was taken before (sha256 of a file's bytes); null = never. Those that have
    one also have ``source`` and ``reading``: see ``connectors.taken``.
    ``schema``: the source's columns in order, without address columns; known before ``batches`` is called.
    ``mode``: ``range`` (lands as it is), ``file`` (compared with what came under the same name: only changes land),
    ``full`` (compared with all that has landed: changes and deletes land), ``delta`` (rows that landed already, as in
    an overlap, are dropped), ``changes`` (the same for events, of which none takes another's place), ``compare`` (as
    ``full``, and what it finds is what the watermark missed; nothing is withdrawn unless ``deletes`` is declared).
    ``files``: where the rows come from, for the manifest.
    ``watermark``: null, or known once ``batches`` is exhausted.
    ``load``: facts of a first load in ranges for the manifest, else null.
    ``report``: what was left out and remarked, complete once ``batches`` is exhausted.
    """

    identity: str | None
    mode: str
    files: Sequence[SourceFile]
    watermark: Watermark | None
    load: Mapping[str, Any] | None
    report: ReadReport

    @property
    def schema(self) -> pa.Schema: ...

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Yield the rows in bounded memory: source columns by name, plus any of ``OPTIONAL_COLUMNS``.

        A value that cannot be read is no exception: its row carries ``_problem`` and ``_raw``.
        """
        ...


class NotNow(CollectError):
    """The source may not be read at this hour: nothing is wrong, and nothing was taken."""


class ReadAgain(CollectError):
    """The fast way of reading failed on a value. The caller starts over with ``delivery.carefully()``.

    Only deliveries that have such a second way raise it.
    """


class Connector(Protocol):
    """One resource's source, opened. ``version`` (in the manifest) is raised when rows land otherwise."""

    kind: str
    version: str

    def schema(self) -> pa.Schema:
        """The source's columns now (for files: of the newest one), for surveys and catalogue checks."""
        ...

    def head(self, rows: int) -> pa.RecordBatch | None:
        """The first few rows, with as little work for the source as it takes."""
        ...

    def deliveries(self) -> Iterator[Delivery]:
        """Everything that is there to take, oldest first; what was taken before is skipped by the caller."""
        ...

    def close(self) -> None: ...


class ConnectorFactory(Protocol):
    """``open`` of a connector module. ``past`` are the committed manifests, oldest first: the only state."""

    def __call__(self, resource: ResourceLike, connection: Connection, past: Sequence[Manifest]) -> Connector: ...


def where(resource: ResourceLike, place: str | None = None) -> str:
    """Name a resource (and a place in it) the way every error of this room does."""
    name = f"{resource.department_title or resource.department} · {resource.title} ({resource.id})"
    return f"{name}, {place}" if place else name
