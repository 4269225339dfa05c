"""Which files a connection's folder holds that match a pattern, and whether they are all there yet.

A file that is still being written must wait: its name says so (``.part``, ``.tmp`` …), or it changes while it
is being watched, or the flag file that the department writes last is missing. ``LocalFolder`` is a folder of
this machine (or mounted on it), ``remote.RemoteFolder`` one that fsspec reaches. Reading is not done here.
"""

from __future__ import annotations

import errno
import fnmatch
import os
import re
import shutil
import stat
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Protocol

from connectors.files.text import Unreadable
from connectors.read_report import ReadReport

UNFINISHED = (".tmp", ".temp", ".part", ".partial", ".filepart", ".crdownload", ".uploading", ".swp")
LOCKS = ("~$", ".~")  # what Excel and LibreOffice put beside a workbook that is open
DIRECTORY = os.O_RDONLY | os.O_DIRECTORY
FILE = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY
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
    """A place that holds files. All errors are ``Unreadable``. ``report``: what the last ``find`` left alone."""

    remote: bool
    report: ReadReport

    def find(self, pattern: str) -> list[Found]:
        """The matching files by name, without those whose names say that they are unfinished."""
        ...

    def stamp(self, name: str) -> Stamp | None:
        """The stamp of a file now; null when it is not there."""
        ...

    def lent(self, found: Found, scratch: Path) -> AbstractContextManager[Path]:
        """A path by which the file can be read on this machine within the block: itself, or a copy in ``scratch``."""
        ...

    def open(self, found: Found) -> BinaryIO:
        """The file itself, as it was found."""
        ...

    def beside(self, name: str, ending: str) -> BinaryIO | None:
        """The file beside another that differs from it in the ending only, opened; null where there is none."""
        ...

    def close(self) -> None: ...


class LocalFolder:
    """A folder that the operating system reaches, and nothing outside of it.

    Whoever may write into a drop folder must not make govshare read any file of the machine. So links below the folder
    are not followed, neither of files nor of folders, and each file is opened step by step below the folder's own
    descriptor: a file that becomes a link meanwhile is not there any more. Hard links cannot be told from files; the
    system forbids making them to files that one may not write (``fs.protected_hardlinks``).
    """

    remote = False

    def __init__(self, root: Path) -> None:
        self.root = root
        self.report = ReadReport()

    def find(self, pattern: str) -> list[Found]:
        need_inside(pattern)
        if not self.root.is_dir():
            raise Unreadable(
                f"{self.root} is no folder" if self.root.exists() else f"there is no folder {self.root}",
                remedy="correct the connection's `path` in connections.toml, or mount the folder",
            )
        self.report = ReadReport()
        root = os.open(self.root, DIRECTORY)
        try:
            names = {
                name
                for name in self._matching(root, pattern.removeprefix("./").split("/"), "")
                if not is_unfinished(name)
            }
        finally:
            os.close(root)
        stamps = ((name, self.stamp(name)) for name in sorted(names, key=in_order))
        return [Found(name, stamp) for name, stamp in stamps if stamp is not None]

    def _matching(self, folder: int, pattern: Sequence[str], prefix: str) -> Iterator[str]:
        """Names of files below an open folder, by the rules of ``glob``."""
        first, rest = pattern[0], pattern[1:]
        if first == "**":
            yield from self._matching(folder, rest or ["*"], prefix)
        try:
            with os.scandir(folder) as scanned:
                entries = sorted(scanned, key=lambda entry: entry.name)
        except PermissionError:
            self.report.leave_out("closed_folder", rows=None)
            return
        for entry in entries:
            if entry.name.startswith(".") and not first.startswith("."):
                continue
            if first != "**" and not fnmatch.fnmatchcase(entry.name, first):
                if not rest and fnmatch.fnmatchcase(entry.name.lower(), first.lower()) and entry.is_file():
                    self.report.leave_out("file_case", rows=None)
                continue
            if entry.is_symlink():
                if (not rest and first != "**") or entry.is_dir():
                    self.report.leave_out("link", rows=None)
            elif not entry.name.isascii() and not _is_utf8(entry.name):
                self.report.leave_out("file_name", rows=None)
            elif (rest or first == "**") and entry.is_dir(follow_symlinks=False):
                with _opened(folder, entry.name, DIRECTORY) as below:
                    if below is not None:
                        yield from self._matching(below, pattern if first == "**" else rest, f"{prefix}{entry.name}/")
            elif not rest and first != "**" and entry.is_file(follow_symlinks=False):
                yield prefix + entry.name
            elif not rest and first != "**" and not entry.is_dir(follow_symlinks=False):
                self.report.leave_out("special_file", rows=None)

    def stamp(self, name: str) -> Stamp | None:
        with self._parent(name) as folder:
            if folder is None:
                return None
            try:
                status = os.stat(PurePosixPath(name).name, dir_fd=folder, follow_symlinks=False)
            except OSError:
                return None
            return _stamp(status) if stat.S_ISREG(status.st_mode) else None

    def open(self, found: Found) -> BinaryIO:
        with self._parent(found.name) as folder, _opened(folder, PurePosixPath(found.name).name, FILE) as file:
            if file is None or _stamp(os.fstat(file)) != found.stamp:
                raise changed()
            return os.fdopen(os.dup(file), "rb")

    @contextmanager
    def lent(self, found: Found, scratch: Path) -> Iterator[Path]:
        with self.open(found) as file:
            path = Path(f"/proc/self/fd/{file.fileno()}")
            if path.exists():
                yield path
                return
            copy = scratch / "copy"  # a system where an open file has no name
            with copy.open("wb") as target:
                shutil.copyfileobj(file, target)
            yield copy

    def beside(self, name: str, ending: str) -> BinaryIO | None:
        stem = PurePosixPath(name)
        with self._parent(name) as folder:
            for candidate in (stem.with_suffix(ending).name, stem.with_suffix(ending.upper()).name):
                with _opened(folder, candidate, FILE) as file:
                    if file is not None:
                        return os.fdopen(os.dup(file), "rb")
        return None

    @contextmanager
    def _parent(self, name: str) -> Iterator[int | None]:
        """The open folder that a file lies in, reached without following a link; null where there is none."""
        with ExitStack() as opened:
            try:
                here: int | None = os.open(self.root, DIRECTORY)
            except OSError:
                here = None
            if here is not None:
                opened.callback(os.close, here)
            for step in name.split("/")[:-1]:
                here = opened.enter_context(_opened(here, step, DIRECTORY))
            yield here

    def close(self) -> None:
        pass


