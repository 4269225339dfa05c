"""Who may read what an installation writes."""

from __future__ import annotations

import grp
import os
from pathlib import Path

import pytest

from catalogue import private
from catalogue.errors import GovshareError
from catalogue.installation import Installation


def modes(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): f"{path.stat().st_mode & 0o777:o}" for path in sorted(folder.rglob("*"))}


@pytest.fixture
def wide_open(tmp_path: Path) -> Installation:
    """As an older version left it: everybody may read."""
    installation = Installation(tmp_path / "data", tmp_path / "data" / "city", tmp_path)
    release = installation.published / "population" / "000001"
    for folder in (installation.landing, release, installation.data / "decisions"):
        folder.mkdir(parents=True)
    (installation.data / "run.lock").touch()
    (release / "part-00000.parquet").touch(0o444)
    (installation.published / "population" / "confirmed.json").touch()
    (installation.published / "population" / "current").symlink_to("000001")
    for path in installation.data.rglob("*"):
        if not path.is_symlink() and path.suffix != ".parquet":
            path.chmod(0o755 if path.is_dir() else 0o644)
    installation.data.chmod(0o755)
    return installation


def test_an_installation_of_an_older_version_is_closed(
    wide_open: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GOVSHARE_GROUP", raising=False)
    private.correct(wide_open)
    assert wide_open.data.stat().st_mode & 0o777 == 0o700
    assert modes(wide_open.data) == {
        "decisions": "700", "landing": "700", "run.lock": "600",
        "published": "700", "published/population": "700", "published/population/000001": "700",
        "published/population/000001/part-00000.parquet": "400",
        "published/population/confirmed.json": "600", "published/population/current": "700",
    }  # fmt: skip


def test_a_group_reads_what_is_published_and_nothing_else(
    wide_open: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    group = grp.getgrgid(os.getgid()).gr_name
    monkeypatch.setenv("GOVSHARE_GROUP", group)
    private.correct(wide_open)
    assert wide_open.data.stat().st_mode & 0o777 == 0o710  # passed through, not listed
    assert modes(wide_open.data) == {
        "decisions": "700", "landing": "700", "run.lock": "600",
        "published": "750", "published/population": "750", "published/population/000001": "750",
        "published/population/000001/part-00000.parquet": "440",
        "published/population/confirmed.json": "640", "published/population/current": "750",
    }  # fmt: skip
    assert {path.stat().st_gid for path in wide_open.published.rglob("*")} == {os.getgid()}
    monkeypatch.delenv("GOVSHARE_GROUP")
    private.correct(wide_open)  # and back
    assert wide_open.published.stat().st_mode & 0o777 == 0o700


def test_a_group_that_is_not_there_is_named(wide_open: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOVSHARE_GROUP", "no such group")
    with pytest.raises(GovshareError, match="there is no group 'no such group' on this machine"):
        private.correct(wide_open)


def test_a_process_and_its_children_write_for_their_owner_only(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        private.begin()
        (tmp_path / "folder").mkdir()
        os.system(f"touch {tmp_path}/folder/file")
    finally:
        os.umask(before)
    assert modes(tmp_path) == {"folder": "700", "folder/file": "600"}
