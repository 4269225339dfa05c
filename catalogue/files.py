"""Small files that must be there whole or not at all."""

from __future__ import annotations

import json
import logging
import os
from pathlib import Path
from typing import Any

log = logging.getLogger("govshare")
_told: set[Path] = set()


def write_whole(path: Path, text: str) -> None:
    """Write ``text`` to ``path`` by one rename: a reader, or a run after a kill, sees the old or the new
    one. What is renamed has been read again: a full disk leaves the old one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    data = text.encode()
    try:
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if temporary.read_bytes() != data:
            raise OSError(None, "what was written cannot be read again", str(path))
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise


def sync(folder: Path) -> None:
    """Bring a folder's entries to the disk: a rename survives a power cut only then."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_derived(path: Path, kind: type = dict) -> Any:
    """The JSON document of a file that can be made anew; null where there is none, or none of this ``kind`` that can be
    read, which is told once."""
    try:
        document = json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError):
        document = None
    if isinstance(document, kind):
        return document
    tell_damaged(path)
    return None


def tell_damaged(path: Path) -> None:
    """Say, once in a process, that a derived file is damaged and made anew."""
    if path not in _told:
        _told.add(path)
        log.warning("%s is damaged; it is made anew.", path)
