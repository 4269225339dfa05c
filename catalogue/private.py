"""Who may read what an installation writes: its owner, and of what is published a group that the owner names.

``begin`` is the first call of every entry point; what a process starts has its umask. ``GOVSHARE_GROUP`` names the
group of those who read what is published (departments, analysts). All else in the data folder is the owner's alone.
"""

from __future__ import annotations

import grp
import os
from collections.abc import Iterable
from pathlib import Path

from catalogue import redaction
from catalogue.errors import GovshareError
from catalogue.installation import Installation

UMASK = 0o077
FOLDER, FOLDER_ON_THE_WAY, FOLDER_OF_GROUP = 0o700, 0o710, 0o750
FILE, FILE_OF_GROUP = 0o600, 0o640
RELEASED, RELEASED_TO_GROUP = 0o400, 0o440  # never changed


def begin() -> None:
    """From now on this process and its children write for their owner only, and log no value of the data."""
    os.umask(UMASK)
    redaction.in_logs()


def readers() -> int | None:
    """The id of the group that reads what is published; none where ``GOVSHARE_GROUP`` is not set."""
    name = os.environ.get("GOVSHARE_GROUP")
    if not name:
        return None
    try:
        return grp.getgrnam(name).gr_gid
    except KeyError:
        raise GovshareError(
            f"there is no group {name!r} on this machine",
            where="GOVSHARE_GROUP",
            remedy="make it (groupadd) or name one that there is",
        ) from None


def correct(installation: Installation) -> None:
    """Give the folders of an installation the modes of today, also where an older version wrote them for everybody.

    A folder that nobody else may enter closes what lies below it, so the first level is enough.
    """
    data = installation.data
    data.mkdir(parents=True, exist_ok=True)
    group = readers()
    _give(data, group, FOLDER if group is None else FOLDER_ON_THE_WAY)
    for path in data.iterdir():
        if not path.is_symlink() and path != installation.published:
            _give(path, None, FOLDER if path.is_dir() else FILE)
    share_published(installation)


def share_published(installation: Installation) -> None:
    """Let the group read all that is published, with the notes beside the releases."""
    if installation.published.is_dir():
        published = (p for p in installation.published.rglob("*") if not p.is_symlink())
        share([installation.published, *published])


def share(paths: Iterable[Path], *, released: bool = False) -> None:
    """Let the group read published folders and files. ``released``: these are never changed again."""
    group = readers()
    for path in paths:
        folder = path.is_dir()
        unchangeable = not folder and (released or not _mode(path) & 0o200)
        if group is None:
            _give(path, None, FOLDER if folder else RELEASED if unchangeable else FILE)
        else:
            _give(path, group, FOLDER_OF_GROUP if folder else RELEASED_TO_GROUP if unchangeable else FILE_OF_GROUP)


def _mode(path: Path) -> int:
    try:
        return path.stat().st_mode
    except FileNotFoundError:
        return FILE


def _give(path: Path, group: int | None, mode: int) -> None:
    try:
        now = path.stat()
        if group is not None and now.st_gid != group:
            os.chown(path, -1, group)
        if now.st_mode & 0o777 != mode:
            path.chmod(mode)
    except FileNotFoundError:  # a temporary one, or swept by another process
        return
    except PermissionError as error:
        raise GovshareError(
            f"its mode cannot be set to {mode:o}" + (", or its group" if group is not None else ""),
            where=str(path),
            remedy="let the user that runs govshare own the data folder, and be in the group that GOVSHARE_GROUP names",
        ) from error
