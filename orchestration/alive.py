"""Which runs are at work: each holds a lock that goes with its process, whoever started it.

A run that was killed leaves Dagster's records as they were: it counts as running and keeps its pool slots,
and the next one would wait for ever. The operating system knows better.
"""

from __future__ import annotations

from collections.abc import Iterator

from filelock import FileLock, Timeout

from catalogue.installation import Installation

_held: dict[str, FileLock] = {}


def hold(installation: Installation, run: str) -> None:
    """Show that ``run`` is alive as long as this process is. A step calls it first."""
    if run in _held:
        return
    lock = FileLock(installation.dagster_home / "alive" / run)
    try:
        (installation.dagster_home / "alive").mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=0)
    except Timeout:  # another step of this run, in another process
        return
    _held[run] = lock


def dead(installation: Installation) -> Iterator[str]:
    """Runs whose process has ended, finished or not. Each is named once."""
    for file in sorted((installation.dagster_home / "alive").glob("*")):
        if file.name in _held:
            continue
        try:
            with FileLock(file).acquire(timeout=0):
                file.unlink()
        except Timeout:
            continue
        yield file.name
