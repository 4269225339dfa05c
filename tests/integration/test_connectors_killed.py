"""A collection killed at every point: the next gives the rows of an undisturbed one, none twice or missing.

``support.killing`` says what a point is. The sources change between and during the attempts.
"""

from __future__ import annotations

import itertools
import random
import shutil
import sqlite3
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.collecting import Office, Resource, Spec, database_resource
from support.killing import Killer
from support.servers import postgresql, postgresql_database

from connectors.landing import committed, damaged, sweep

MOST_POINTS = 400


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory where there is one: a few thousand syncs to a disk would be all that is measured."""
    if not Path("/dev/shm").is_dir():
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(dir="/dev/shm", prefix="govshare-") as made:
        yield Path(made)


class Register(Office):
    """A table in SQLite whose rows have a version: no version of a row may land twice."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, 'url = "sqlite:///office.db"')
        self.db = sqlite3.connect(folder / "city" / "office.db", isolation_level=None)
        self.db.executescript(
            "create table people (id integer primary key, version integer, name text, updated text);"
            "with recursive n(i) as (select 1 union all select i + 1 from n where i < 60) "
            "insert into people select i, 1, '人' || i, '2026-01-01 10:00:' || printf('%02d', i % 60) from n"
        )

    def change(self) -> None:
        self.db.executescript(
            "update people set version = version + 1, updated = '2026-01-02 11:00:00' where id % 20 = 3;"
            "insert into people values (500, 1, '新', '2026-01-02 11:00:01');"
            "delete from people where id = 7 "
        )


def need_whole(office: Office, resource: Resource, source: list[tuple[Any, ...]]) -> None:
    """Nothing twice, nothing missing, nothing half: what landed last of each key is the source."""
    manifests = committed(office.installation, resource.id)
    assert [int(m.batch) for m in manifests] == list(range(1, len(manifests) + 1))
    assert [name for m in manifests for name in damaged(m)] == []
    landed = office.landed(resource, "id, version, name, _op")
    assert len({row[:2] for row in landed if row[3] == "upsert"}) == sum(row[3] == "upsert" for row in landed)
    current: dict[Any, Any] = {}
    for key, version, name, op in landed:
        current[key] = None if op == "delete" else (version, name)
    wanted = {row[0]: tuple(row[1:3]) for row in source}
    assert {k: v for k, v in current.items() if v is not None} == wanted
    sweep(office.installation)
    assert list((office.installation.landing / ".tmp").iterdir()) == []


def collected(office: Office, resource: Resource) -> bool:
    """Collect; whether the row that will be deleted has landed."""
    office.collect(resource)
    return bool(office.landed(resource, "id", "id = 7"))


@pytest.mark.parametrize(
    ("mode", "options", "first", "step"),
    [
        ("incremental", {"range_rows": 40}, 1, 2),
        ("incremental", {}, 1, 5),
        ("full", {"range_rows": 40}, 2, 5),
        ("full", {}, 3, 5),
    ],
)
def test_killed_at_every_point_of_a_table(
    folder: Path, mode: str, options: dict[str, Any], first: int, step: int
) -> None:
    """The first load is killed at each point in turn, the source changes, the second one runs through.

    The modes write alike, so that one of them is killed at every second point and the others at every fifth.
    """
    office = Register(folder)
    watermark = "updated" if mode == "incremental" else None
    resource = database_resource("people", mode=mode, watermark=watermark, **options)
    before = (folder / "city" / "office.db").read_bytes()
    killed = 0
    with Killer(folder, resource) as killer:
        for point in range(first, MOST_POINTS, step):
            office.db.close()
            (folder / "city" / "office.db").write_bytes(before)
            office.db = sqlite3.connect(folder / "city" / "office.db", isolation_level=None)
            shutil.rmtree(office.installation.data, ignore_errors=True)
            answer = killer.collect(point)
            assert answer in ("killed", "done")
            killed += answer == "killed"
            if killed % 2:  # every other time the change meets an interrupted load
                office.change()
            gone = collected(office, resource)  # ends the first load
            if not killed % 2:
                office.change()
            collected(office, resource)
            source = office.db.execute("select * from people").fetchall()
            if mode == "incremental" and gone:  # a watermark does not see a delete
                source.append((7, 1, "人7", ""))
            need_whole(office, resource, source)
            if answer == "done":
                break
    assert killed >= 30 / step


