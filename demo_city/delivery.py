"""One resource as its department would deliver it: columns, and what each column truly tells of whom.

Departments build a clean delivery; ``dirt`` spoils it and notes in the same object what can no longer be
repaired; ``truth`` reads from it what the pipeline can be asked for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from demo_city.text import cat, constant, flat, present, take, where


@dataclass
class Tell:
    """The column says of the entity in ``role`` that ``attribute`` is ``value``.

    In standard form; null where it says nothing right.
    """

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
    struck: np.ndarray  # which defect a value has, as a position in the delivery's ``defects``; -1 none
    cells: np.ndarray | None = None
    number: bool = False


@dataclass
class Role:
    """Whom a row speaks of.

    ``entity``: position of the true one (-1: nobody). ``number``: column of the own number.
    ``old``: columns of older numbers that lead to the same entity.
    """

    name: str
    table: str
    entity: np.ndarray
    number: str | None
    old: tuple[str, ...]
    mapped_by: np.ndarray  # 0 own number, 1 registration number, 2 organisation code


@dataclass
class Delivery:
    """Rows of one resource. ``key``: column of the record key, ``clock``: column of the update time.

    ``records``: the register's own numbers of the records. ``part``: which file a row goes to, where there
    are several. ``certificates``: the true attributes of the certificates of role ``certificate``, by
    position. ``current`` is false for older versions of a record, ``copy`` true for exact repetitions,
    ``ragged`` true for lines with a delimiter too many.
    """

    resource: str
    key: str
    rows: int
    clock: str | None = None
    records: np.ndarray = field(default_factory=lambda: np.array([], np.int64))
    part: pa.Array | None = None
    items: dict[str, Item] = field(default_factory=dict)
    roles: dict[str, Role] = field(default_factory=dict)
    defects: list[str] = field(default_factory=list)
    applied: Counter = field(default_factory=Counter)
    certificates: dict[str, pa.Array] = field(default_factory=dict)
    inner: frozenset[str] = frozenset()  # columns that help to make the others and are not delivered
    mirror: str | None = None  # second column that carries the entity's number, kept equal to the first
    by_role: dict[str, dict[str, str]] = field(default_factory=dict)  # column: role: the inner column that it repeats

    def __post_init__(self) -> None:
        self.current = np.ones(self.rows, bool)
        self.copy = np.zeros(self.rows, bool)
        self.ragged = np.zeros(self.rows, bool)
        self.frozen = np.zeros(self.rows, bool)  # rows whose clock must stay legible: they have versions

    def role(
        self, name: str, table: str, entity: np.ndarray, number: str | None = None, old: tuple[str, ...] = ()
    ) -> None:
        self.roles[name] = Role(name, table, entity, number, old, np.zeros(self.rows, np.int8))

    def certificate(self, kind: str, number: str, **attributes: pa.Array | str | None) -> None:
        """Each row is a certificate of type ``kind`` with its number in the item ``number``."""
        values = self.items[number].values
        stated = {
            "certificate_id": cat(f"{kind}:", values),
            "certificate_type": constant(kind, self.rows),
            "certificate_number": values,
        }
        for name, value in attributes.items():
            stated[name] = constant(value, self.rows) if isinstance(value, str) else flat(value)
        self.certificates = stated
        self.role("certificate", "certificate", np.arange(self.rows), number)
        for name in ("certificate_id", "certificate_type", "certificate_number", "holder_kind"):
            self.tell(number, f"certificate.{name}", stated[name])

    def item(
        self,
        name: str,
        values: pa.Array,
        kind: str = "plain",
        tells: Mapping[str, pa.Array | None] | None = None,
        cells: np.ndarray | None = None,
    ) -> Item:
        """Add a column.

        ``tells``: ``"role.attribute"`` to what is said in standard form; null for the column's own text.
        """
        values = flat(values)
        if len(values) != self.rows:
            raise ValueError(f"{self.resource}.{name}: {len(values)} values for {self.rows} rows")
        made = Item(name, values, kind, [], np.zeros(self.rows, bool), np.zeros(self.rows, bool),
                    np.full(self.rows, -1, np.int8), cells)  # fmt: skip
        self.items[name] = made
        for address, truth in (tells or {}).items():
            self.tell(name, address, truth)
        return made

    def tell(self, name: str, address: str, values: pa.Array | None = None) -> None:
        """The item says ``values`` (null: its own text) of ``role.attribute``."""
        role, _, attribute = address.partition(".")
        item = self.items[name]
        item.tells.append(Tell(role, attribute, item.values if values is None else flat(values)))

    def said_by_role(self, name: str, **inner: str) -> None:
        """Add a column that repeats the inner column of whichever role the row has, with all that is wrong there."""
        self.by_role[name] = inner
        self.item(name, pa.nulls(self.rows, pa.string()), "joint")
        self.say_by_role(name)

    def say_by_role(self, name: str) -> None:
        item = self.items[name]
        for role, inner in self.by_role[name].items():
            item.values = where(self.roles[role].entity >= 0, self.items[inner].values, item.values)

    def number(self, name: str, values: np.ndarray, tells: Mapping[str, pa.Array | None] | None = None) -> Item:
        """A column of numbers (databases and spreadsheets), NaN for none."""
        text = pa.array([None if v != v else f"{v:.6f}".rstrip("0").rstrip(".") for v in values], pa.string())
        made = self.item(name, text, "number", tells)
        made.number = True
        return made

    def select(self, rows: np.ndarray) -> None:
        """Keep, repeat and reorder rows in every column and mark."""
        for item in self.items.values():
            item.values = take(item.values, rows)
            item.tells = [Tell(t.role, t.attribute, take(t.value, rows)) for t in item.tells]
            item.spoiled, item.touched = item.spoiled[rows], item.touched[rows]
            item.struck = item.struck[rows]
            if item.cells is not None:
                item.cells = item.cells[rows]
        for role in self.roles.values():
            role.entity, role.mapped_by = role.entity[rows], role.mapped_by[rows]
        if self.part is not None:
            self.part = take(self.part, rows)
        for mark in ("records", "current", "copy", "ragged", "frozen"):
            setattr(self, mark, getattr(self, mark)[rows])
        self.rows = len(rows)

    def count(self, defect: str, item: str, rows: int) -> None:
        """Note how often a defect was applied."""
        if rows:
            self.applied[defect, item] += rows

    def spoil(self, defect: str, name: str, rows: np.ndarray, repairable: bool) -> None:
        """Note that the values at ``rows`` were changed, and whether cleaning by the standard can undo it."""
        item = self.items[name]
        item.touched[rows] = True
        if defect not in self.defects:
            self.defects.append(defect)
        item.struck[rows] = self.defects.index(defect)
        if not repairable:
            item.spoiled[rows] = True

    @property
    def legible(self) -> np.ndarray:
        """Rows that say what the department now holds, and can be read."""
        return self.current & ~self.copy & ~self.ragged

    def usable_number(self, role: Role) -> np.ndarray:
        """Whether the row carries the entity's own number in a form that cleaning makes right."""
        found = role.entity >= 0
        if role.number is None:
            return found
        item = self.items[role.number]
        return found & ~item.spoiled & present(item.values) & (role.mapped_by == 0)

    def old_number(self, role: Role) -> np.ndarray:
        """Whether the row carries, in place of the own number, an older one that leads to the entity."""
        led = role.mapped_by > 0
        for name in role.old:
            led |= present(self.items[name].values) & ~self.items[name].spoiled
        return led & (role.entity >= 0) & ~self.usable_number(role)
