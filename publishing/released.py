"""What has been published, as its readers find it: which release is current, what it says of itself, and its files.

These are those that were published: each is hashed when it is first read.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from catalogue.checksums import Checksums, Expected
from catalogue.errors import GovshareError
from catalogue.installation import Installation

CURRENT = "current"
MANIFEST = "manifest.json"
CHECKSUMS = ".checksums.json"  # of files of releases that were found to be right
DAMAGED = "govshare run publishes it anew; or take an older release (govshare rollback), or restore the folder"
NUMBER = re.compile(r"\d{6}")


class ReleaseError(GovshareError):
    """A release that was asked for is not there, or its files are not those that were published."""


def published_tables(installation: Installation, *, with_current: bool = True) -> list[str]:
    """Names of the tables that have a release, sorted."""
    if not installation.published.is_dir():
        return []
    folders = [path for path in sorted(installation.published.iterdir()) if path.is_dir()]
    return [path.name for path in folders if numbers(path) and (not with_current or (path / CURRENT).exists())]


def numbers(folder: Path) -> list[str]:
    if not folder.is_dir():
        return []
    return sorted(path.name for path in folder.iterdir() if NUMBER.fullmatch(path.name))


def current_number(installation: Installation, table: str) -> str | None:
    """The number that ``current`` leads to; null before the first release."""
    link = installation.published / table / CURRENT
    return os.readlink(link) if link.is_symlink() and link.exists() else None


def current_release(installation: Installation, table: str) -> dict[str, Any] | None:
    """The manifest of the current release, with its folder under ``path``; null before the first release. Raises
    ``ReleaseError`` when it cannot be read; its files are checked when somebody asks for them (``parquet_files``)."""
    number = current_number(installation, table)
    if number is None:
        return None
    return manifest_of(installation.published / table / number)


def release_of(installation: Installation, table: str) -> dict[str, Any]:
    """The same, for who cannot do without one."""
    manifest = current_release(installation, table)
    if manifest is None:
        raise ReleaseError(
            "this table has no release", where=table, remedy="govshare releases lists what has been published"
        )
    return manifest


def manifest_of(release: Path) -> dict[str, Any]:
    """What a release says of itself, with its folder under ``path``."""
    try:
        manifest = json.loads((release / MANIFEST).read_bytes())
        assert all(file["name"] and file["sha256"] for file in manifest["files"])
        return {**manifest, "path": release}
    except (OSError, ValueError, KeyError, TypeError, RecursionError, AssertionError) as error:
        raise ReleaseError(
            f"the manifest of release {release.name} cannot be read ({type(error).__name__})",
            where=release.parent.name,
            remedy=DAMAGED,
        ) from None


def manifests(folder: Path) -> list[dict[str, Any]]:
    """Of all releases that can be read."""
    found = []
    for number in numbers(folder):
        with suppress(ReleaseError):
            found.append(manifest_of(folder / number))
    return found


def expected_files(manifest: Mapping[str, Any]) -> list[Expected]:
    """The files of a release as its manifest describes them."""
    return [Expected(manifest["path"] / file["name"], file["bytes"], file["sha256"]) for file in manifest["files"]]


def damage(manifest: Mapping[str, Any]) -> str | None:
    """What is wrong with the files of a release; null: they are those that were published. Each is hashed when it is
    first asked for."""
    checksums = Checksums(manifest["path"].parents[1] / CHECKSUMS)
    found = [f"{e.path.name} {wrong}" for e in expected_files(manifest) if (wrong := checksums.wrong(e))]
    checksums.save()
    return "; ".join(found[:3]) if found else None


def parquet_files(manifest: Mapping[str, Any]) -> list[str]:
    """Absolute paths of the files of a release, to be read now. Raises ``ReleaseError`` for a damaged one."""
    if found := damage(manifest):
        raise ReleaseError(
            f"release {manifest['release']} is damaged: {found}", where=manifest["table"], remedy=DAMAGED
        )
    return [str(expected.path) for expected in expected_files(manifest)]
