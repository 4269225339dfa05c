"""Folders and links that change by one rename: what is under a final name is whole.

Temporary names begin with ``.tmp-`` and carry the final name, so that the next writer of the same thing
sweeps what a killed one left. Single small files are in ``catalogue.files``.
"""

from __future__ import annotations

import os
import shutil
import uuid
from pathlib import Path

from catalogue.files import sync

PREFIX = ".tmp-"


def temporary_beside(final: Path, *, folder: bool = True) -> Path:
    """A fresh temporary path on the same file system as ``final``; made as a folder unless told otherwise."""
    final.parent.mkdir(parents=True, exist_ok=True)
    path = final.with_name(f"{PREFIX}{final.name}-{os.getpid()}-{uuid.uuid4().hex[:8]}")
    if folder:
        path.mkdir()
    return path


def sweep(parent: Path, name: str) -> list[Path]:
    """Remove what killed writers of ``parent/name`` left; the caller is its only writer."""
    left = sorted(parent.glob(f"{PREFIX}{name}-*"))
    for path in left:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
    return left


def rename_into_place(temporary: Path, final: Path, *, replace: bool = False) -> None:
    """Give a finished folder its name. ``replace`` moves an older folder aside first: between the two renames
    the name does not exist, which only suits folders that are scratch (candidates)."""
    sync(temporary)
    if replace and final.exists():
        aside = temporary_beside(final, folder=False)
        os.rename(final, aside)
        os.rename(temporary, final)
        shutil.rmtree(aside)
    else:
        os.rename(temporary, final)
    sync(final.parent)


def point(link: Path, target: str) -> None:
    """Make ``link`` a symbolic link to ``target`` (relative to the link), at once for every reader."""
    temporary = temporary_beside(link, folder=False)
    os.symlink(target, temporary)
    os.replace(temporary, link)
    sync(link.parent)
