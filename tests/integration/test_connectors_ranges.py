"""Large first loads: split by themselves, read by several sessions of one snapshot, gentle on the source."""

from __future__ import annotations

import datetime as dt
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from support.collecting import Office, Resource, database_resource
from support.servers import mariadb, mariadb_database, postgresql, postgresql_database

from connectors.base import NotNow
from connectors.databases import ranges
from connectors.databases.settings import Source
from connectors.landing import committed

pytestmark = pytest.mark.server


@pytest.fixture(scope="module")
def database() -> Iterator[str]:
    with postgresql_database() as url:
        postgresql(
            url,
            "create table people (id int primary key, name text, balance int)",
            "insert into people select i, repeat('新乡', 30), 100 from generate_series(1, 6000) i",
            "create function if_first(id int) returns int language sql as 'select case id when 1 then 1 else -1 end'",
            "analyze people",
            "create table small as select * from people where id < 100",
        )
        yield url


def full(table: str = "people", **options: Any) -> Resource:
    return database_resource(table, mode="full", watermark=None, **options)


@contextmanager
def slow_line(url: str, bytes_per_second: int) -> Iterator[tuple[str, list[int]]]:
    """A way to the server on which each connection gets no more than so many bytes a second, and what each one got."""
    got: list[int] = []
    port = int(url.rsplit(":", 1)[1].split("/")[0])
    listener = socket.create_server(("127.0.0.1", 0))

    def carry(source: socket.socket, target: socket.socket, place: int | None) -> None:
        try:
            while block := source.recv(4096):
                target.sendall(block)
                if place is not None:
                    got[place] += len(block)
                    time.sleep(len(block) / bytes_per_second)
        except OSError:
            pass
        finally:
            for plug in (source, target):
                plug.close()

    def accept() -> None:
        while True:
            try:
                near, _ = listener.accept()
            except OSError:
                return
            near.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 8192)
            far = socket.create_connection(("127.0.0.1", port))
            threading.Thread(target=carry, args=(near, far, None), daemon=True).start()
            got.append(0)
            threading.Thread(target=carry, args=(far, near, len(got) - 1), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield url.replace(f":{port}/", f":{listener.getsockname()[1]}/"), got
    finally:
        listener.close()


def test_several_sessions_make_good_a_slow_line(tmp_path: Path, database: str) -> None:
    """What a session gets is limited, as by a firewall or a far server: of three each brings its share."""
    for sessions, share in ((1, 0.7), (3, 0.2)):
        with slow_line(database, 400_000) as (url, got):
            office = Office(tmp_path / str(sessions), f'url = "{url}"')
            assert office.collect(full(range_rows=1000, sessions=sessions)).rows == 6000
            assert all(part > share * sum(got) for part in sorted(got)[-sessions:])
            landed = office.landed(full(), "id, _batch, _row")
            assert [row[0] for row in landed] == list(range(1, 6001))  # in the order of keys all the same
            loads = [m.load for m in committed(office.installation, "office.people")]
            assert [load["index"] for load in loads if load] == list(range(len(loads)))


def test_sessions_share_one_snapshot(tmp_path: Path, database: str) -> None:
    """Money moves from row to row all the time: together it is the same in every snapshot."""
    office = Office(tmp_path, f'url = "{database}"')
    stop = threading.Event()

    def move() -> None:
        import psycopg

        with psycopg.connect(database, autocommit=True) as connection:
            while not stop.is_set():
                connection.execute("update people set balance = balance + if_first(id) where id in (1, 6000)")

    mover = threading.Thread(target=move)
    mover.start()
    try:
        office.collect(full(range_rows=1000, sessions=3))
    finally:
        stop.set()
        mover.join()
    assert office.landed(full(), "sum(balance), 1 as _batch, 1 as _row")[0][0] == 600_000


def test_a_large_table_is_split_without_being_asked(
    tmp_path: Path, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ranges, "LARGE", 5000)
    monkeypatch.setattr(ranges, "RANGE_ROWS", 2500)
    office = Office(tmp_path, f'url = "{database}"')
    assert len(office.collect(full()).batches) == 3
    assert len(office.collect(full("small")).batches) == 1
    whole = Resource("office.whole", full(range_rows=0).connector)
    assert len(office.collect(whole).batches) == 1
    assert office.collect(full()).unchanged


def test_mariadb_knows_about_how_large_a_table_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ranges, "LARGE", 5000)
    monkeypatch.setattr(ranges, "RANGE_ROWS", 4000)
    with mariadb_database() as url:
        mariadb(
            url,
            "create table people (id varchar(20) primary key)",
            r"insert into people select concat('k\\', lpad(seq, 6, '0'), '''%') from seq_1_to_10000",
            "analyze table people",
        )
        office = Office(tmp_path, f'url = "{url}"')
        for sessions in (1, 2):
            resource = Resource(f"office.p{sessions}", full(sessions=sessions).connector)
            assert len(office.collect(resource).batches) == 3
            landed = office.landed(resource, "count(*), count(distinct id), 1 as _batch, 1 as _row")
            assert landed[0][:2] == (10_000, 10_000)


def test_the_hours_end_while_a_load_runs(tmp_path: Path, database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was committed stays, and the next night goes on there."""
    asked = 0

    def closing(self: Source, now: dt.datetime | None = None, *, read: bool = False) -> None:
        nonlocal asked
        asked += 1
        if asked == 6:
            raise NotNow("may be read only within 20:00-06:00")

    monkeypatch.setattr(Source, "need_allowed_hour", closing)
    office = Office(tmp_path, f'url = "{database}"')
    first = office.collect(full(range_rows=1500))
    assert 0 < first.rows < 6000 and "20:00-06:00" in first.message
    second = office.collect(full(range_rows=1500))
    assert first.rows + second.rows == 6000
    assert office.collect(full(range_rows=1500)).unchanged


def test_a_fall_after_a_first_load_in_ranges_is_stopped(tmp_path: Path, database: str) -> None:
    office = Office(tmp_path, f'url = "{database}"')
    office.collect(full("small", range_rows=40))
    emptied = full("small", where="id < 30")
    with pytest.raises(Exception, match=r"29 rows where it gave 99 before"):
        office.collect(emptied)
