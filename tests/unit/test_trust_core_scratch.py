"""Working folders of collections: for the owner alone, within the data folder, swept, without a descriptor lost."""

from __future__ import annotations

import fcntl
import gzip
import os
import stat
import tempfile
from pathlib import Path

import pytest
from support.collecting import Office, Resource, Spec

from connectors import scratch as scratches
from connectors.scratch import new_folder, root_of, scratch, sweep


def test_a_working_folder_is_for_the_owner_alone_and_goes_away(tmp_path: Path) -> None:
    former = os.umask(0o022)
    try:
        with scratch(tmp_path / ".tmp") as folder:
            assert stat.S_IMODE(folder.stat().st_mode) == 0o700
            (folder / "file").write_text("x")
        assert not folder.exists()
    finally:
        os.umask(former)


def test_a_lock_that_fails_leaks_no_descriptor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = 0

    def flock(descriptor: int, operation: int) -> None:
        nonlocal asked
        asked += 1
        if asked <= 20:
            raise BlockingIOError
        if asked == 22:
            raise OSError("no locks available")

    monkeypatch.setattr(scratches.fcntl, "flock", flock)
    before = len(os.listdir("/proc/self/fd"))
    folder, lock = new_folder(tmp_path)
    os.close(lock)
    with pytest.raises(OSError, match="no locks"):
        new_folder(tmp_path)
    assert len(os.listdir("/proc/self/fd")) == before
    assert folder.is_dir() and fcntl.LOCK_EX


def test_unpacked_files_lie_in_the_data_folder_and_a_killed_collection_s_are_swept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = Office(tmp_path, 'path = "drop"')
    drop = tmp_path / "city" / "drop"
    drop.mkdir()
    (drop / "a.csv.gz").write_bytes(gzip.compress(b"id,name\n1,x\n"))
    system = tmp_path / "system"
    system.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(system))
    seen: list[Path] = []
    made = tempfile.TemporaryDirectory

    def noted(*arguments: object, **options: object) -> tempfile.TemporaryDirectory[str]:
        folder = made(*arguments, **options)  # type: ignore[call-overload]
        seen.append(Path(folder.name))
        return folder  # type: ignore[no-any-return]

    monkeypatch.setattr(tempfile, "TemporaryDirectory", noted)
    resource = Resource("office.a", Spec("delimited", "office", ("id",), options={"path": "*.gz", "settle": 0}))
    assert office.collect(resource).rows == 1
    root = root_of(office.installation)
    assert seen and all(root in folder.parents for folder in seen)
    assert list(root.iterdir()) == [] and list(system.iterdir()) == []
    left = root / "killed"
    left.mkdir()
    (left / "clear.csv").write_text("x")
    assert sweep(office.installation) == 1 and not left.exists()
