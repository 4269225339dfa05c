"""Errors of a collection: whether trying again may help, and how one that nobody foresaw is told.

A missing file or a wrong entry is as wrong in ten seconds. A connection that broke off or an overloaded
server may be well again. The connectors know best and say so with ``may_pass`` on their error; where they do
not, the kind of the error below it decides.
"""

from __future__ import annotations

import traceback
from pathlib import Path

from catalogue.errors import GovshareError

PASSING = (ConnectionError, TimeoutError)
WORDS = (  # what drivers say that have no kind of error for it; read from the first line, never from values
    "connection refused", "timed out", "timeout expired", "too many connections", "too many clients",
    "server closed the connection", "lost connection", "can't connect to", "is starting up",
    "database is locked", "connection reset", "no route to host", "name resolution",
)  # fmt: skip


def may_pass(error: BaseException) -> bool:
    """Whether a second try may succeed with nothing changed by anybody."""
    said = getattr(error, "may_pass", None)
    if said is not None:
        return bool(said)
    if isinstance(error, GovshareError) and any(word in error.what.lower() for word in WORDS):
        return True
    seen: set[int] = set()
    below: BaseException | None = error
    while below is not None and id(below) not in seen:
        if isinstance(below, PASSING):
            return True
        seen.add(id(below))
        below = below.__cause__ or below.__context__
    return False


def told(error: BaseException) -> str:
    """What goes into logs: ours as it is; of any other its kind and place, for its text may hold values of
    a row."""
    if isinstance(error, GovshareError):
        return str(error)
    frames = traceback.extract_tb(error.__traceback__)
    place = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__}{place}; this is a bug in govshare, not in the data"


def logged(error: BaseException) -> str:
    """The same for the event log: one that nobody foresaw with the lines of code that it came through."""
    if isinstance(error, GovshareError):
        return str(error)
    return told(error) + "\n" + "".join(traceback.format_tb(error.__traceback__))
