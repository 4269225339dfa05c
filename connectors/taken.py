"""What was taken already: the last state of each file, by the committed batches.

A file is known by its ``source`` (the name that it lies under; for a member ``archive!member``). Its state is what was
read from it last: the sha256 of its bytes (``identity``) and how they were read (``reading``: kind, options, version of
the reader). It is taken

- when its bytes are not those of its last state, also if they were its state before: A, B, A lands A;
- when it would be read otherwise than last time, as an option was corrected: see ``superseded``;
- when its name is new, also if another file has had these bytes. Then what lands is what differs from the newest
  landed rows: nothing of a copy, but what a day's changes say again after other days said otherwise.

A file that was only moved (same bytes, same time, and its old name is gone) is noted and lands nothing: it says
nothing new, however old it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import Enum
from typing import Any

from connectors.manifest import Manifest
from connectors.withdrawal import Withdrawn


class Decision(Enum):
    SKIP = "skip"  # nothing to do
    NOTE = "note"  # an empty batch that says where the file lies now
    TAKE = "take"
    AGAIN = "again"  # the same bytes were taken, but not like this


class Taken:
    """``past`` are the committed batches; ``again``: take all files again, whatever was taken."""

    def __init__(self, past: Sequence[Manifest], withdrawn: Iterable[Withdrawn] = (), again: bool = False) -> None:
        self.past, self.again = past, again
        held = (entry.manifest for entry in withdrawn if entry.held)
        self.held = {(source_of(manifest), manifest.identity) for manifest in held if manifest is not None}

    def decide(self, delivery: Any) -> Decision:
        if delivery.identity is None:
            return Decision.TAKE
        if (delivery.source, delivery.identity) in self.held and not self.again:
            return Decision.SKIP
        state = self.state(delivery)
        if state is None or state.identity != delivery.identity:
            moved = None if state else self._moved_from(delivery)
            return Decision.TAKE if moved is None else Decision.NOTE if _alike(moved, delivery) else Decision.AGAIN
        if _alike(state, delivery) and not self.again:
            # A copy elsewhere need not be fetched again, if its new version is noted.
            version = delivery.files[-1].version
            return Decision.NOTE if version and version != state.files[-1].version else Decision.SKIP
        newest = self._newest_whole() if delivery.mode == "full" else None
        return Decision.SKIP if newest and newest.identity != state.identity else Decision.AGAIN

    def state(self, delivery: Any) -> Manifest | None:
        """The batch of the last state of a delivery's file, or of the file that it was moved from."""
        return next((m for m in reversed(self.past) if m.identity and source_of(m) == delivery.source), None)

    def known_elsewhere(self, delivery: Any) -> bool:
        """Whether a file of a new name has bytes that were taken under another."""
        return self.state(delivery) is None and any(
            m.identity == delivery.identity and _alike(m, delivery) for m in self.past
        )

    def own(self, delivery: Any) -> list[Manifest]:
        """The batches that came under a delivery's name."""
        return [m for m in self.past if source_of(m) == delivery.source]

    def said(self, delivery: Any) -> list[Manifest]:
        """The batches with what a delivery's file has said: its own, and where it was a copy, those of the original."""
        contents = {m.identity for m in self.own(delivery)}
        return [m for m in self.past if source_of(m) == delivery.source or (m.identity and m.identity in contents)]

    def former(self, delivery: Any) -> Manifest:
        """The last batch of the same bytes."""
        return next(m for m in reversed(self.past) if m.identity == delivery.identity)

    def superseded(self, delivery: Any) -> list[Manifest]:
        """The batches of these very bytes under this name (or the one that the file was moved from)."""
        moved = self._moved_from(delivery)
        names = {delivery.source, source_of(moved) if moved else None}
        return [m for m in self.past if m.identity == delivery.identity and source_of(m) in names]

    def _moved_from(self, delivery: Any) -> Manifest | None:
        present = delivery.present | {name.removesuffix(".gz") for name in delivery.present}
        seen: set[str | None] = set()
        for manifest in reversed(self.past):
            source = source_of(manifest)
            if source is None or source in seen:
                continue
            seen.add(source)
            same = manifest.identity == delivery.identity and source != delivery.source
            if same and _time(manifest) == _time(delivery) and not {source, source.split("!")[0]} & present:
                return manifest
        return None

    def _newest_whole(self) -> Manifest | None:
        """The last snapshot that was taken: it says more than those before it."""
        return next((m for m in reversed(self.past) if m.identity and m.mode == "full"), None)


def source_of(manifest: Manifest) -> str | None:
    """The name under which a batch's file was taken (older batches tell it by their files)."""
    return manifest.source or (manifest.files[0].name if manifest.files else None)


def _alike(manifest: Manifest, delivery: Any) -> bool:
    return manifest.reading == delivery.reading


def _time(of: Any) -> Any:
    """When the file was written; a value of its own where that is not known."""
    return of.files[0].modified if of.files and of.files[0].modified is not None else object()
