"""Zip archives: which members are read, and what of the archive is not.

A member's name is never used as a path. Members that nobody reads, bytes that no member covers and archives within the
archive are reported by their position: names may hold anything.
"""

from __future__ import annotations

import re
import stat
import zipfile
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, BinaryIO

from connectors.files.folder import in_order
from connectors.files.part import BESIDE, NEW_ONE, Part, unpack, unpacked_limit
from connectors.files.text import Unreadable
from connectors.read_report import ReadReport
from connectors.shown import shown_name, shown_names

MOST_MEMBERS = 10_000
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
ARCHIVES = (".zip", ".gz", ".tgz", ".tar", ".rar", ".7z", ".bz2", ".xz", ".zst")
NOISE = ("thumbs.db", "desktop.ini", ".ds_store")  # what file managers put beside
HEADER = 30  # bytes of a member's header without its name and extra fields
SLACK = 200  # bytes that headers take beside that: descriptors, alignment, other extra fields than the directory has
END = b"PK\x05\x06"


def zip_parts(path: Path, name: str, kind: str, options: Mapping[str, Any], scratch: Path) -> Iterator[Part]:
    """The wanted members, one after the other, each until the next is asked for."""
    with zipfile.ZipFile(path) as archive:
        members = [info for info in archive.infolist() if not info.is_dir()]
        if len(members) > MOST_MEMBERS:
            raise Unreadable(f"{len(members):,} members, more than {MOST_MEMBERS:,}", remedy=NEW_ONE)
        names = [member_name(info) for info in members]
        for inner, info in zip(names, members, strict=True):
            _need_harmless(inner, info)
        _need_one_archive(archive, members)
        named = dict(zip(names, members, strict=True))
        given = options.get("member")
        patterns = ENDINGS.get(kind, ("*",)) if given is None else [given] if isinstance(given, str) else given
        wanted = sorted((inner for inner in named if _matches(inner, patterns)), key=in_order)
        _need_members(wanted, names, patterns)
        report = ReadReport()
        _report_unread(report, kind, wanted, names, members)
        _report_uncovered(report, archive, members, path)
        left = unpacked_limit(options)
        target = scratch / "unpacked"
        for inner in wanted:

            def sibling(ending: str, inner: str = inner) -> BinaryIO | None:
                return _member_beside(archive, named, inner, ending, scratch / f"beside{ending}", options)

            size, sha256 = _unpack_member(archive, named[inner], target, left, options, inner)
            left -= size
            last = inner == wanted[-1]
            yield Part(f"{name}!{inner}", target, size, sha256, sibling, last, report if last else ReadReport())
        target.unlink(missing_ok=True)


def _need_one_archive(archive: zipfile.ZipFile, members: list[zipfile.ZipInfo]) -> None:
    """Two archives one behind the other: only the last one's directory is found."""
    if members and min(info.header_offset for info in archive.infolist()) > 0:
        raise Unreadable("bytes before the first member, perhaps another archive", remedy=NEW_ONE)


def _need_members(wanted: list[str], names: list[str], patterns: tuple[str, ...] | list[str]) -> None:
    if not wanted:
        nested = sum(name.lower().endswith(ARCHIVES) for name in names)
        raise Unreadable(
            f"none of the {len(names)} members matches {', '.join(patterns)}"
            + (f"; {nested} of them are archives themselves" if nested else ""),
            remedy="have the files packed once, not as an archive in an archive"
            if nested
            else "correct `member` in meta.connector, or ask the department what it sent",
        )
    twice = {name for name in wanted if names.count(name) > 1}
    if twice:
        raise Unreadable(
            f"the archive has several members of one name ({shown_names(sorted(twice))})",
            remedy="have each file packed once, under a name of its own",
        )


def _report_unread(
    report: ReadReport, kind: str, wanted: list[str], names: list[str], members: list[zipfile.ZipInfo]
) -> None:
    read = set(wanted)
    stems = {inner.rsplit(".", 1)[0].casefold() for inner in wanted}
    for position, (inner, info) in enumerate(zip(names, members, strict=True), 1):
        steps = inner.lower().split("/")
        stem, _, ending = inner.rpartition(".")
        memo = f".{ending.lower()}" in BESIDE.get(kind, ()) and stem.casefold() in stems
        if inner in read or memo or info.file_size == 0 or steps[0] == "__macosx" or steps[-1] in NOISE:
            continue
        ending = f".{ending}" if stem and re.fullmatch("[A-Za-z0-9]{1,5}", ending) else ""
        kind_of = "an archive, " if ending.lower() in ARCHIVES else ""
        what = f" ({kind_of}{ending})" if ending else ""
        report.leave_out("member", rows=None, where=f"member {position}{what}")


def _report_uncovered(report: ReadReport, archive: zipfile.ZipFile, members: list[zipfile.ZipInfo], path: Path) -> None:
    """Bytes that no member covers: a member that the directory no longer lists, something behind the end."""
    every = sorted(archive.infolist(), key=lambda info: info.header_offset)
    ends = [*(info.header_offset for info in every[1:]), archive.start_dir]
    for position, (info, end) in enumerate(zip(every, ends, strict=True), 1):
        covered = info.header_offset + HEADER + len(info.filename.encode()) + len(info.extra) + info.compress_size
        if end - covered > SLACK + 4 * len(info.extra):
            report.leave_out("trailing_data", end - covered, rows=None, where=f"after member {position}")
    size = path.stat().st_size
    with path.open("rb") as file:
        file.seek(max(size - (1 << 16) - 22, 0))
        tail = file.read()
    place = tail.rfind(END)
    behind = len(tail) - place - 22 - int.from_bytes(tail[place + 20 : place + 22], "little")
    if place >= 0 and behind > 0:
        report.leave_out("trailing_data", behind, rows=None, where="after the archive")


def _member_beside(
    archive: zipfile.ZipFile,
    named: dict[str, zipfile.ZipInfo],
    inner: str,
    ending: str,
    target: Path,
    options: Mapping[str, Any],
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
    options: Mapping[str, Any],
    inner: str,
) -> tuple[int, str]:
    password = options.get("zip_password")
    try:
        with archive.open(info, pwd=str(password).encode() if password else None) as source:
            return unpack(source, target, limit)
    except RuntimeError:  # what zipfile raises for a password that is wrong or missing
        raise Unreadable(
            "protected by a password" + (" that is not the declared one" if password else ""),
            place=f"member {shown_name(inner)}",
            remedy="set `zip_password` of the connection, or have the archive sent without one",
        ) from None
    except NotImplementedError:
        raise Unreadable(
            "packed in a way that cannot be read here (as deflate64 or AES)",
            place=f"member {shown_name(inner)}",
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
            place=f"member {shown_name(name)}",
            remedy="do not trust this archive: ask the department where it comes from",
        )


def _matches(name: str, patterns: list[str] | tuple[str, ...]) -> bool:
    steps = name.split("/")
    if steps[0] == "__MACOSX" or steps[-1].startswith((".", "~$")):
        return False
    lower = name.lower()
    return any(fnmatchcase(lower, p.lower()) or fnmatchcase(steps[-1].lower(), p.lower()) for p in patterns)
