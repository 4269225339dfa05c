"""One file to read of what was delivered, and unpacking it to a working file within a limit."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, BinaryIO

from connectors.files.text import Unreadable
from connectors.read_report import ReadReport

UNPACKED_LIMIT_MB = 8192
COPY_BYTES = 1 << 20
NEW_ONE = "ask the department for the archive again"
BESIDE = {"dbf": (".fpt", ".dbt")}  # by kind: files that are read with another one of their name


@dataclass(frozen=True)
class Part:
    """One file to read: the delivered file itself, or a member of it.

    ``sibling`` opens the file beside it that has another ending (a DBF's memo file), if there is one. ``report``:
    what of the delivered file is read by nobody; its last part has it.
    """

    name: str
    path: Path
    bytes: int
    sha256: str
    sibling: Callable[[str], BinaryIO | None]
    last: bool = True  # of the delivered file
    report: ReadReport = field(default_factory=ReadReport, compare=False)
    opener: Callable[[], BinaryIO] | None = None  # where `path` is good for as long as it is lent only

    def open(self) -> BinaryIO:
        return self.opener() if self.opener else self.path.open("rb")


def unpacked_limit(options: Mapping[str, Any]) -> int:
    return int(options.get("unpacked_limit_mb", UNPACKED_LIMIT_MB)) << 20


def unpack(source: IO[bytes] | gzip.GzipFile, target: Path, limit: int) -> tuple[int, str]:
    """Copy to the working file, hashing; stops at the limit whatever the archive says of its size."""
    sha256 = hashlib.sha256()
    size = 0
    with target.open("wb") as file:
        while block := source.read(COPY_BYTES):
            size += len(block)
            if size > limit:
                raise Unreadable(
                    f"unpacks to more than the limit of {limit >> 20:,} MB",
                    remedy="if it is meant to be so large, raise `unpacked_limit_mb` in meta.connector",
                )
            sha256.update(block)
            file.write(block)
    return size, sha256.hexdigest()
