"""How far long work is: steps report here, whoever watches (the command line) listens.

Runs in Dagster's processes have no listener; there the event log and the metadata tell the same.
"""

from __future__ import annotations

from typing import Protocol


class Listener(Protocol):
    def step(
        self, stage: str, name: str, *, rows: int | None, seconds: float | None, done: bool, note: str, left_out: str
    ) -> None:
        """``stage``: collect, build or publish. ``name``: resource, model or table. ``rows``: so far, in
        ``seconds``. ``note``: how it goes or went; one that begins with ``failed`` says why. ``left_out``: what of
        the source was not landed, in words."""
        ...


_listeners: list[Listener] = []


def listen(new: Listener | None) -> None:
    """Make ``new`` the process's listener; ``None`` ends listening."""
    _listeners[:] = [new] if new else []


def step(
    stage: str,
    name: str,
    *,
    rows: int | None = None,
    seconds: float | None = None,
    done: bool = False,
    note: str = "",
    left_out: str = "",
) -> None:
    """Tell whoever listens how far ``name`` is."""
    for listener in _listeners:
        listener.step(stage, name, rows=rows, seconds=seconds, done=done, note=note, left_out=left_out)