@contextmanager
def _opened(folder: int | None, name: str, flags: int) -> Iterator[int | None]:
    """A folder or regular file in an open folder; null for what is neither, or a link, or not there."""
    wanted = stat.S_ISDIR if flags == DIRECTORY else stat.S_ISREG
    file = None
    if folder is not None and name not in ("", ".", ".."):
        with suppress(FileNotFoundError, NotADirectoryError):
            if wanted(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode):  # a pipe is not even opened
                file = _open_or_tell(folder, name, flags)
    try:
        yield file if file is not None and wanted(os.fstat(file).st_mode) else None
    finally:
        if file is not None:
            os.close(file)


def _open_or_tell(folder: int, name: str, flags: int) -> int | None:
    try:
        return os.open(name, flags | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
    except PermissionError:
        raise Unreadable(
            "cannot be opened (Permission denied)",
            remedy="give govshare's account the right to read the file, or have it delivered again",
        ) from None
    except OSError as error:
        if error.errno == errno.ELOOP:  # it has just become a link
            return None
        raise


def _stamp(status: os.stat_result) -> Stamp:
    return Stamp(status.st_size, status.st_mtime, str(status.st_ino))


def _is_utf8(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


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


def in_order(name: str) -> list[tuple[int, str, str]]:
    """Names in the order of what they count: ``9.csv`` before ``10.csv``, for the newest word of a record wins.

    >>> sorted(["2026-10.csv", "2026-9.csv", "2026-09.csv", "a.csv"], key=in_order)
    ['2026-09.csv', '2026-9.csv', '2026-10.csv', 'a.csv']
    """
    texts = re.split("([0-9]+)", name)  # every second one is a number
    numbers = [text.lstrip("0") if place % 2 else "" for place, text in enumerate(texts)]
    return [(len(number), number, text) for number, text in zip(numbers, texts, strict=True)]


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
