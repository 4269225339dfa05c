"""Whether files still have the bytes that were written: sizes and sha256 of manifests against what lies there.

Whoever reads a file first hashes it; ``Checksums`` remembers how it looked then (size, time, inode), so that an
unchanged file is not hashed again by each reader. A build and ``verify`` hash whatever is remembered.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from catalogue.files import read_derived, tell_damaged, write_whole

THREADS = min(4, os.cpu_count() or 1)  # hashing lets go of Python's lock


@dataclass(frozen=True)
class Expected:
    """A file as its manifest describes it."""

    path: Path
    bytes: int
    sha256: str


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def wrong_at_sight(expected: Expected) -> str | None:
    """What is wrong with a file as far as it can be seen without reading it; null: nothing."""
    try:
        size = expected.path.stat().st_size
    except OSError:
        return "is missing"
    return None if size == expected.bytes else f"has {size:,} bytes instead of {expected.bytes:,}"


def wrong(expected: Expected) -> str | None:
    """What is wrong with a file; null: its bytes are those that were written."""
    if found := wrong_at_sight(expected):
        return found
    try:
        return None if sha256_of(expected.path) == expected.sha256 else "has other bytes than were written"
    except OSError as error:
        return f"cannot be read ({error.strerror})"


def all_wrong(
    files: Iterable[Expected], read: Callable[[Expected], None] | None = None
) -> Iterator[tuple[Expected, str]]:
    """Of many files those that are wrong, in their order, several hashed at a time. ``read`` is told of each."""
    with ThreadPoolExecutor(THREADS, thread_name_prefix="checksums") as threads:
        listed = list(files)
        for expected, found in zip(listed, threads.map(wrong, listed), strict=True):
            if read:
                read(expected)
            if found:
                yield expected, found


class Checksums:
    """What was found right once, kept in a file: names relative to its folder, with sha256, size, time and inode."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._known: dict[str, list[object]] = read_derived(file) or {}
        self._changed = False

    def wrong(self, expected: Expected) -> str | None:
        """As the function of this name, but what was right and looks as it did then is not read again."""
        if found := wrong_at_sight(expected):
            return found
        if self._known.get(self._name(expected.path)) == self._looks(expected):
            return None
        found = wrong(expected)
        if found is None:
            self.remember(expected)
        return found

    def remember(self, expected: Expected) -> None:
        self._known[self._name(expected.path)] = self._looks(expected)
        self._changed = True

    def save(self) -> None:
        """Keep what was found. Who may only read goes without."""
        if self._changed:
            kept = {name: looks for name, looks in self._known.items() if (self._file.parent / name).exists()}
            with suppress(OSError):
                write_whole(self._file, json.dumps(kept))
            self._changed = False

    def _name(self, path: Path) -> str:
        return os.path.relpath(path, self._file.parent)

    def _looks(self, expected: Expected) -> list[object]:
        found = expected.path.stat()
        return [expected.sha256, found.st_size, found.st_mtime_ns, found.st_ino]


def seal(path: Path) -> None:
    """Write the sha256 of a derived file beside it."""
    write_whole(_seal_of(path), sha256_of(path) + "\n")


def write_sealed(path: Path, text: str) -> None:
    """Write a derived file and, before it, its sha256: whoever sees the file sees both."""
    write_whole(_seal_of(path), hashlib.sha256(text.encode()).hexdigest() + "\n")
    write_whole(path, text)


def intact(path: Path) -> bool:
    """Whether a sealed file is there with the bytes that were sealed; one that is not is told and taken away."""
    if not path.exists():
        return False
    with suppress(OSError, ValueError):
        if _seal_of(path).read_text(encoding="ascii").strip() == sha256_of(path):
            return True
    tell_damaged(path)
    path.unlink(missing_ok=True)
    return False


def _seal_of(path: Path) -> Path:
    return path.with_name(f"{path.name}.sha256")
