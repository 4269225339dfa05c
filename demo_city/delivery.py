"""One resource as its department would deliver it: columns, and what each column truly tells of whom.

Departments build a clean delivery; ``dirt`` spoils it and notes in the same object what can no longer be repaired;
``truth`` reads from it what the pipeline can be asked for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from demo_city.text import flat, present, take


@dataclass
class Tell:
    """Column says of the entity in ``role`` that ``attribute`` is ``value`` (standard form; null: says nothing right)."""

    role: str
    attribute: str
    value: pa.Array


@dataclass
class Item:
    """One column. ``kind`` decides which defects it can have; ``spoiled`` marks values beyond repair.

    ``cells``: for spreadsheets, where true the ISO text is written as a real date cell.
    """

    name: str
    values: pa.Array
    kind: str
    tells: list[Tell]
    spoiled: np.ndarray
    touched: np.ndarray
    cells: np.ndarray | None = None
    number: bool = False


@dataclass
class Role:
    """Whom a row speaks of. ``entity``: the true key, null where there is nobody. ``number``: column of the own number."""

    name: str
    table: str
    entity: pa.Array
    number: str | None
    mapped_by: np.ndarray  # 0 own number, 1 registration number, 2 organisation code


@dataclass
class Delivery:
    """Rows of one resource. ``key``: column of the record key, ``clock``: column of the update time.

    ``current`` is false for older versions of a record, ``copy`` true for exact repetitions,
    ``ragged`` true for lines with a delimiter too many.
    """

    resource: str
    key: str
    rows: int
    clock: str | None = None
    items: dict[str, Item] = field(default_factory=dict)
    roles: dict[str, Role] = field(default_factory=dict)
    applied: Counter = field(default_factory=Counter)
    certificates: pa.Table | None = None
    mirror: str | None = None  # second column that carries the entity's number, kept equal to the first

    def __post_init__(self) -> None:
        self.current = np.ones(self.rows, bool)
        self.copy = np.zeros(self.rows, bool)
        self.ragged = np.zeros(self.rows, bool)
        self.frozen = np.zeros(self.rows, bool)  # rows whose clock must stay legible: they have versions

    def role(self, name: str, table: str, entity: pa.Array, number: str | None = None) -> None:
        self.roles[name] = Role(name, table, flat(entity), number, np.zeros(self.rows, np.int8))

    def item(
        self,
        name: str,
        values: pa.Array,
        kind: str = "plain",
        tells: Mapping[str, pa.Array | None] | None = None,
        cells: np.ndarray | None = None,
    ) -> Item:
        """Add a column. ``tells``: ``"role.attribute"`` to true values in standard form; None: the column's own."""
        values = flat(values)
        if len(values) != self.rows:
            raise ValueError(f"{self.resource}.{name}: {len(values)} values for {self.rows} rows")
        told = []
        for address, truth in (tells or {}).items():
            role, _, attribute = address.partition(".")
            told.append(Tell(role, attribute, values if truth is None else flat(truth)))
        made = Item(name, values, kind, told, np.zeros(self.rows, bool), np.zeros(self.rows, bool), cells)
        self.items[name] = made
        return made

    def number(self, name: str, values: np.ndarray) -> Item:
        """A column of numbers (databases only)."""
        made = self.item(name, pa.array(values).cast(pa.string()))
        made.number = True
        return made

    def select(self, rows: np.ndarray) -> None:
        """Keep, repeat and reorder rows in every column and mark."""
        for item in self.items.values():
            item.values = take(item.values, rows)
            item.tells = [Tell(t.role, t.attribute, take(t.value, rows)) for t in item.tells]
            item.spoiled, item.touched = item.spoiled[rows], item.touched[rows]
            if item.cells is not None:
                item.cells = item.cells[rows]
        for role in self.roles.values():
            role.entity, role.mapped_by = take(role.entity, rows), role.mapped_by[rows]
        for mark in ("current", "copy", "ragged", "frozen"):
            setattr(self, mark, getattr(self, mark)[rows])
        self.rows = len(rows)

    def count(self, defect: str, item: str, rows: int) -> None:
        """Note how often a defect was applied."""
        if rows:
            self.applied[defect, item] += rows

    def spoil(self, name: str, rows: np.ndarray, repairable: bool) -> None:
        """Note that the values at ``rows`` were changed, and whether cleaning by the standard can undo it."""
        item = self.items[name]
        item.touched[rows] = True
        if not repairable:
            item.spoiled[rows] = True

    def usable_number(self, role: Role) -> np.ndarray:
        """Whether the row carries a number of the role's entity that cleaning makes right (mapping apart)."""
        legible = ~self.ragged & present(role.entity)
        if role.number is None:
            return legible
        item = self.items[role.number]
        return legible & ~item.spoiled & present(item.values)
