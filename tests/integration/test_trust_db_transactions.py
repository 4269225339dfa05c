"""Transactions that are really open while a table is read, in PostgreSQL and MariaDB; change tables; orders of commits."""

from __future__ import annotations

import datetime as dt
import random
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pymysql
import pytest
from support.collecting import Item, Office, Resource, database_resource
from support.servers import MARIADB, mariadb, mariadb_database, postgresql, postgresql_database

from connectors.base import CollectError
from connectors.landing import committed

pytestmark = pytest.mark.server


@pytest.fixture(scope="module")
def pg() -> Iterator[str]:
    with postgresql_database() as url:
        yield url


@pytest.fixture(scope="module")
def my() -> Iterator[str]:
    with mariadb_database() as url:
        yield url


@pytest.fixture
def postgres(tmp_path: Path, pg: str) -> Office:
    postgresql(pg, "drop schema public cascade", "create schema public")
    return Office(tmp_path / "pg", f'url = "{pg}"')


@pytest.fixture
def maria(tmp_path: Path, my: str) -> Office:
    name = my.rsplit("/", 1)[1]
    mariadb(my, f"drop database {name}", f"create database {name} character set utf8mb4")
    return Office(tmp_path / "my", f'url = "{my}"')


def session(my: str, user: str = "root") -> pymysql.connections.Connection[Any]:
    return pymysql.connect(**{**MARIADB, "user": user}, database=my.rsplit("/", 1)[1])


def current(office: Office, resource: Resource, columns: str = "id, name") -> dict[Any, Any]:
    rows = office.landed(resource, f"{columns}, _op")
    standing: dict[Any, Any] = {}
    for key, *rest, op in rows:
        standing.pop(key, None)
        if op == "upsert":
            standing[key] = tuple(rest)
    return standing


# --- PostgreSQL: the order of commits


@pytest.mark.parametrize("kind", ["timestamptz", "timestamp", "date", "bigint", "text", "numeric(12)"])
def test_postgresql_a_row_of_a_transaction_that_was_open_comes_with_the_next_delta(
    postgres: Office, pg: str, kind: str
) -> None:
    values = {"bigint": ("5", "900000"), "numeric(12)": ("5", "900000")}
    late, newer = values.get(kind, ("'2024-01-01'", "'2026-10-01'"))
    postgresql(pg, f"create table people (id int primary key, name text, updated {kind})")
    people = database_resource()
    with psycopg.connect(pg) as open_one:
        open_one.execute(f"insert into people values (1, '甲', {late})".encode())
        postgresql(pg, f"insert into people select i, '乙', {newer} from generate_series(2, 3000) i")
        assert postgres.collect(people).rows == 2999
        assert postgres.collect(people).unchanged
        open_one.commit()
    result = postgres.collect(people)
    assert (result.rows, current(postgres, people)[1]) == (1, ("甲",))
    postgresql(pg, f"insert into people values (5000, '丙', {late})")  # nobody waits: written late, by years
    postgresql(pg, "update people set name = '乙乙' where id = 7")  # the watermark stays as it was
    assert postgres.collect(people).rows == 2
    assert current(postgres, people)[7] == ("乙乙",)
    assert postgres.collect(people).unchanged
    assert committed(postgres.installation, people.id)[-1].watermark.position


def test_postgresql_partitions_and_nested_transactions_have_the_order_of_commits(postgres: Office, pg: str) -> None:
    postgresql(
        pg,
        "create table people (id int, name text, updated timestamptz) partition by range (id)",
        "create table low partition of people for values from (0) to (100)",
        "create table high partition of people for values from (100) to (200)",
        "insert into people values (1, '甲', '2026-01-01'), (150, '乙', '2026-03-01')",
    )
    people = database_resource()
    with psycopg.connect(pg) as open_one:
        with open_one.transaction():
            with open_one.transaction():
                open_one.execute("insert into people values (2, '丙', '2025-01-01')")
            assert postgres.collect(people).rows == 2
        open_one.commit()
    assert postgres.collect(people).rows == 1


def test_postgresql_views_have_an_overlap_instead(postgres: Office, pg: str) -> None:
    postgresql(
        pg,
        "create table people (id int primary key, name text, updated timestamp)",
        "insert into people values (1, '甲', '2026-03-02 12:00')",
        "create view seen as select * from people",
    )
    seen = database_resource("seen")
    postgres.collect(seen)
    postgresql(pg, "insert into people values (2, '乙', '2026-03-01 13:00'), (3, '丙', '2026-03-01 11:00')")
    assert postgres.collect(seen).rows == 1
    assert committed(postgres.installation, seen.id)[-1].watermark.position is None
    with psycopg.connect(pg) as open_one:  # the oldest open transaction holds the mark back
        open_one.execute("insert into people values (4, '丁', now() at time zone 'Asia/Shanghai')")
        postgresql(pg, "insert into people values (5, '戊', now() at time zone 'Asia/Shanghai' + interval '1 hour')")
        postgres.collect(database_resource("seen", overlap=0))
        open_one.commit()
    postgres.collect(database_resource("seen", overlap=0))
    assert {1, 2, 4, 5} <= set(current(postgres, seen))


