"""Releases and the analysts' file under faults: flipped bits, damaged notes, a full disk, a roll-back and its cause."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from catalogue.errors import GovshareError
from catalogue.installation import Installation
from catalogue.model import BaseTable, Column
from publishing.analyst import AnalystError, build_analyst_database
from publishing.candidate import CandidateError, write_candidate
from publishing.query import QueryError, query
from publishing.release import Release, current_fingerprint, is_published, publish, releases
from publishing.released import ReleaseError, current_release, damage, parquet_files
from publishing.rollback import resume, rollback

TABLE = BaseTable(
    name="person", description="人", primary_key=("id",), columns=(Column(name="id"), Column(name="name"))
)


class Passed:
    passed = True
    blocked_by: tuple[object, ...] = ()

    def as_dict(self) -> dict[str, object]:
        return {"verdict": "passed", "checks": []}


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    return Installation(tmp_path / "data", tmp_path / "city", tmp_path / "content")


def release(installation: Installation, rows: int, batches: dict[str, str] | None = None) -> Release:
    with duckdb.connect() as warehouse:
        warehouse.execute(f"create table person as select range as id, md5(range::varchar) as name from range({rows})")
        candidate = write_candidate(installation, TABLE, warehouse)
    lineage = {"fingerprint": f"f{rows}"} | ({"batches": batches} if batches else {})
    return publish(installation, candidate, Passed(), lineage)


def flip(file: Path, seed: int) -> None:
    """One bit, somewhere. The file's time does not tell."""
    content, before = bytearray(file.read_bytes()), file.stat()
    place = random.Random(seed).randrange(len(content) * 8)
    content[place // 8] ^= 1 << place % 8
    file.chmod(0o644)
    file.write_bytes(content)
    assert file.stat().st_size == before.st_size


@pytest.mark.parametrize("seed", range(8))
def test_a_release_with_a_flipped_bit_is_read_into_nothing_and_published_anew(
    installation: Installation, seed: int
) -> None:
    made = release(installation, 2000)
    build_analyst_database(installation)
    flip(made.path / "part-00000.parquet", seed)
    manifest = current_release(installation, "person")
    assert manifest and not is_published(installation, "person", "f2000")
    with pytest.raises(ReleaseError, match=r"release 000001 is damaged: part-00000.parquet has other bytes"):
        parquet_files(manifest)
    again = release(installation, 2000)  # the same content: what a run would do
    assert (again.state, again.number) == ("new", "000002")
    assert build_analyst_database(installation).tables == {"person": "000002"}
    assert query(installation, "select count(*) from person")[1] == [(2000,)]


def test_an_unchanged_release_is_hashed_once(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    release(installation, 3)
    manifest = current_release(installation, "person")
    assert manifest and damage(manifest) is None
    monkeypatch.setattr("catalogue.checksums.sha256_of", lambda path: pytest.fail("hashed again"))
    assert parquet_files(manifest)
    (installation.published / ".checksums.json").write_bytes(b"\xff\x00 garbage")
    with pytest.raises(pytest.fail.Exception):
        parquet_files(manifest)  # the list was damaged, so nothing is known


def test_a_file_that_is_gone_or_shorter_is_seen_without_hashing(installation: Installation) -> None:
    made = release(installation, 30)
    part = made.path / "part-00000.parquet"
    content = part.read_bytes()
    part.chmod(0o644)
    part.write_bytes(content[:-1])
    manifest = current_release(installation, "person")
    assert manifest and "bytes instead of" in (damage(manifest) or "")
    part.unlink()
    assert damage(manifest) == "part-00000.parquet is missing"


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b"\xff\xfe\x00", b'{"release": 3}', b"[" * 100_000])
@pytest.mark.parametrize("name", ["confirmed.json", "000001/manifest.json", "../analyst.json", "../.checksums.json"])
def test_a_damaged_note_of_a_release_is_made_anew_by_the_next_run(
    installation: Installation, name: str, content: bytes
) -> None:
    release(installation, 3)
    build_analyst_database(installation)
    file = installation.published / "person" / name
    file.resolve().chmod(0o644)
    file.write_bytes(content)
    again = release(installation, 3)
    assert again.state == ("new" if "manifest" in name else "unchanged")
    assert is_published(installation, "person", "f3")
    build_analyst_database(installation)
    assert query(installation, "select count(*) from person")[1] == [(3,)]
    assert [r["release"] for r in releases(installation) if r["current"]] == [again.number]


@pytest.mark.parametrize("content", [b"", b"{", b"null", b"7", b"\xff\xfe\x00", b'{"releases": 1}'])
def test_a_damaged_decision_releases_nothing_until_somebody_decides_again(
    installation: Installation, content: bytes
) -> None:
    release(installation, 3), release(installation, 4)
    rollback(installation, "person", why="wrong")
    (installation.published / "person" / "withdrawn.json").write_bytes(content)
    with pytest.raises(GovshareError, match="rolled back cannot be read"):
        release(installation, 5)
    assert _rows(installation) == 3 and not is_published(installation, "person", "f4"), "it stops no other table"
    assert "cannot be read" in str(releases(installation)[0]["held"])
    rollback(installation, "person", "000001", why="wrong")
    assert release(installation, 5).state == "held"


