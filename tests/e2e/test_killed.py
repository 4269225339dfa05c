"""A run that is killed or interrupted, at any point: the next one ends with what an undisturbed one would have made."""

from __future__ import annotations

import os
import random
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from installed import DEAD, Node, note
from support import parsed

KILL, INTERRUPT = signal.SIGKILL, signal.SIGINT
SEED = int(os.environ.get("GOVSHARE_TEST_SEED", time.time_ns() % 100_000))
ROUNDS = int(os.environ.get("GOVSHARE_TEST_ROUNDS", 1))  # more of them by hand


def same(node: Node, undisturbed: Node) -> None:
    ours, theirs = node.tables(), undisturbed.tables()
    assert ours.keys() == theirs.keys()
    for table, rows in theirs.items():
        assert ours[table] == rows, f"{table} differs (GOVSHARE_TEST_SEED={SEED})"


def clean(node: Node) -> None:
    """Nothing that a killed run left lies about."""
    assert not [p for p in (node.data / "landing" / ".tmp").glob("*")]
    published = node.data / "published"
    assert not [p for p in published.rglob(".*") if p.name.startswith(".tmp")], "swept"
    assert not [p for p in (node.data / "candidate").glob("*")]


def exists(node: Node, pattern: str, count: int = 1) -> Callable[[], bool]:
    return lambda: sum(1 for _ in node.data.glob(pattern)) >= count


def test_a_first_run_killed_in_every_part_of_it(finished: Node, tmp_path: Path) -> None:
    node = Node(tmp_path)
    shutil.copytree(finished.city, node.city)
    parsed.take_over(node.installation)
    shutil.copy(finished.installation.secret_file, node.installation.secret_file)  # or persons without a number differ

    # While collecting: some resources have landed, others not.
    assert node.interrupted(exists(node, "landing/*/*/000001/manifest.json", 4), KILL, group=False)
    assert 4 <= len(node.batches()) < len(finished.batches())

    # While dbt merges, by Ctrl-C: all ends in order, and says so.
    told = node.interrupted(exists(node, "dbt/dbt_build-*/run/**/*.sql"), INTERRUPT, group=True)
    assert told is not None
    assert told[0] == 130 and "interrupted" in told[1] and "Traceback" not in told[1]
    shutil.rmtree(next(node.data.glob("dbt/dbt_build-*")))

    # While publishing: some tables have their release, others not.
    assert node.interrupted(exists(node, "published/*/000001", 3), KILL, group=True)
    assert not exists(node, "published/*/000001", 8)()

    node.call("run")
    same(node, finished)
    clean(node)
    assert node.released() == finished.released()


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_a_second_delivery_killed_at_a_random_point(second: Node, finished: Node, tmp_path: Path, round_: int) -> None:
    node = finished.copy(tmp_path / "copy")
    node.deliver()
    longest = note(finished)["seconds"]
    at = time.monotonic() + random.Random(SEED + round_).uniform(0.1, 0.8) * longest
    # The parent only: dbt, if it is at work, goes on by itself, and the next run waits for it.
    node.interrupted(lambda: time.monotonic() > at, KILL, group=round_ % 2 == 1)
    said = node.call("run", code=1)  # the database is still away
    assert f"failed: {DEAD}." in said.stderr
    same(node, second)
    clean(node)
