"""Drift: how a source's columns differ from the catalogue and from what landed last, and what follows.

The catalogue's contract word decides: ``evolve`` notes what is harmless and stops at a missing or retyped
column,
``freeze`` stops at any difference, ``set_aside`` goes on with the declared columns only and marks all rows of
a delivery whose columns are missing or retyped. Only schemas are compared here, never values.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import pyarrow as pa

from connectors.base import ResourceLike
from connectors.manifest import Manifest
from connectors.shown import MOST, looks_like_data, shown_name, shown_names

DECLARED_FAMILIES = {
    # The guide's item types; text can carry every one of them, so a text source never contradicts.
    "C": {"text", "number", "time", "truth"},
    "M": {"text", "number"},
    "N": {"number"},
    "Y": {"number"},
    "I": {"number"},
    "B": {"number"},
    "F": {"number"},
    "D": {"time"},
    "T": {"time"},
    "L": {"truth", "number"},
    "G": {"bytes", "text", "number", "time", "truth", "other"},
}


@dataclass(frozen=True)
class Drift:
    """The differences. ``retyped``: column → (former or declared type, type now); ``renamed``: old → new
    name.

    ``widened`` columns changed within their family (integer to decimal, date to timestamp): harmless.
    ``renamed`` is a guess (a missing and a new column at the same place) that helps whoever reads the error.
    ``headed``: at least half of the declared names are there. Otherwise the names may be the first record of a file
    without a heading, and no new one is shown.
    """

    new: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    retyped: Mapping[str, tuple[str, str]] | None = None
    widened: Mapping[str, tuple[str, str]] | None = None
    renamed: Mapping[str, str] | None = None
    headed: bool = True

    def __bool__(self) -> bool:
        return bool(self.new or self.missing or self.retyped or self.widened)

    def facts(self) -> dict[str, Any]:
        """What the manifest and the collection's report say; empty without drift."""
        facts = {name: _shown(value) for name, value in asdict(self).items() if value and name != "headed"}
        if self._record:
            facts.pop("renamed", None)
            facts["new"] = [f"{len(self.new)} names, which may be a record"]
        return facts

    @property
    def _record(self) -> bool:
        """Whether the new names are rather a record than a heading."""
        return bool(self.new) and (not self.headed or any(map(looks_like_data, self.new)))

    def stops(self, contract: str) -> bool:
        """Whether the delivery must not land under this contract word."""
        if contract == "freeze":
            return bool(self)
        return contract != "set_aside" and bool(self.missing or self.retyped)

    def mark(self, contract: str) -> str | None:
        """The rule code that every row of the delivery gets under ``set_aside``, if any."""
        if contract != "set_aside":
            return None
        return "column_missing" if self.missing else "column_retyped" if self.retyped else None

    def sentence(self) -> str:
        """The differences in words, for errors and reports."""
        renamed = (self.renamed or {}) if not self._record else {}
        words = [
            f"column {name} is missing" + (f" (renamed to {shown_name(renamed[name])}?)" if name in renamed else "")
            for name in self.missing
        ]
        words += [f"column {name} changed from {a} to {b}" for name, (a, b) in (self.retyped or {}).items()]
        words += [f"column {name} widened from {a} to {b}" for name, (a, b) in (self.widened or {}).items()]
        if self._record:
            words.append(f"{len(self.new)} columns are new, whose names may be a record (is the heading there?)")
        elif len(self.new) > MOST:
            words.append(f"columns are new: {shown_names(self.new)}")
        else:
            words += [f"column {shown_name(name)} is new" for name in self.new]
        return "; ".join(words)


def _shown(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {shown_name(name): _shown(one) for name, one in value.items()}
    return shown_name(value) if isinstance(value, str) else type(value)(map(_shown, value))


def compare(resource: ResourceLike, schema: pa.Schema, past: Sequence[Manifest], own: Sequence[str] = ()) -> Drift:
    """Compare the source's columns with the declared items and the newest landed batch.

    ``own`` are columns that belong to the way of collecting (marks of a change table), never drift. A
    resource that declares no items yet has no drift.
    """
    declared = {item.name: item.type for item in resource.items}
    if not declared:
        return Drift()
    names = [name for name in schema.names if name not in own or name in declared]
    new = tuple(name for name in names if name not in declared)
    missing = tuple(name for name in declared if name not in names)
    landed = {name: kind for manifest in past for name, kind in manifest.columns}
    retyped: dict[str, tuple[str, str]] = {}
    widened: dict[str, tuple[str, str]] = {}
    for field in schema:
        if field.name not in declared:
            continue
        now, kind = family(field.type), str(landed_name(field.type))
        fits = now == "text" or now in DECLARED_FAMILIES.get(declared[field.name][:1].upper(), {now})
        before = landed.get(field.name)
        if not fits:
            retyped[field.name] = (before or f"declared {declared[field.name]}", kind)
        elif before is not None and before != kind:
            same = family_of_name(before) == now
            # The catalogue has the last word: a declared type that only the new family fits is an accepted
            # change.
            accepted = family_of_name(before) not in DECLARED_FAMILIES.get(declared[field.name][:1].upper(), set())
            (widened if same or accepted else retyped)[field.name] = (before, kind)
    order, declared_order = list(schema.names), list(declared)
    renamed = {
        name: order[declared_order.index(name)]
        for name in missing
        if declared_order.index(name) < len(order) and order[declared_order.index(name)] in new
    }
    return Drift(new, missing, retyped or None, widened or None, renamed or None, len(missing) * 2 <= len(declared))


def landed_name(kind: pa.DataType) -> pa.DataType:
    from connectors.landing import landed_type

    return landed_type(kind)


def family(kind: pa.DataType) -> str:
    """The family of an Arrow type: text, number, time, truth, bytes or other."""
    return family_of_name(str(landed_name(kind)))


def family_of_name(name: str) -> str:
    """The family of an Arrow type by the name that the manifest keeps."""
    if name in ("string", "null"):
        return "text"
    if name.startswith(("int", "uint", "float", "double", "halffloat", "decimal")):
        return "number"
    if name.startswith(("date", "timestamp", "time")):
        return "time"
    if name == "bool":
        return "truth"
    return "bytes" if name.startswith(("binary", "fixed_size_binary")) else "other"
