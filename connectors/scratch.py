"""Working folders of collections, under ``landing/.tmp``: for the owner alone, and swept after a kill.

Whoever works in one holds a lock on it that goes with the process. Clear data in working files (unpacked
archives, copies of files elsewhere, what an interface gave) belongs here and never in the system's folder for
temporary files, which others read and nobody sweeps.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from catalogue.installation import Installation


def root_of(installation: Installation) -> Path:
    return installation.landing / ".tmp"


def new_folder(root: Path) -> tuple[Path, int]:
    """A new folder and the descriptor whose lock keeps ``sweep`` of other processes away from it."""
    while True:
        folder = root / uuid.uuid4().hex
        try:
            root.mkdir(parents=True, exist_ok=True)
            folder.mkdir(mode=0o700)
            lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        except FileNotFoundError:  # a sweep was faster, or whoever looked at a source
            continue
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(lock)
            if not isinstance(error, BlockingIOError):
                raise
            continue  # a sweep has it just now
        if folder.exists():
            return folder, lock
        os.close(lock)


@contextmanager
def scratch(root: Path) -> Iterator[Path]:
    """A working folder that goes away with the block."""
    was_there = root.exists()
    folder, lock = new_folder(root)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)
        if not was_there:  # looking at a source leaves nothing behind
            with suppress(OSError):
                os.removedirs(root)


def sweep(installation: Installation) -> int:
    """Remove what interrupted collections left; returns how many folders.

    A folder that a living collector works in is locked by it and stays.
    """
    root = root_of(installation)
    removed = 0
    for folder in sorted(root.iterdir()) if root.is_dir() else []:
        try:
            lock = os.open(folder, os.O_RDONLY)
        except OSError:
            continue
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            continue
        else:
            shutil.rmtree(folder, ignore_errors=True)
            removed += 1
        finally:
            os.close(lock)
    return removed