def _rows(installation: Installation) -> int:
    manifest = current_release(installation, "person")
    assert manifest
    with duckdb.connect() as connection:
        rows = connection.execute("select count(*) from read_parquet(?)", [parquet_files(manifest)]).fetchall()
    return int(rows[0][0])


def land(installation: Installation, resource: str, batch: str) -> Path:
    folder = installation.landing_of(resource) / batch
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text(json.dumps({"batch": batch, "resource": resource}))
    return folder


def test_a_hold_ends_when_a_batch_that_was_new_in_the_bad_release_is_withdrawn(installation: Installation) -> None:
    for batch in ("000001", "000002"):
        land(installation, "a.a", batch)
    old, new = land(installation, "b.b", "000001"), land(installation, "b.b", "000002")
    release(installation, 3, {"a.a": "000002", "b.b": "000001"})
    release(installation, 4, {"a.a": "000002", "b.b": "000002"})
    rollback(installation, "person", why="b.b 000002 has another city's people")
    land(installation, "a.a", "000003")
    held = release(installation, 5, {"a.a": "000003", "b.b": "000002"})
    assert (held.state, _rows(installation)) == ("held", 3), "the next delivery does not bring the bad content back"
    assert [r["held"] for r in releases(installation)] == ["b.b 000002 has another city's people", None]
    new.rename(new.with_name("withdrawn"))
    assert not is_published(installation, "person", "f5")
    assert (release(installation, 6).state, _rows(installation)) == ("new", 6)
    assert old.exists()
    with pytest.raises(ReleaseError, match="not held"):
        resume(installation, "person")


def test_a_rollback_to_a_damaged_release_is_refused(installation: Installation) -> None:
    first = release(installation, 300)
    release(installation, 400)
    flip(first.path / "part-00000.parquet", 1)
    with pytest.raises(ReleaseError, match="release 000001 is damaged"):
        rollback(installation, "person", why="wrong")
    assert _rows(installation) == 400


def test_a_candidate_that_changed_after_it_was_judged_is_not_released(installation: Installation) -> None:
    release(installation, 3)
    with duckdb.connect() as warehouse:
        warehouse.execute("create table person as select range as id, 'x' as name from range(9)")
        candidate = write_candidate(installation, TABLE, warehouse)
    flip(candidate.path / "part-00000.parquet", 2)
    with pytest.raises(CandidateError, match="the candidate is damaged"):
        publish(installation, candidate, Passed(), {})
    assert _rows(installation) == 3


@pytest.mark.parametrize("seed", range(4))
def test_a_flipped_bit_in_the_analysts_file_answers_nothing_and_a_run_makes_it_anew(
    installation: Installation, seed: int
) -> None:
    release(installation, 2000)
    build_analyst_database(installation)
    flip(installation.analyst_database, seed)
    with pytest.raises(QueryError, match="other bytes than were written"):
        query(installation, "select sum(id) from person")
    assert build_analyst_database(installation).changed
    assert query(installation, "select sum(id) from person")[1] == [(1999000,)]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Eight megabytes."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounting = ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(folder)]
    if subprocess.run(mounting, capture_output=True, check=False).returncode:
        pytest.skip("only root may mount a file system")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_disk_leaves_the_analysts_file_as_it_was(installation: Installation, small_disk: Path) -> None:
    small = Installation(small_disk, installation.city, installation.content)
    release(small, 1000)
    build_analyst_database(small)
    before = small.analyst_database.read_bytes()
    release(small, 50_000)
    filler = small_disk / "filler"
    with filler.open("wb") as file:  # leaves less than the new database needs
        file.write(bytes(_free(small_disk) - (1 << 20)))
    with pytest.raises(AnalystError, match="could not be written"):
        build_analyst_database(small)
    assert small.analyst_database.read_bytes() == before
    assert not list(small.published.glob(".tmp*")), "nothing half-written stays"
    assert query(small, "select count(*) from person")[1] == [(1000,)]
    filler.unlink()
    assert build_analyst_database(small).tables == {"person": "000002"}


def test_a_full_disk_leaves_the_release_as_it_was(installation: Installation, small_disk: Path) -> None:
    small = Installation(small_disk, installation.city, installation.content)
    release(small, 1000)
    filler = small_disk / "filler"
    filler.write_bytes(bytes(_free(small_disk) - (200 << 10)))
    with pytest.raises(OSError):
        release(small, 50_000)
    assert _rows(small) == 1000 and current_fingerprint(small, "person") == "f1000"
    filler.unlink()
    assert release(small, 50_000).state == "new"


def _free(folder: Path) -> int:
    import os

    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize


LIMITED = """
import resource, signal, sys
from pathlib import Path
from catalogue.installation import Installation
from publishing.analyst import build_analyst_database
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (600_000, 600_000))
build_analyst_database(Installation(*map(Path, sys.argv[1:])))
"""


def test_a_limit_on_the_size_of_files_is_as_good_as_a_full_disk(installation: Installation) -> None:
    release(installation, 1000)
    build_analyst_database(installation)
    before = installation.analyst_database.read_bytes()
    release(installation, 50_000)
    arguments = [str(path) for path in (installation.data, installation.city, installation.content)]
    done = subprocess.run([sys.executable, "-c", LIMITED, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode and "AnalystError" in done.stderr, done.stderr
    assert installation.analyst_database.read_bytes() == before
    assert build_analyst_database(installation).changed
