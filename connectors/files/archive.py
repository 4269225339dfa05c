"""Zip and gz: the files inside a delivered file, each unpacked to a working file with its sha256.

An archive is known by its first bytes, not by its name. A member's name is never used as a path. An archive
that unpacks to more than a limit, or has too many members, names that lead elsewhere, links or a password, is
refused.

Options: ``member`` (pattern of the members to take; default: the usual endings of the kind),
``unpacked_limit_mb``.
"""

from __future__ import annotations

import gzip
import hashlib
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import IO, Any, BinaryIO

from connectors.files.text import Unreadable

MOST_MEMBERS = 10_000
UNPACKED_LIMIT_MB = 8192
COPY_BYTES = 1 << 20
WORKBOOK_PARTS = {"[Content_Types].xml", "mimetype", "content.xml"}
ENDINGS = {
    "delimited": ("*.csv", "*.tsv", "*.txt", "*.dat", "*.del"),
    "fixed_width": ("*.txt", "*.dat"),
    "excel": ("*.xls", "*.xlsx", "*.xlsm", "*.xlsb", "*.ods", "*.et"),
    "dbf": ("*.dbf",),
    "xml": ("*.xml",),
    "json": ("*.json",),
    "json_lines": ("*.jsonl", "*.ndjson", "*.json", "*.txt"),
    "python_literal": ("*.txt", "*.py"),
    "parquet": ("*.parquet",),
}
NEW_ONE = "ask the department for the archive again"


@dataclass(frozen=True)
class Part:
    """One file to read: the delivered file itself, or a member of it.

    ``sibling`` opens the file beside it that has another ending (a DBF's memo file), if there is one.
    """

    name: str
    path: Path
    bytes: int
    sha256: str
    sibling: Callable[[str], BinaryIO | None]
    last: bool = True  # of the delivered file
    opener: Callable[[], BinaryIO] | None = None  # where `path` is good for as long as it is lent only

    def open(self) -> BinaryIO:
        return self.opener() if self.opener else self.path.open("rb")


def parts(path: Path, name: str, kind: str, options: dict[str, Any], scratch: Path) -> Iterator[Part]:
    """The files to read in a delivered file; unpacked ones lie in ``scratch`` until the next is asked for."""
    try:
        with path.open("rb") as file:
            start = file.read(4)
            if start[:2] == b"\x1f\x8b":
                yield from _gz(path, name, options, scratch)
            elif start in (b"PK\x03\x04", b"PK\x05\x06") and not (kind == "excel" and _is_workbook(path)):
                yield from _zip(path, name, kind, options, scratch)
            else:
                file.seek(0)
                sha256 = hashlib.file_digest(file, "sha256").hexdigest()
                yield Part(name, path, path.stat().st_size, sha256, lambda ending: _beside(path, ending))
    except OSError as error:
        if isinstance(error, gzip.BadGzipFile):
            raise Unreadable("a broken gz file", remedy=NEW_ONE) from None
        raise Unreadable(
            f"cannot be opened ({error.strerror or type(error).__name__})",
            remedy="give govshare's account the right to read the file, or have it delivered again",
        ) from None
    except (zipfile.BadZipFile, zlib.error, EOFError):
        raise Unreadable("a broken or incomplete archive", remedy=NEW_ONE) from None


def _beside(path: Path, ending: str) -> BinaryIO | None:
    for candidate in (path.with_suffix(ending), path.with_suffix(ending.upper())):
        if candidate.is_file():
            return candidate.open("rb")
    return None


def _is_workbook(path: Path) -> bool:
    with zipfile.ZipFile(path) as archive:
        return not WORKBOOK_PARTS.isdisjoint(archive.namelist())


def _gz(path: Path, name: str, options: dict[str, Any], scratch: Path) -> Iterator[Part]:
    target = scratch / "unpacked"
    with gzip.open(path, "rb") as source:
        size, sha256 = _unpack(source, target, unpacked_limit(options))
    inner = name.removesuffix(".gz")
    yield Part(inner if inner != name else name, target, size, sha256, lambda ending: None)
    target.unlink(missing_ok=True)


