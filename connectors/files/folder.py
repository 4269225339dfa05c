"""Which files a connection's folder holds that match a pattern, and whether they are all there yet.

A file that is still being written must wait: its name says so (``.part``, ``.tmp`` …), or it changes while it
is being watched, or the flag file that the department writes last is missing. ``LocalFolder`` is a folder of
this machine (or mounted on it), ``remote.RemoteFolder`` one that fsspec reaches. Reading is not done here.
"""

from __future__ import annotations

import glob
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from connectors.files.text import Unreadable

UNFINISHED = (".tmp", ".temp", ".part", ".partial", ".filepart", ".crdownload", ".uploading", ".swp")
LOCKS = ("~$", ".~")  # what Excel and LibreOffice put beside a workbook that is open
SETTLE = 1.0  # seconds without a change after which a file counts as finished


@dataclass(frozen=True)
class Stamp:
    """What tells one version of a file from the next without reading it. ``modified``: seconds since 1970."""

    bytes: int
    modified: float
    version: str = ""  # inode, or what an object store calls ETag


@dataclass(frozen=True)
class Found:
    """A file that matches: ``name`` is relative to the connection's folder."""

    name: str
    stamp: Stamp


class Folder(Protocol):
    """A place that holds files. All errors are ``Unreadable``."""

    remote: bool

    def find(self, pattern: str) -> list[Found]:
        """The matching files by name, without those whose names say that they are unfinished."""
        ...

    def stamp(self, name: str) -> Stamp | None:
        """The stamp of a file now; null when it is not there."""
        ...

    def local(self, found: Found, scratch: Path) -> Path:
        """The file on this machine: itself, or a copy in ``scratch``."""
        ...

    def close(self) -> None: ...


class LocalFolder:
    """A folder that the operating system reaches."""

    remote = False

    def __init__(self, root: Path) -> None:
        self.root = root

    def find(self, pattern: str) -> list[Found]:
        need_inside(pattern)
        if not self.root.is_dir():
            raise Unreadable(
                f"{self.root} is no folder" if self.root.exists() else f"there is no folder {self.root}",
                remedy="correct the connection's `path` in connections.toml, or mount the folder",
            )
        found = []
        for name in sorted(glob.glob(pattern, root_dir=self.root, recursive=True)):
            stamp = self.stamp(name)
            if stamp is not None and not is_unfinished(name):
                found.append(Found(Path(name).as_posix(), stamp))
        return found

    def stamp(self, name: str) -> Stamp | None:
        path = self.root / name
        try:
            status = path.stat()
        except OSError:
            return None
        return Stamp(status.st_size, status.st_mtime, str(status.st_ino)) if path.is_file() else None

    def local(self, found: Found, scratch: Path) -> Path:
        return self.root / found.name

    def close(self) -> None:
        pass


def changed() -> Unreadable:
    return Unreadable(
        "the file changed while it was being read; nothing of it was landed",
        remedy="collect again when it has been written; a longer `settle` in meta.connector waits for that",
    )


def need_inside(pattern: str) -> None:
    if pattern.startswith("/") or ".." in pattern.split("/"):
        raise Unreadable(
            f"`path` is {pattern!r}, outside the connection's folder",
            remedy="give `path` in meta.connector relative to the connection's path",
        )


def is_unfinished(name: str) -> bool:
    last = name.rsplit("/", 1)[-1].lower()
    return last.endswith(UNFINISHED) or last.startswith(LOCKS)


def finished(folder: Folder, found: Sequence[Found], seconds: float, ready: str | None) -> tuple[list[Found], int]:
    """Those that may be taken, and how many must wait.

    Files younger than ``seconds`` are watched, once for all of them together and at most that long. ``ready``
    is the ending of the flag file that must lie beside a file.
    """
    now = time.time()
    young = [file for file in found if now - file.stamp.modified < seconds]
    waiting: set[str] = set()
    if young:
        time.sleep(min(seconds, max(seconds - (now - file.stamp.modified) for file in young)))
        waiting = {file.name for file in young if folder.stamp(file.name) != file.stamp}
    if ready:
        waiting |= {file.name for file in found if folder.stamp(file.name + ready) is None}
    return [file for file in found if file.name not in waiting], len(waiting)
