"""The cities that are merged: made and collected once, and kept for the next run.

``<work>/<people>/city`` are the departments' systems, ``day1`` an installation with their first delivery, ``day2`` one
with a later day's on top, in which one record of a hundred has changed. A folder with ``collected`` is whole.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

from catalogue.installation import DBT_PROJECT, Installation
from catalogue.load import load
from connectors.collect import collect
from connectors.connections import Connections
from connectors.landing import ensure_empty, sweep
from demo_city import city
from demo_city.later import next_day

SEED, DEFECTS, CHANGES = 1, "usual", 0.01
Say = Callable[[str], None]


def installation_of(folder: Path) -> Installation:
    """``folder`` is ``day1`` or ``day2``; the city lies beside it."""
    return Installation(folder, folder.parent / "city", DBT_PROJECT / "cities" / "xinxiang")


def prepare(people: int, work: Path, say: Say) -> tuple[Path, Path]:
    """Both days' installations; what is there already stays."""
    folder = work / str(people)
    first, second = folder / "day1", folder / "day2"
    if not _whole(first):
        say("making the city")
        order = city.Order(people, SEED, DEFECTS)
        present = city.marker_of(folder / "city")
        if present is None or not city.is_same(order, present):
            for path in (folder / "city", first, second):
                shutil.rmtree(path, ignore_errors=True)
            city.make(order, folder / "city")
        _collect(first, say)
    if not _whole(second):
        marker = city.marker_of(folder / "city") or {}
        if marker.get("day") == 1:
            say("making a day of changes")
            next_day(folder / "city", marker, CHANGES, None, lambda *_: None)
        if not second.exists():
            # Batches never change, so both days can have the same files.
            shutil.copytree(first / "landing", second / "unfinished", copy_function=os.link)
            (second / "unfinished").rename(second / "landing")
        _collect(second, say)
    return first, second


def _whole(folder: Path) -> bool:
    return (folder / "collected").exists()


def _collect(folder: Path, say: Say) -> None:
    installation = installation_of(folder)
    folder.mkdir(parents=True, exist_ok=True)
    sweep(installation)
    connections = Connections.load(installation)
    for resource in load(installation).resources.values():
        started = time.monotonic()
        collected = collect(resource, installation, connections)
        ensure_empty(installation, resource)
        say(f"{folder.name}: collected {resource.id}, {collected.rows:,} rows in {time.monotonic() - started:.0f} s")
    (folder / "collected").touch()