def _zip(path: Path, name: str, kind: str, options: dict[str, Any], scratch: Path) -> Iterator[Part]:
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
        if len(members) > MOST_MEMBERS:
            raise Unreadable(f"{len(members):,} members, more than {MOST_MEMBERS:,}", remedy=NEW_ONE)
        named = {member_name(info): info for info in members if not info.is_dir()}
        for inner, info in named.items():
            _need_harmless(inner, info)
        given = options.get("member")
        patterns = ENDINGS.get(kind, ("*",)) if given is None else [given] if isinstance(given, str) else given
        wanted = sorted(inner for inner in named if _matches(inner, patterns))
        if not wanted:
            raise Unreadable(
                f"none of the {len(named)} members matches {', '.join(patterns)}",
                remedy="correct `member` in meta.connector, or ask the department what it sent",
            )
        left = unpacked_limit(options)
        target = scratch / "unpacked"
        for inner in wanted:

            def sibling(ending: str, inner: str = inner) -> BinaryIO | None:
                return _member_beside(archive, named, inner, ending, scratch / "beside", options)

            size, sha256 = _unpack_member(archive, named[inner], target, left, options, inner)
            left -= size
            yield Part(f"{name}!{inner}", target, size, sha256, sibling, inner == wanted[-1])
        target.unlink(missing_ok=True)


def _member_beside(
    archive: zipfile.ZipFile,
    named: dict[str, zipfile.ZipInfo],
    inner: str,
    ending: str,
    target: Path,
    options: dict[str, Any],
) -> BinaryIO | None:
    stem = inner.rsplit(".", 1)[0]
    for other, info in named.items():
        if other.casefold() == f"{stem}{ending}".casefold():
            _unpack_member(archive, info, target, unpacked_limit(options), options, other)
            return target.open("rb")
    return None


def _unpack_member(
    archive: zipfile.ZipFile,
    info: zipfile.ZipInfo,
    target: Path,
    limit: int,
    options: dict[str, Any],
    inner: str,
) -> tuple[int, str]:
    password = options.get("zip_password")
    try:
        with archive.open(info, pwd=str(password).encode() if password else None) as source:
            return _unpack(source, target, limit)
    except RuntimeError:  # what zipfile raises for a password that is wrong or missing
        raise Unreadable(
            "protected by a password" + (" that is not the declared one" if password else ""),
            place=f"member {inner}",
            remedy="set `zip_password` of the connection, or have the archive sent without one",
        ) from None
    except NotImplementedError:
        raise Unreadable(
            "packed in a way that cannot be read here (as deflate64 or AES)",
            place=f"member {inner}",
            remedy="have it packed again as an ordinary zip",
        ) from None


def member_name(info: zipfile.ZipInfo) -> str:
    """The member's name. Chinese Windows writes GBK without saying so; Python reads it as code page 437."""
    if info.flag_bits & 0x800:
        return info.filename.replace("\\", "/")
    try:
        raw = info.filename.encode("cp437")
    except UnicodeEncodeError:
        return info.filename.replace("\\", "/")
    for encoding in ("utf-8", "gb18030"):
        try:
            return raw.decode(encoding).replace("\\", "/")
        except UnicodeDecodeError:
            continue
    return info.filename


def _need_harmless(name: str, info: zipfile.ZipInfo) -> None:
    steps = name.split("/")
    link = stat.S_ISLNK(info.external_attr >> 16)
    if name.startswith("/") or ".." in steps or ":" in steps[0] or "\0" in name or link:
        raise Unreadable(
            "a member that is a link" if link else "a member whose name leads out of the archive",
            place=f"member {name!r}",
            remedy="do not trust this archive: ask the department where it comes from",
        )


def _matches(name: str, patterns: list[str] | tuple[str, ...]) -> bool:
    steps = name.split("/")
    if steps[0] == "__MACOSX" or steps[-1].startswith((".", "~$")):
        return False
    lower = name.lower()
    return any(fnmatchcase(lower, p.lower()) or fnmatchcase(steps[-1].lower(), p.lower()) for p in patterns)


def unpacked_limit(options: Mapping[str, Any]) -> int:
    return int(options.get("unpacked_limit_mb", UNPACKED_LIMIT_MB)) << 20


def _unpack(source: IO[bytes] | gzip.GzipFile, target: Path, limit: int) -> tuple[int, str]:
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
