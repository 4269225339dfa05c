"""From a clean delivery to what the department really sends: rates applied, and what they broke noted.

Order: older versions of records, then values (one defect a value), then repeated rows, then broken lines.
"""

from __future__ import annotations

import numpy as np
import pyarrow.compute as pc

from demo_city.delivery import Delivery, Item, Role
from demo_city.rates import Rates
from demo_city.spoilers import SPOILERS, any_of
from demo_city.text import nulls, present, put, spelled, take, where
from demo_city.vocabulary import OPEN_ENDS, PLACEHOLDERS

REGISTRATION_NUMBER, ORGANISATION_CODE = 1, 2
# These fill empty values instead of changing filled ones.
FILLERS = {"placeholder": PLACEHOLDERS, "open_end": OPEN_ENDS}
# What an older version of a record may say otherwise.
CHANGING = {"text", "phone", "organisation_name"}
ASCII_NUMBERS = {"id_number": 18, "credit_code": 18}


def make_dirty(delivery: Delivery, rates: Rates, rng: np.random.Generator) -> None:
    """Spoil ``delivery`` in place. Nothing happens at level ``none``."""
    if rates.level == "none" or not delivery.rows:
        return
    _versions(delivery, rates, rng)
    _old_numbers(delivery, rates, rng)
    for item in delivery.items.values():
        for defect in rates.for_kinds(set(item.kind.split())):
            if defect in FILLERS:
                _fill(delivery, item, defect, rates, rng)
            else:
                _strike(delivery, item, defect, rates, rng)
    if rates.of_rows("line_break", delivery.resource):
        text = next(item for item in delivery.items.values() if "text" in item.kind.split())
        _strike(delivery, text, "line_break", rates, rng)
    if delivery.mirror:
        _mirror(delivery, delivery.mirror)
    for name in delivery.by_role:
        delivery.say_by_role(name)
    _repeat(delivery, rates, rng)
    delivery.ragged = rates.strike(rng, "ragged_line", delivery.resource, delivery.rows) & ~delivery.copy
    delivery.ragged &= ~delivery.frozen
    delivery.count("ragged_line", "*", int(delivery.ragged.sum()))


def _versions(delivery: Delivery, rates: Rates, rng: np.random.Generator) -> None:
    """Add older versions of some records, before the newer one or (with an older update time) after it."""
    count = delivery.rows
    older = np.flatnonzero(rates.strike(rng, "older_version", delivery.resource, count))
    late = np.flatnonzero(rates.strike(rng, "late_version", delivery.resource, count))
    late = np.setdiff1d(late, older)
    source = np.r_[np.arange(count), older, late]
    place = np.r_[np.arange(count, dtype=float), older - 0.5, late + rng.random(len(late)) * 50 + 0.5]
    order = np.argsort(place, kind="stable")
    is_older = (np.arange(len(source)) >= count)[order]
    delivery.frozen[older], delivery.frozen[late] = True, True
    delivery.select(source[order])
    delivery.current = ~is_older
    rows = np.flatnonzero(is_older)
    for item in delivery.items.values():
        if CHANGING & set(item.kind.split()):
            changed = rows[rng.random(len(rows)) < 0.5]
            item.values = put(item.values, changed, take(item.values, rng.integers(0, delivery.rows, len(changed))))
    if delivery.clock and {"timestamp", "date"} & set(delivery.items[delivery.clock].kind.split()):
        clock = delivery.items[delivery.clock]
        old = take(clock.values, rows)
        days = pc.cast(pc.utf8_slice_codeunits(old, 0, 10), "date32").to_numpy(zero_copy_only=False).astype("M8[D]")
        back = days - rng.integers(20, 900, len(rows)).astype("m8[D]")
        time = pc.utf8_slice_codeunits(old, 10, 19)  # empty for a date
        clock.values = put(clock.values, rows, pc.binary_join_element_wise(spelled(back), time, ""))
    delivery.count("older_version", "*", len(older))
    delivery.count("late_version", "*", len(late))


