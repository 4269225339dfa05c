"""What stops a delivery though it could be read: other columns, far fewer rows, parts that exclude each other.

It is kept aside, and a person decides. What is only worth a remark is said by the read report.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connectors.base import Delivery
from connectors.taken import Decision

if TYPE_CHECKING:
    from connectors.taking import Filled, Taker

DEFAULT_FALL = 0.5


def why_not(taker: Taker, filled: Filled) -> tuple[str, str] | None:
    """What stops a delivery, and the remedy; null where nothing does."""
    if filled.decision is Decision.NOTE:  # nothing of it lands
        return None
    return _drifted(taker, filled) or _fallen(taker, filled) or _parts_of_one(taker, filled)


def _drifted(taker: Taker, filled: Filled) -> tuple[str, str] | None:
    """What stops a delivery whose columns are not the declared ones, and the remedy."""
    if not filled.drift.stops(taker.resource.contract):
        return None
    return (
        f"the source's columns are not those of the catalogue: {filled.drift.sentence()}",
        "correct the source, or declare its columns as they are (contract: evolve, freeze, set_aside)",
    )


def _fallen(taker: Taker, filled: Filled) -> tuple[str, str] | None:
    """What stops a whole read whose row count fell by more than ``max_fall`` (a share, default 0.5).

    An emptied table is far more often an accident at the source than the truth, and would withdraw every
    record. Deliveries of files are compared with the last one of the same file name.
    """
    delivery, read = filled.delivery, filled.read
    if delivery.identity and filled.decision is Decision.AGAIN:
        return None  # other words for the same bytes: how many rows those gave says nothing
    former = _former_count(taker, delivery)
    allowed = float(taker.resource.connector.options.get("max_fall", DEFAULT_FALL))
    if read >= former * (1 - allowed):
        return None
    return (
        f"the source gave {read:,} rows where it gave {former:,} before: "
        f"a fall of {1 - read / former:.0%}, more than the declared {allowed:.0%}",
        "ask the department; if the fall is real, set `max_fall` of meta.connector for this collection",
    )


def _parts_of_one(taker: Taker, filled: Filled) -> tuple[str, str] | None:
    """What stops a snapshot that withdraws most of another file's that came with it: they belong together."""
    delivery: Any = filled.delivery
    beside = taker.past[-1] if len(taker.past) > taker.known else None
    if (
        beside is None
        or {delivery.mode, beside.mode} != {"full"}
        or not delivery.identity
        or beside.source == delivery.source
    ):
        return None
    allowed = float(taker.resource.connector.options.get("max_fall", DEFAULT_FALL))
    if filled.landing.deletes <= beside.read * allowed:
        return None
    return (
        f"it would withdraw {filled.landing.deletes:,} of the {beside.read:,} rows of the file before it, "
        "which came with it: each counts as the whole resource (`snapshot: true`)",
        "if the files are parts of one delivery, write `snapshot: folder` in meta.connector; if each is whole, set "
        "`max_fall: 1` for this collection",
    )


def _former_count(taker: Taker, delivery: Delivery) -> int:
    """How many rows the source gave when it last gave all; 0 if it never did."""
    if delivery.mode == "file":
        known = taker.taken.own(delivery)
        return known[-1].read if known else 0
    if delivery.mode != "full" or taker.resource.connector.mode == "period":  # periods differ
        return 0
    for manifest in reversed(taker.past):
        if manifest.mode == "full":
            return manifest.read
        if manifest.load:
            return sum(m.read for m in taker.past if m.load and m.load["id"] == manifest.load["id"])
    return 0
