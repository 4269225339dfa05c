"""Making a city: world, deliveries, defects, systems and truth, in portions so that memory stays bounded.

``make`` writes all of it beside the wanted folder and renames it into place: a city is there whole or not
at all.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from demo_city.delivery import Delivery
from demo_city.departments import REGISTERS
from demo_city.dirt import make_dirty
from demo_city.office import Office
from demo_city.rates import Rates
from demo_city.register import Register, Table
from demo_city.standard import Standard
from demo_city.systems import Writer, file_writer
from demo_city.systems.databases import ServerStore, SqliteStore, Store, without_password
from demo_city.truth import Truth
from demo_city.world import World, make_world

MARKER = "city.json"
PORTION = 200_000  # records built at a time
Progress = Callable[[str, int, int], None]  # resource, records done, records in all


@dataclass
class Summary:
    """What was written for one resource: rows in all, and how often each defect was put in."""

    resource: str
    rows: int = 0
    defects: Counter[str] = field(default_factory=Counter)

    def note(self, delivery: Delivery) -> None:
        self.rows += delivery.rows
        for (defect, _), rows in delivery.applied.items():
            self.defects[defect] += rows


@dataclass(frozen=True)
class Order:
    """What city is wanted. Two equal orders give the same city."""

    people: int
    seed: int
    defects: str
    database: str | None = None  # a URL; its password is not kept


def code_version() -> str:
    """A digest of this room: another version makes another city."""
    digest = hashlib.sha256()
    root = Path(__file__).parent
    for path in sorted(root.rglob("*")):
        if path.suffix in (".py", ".toml", ".csv"):
            digest.update(path.relative_to(root).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def marker_of(folder: Path) -> dict[str, Any] | None:
    """What the folder's marker says; null where there is no city."""
    path = folder / MARKER
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None


def is_same(order: Order, marker: dict[str, Any]) -> bool:
    """Whether the marked city is the ordered one, made by this version.

    Later days may have been added to it.
    """
    wanted = marker_document(order)
    return all(marker.get(name) == value for name, value in wanted.items())


def words_of(day: np.datetime64) -> dict[str, str]:
    """What fills the names of files."""
    return {"day": str(day).replace("-", "")}


def portions(records: np.ndarray) -> list[np.ndarray]:
    """The records in portions, at least one, so that an empty register is delivered too."""
    return [records[start : start + PORTION] for start in range(0, len(records), PORTION)] or [records]


def deliver(office: Office, register: Register, number: int, records: np.ndarray) -> Delivery:
    """One portion as it is really delivered."""
    delivery = register.build(office, records)
    if office.day > 1:
        delivery.frozen[:] = True  # a new version must be seen to be newer, and must be readable
    make_dirty(delivery, office.rates, office.world.stream(f"{register.resource}:{office.day}:{number}"))
    return delivery


def make(order: Order, out: Path, progress: Progress | None = None) -> list[Summary]:
    """Write the city; whatever city the folder held before is replaced."""
    building = out.with_name(f".{out.name}.building-{os.getpid()}")
    shutil.rmtree(building, ignore_errors=True)
    building.mkdir(parents=True)
    try:
        marker = marker_document(order)
        world = make_world(order.people, order.seed)
        summaries = _write(world, order, building, progress)
        _write_marker(building, marker, summaries)
        former = out.with_name(f".{out.name}.former-{os.getpid()}")
        if out.exists():
            os.replace(out, former)
        os.replace(building, out)
        shutil.rmtree(former, ignore_errors=True)
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return summaries


def _write(world: World, order: Order, folder: Path, progress: Progress | None) -> list[Summary]:
    standard = Standard(world)
    office = Office(world, standard, Rates.load(order.defects))
    truth = Truth(standard, folder / "truth")
    store: Store = ServerStore(order.database, True) if order.database else SqliteStore(folder, True)
    summaries = []
    for register in REGISTERS:
        writer = writer_for(register, store, folder, office)
        summaries.append(write_register(office, register, register.records(world), writer, truth, progress))
    store.close()
    truth.close()
    _write_connections(folder, store)
    return summaries


def writer_for(register: Register, store: Store, folder: Path, office: Office) -> Writer:
    if isinstance(register.place, Table):
        return store.writer(register.place)
    return file_writer(register, folder, words_of(office.today))


def write_register(
    office: Office,
    register: Register,
    records: np.ndarray,
    writer: Writer,
    truth: Truth,
    progress: Progress | None,
) -> Summary:
    summary = Summary(register.resource)
    done = 0
    for number, portion in enumerate(portions(records)):
        delivery = deliver(office, register, number, portion)
        writer.write(delivery)
        truth.note(delivery)
        summary.note(delivery)
        done += len(portion)
        if progress:
            progress(register.resource, done, len(records))
    writer.close()
    return summary


def _write_connections(folder: Path, store: Store) -> None:
    lines = ["# How govshare reaches the departments of the simulated city. Paths are relative to this folder."]
    for name in sorted({register.place.connection for register in REGISTERS}):
        tables = any(r.place.connection == name and isinstance(r.place, Table) for r in REGISTERS)
        entry = store.connection(name) if tables else {"path": name.removesuffix("_files")}
        lines += [
            "",
            f"[connections.{name}]",
            *(f"{key} = {json.dumps(value)}" for key, value in entry.items()),
        ]
    (folder / "connections.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _write_marker(folder: Path, marker: dict[str, Any], summaries: list[Summary]) -> None:
    document = marker | {"day": 1, "resources": resource_entries(summaries)}
    (folder / MARKER).write_text(json.dumps(document, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def resource_entries(summaries: list[Summary]) -> list[dict[str, Any]]:
    return [{"resource": s.resource, "rows": s.rows, "defects": dict(sorted(s.defects.items()))} for s in summaries]


def marker_document(order: Order) -> dict[str, Any]:
    kept = asdict(order) | {"database": without_password(order.database) if order.database else None}
    return {"order": kept, "code": code_version()}