def _old_numbers(delivery: Delivery, rates: Rates, rng: np.random.Generator) -> None:
    """Numbers of before 2015 in the place of credit codes. The column ``old_number`` is never delivered."""
    if "old_number" not in delivery.items:
        return
    role, item = _coded(delivery)
    old = delivery.items["old_number"]
    for defect, way in (
        ("old_registration_number", REGISTRATION_NUMBER),
        ("old_tax_number", ORGANISATION_CODE),
    ):
        hit = rates.strike(rng, defect, delivery.resource, delivery.rows) & present(old.values) & present(item.values)
        rows = np.flatnonzero(hit)
        instead = take(old.values, rows) if way == REGISTRATION_NUMBER else nulls(len(rows))
        item.values = put(item.values, rows, instead)
        delivery.spoil(defect, item.name, rows, True)
        role.mapped_by[rows] = way
        delivery.count(defect, item.name, len(rows))


def _coded(delivery: Delivery) -> tuple[Role, Item]:
    """The role of the legal entity, and the column of its code."""
    role = next(role for role in delivery.roles.values() if role.table == "legal_entity")
    return role, delivery.items[role.number or ""]


def _mirror(delivery: Delivery, name: str) -> None:
    """The second column of the number says what the first says, or the old number in its stead."""
    role, item = _coded(delivery)
    mirror = delivery.items[name]
    old = role.mapped_by == ORGANISATION_CODE
    mirror.values = where(old, delivery.items["old_number"].values, item.values)
    mirror.spoiled = item.spoiled | old


def _free(delivery: Delivery, item: Item) -> np.ndarray:
    free = ~item.touched
    return free & ~delivery.frozen if item.name == delivery.clock else free


def _strike(delivery: Delivery, item: Item, defect: str, rates: Rates, rng: np.random.Generator) -> None:
    """Let a defect hit its share of the filled values that no other defect has hit."""
    rate = rates.rate(defect, delivery.resource)
    hit = (rng.random(delivery.rows, dtype=np.float32) < rate) & _free(delivery, item)
    rows = np.flatnonzero(hit & present(item.values))
    if not len(rows):
        return
    before = take(item.values, rows)
    after = SPOILERS[defect](before, rng)
    changed = ~np.asarray(pc.fill_null(pc.equal(before, after), False))
    rows = rows[changed]
    item.values = put(item.values, rows, take(after, np.flatnonzero(changed)))
    if item.cells is not None:
        item.cells[rows] = False
    delivery.spoil(defect, item.name, rows, rates.repairable(defect))
    delivery.count(defect, item.name, len(rows))


def _fill(delivery: Delivery, item: Item, defect: str, rates: Rates, rng: np.random.Generator) -> None:
    """Write a word into empty values."""
    if defect == "placeholder" and "end_date" in item.kind.split():
        return
    hit = (rng.random(delivery.rows, dtype=np.float32) < rates.rate(defect, delivery.resource)) & ~item.touched
    rows = np.flatnonzero(hit & ~present(item.values))
    if not len(rows):
        return
    item.values = put(item.values, rows, any_of(list(FILLERS[defect]), rng, len(rows)))
    delivery.spoil(defect, item.name, rows, False)  # a word, but it tells nothing
    delivery.count(defect, item.name, len(rows))


def _repeat(delivery: Delivery, rates: Rates, rng: np.random.Generator) -> None:
    """Deliver some rows twice, the second time somewhat later."""
    count = delivery.rows
    again = np.flatnonzero(rates.strike(rng, "exact_duplicate", delivery.resource, count))
    source = np.r_[np.arange(count), again]
    place = np.r_[np.arange(count, dtype=float), again + rng.random(len(again)) * 200 + 0.7]
    order = np.argsort(place, kind="stable")
    delivery.frozen[again] = True  # a copy that can be read would make a broken line whole
    delivery.select(source[order])
    delivery.copy = (np.arange(len(source)) >= count)[order]
    delivery.count("exact_duplicate", "*", len(again))
