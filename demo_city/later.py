"""``govshare demo --day N``: the next day's deliveries into the systems of an existing city, and the truth
after it.

The days before are played again in memory, since the same seed gives the same rows: so nothing needs to be
kept beside the systems. Tables get changed and new rows (and lose some), a file named after its day is
added, any other file that changes is written anew as it now is.
"""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from demo_city.chance import uniform
from demo_city.changes import Events, evolve
from demo_city.city import (
    MARKER,
    Order,
    Progress,
    Summary,
    deliver,
    portions,
    resource_entries,
    words_of,
)
from demo_city.delivery import Delivery
from demo_city.departments import REGISTERS
from demo_city.office import Office
from demo_city.rates import Rates
from demo_city.register import File, Register, Table, subject
from demo_city.standard import Standard
from demo_city.systems import file_writer
from demo_city.systems.databases import ServerStore, SqliteStore, Store
from demo_city.truth import Truth
from demo_city.world import World, make_world

CORRECTED, DELETED = 0.5, 0.01  # of a register's records, for a share of changes of one


@dataclass
class Plan:
    """What a register writes on one day, and which records it takes away."""

    written: np.ndarray
    deleted: np.ndarray

    @property
    def touched(self) -> np.ndarray:
        return np.union1d(self.written, self.deleted)


@dataclass
class Days:
    """The offices of all days up to now and what happened between them."""

    offices: list[Office]
    events: list[Events]
    shares: list[float]

    @classmethod
    def play(cls, order: Order, shares: list[float]) -> Days:
        rates = Rates.load(order.defects)
        world = make_world(order.people, order.seed)
        offices, events = [_office(world, rates, 1)], []
        for day, share in enumerate(shares, 2):
            world, happened = evolve(world, day, share)
            offices.append(_office(world, rates, day))
            events.append(happened)
        return cls(offices, events, shares)

    def plans(self, register: Register) -> list[Plan]:
        """One plan a day. A record that a register once had stays in it until it is deleted."""
        known = register.records(self.offices[0].world)
        plans = [Plan(known, known[:0])]
        for office, events, share in zip(self.offices[1:], self.events, self.shares, strict=True):
            now = register.records(office.world)
            new = np.setdiff1d(now, known)
            heard = [events[name] for name in register.hears if name in events]
            about = reduce(np.union1d, heard, np.array([], np.int64))
            draw = uniform(office.world.seed, f"{register.resource}:{office.day}", known)
            again = known[np.isin(subject(known), about) | (draw < CORRECTED * share)]
            deleted = known[draw > 1 - DELETED * share] if isinstance(register.place, Table) else known[:0]
            again = np.setdiff1d(np.intersect1d(again, now), deleted)
            plans.append(Plan(np.union1d(new, again), deleted))
            known = np.setdiff1d(np.union1d(known, new), deleted)
        return plans


def _office(world: World, rates: Rates, day: int) -> Office:
    return Office(world, Standard(world), rates, day)


def next_day(
    folder: Path, marker: dict[str, Any], share: float, database: str | None, progress: Progress | None
) -> None:
    """Bring one more day into the city. Only the marker, written last, makes it the city of that day."""
    order = Order(**marker["order"])
    shares = [*marker.get("shares", []), share]
    days = Days.play(order, shares)
    url = database or order.database
    store: Store = ServerStore(url, False) if url else SqliteStore(folder, False)
    building = folder / ".truth.part"
    shutil.rmtree(building, ignore_errors=True)
    truth = Truth(days.offices[-1].standard, building)
    summaries = [_bring(days, register, folder, store, truth, progress) for register in REGISTERS]
    truth.close()
    store.close()
    _swap(building, folder / "truth")
    document = marker | {"day": len(shares) + 1, "shares": shares, "resources": resource_entries(summaries)}
    part = folder / f"{MARKER}.part"
    part.write_text(json.dumps(document, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    os.replace(part, folder / MARKER)


def _swap(new: Path, place: Path) -> None:
    former = place.with_name(f".{place.name}.former")
    shutil.rmtree(former, ignore_errors=True)
    os.replace(place, former)
    os.replace(new, place)
    shutil.rmtree(former)


def _bring(
    days: Days, register: Register, folder: Path, store: Store, truth: Truth, progress: Progress | None
) -> Summary:
    plans = days.plans(register)
    summary = Summary(register.resource)
    today = [
        deliver(days.offices[-1], register, number, portion)
        for number, portion in enumerate(portions(plans[-1].written))
    ]
    for delivery in today:
        summary.note(delivery)
    if isinstance(register.place, Table):
        _change_table(register, days, plans[-1], store, today)
    else:
        _add_file(register, days.offices[-1], folder, today)
    rewriting = _rewriting(register, days.offices[-1], folder, today)
    for number, office in enumerate(days.offices[:-1]):
        later = reduce(np.union1d, (plan.touched for plan in plans[number + 1 :]))
        for at, portion in enumerate(portions(plans[number].written)):
            delivery = deliver(office, register, at, portion)
            replaced = np.isin(delivery.records, later)
            truth.note(delivery, replaced)
            if rewriting:
                rewriting.keep(delivery, ~replaced)
        if progress:
            progress(register.resource, number + 1, len(days.offices))
    for delivery in today:
        truth.note(delivery)
        if rewriting:
            rewriting.keep(delivery, np.ones(delivery.rows, bool))
    if rewriting:
        rewriting.writer.close()
    if progress:
        progress(register.resource, len(days.offices), len(days.offices))
    return summary


def _change_table(register: Register, days: Days, plan: Plan, store: Store, today: list[Delivery]) -> None:
    """Changed records are updated: their rows go and come again with a newer time."""
    assert isinstance(register.place, Table)
    writer = store.writer(register.place)
    gone = register.build(days.offices[-2], plan.deleted)
    for delivery in (gone, *today):
        writer.delete(delivery.items[delivery.key].values.unique().to_pylist())
    for delivery in today:
        writer.write(delivery)
    writer.close()


def _add_file(register: Register, office: Office, folder: Path, today: list[Delivery]) -> None:
    """A file of its own for the day, where files are named so."""
    assert isinstance(register.place, File)
    if not register.place.daily or not any(delivery.rows for delivery in today):
        return
    writer = file_writer(register, folder, words_of(office.today))
    for delivery in today:
        writer.write(delivery)
    writer.close()


class Rewriting:
    """The files that changed today, written anew from what was delivered up to now."""

    def __init__(self, register: Register, office: Office, folder: Path, parts: pa.Array | None) -> None:
        self.writer = file_writer(register, folder, words_of(office.today))
        self.parts = parts

    def keep(self, delivery: Delivery, rows: np.ndarray) -> None:
        if self.parts is not None and delivery.part is not None:
            rows = rows & np.asarray(pc.is_in(delivery.part, self.parts))
        if rows.any():
            delivery.select(np.flatnonzero(rows))
            self.writer.write(delivery)


def _rewriting(register: Register, office: Office, folder: Path, today: list[Delivery]) -> Rewriting | None:
    if isinstance(register.place, Table) or register.place.daily or not any(d.rows for d in today):
        return None
    parts = [delivery.part for delivery in today if delivery.part is not None]
    return Rewriting(register, office, folder, pa.chunked_array(parts).unique() if parts else None)
