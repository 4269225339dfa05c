"""Archives: the files inside a delivered file, each unpacked to a working file with its sha256.

An archive is known by its first bytes, not by its name. An archive that unpacks to more than a limit, or has too many
members, names that lead elsewhere, links or a password, is refused, and so is one of another kind than zip and gz.

Options: ``member`` (pattern of the members to take; default: the usual endings of the kind),
``unpacked_limit_mb``.
"""

from __future__ import annotations

import gzip
import hashlib
import lzma
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from connectors.files.part import NEW_ONE, Part, unpack, unpacked_limit
from connectors.files.text import Unreadable
from connectors.files.zip_archive import zip_parts

WORKBOOK_PARTS = {"[Content_Types].xml", "mimetype", "content.xml"}
START_BYTES = 512
OTHERS = {  # first bytes of archives that are not opened here
    b"7z\xbc\xaf\x27\x1c": "a 7-Zip archive",
    b"Rar!\x1a\x07": "a RAR archive",
    b"\xfd7zXZ\0": "an xz file",
    b"BZh": "a bzip2 file",
    b"\x28\xb5\x2f\xfd": "a zstd file",
    b"\x04\x22\x4d\x18": "an lz4 file",
    b"MSCF\0\0\0\0": "a cabinet archive",
    b"MZ\x90\0": "a program, perhaps an archive that unpacks itself",
    b"PK\x07\x08": "one piece of an archive that is split",
}


def parts(path: Path, name: str, kind: str, options: dict[str, Any], scratch: Path) -> Iterator[Part]:
    """The files to read in a delivered file; unpacked ones lie in ``scratch`` until the next is asked for."""
    try:
        with path.open("rb") as file:
            start = file.read(START_BYTES)
            _need_known(start)
            if start[:2] == b"\x1f\x8b":
                yield from _gz(path, name, options, scratch)
            elif start[:4] in (b"PK\x03\x04", b"PK\x05\x06") and not (kind == "excel" and _is_workbook(path)):
                yield from zip_parts(path, name, kind, options, scratch)
            else:
                file.seek(0)
                sha256 = hashlib.file_digest(file, "sha256").hexdigest()
                yield Part(name, path, path.stat().st_size, sha256, lambda ending: _beside(path, ending))
    except OSError as error:
        if isinstance(error, gzip.BadGzipFile):
            raise Unreadable("a broken gz file, or one with something behind its end", remedy=NEW_ONE) from None
        raise Unreadable(
            f"cannot be opened ({error.strerror or type(error).__name__})",
            remedy="give govshare's account the right to read the file, or have it delivered again",
        ) from None
    except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError):
        raise Unreadable("a broken or incomplete archive", remedy=NEW_ONE) from None


def _need_known(start: bytes) -> None:
    kind = next((kind for first, kind in OTHERS.items() if start.startswith(first)), None)
    if kind == "a bzip2 file" and start[4:10] != b"1AY&SY":
        kind = None
    if start[257:262] == b"ustar":
        kind = "a tar archive"
    if kind is not None:
        raise Unreadable(f"{kind}, which is not opened here", remedy="have the files sent as they are, or as zip or gz")


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
        size, sha256 = unpack(source, target, unpacked_limit(options))
    with target.open("rb") as file:
        _need_known(file.read(START_BYTES))
    inner = name.removesuffix(".gz")
    yield Part(inner if inner != name else name, target, size, sha256, lambda ending: None)
    target.unlink(missing_ok=True)
