"""Releases: numbered, never changed, and at every moment either the old one or the new one is current."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from catalogue.checksums import sha256_of
from catalogue.installation import Installation
from catalogue.model import BaseTable, Column
from publishing.candidate import Candidate, write_candidate
from publishing.release import GateFailed, Release, current_fingerprint, heal, is_published, publish, releases
from publishing.released import (
    ReleaseError,
    current_number,
    current_release,
    manifest_of,
    parquet_files,
    published_tables,
)
from publishing.rollback import resume, rollback

TABLE = BaseTable(name="person", description="人", primary_key=("id",), columns=(Column(name="id", type="bigint"),))


class Passed:
    passed = True
    blocked_by: tuple[Any, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        return {"verdict": "passed", "checks": []}


class Failed(Passed):
    passed = False

    class Check:
        name, observed = "id__not_null", "3"

    blocked_by = (Check(),)


class City:
    """An installation whose one table has as many rows as it is told."""

    def __init__(self, folder: Path) -> None:
        self.installation = Installation(folder / "data", folder / "city", folder / "content")

    def candidate(self, rows: int) -> Candidate:
        with duckdb.connect() as warehouse:
            warehouse.execute(f"create table person as select range as id from range({rows})")
            return write_candidate(self.installation, TABLE, warehouse)

    def run(self, rows: int) -> Release:
        return publish(self.installation, self.candidate(rows), Passed(), {"fingerprint": f"f{rows}"})

    def rows(self) -> int | None:
        """What a reader sees: counted in the files, which must be those of the manifest."""
        manifest = current_release(self.installation, "person")
        if manifest is None:
            return None
        for file in manifest["files"]:
            assert sha256_of(manifest["path"] / file["name"]) == file["sha256"]
        with duckdb.connect() as connection:
            counted = connection.execute("select count(*) from read_parquet(?)", [parquet_files(manifest)]).fetchall()[
                0
            ][0]
        assert counted == manifest["rows"]
        return counted

    def leftovers(self) -> list[str]:
        folders = (self.installation.candidate, self.installation.published / "person")
        return [p.name for f in folders if f.is_dir() for p in f.iterdir() if p.name.startswith(".")]


@pytest.fixture
def city(tmp_path: Path) -> City:
    return City(tmp_path)


def test_releases_are_numbered_and_current_leads_to_the_newest(city: City) -> None:
    assert city.rows() is None and published_tables(city.installation) == []
    first, second = city.run(3), city.run(4)
    assert [(r.number, r.state, r.rows) for r in (first, second)] == [
        ("000001", "new", 3),
        ("000002", "new", 4),
    ]
    assert os.readlink(city.installation.published / "person" / "current") == "000002"
    assert city.rows() == 4 and published_tables(city.installation) == ["person"]
    assert [(r["release"], r["current"], r["rows"], r["gate"]) for r in releases(city.installation)] == [
        ("000001", False, 3, "passed"), ("000002", True, 4, "passed"),
    ]  # fmt: skip


def test_the_manifest_says_what_the_release_is(city: City) -> None:
    manifest = manifest_of(city.run(3).path)
    assert manifest["table"] == "person" and manifest["rows"] == 3 and manifest["description"] == "人"
    assert manifest["schema"] == [{"name": "id", "type": "int64"}] and manifest["primary_key"] == ["id"]
    assert manifest["lineage"] == {"fingerprint": "f3"} and manifest["gate"]["verdict"] == "passed"
    assert manifest["published_at"].endswith("+00:00")


def test_a_release_cannot_be_changed(city: City) -> None:
    release = city.run(3)
    assert {path.stat().st_mode & 0o777 for path in release.path.iterdir()} == {0o400}


def test_the_same_content_makes_no_new_release_but_is_known_to_be_current(city: City) -> None:
    city.run(3)
    again = publish(city.installation, city.candidate(3), Passed(), {"fingerprint": "another build"})
    assert (again.state, again.number) == ("unchanged", "000001")
    assert current_fingerprint(city.installation, "person") == "another build"
    assert not (city.installation.candidate / "person").exists(), "nobody takes it for rows to come"


def test_content_that_comes_back_later_is_a_release_of_its_own(city: City) -> None:
    assert [city.run(rows).number for rows in (3, 4, 3)] == ["000001", "000002", "000003"]


def test_a_candidate_that_did_not_pass_is_not_published(city: City) -> None:
    city.run(3)
    with pytest.raises(GateFailed, match="id__not_null") as error:
        publish(city.installation, city.candidate(9), Failed(), {})
    assert city.rows() == 3 and "former release stays current" in str(error.value)


def test_a_table_that_was_rolled_back_stays_so_until_somebody_resumes_it(city: City) -> None:
    city.run(3), city.run(4)
    assert rollback(city.installation, "person", "000001", why="wrong").state == "rolled back"
    assert city.rows() == 3
    for rows in (4, 5):
        again = city.run(rows)
        assert (again.state, again.number, city.rows()) == ("held", "000001", 3)
        assert is_published(city.installation, "person", f"f{rows}"), "the next run has nothing to do"
        assert not city.leftovers()
    assert resume(city.installation, "person").why == "wrong"
    assert not is_published(city.installation, "person", "f5"), "the next run has something to do"
    assert (city.run(5).state, city.rows()) == ("new", 5)


def test_rolled_back_content_is_not_published_again_but_other_content_is(city: City) -> None:
    city.run(3), city.run(4)
    rollback(city.installation, "person", why="wrong")
    resume(city.installation, "person")
    again = city.run(4)
    assert (again.state, again.number, city.rows()) == ("withdrawn", "000002", 3)
    assert current_fingerprint(city.installation, "person") == "f4", "the next run has nothing to do"
    assert (city.run(3).state, city.run(5).state, city.rows()) == ("unchanged", "new", 5)


def test_a_rollback_can_be_taken_back(city: City) -> None:
    city.run(3), city.run(4), city.run(5)
    rollback(city.installation, "person", "000001", why="wrong")
    rollback(city.installation, "person", "000002", why="wrong")
    heal(city.installation, "person")
    assert city.rows() == 4 and city.run(5).state == "held"
    rollback(city.installation, "person", "000003", why="it was right")
    assert city.rows() == 5 and (city.run(5).state, city.run(6).state) == ("unchanged", "new")


def test_a_rollback_to_a_release_that_is_not_there_is_refused(city: City) -> None:
    city.run(3)
    with pytest.raises(ReleaseError, match="no release 000007") as error:
        rollback(city.installation, "person", "000007", why="wrong")
    assert error.value.remedy and city.rows() == 3


def test_a_half_written_link_or_note_does_not_count(city: City) -> None:
    city.run(3)
    folder = city.installation.published / "person"
    (folder / ".tmp-current-1-dead").symlink_to("000009")
    (folder / "current").unlink()
    (folder / "current").symlink_to("000009")
    assert current_number(city.installation, "person") is None
    heal(city.installation, "person")
    assert city.rows() == 3 and not city.leftovers()


class KilledError(BaseException):
    """Not an Exception: nothing may catch it, as nothing catches kill -9."""


class Killer:
    """Lets the first ``after`` calls that change the disk through and dies at the next one."""

    CALLS = ("rename", "replace", "symlink", "mkdir", "chmod", "unlink", "rmdir")

    def __init__(self, patch: pytest.MonkeyPatch, after: int) -> None:
        self.left, self.struck = after, False
        for name in self.CALLS:
            patch.setattr(os, name, self._watched(getattr(os, name)))

    def _watched(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def watched(*arguments: Any, **options: Any) -> Any:
            if self.left > 0 or self.struck:
                self.left -= 1
                return call(*arguments, **options)
            self.struck = True
            raise KilledError

        return watched


def every_kill(action: Callable[[City], Any], before: Callable[[City], Any], folder: Path) -> Iterator[City]:
    """The same installation, with ``action`` killed at each of its steps in turn."""
    for step in range(200):
        city = City(folder / str(step))
        before(city)
        with pytest.MonkeyPatch.context() as patch:
            killer = Killer(patch, step)
            patch.setattr(os, "getpid", lambda: 1)  # the next run is another process
            with contextlib.suppress(KilledError):
                action(city)
        if not killer.struck:
            assert step > 3, "the killer never had a chance"
            return
        yield city
    raise AssertionError("this action never ends")


def test_a_kill_at_any_step_of_publishing_leaves_a_whole_release_and_the_next_run_puts_things_right(
    tmp_path: Path,
) -> None:
    kills = 0
    for city in every_kill(lambda c: c.run(4), lambda c: c.run(3), tmp_path):
        kills += 1
        assert city.rows() in (3, 4)
        again = city.run(4)
        assert city.rows() == 4 and again.number == "000002"
        assert again.state in ("new", "unchanged")
        assert current_fingerprint(city.installation, "person") == "f4"
        assert [r["release"] for r in releases(city.installation)] == ["000001", "000002"]
        assert not city.leftovers()
    assert kills > 10


def test_a_kill_in_the_first_publication_leaves_nothing_or_a_whole_release(tmp_path: Path) -> None:
    for city in every_kill(lambda c: c.run(4), lambda c: None, tmp_path):
        assert city.rows() in (None, 4)
        assert city.run(4).number == "000001" and city.rows() == 4 and not city.leftovers()


def test_a_kill_in_a_rollback_leaves_one_of_the_two_and_the_next_run_agrees(tmp_path: Path) -> None:
    def two(city: City) -> None:
        city.run(3), city.run(4)

    for city in every_kill(lambda c: rollback(c.installation, "person", "000001", why="wrong"), two, tmp_path):
        assert city.rows() in (3, 4)
        withdrawn = city.installation.published / "person" / "withdrawn.json"
        expected = 3 if withdrawn.exists() else 4
        city.run(4)
        assert city.rows() == expected