def test_postgresql_a_position_of_another_server_reads_everything(postgres: Office, pg: str) -> None:
    postgresql(pg, "create table people (id int primary key, name text, updated timestamp)")
    postgresql(pg, "insert into people values (1, '甲', '2026-03-02'), (2, '乙', '2025-03-02')")
    people = database_resource()
    postgres.collect(people)
    manifest = committed(postgres.installation, people.id)[-1]
    file = manifest.path / "manifest.json"
    file.write_text(file.read_text().replace(f'"{manifest.watermark.position}"', '"999999999999"'))
    assert postgres.collect(people).read == 2


@pytest.mark.parametrize(
    "value",
    ["2026/10/30", "N/A", "9999-12-31", "２０２６-01-01", "2026-13-01", "2026-10-30T08:00", "", " ", "20261030"],
)
def test_text_is_compared_as_times_in_the_servers(
    postgres: Office, maria: Office, pg: str, my: str, value: str
) -> None:
    for office, run, url in ((postgres, postgresql, pg), (maria, mariadb, my)):
        run(url, "create table people (id int primary key, name varchar(20), updated varchar(30))")
        run(url, f"insert into people values (1, '甲', '2026-09-01 08:00:00'), (2, '乙', '{value}')")
        people = database_resource(items=(Item("id", "I"), Item("name"), Item("updated", "T")))
        office.collect(people)
        run(url, f"insert into people values (3, '丙', '2026-10-30 08:00:00'), (4, '丁', '{value}')")
        assert office.collect(people).rows == 2
        assert set(current(office, people)) == {1, 2, 3, 4}
        assert office.collect(people).unchanged


def test_a_random_order_of_commits_loses_nothing_in_postgresql(postgres: Office, pg: str) -> None:
    chance = random.Random(3)
    postgresql(pg, "create table people (id int primary key, name text, updated text)")
    people = database_resource(items=(Item("id", "I"), Item("name"), Item("updated", "T")))
    sessions = [psycopg.connect(pg) for _ in range(4)]
    clock = dt.datetime(2026, 6, 1)
    for step in range(100):
        clock += dt.timedelta(minutes=chance.choice([0, 1, 30, 3000]))
        at = clock.strftime(
            chance.choice(["%Y-%m-%d %H:%M:%S", "%Y/%m/%d", "%Y-%m-%dT%H:%M", "?", "9999-12-31", "%Y%m%d"])
        )
        number = chance.randrange(4)
        sessions[number].execute(  # each session has records of its own: none waits for another
            "insert into people values (%s, %s, %s) on conflict (id) do update set name = excluded.name, "
            "updated = excluded.updated",
            (number * 100 + chance.randrange(8), f"人{step}", at),
        )
        if chance.random() < 0.4:
            sessions[chance.randrange(4)].commit()
        if chance.random() < 0.15:
            postgres.collect(people)
    for each in sessions:
        each.commit()
        each.close()
    postgres.collect(people)
    assert current(postgres, people) == {row[0]: (row[1],) for row in postgresql(pg, "select id, name from people")}
    assert postgres.collect(people).unchanged


# --- MariaDB: transactions that the server shows


@pytest.mark.parametrize("kind", ["datetime", "varchar(30)"])
def test_mariadb_the_oldest_open_transaction_holds_the_mark_back(maria: Office, my: str, kind: str) -> None:
    mariadb(my, f"create table people (id int primary key, name varchar(20), updated {kind})")
    people = database_resource(overlap=0, timezone="UTC")
    open_one = session(my)
    with open_one, open_one.cursor() as cursor:
        cursor.execute("insert into people values (1, '甲', utc_timestamp())")
        mariadb(my, "do sleep(1)", "insert into people values (2, '乙', utc_timestamp())")
        assert maria.collect(people).rows == 1
        mariadb(my, "do sleep(1)", "insert into people values (3, '丙', utc_timestamp())")
        assert maria.collect(people).rows == 1
        open_one.commit()
    assert maria.collect(people).rows == 1
    assert set(current(maria, people)) == {1, 2, 3}


