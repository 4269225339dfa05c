"""How far long work is: steps report here, whoever watches (the command line) listens.

Runs in Dagster's processes have no listener; there the event log and the metadata tell the same.
"""

from __future__ import annotations

from typing import Protocol


class Listener(Protocol):
    def step(self, stage: str, name: str, *, rows: int | None = None, done: bool = False, note: str = "") -> None:
        """``stage``: collect, build or publish. ``name``: resource, model or table. ``rows``: so far."""
        ...


class _Nobody:
    def step(self, stage: str, name: str, *, rows: int | None = None, done: bool = False, note: str = "") -> None:
        pass


listener: Listener = _Nobody()


def listen(new: Listener | None) -> None:
    """Make ``new`` the process's listener; ``None`` ends listening."""
    global listener
    listener = new or _Nobody()


def step(stage: str, name: str, *, rows: int | None = None, done: bool = False, note: str = "") -> None:
    listener.step(stage, name, rows=rows, done=done, note=note)
