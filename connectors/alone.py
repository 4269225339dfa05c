"""One process at a time reads a connection: a department's system has one reader, whoever asks.

Dagster's pools only know Dagster's runs; this lock also holds for the command line and for other programs. Threads of
one process share it. It goes with the process.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from filelock import FileLock, Timeout

from catalogue.installation import Installation
from connectors.base import CollectError

WAIT = 3600.0  # seconds
_guard = threading.Lock()
_shared: dict[Path, _Shared] = {}


class _Shared:
    """The lock of one connection in this process, and how many threads have need of it."""

    def __init__(self, file: Path) -> None:
        self.lock = FileLock(file, thread_local=False)
        self.entering = threading.Lock()
        self.users = 0


@contextmanager
def alone(installation: Installation, connection: str) -> Iterator[None]:
    """Wait until no other process reads the connection, and keep them out for the block.

    Raises ``CollectError`` after an hour.
    """
    file = installation.landing / ".locks" / quote(connection, safe="")
    file.parent.mkdir(parents=True, exist_ok=True)
    with _guard:
        shared = _shared.setdefault(file, _Shared(file))
    with shared.entering:
        if shared.users == 0:
            try:
                shared.lock.acquire(timeout=WAIT, poll_interval=0.1)
            except Timeout:
                raise CollectError(
                    f"another process has been reading connection {connection!r} for {WAIT / 60:.0f} minutes",
                    where=str(file),
                    remedy="collect again when it is done, or end it; the lock goes with it",
                ) from None
        shared.users += 1
    try:
        yield
    finally:
        with shared.entering:
            shared.users -= 1
            if shared.users == 0:
                shared.lock.release()