def test_mariadb_numbers_of_a_transaction_that_is_open_come_late(
    maria: Office, my: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connectors.databases.watermarks.BRIEFLY", dt.timedelta())
    monkeypatch.setattr("connectors.databases.watermarks.NEWEST_ROWS", 10)
    mariadb(my, "create table people (id int auto_increment primary key, name varchar(20))")
    mariadb(my, "insert into people (name) select '甲' from seq_1_to_100")
    people = database_resource(watermark="id")
    maria.collect(people)
    open_one = session(my)
    with open_one, open_one.cursor() as cursor:
        cursor.execute("insert into people (name) values ('乙')")
        for _ in range(3):
            mariadb(my, "insert into people (name) select '丙' from seq_1_to_50")
            assert maria.collect(people).rows == 50
        open_one.commit()
    result = maria.collect(people)
    assert result.rows == 1 and len(current(maria, people)) == 251


def test_mariadb_without_the_right_to_see_transactions_says_so(tmp_path: Path, maria: Office, my: str) -> None:
    name = my.rsplit("/", 1)[1]
    mariadb(
        my, "create or replace user reader_x@'%' identified by 'p@ss#1'", f"grant select on {name}.* to reader_x@'%'"
    )
    try:
        url = my.replace("root@", "reader_x:p%40ss%231@")
        office = Office(tmp_path / "reader", f'url = "{url}"')
        mariadb(my, "create table people (id int primary key, name varchar(20), updated datetime)")
        mariadb(my, "insert into people values (1, '甲', '2026-03-02 10:00')")
        people = database_resource()
        assert [finding.what for finding in office.collect(people).remarks] == ["transactions_hidden"]
        mariadb(my, "insert into people values (2, '乙', '2026-03-01 12:00')")
        assert office.collect(people).rows == 1  # a day back
    finally:
        mariadb(my, "drop user reader_x@'%'")


# --- change tables


CHANGES = "create table changes ({seq}, op char(1), id int, name varchar(20), at {time})"
ENGINES = ["postgresql", "mariadb"]


@pytest.mark.parametrize("watermark", ["at", "seq"])
@pytest.mark.parametrize("engine", ENGINES)
def test_delete_and_insert_in_one_transaction_leave_the_record(
    request: pytest.FixtureRequest, engine: str, watermark: str
) -> None:
    """Forty sessions interleaved, each replacing records in one transaction with one time."""
    office, url, made = _change_table(request, engine, numbered=True)
    options = {"sequence": "seq"} if watermark == "at" else {}
    resource = database_resource("changes", mode="changes", watermark=watermark, operation="op", **options)
    _replace_records(engine, url)
    office.collect(resource)
    _replace_records(engine, url)
    office.collect(resource)
    standing = current(office, resource)
    assert len(standing) == made and set(standing.values()) == {("新",)}
    assert office.collect(resource).unchanged


@pytest.mark.parametrize("engine", ENGINES)
def test_a_change_tables_own_number_orders_it_where_no_sequence_is_declared(
    request: pytest.FixtureRequest, engine: str
) -> None:
    office, url, made = _change_table(request, engine, numbered=True)
    _replace_records(engine, url)
    resource = database_resource("changes", mode="changes", watermark="at", operation="op")
    office.collect(resource)
    assert len(current(office, resource)) == made


def test_without_a_number_the_place_in_the_transaction_orders_changes_in_postgresql(
    request: pytest.FixtureRequest,
) -> None:
    office, url, made = _change_table(request, "postgresql", numbered=False)
    _replace_records("postgresql", url)
    resource = database_resource("changes", mode="changes", watermark="at", operation="op")
    office.collect(resource)
    assert len(current(office, resource)) == made


def test_an_order_that_cannot_be_total_is_refused_in_mariadb(request: pytest.FixtureRequest) -> None:
    office, url, _ = _change_table(request, "mariadb", numbered=False)
    _replace_records("mariadb", url)
    with pytest.raises(CollectError, match=r"not total.*'at'.*Remedy.*sequence"):
        office.collect(database_resource("changes", mode="changes", watermark="at", operation="op"))


def test_two_changes_that_say_the_same_are_two(maria: Office, my: str) -> None:
    mariadb(my, "create table changes (op char(1), id int, name varchar(20), seq int)")
    mariadb(my, "insert into changes values ('I', 1, '甲', 1), ('D', 1, null, 2)")
    changes = database_resource("changes", mode="changes", watermark="seq", operation="op")
    maria.collect(changes)
    mariadb(my, "insert into changes values ('I', 1, '甲', 3), ('D', 1, null, 2)")
    assert maria.collect(changes).rows == 2
    assert maria.collect(changes).unchanged


def _change_table(request: pytest.FixtureRequest, engine: str, numbered: bool) -> tuple[Office, str, int]:
    if engine == "postgresql":
        office, url = request.getfixturevalue("postgres"), request.getfixturevalue("pg")
        seq = "seq bigserial primary key" if numbered else "more int"
        postgresql(url, CHANGES.format(seq=seq, time="timestamp default now()"))
    else:
        office, url = request.getfixturevalue("maria"), request.getfixturevalue("my")
        seq = "seq bigint auto_increment primary key" if numbered else "more int"
        mariadb(url, CHANGES.format(seq=seq, time="datetime"))
    return office, url, 200


def _replace_records(engine: str, url: str, sessions: int = 40, records: int = 5) -> None:
    """Each session: for each of its records a delete and an insert, one transaction with the second's time."""
    together = threading.Barrier(sessions)
    at = dt.datetime(2026, 3, 1, 8)

    def work(number: int) -> None:
        connection: Any = psycopg.connect(url) if engine == "postgresql" else session(url)
        with connection.cursor() as cursor:
            together.wait()
            for record in range(records):
                key = number * records + record
                statement = "insert into changes (op, id, name, at) values (%s, %s, %s, %s)"
                cursor.execute(statement, ("D", key, None, at))
                cursor.execute(statement, ("I", key, "新", at))
            connection.commit()
        connection.close()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(sessions)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
