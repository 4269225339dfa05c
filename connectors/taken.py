"""What was taken already: the last state of each file, by the committed batches.

A file is known by its ``source`` (the name that it lies under; for a member ``archive!member``). Its state is what was
read from it last: the sha256 of its bytes (``identity``) and how they were read (``reading``: kind, options, version of
the reader). It is taken

- when its bytes are not those of its last state, also if they were its state before: A, B, A lands A;
- when it would be read otherwise than last time, as an option was corrected: see ``superseded``;
- when a batch that it was compared with was withdrawn or put back since: what it then had in common may be gone;
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
from connectors.withdrawal import Moved, Withdrawn


class Decision(Enum):
    SKIP = "skip"  # nothing to do
    NOTE = "note"  # an empty batch that says where the file lies now
    TAKE = "take"
    AGAIN = "again"  # the same bytes were taken, but not like this


class Taken:
    """``past`` are the committed batches; ``again``: take all files again, whatever was taken."""

    def __init__(
        self,
        past: Sequence[Manifest],
        withdrawn: Iterable[Withdrawn] = (),
        again: bool = False,
        moved: Sequence[Moved] = (),
    ) -> None:
        self.past, self.again, self.moved = past, again, moved
        self._by_source: dict[str, list[Manifest]] = {}
        self._by_identity: dict[str | None, list[Manifest]] = {}
        self._count = 0
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
            if not self.disturbed(state):
                return Decision.NOTE if version and version != state.files[-1].version else Decision.SKIP
        newest = self._newest_whole() if delivery.mode == "full" else None
        if newest and newest.identity != state.identity:
            return Decision.SKIP
        return Decision.AGAIN if self.again or not _alike(state, delivery) else Decision.TAKE

    def disturbed(self, state: Manifest) -> bool:
        """Whether a batch that this one was compared with was withdrawn, or put back, after it."""
        return any(self._compared(state, other) and other.at > state.finished for other in self.moved)

    def _compared(self, state: Manifest, other: Moved) -> bool:
        if other.manifest.batch == state.batch:
            return False
        if state.mode == "full" or source_of(other.manifest) == source_of(state):
            return True
        return other.manifest.identity == state.identity and not other.held

    def state(self, delivery: Any) -> Manifest | None:
        """The batch of the last state of a delivery's file."""
        own = self.own(delivery)
        return own[-1] if own else None

    def known_elsewhere(self, delivery: Any) -> bool:
        """Whether a file of a new name has bytes that were taken under another."""
        return self.state(delivery) is None and any(_alike(m, delivery) for m in self._same_bytes(delivery))

    def own(self, delivery: Any) -> list[Manifest]:
        """The batches that came under a delivery's name."""
        return self._indexed()[0].get(delivery.source, [])

    def said(self, delivery: Any) -> list[Manifest]:
        """The batches with what a delivery's file has said: its own, and where it was a copy, those of the original."""
        by_source, by_identity = self._indexed()
        own = by_source.get(delivery.source, [])
        found = {m.batch: m for m in own}
        for identity in {m.identity for m in own}:
            found |= {m.batch: m for m in by_identity.get(identity, ())}
        return [found[batch] for batch in sorted(found)]

    def former(self, delivery: Any) -> Manifest:
        """The last batch of the same bytes."""
        return self._same_bytes(delivery)[-1]

    def superseded(self, delivery: Any) -> list[Manifest]:
        """The batches of these very bytes under this name (or the one that the file was moved from)."""
        moved = self._moved_from(delivery)
        names = {delivery.source, source_of(moved) if moved else None}
        return [m for m in self._same_bytes(delivery) if source_of(m) in names]

    def _same_bytes(self, delivery: Any) -> list[Manifest]:
        return self._indexed()[1].get(delivery.identity, [])

    def _moved_from(self, delivery: Any) -> Manifest | None:
        """The last state of a file that had the same bytes and time, and is not there any more."""
        by_source = self._indexed()[0]
        for manifest in reversed(self._same_bytes(delivery)):
            source = source_of(manifest)
            if source is None or source == delivery.source or by_source[source][-1] is not manifest:
                continue
            there = {source, source.split("!")[0]} & delivery.present or f"{source}.gz" in delivery.present
            if _time(manifest) == _time(delivery) and not there:
                return manifest
        return None

    def _indexed(self) -> tuple[dict[str, list[Manifest]], dict[str | None, list[Manifest]]]:
        """Batches by name and by bytes; there may be thousands, and each file asks."""
        for manifest in self.past[self._count :]:
            source = source_of(manifest)
            if source is not None and manifest.identity:
                self._by_source.setdefault(source, []).append(manifest)
                self._by_identity.setdefault(manifest.identity, []).append(manifest)
        self._count = len(self.past)
        return self._by_source, self._by_identity

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
