"""Installations that all end-to-end tests look at: each is made once, also where several processes test at a time.

A test that changes one copies it first.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
from filelock import FileLock
from installed import Node, make

OnlyOnce = Callable[[str, Callable[[Path], None]], Node]


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory) -> OnlyOnce:
    base = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        base = base.parent  # the folder that the workers share

    def once(name: str, making: Callable[[Path], None]) -> Node:
        folder, mark = base / name, base / f"{name}.made"
        with FileLock(base / f"{name}.lock"):
            if not mark.exists():
                making(folder)
                mark.touch()
        return Node(folder)

    return once


@pytest.fixture(scope="session")
def finished(once: OnlyOnce) -> Node:
    """A city with the usual defects, collected, merged and published. Nobody changes it."""
    return once("finished", lambda folder: make(folder, seed=1, defects="usual", taking_over=False) and None)


@pytest.fixture(scope="session")
def heavy(once: OnlyOnce) -> Node:
    """Another city, with many defects."""
    return once("heavy", lambda folder: make(folder, seed=2, defects="heavy", taking_over=True) and None)


@pytest.fixture(scope="session")
def second(once: OnlyOnce, finished: Node) -> Node:
    """The finished installation after a second delivery with a dead database. An analyst was asking all the time:
    ``analyst.json`` has how often, the counts that were seen, and errors."""

    def making(folder: Path) -> None:
        node = finished.copy(folder)
        node.deliver()
        asked: dict[str, list[str]] = {"answers": [], "errors": []}
        end = threading.Event()

        def ask() -> None:
            question = "select count(*), count(*) filter (household_address like '%新') from population"
            while not end.is_set():
                try:
                    with duckdb.connect(str(node.data / "published" / "analyst.duckdb"), read_only=True) as database:
                        asked["answers"].append(str(database.execute(question).fetchone()))
                except Exception as error:
                    asked["errors"].append(repr(error))

        analyst = threading.Thread(target=ask)
        analyst.start()
        try:
            done = node.call("run", code=None)
        finally:
            end.set()
            analyst.join()
        told = {"code": done.returncode, "out": done.stdout, "err": done.stderr}
        (folder / "run.json").write_text(json.dumps(told), encoding="utf-8")
        (folder / "analyst.json").write_text(json.dumps(asked), encoding="utf-8")

    return once("second", making)