def test_killed_at_every_point_of_a_second_full_read(folder: Path) -> None:
    office = Register(folder)
    resource = database_resource("people", mode="full", watermark=None)
    office.collect(resource)
    office.change()
    shutil.copytree(office.installation.data, folder / "after_first")
    source = office.db.execute("select * from people").fetchall()
    with Killer(folder, resource) as killer:
        for point in range(1, MOST_POINTS, 4):
            shutil.rmtree(office.installation.data)
            shutil.copytree(folder / "after_first", office.installation.data)
            answer = killer.collect(point)
            assert killer.collect(0) == "done"
            need_whole(office, resource, source)
            if answer == "done":
                break
    assert point > 12


def test_killed_at_every_point_of_a_drop_folder(folder: Path) -> None:
    office = Office(folder, 'path = "in"')
    inbox = folder / "city" / "in"
    inbox.mkdir()

    def deliver(name: str, numbers: range) -> None:
        rows = "".join(f"{n},1,人{n}\n" for n in numbers)
        (inbox / name).write_text(f"id,version,name\n{rows}", encoding="gb18030")

    deliver("a.csv", range(10))
    spec = Spec("delimited", "office", ("id",), options={"path": "*.csv", "settle": 0})
    resource = Resource("office.files", spec)
    with Killer(folder, resource) as killer:
        for point in range(1, MOST_POINTS, 3):
            shutil.rmtree(office.installation.data, ignore_errors=True)
            (inbox / "c.csv").unlink(missing_ok=True)
            answer = killer.collect(point)
            deliver("c.csv", range(10, 13))
            assert killer.collect(0) == "done"
            need_whole(office, resource, [(str(n), "1", f"人{n}") for n in range(13)])
            if answer == "done":
                break
    assert point > 20


@pytest.mark.server
@pytest.mark.parametrize("options", [{"range_rows": 300}, {"range_rows": 300, "sessions": 2}])
def test_killed_again_and_again_while_the_source_is_written_to(folder: Path, options: dict[str, Any]) -> None:
    """PostgreSQL: writers commit all the time, and late; one installation goes through all the deaths."""
    with postgresql_database() as url:
        postgresql(
            url,
            "create table people (id int primary key, version int, name text, updated timestamptz)",
            "insert into people select i, 1, '人' || i, now() from generate_series(1, 1500) i",
        )
        office = Office(folder, f'url = "{url}"')
        resource = database_resource("people", overlap=600, **options)
        stop = threading.Event()
        writers = [threading.Thread(target=write, args=(url, n, stop)) for n in range(2)]
        for writer in writers:
            writer.start()
        dice = random.Random(7)
        try:
            with Killer(folder, resource) as killer:
                answers = [killer.collect(dice.randint(1, 60)) for _ in range(20)]
        finally:
            stop.set()
            for writer in writers:
                writer.join()
        assert set(answers) <= {"killed", "done"} and answers.count("killed") >= 8
        while not office.collect(resource).unchanged:
            pass
        need_whole(office, resource, postgresql(url, "select id, version, name from people"))


def write(url: str, number: int, stop: threading.Event) -> None:
    """New rows and new versions of old ones, committed a little after the time that they carry."""
    import psycopg

    with psycopg.connect(url) as connection:
        for round_ in itertools.count():
            if stop.wait(0.01):
                return
            new = 10_000 * (number + 1) + round_
            connection.execute("insert into people values (%s, 1, 'neu', clock_timestamp())", (new,))
            connection.execute(
                "update people set version = version + 1, updated = clock_timestamp() where id %% 700 = %s",
                (new % 700,),
            )
            stop.wait(0.01)
            connection.commit()
