"""MySQL and MariaDB as departments have them: all types, zero dates, mixed character sets, read gently."""

from __future__ import annotations

import datetime as dt
import json
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from support.collecting import Office, Resource, Spec, database_resource
from support.servers import mariadb, mariadb_database

from connectors.base import CollectError
from connectors.connections import Connections
from connectors.databases.connector import DatabaseConnector
from connectors.landing import committed

pytestmark = pytest.mark.server


@pytest.fixture(scope="module")
def database() -> Iterator[str]:
    with mariadb_database() as url:
        yield url


class Department(Office):
    def __init__(self, folder: Path, url: str) -> None:
        super().__init__(folder, f'url = "{url}"')
        self.url = url

    def sql(self, *statements: str) -> list[Any]:
        return mariadb(self.url, *statements)

    def connector(self, resource: Resource) -> DatabaseConnector:
        connection = Connections.load(self.installation).get(resource)
        return DatabaseConnector(resource, connection, committed(self.installation, resource.id))


@pytest.fixture
def office(tmp_path: Path, database: str) -> Department:
    made = Department(tmp_path, database)
    name = database.rsplit("/", 1)[1]
    made.sql(f"drop database {name}", f"create database {name} character set utf8mb4")
    return made


def full(table: str = "people", **options: Any) -> Resource:
    return database_resource(table, mode="full", watermark=None, **options)


# --- values

MOMENT = dt.datetime(2024, 2, 29, 23, 59, 59, 125000)
VALUES = [
    ("tinyint", "-128", "int64", -128),
    ("bool", "true", "int64", 1),
    ("int unsigned", "4294967295", "int64", 4294967295),
    ("bigint unsigned", "18446744073709551615", "uint64", 18446744073709551615),
    ("int(8) zerofill", "7", "int64", 7),
    ("decimal(12,2)", "-1234567890.10", "decimal128(12, 2)", Decimal("-1234567890.10")),
    ("decimal(50,20)", "1.5", "string", "1.50000000000000000000"),
    ("float", "0.1", "float", pytest.approx(0.1)),
    ("double", "0.1", "double", 0.1),
    ("char(6)", "'张三  '", "string", "张三"),  # the server itself takes the padding off
    ("varchar(9)", "' a '", "string", " a "),
    ("text", r"'新\0乡''\\'", "string", "新\0乡'\\"),
    ("date", "'2024-02-29'", "date32[day]", dt.date(2024, 2, 29)),
    ("datetime(6)", "'2024-02-29 23:59:59.125'", "timestamp[us]", MOMENT),
    ("datetime", "'9999-12-31 23:59:59'", "timestamp[us]", dt.datetime(9999, 12, 31, 23, 59, 59)),
    ("time(3)", "'-838:59:59.000'", "string", "-838:59:59.000"),
    ("year", "2024", "int64", 2024),
    ("blob", r"x'00ff00'", "binary", b"\x00\xff\x00"),
    ("binary(4)", r"x'ff'", "binary", b"\xff\x00\x00\x00"),
    ("bit(9)", "b'100000001'", "uint64", 257),
    ("enum('男','女')", "'女'", "string", "女"),
    ("set('a','b','c')", "'a,c'", "string", "a,c"),
    ("json", """'{"名": [1]}'""", "string", '{"名": [1]}'),
    ("point", "point(1, 2)", "string", "POINT(1 2)"),
    ("varchar(9) character set gbk", "'新乡'", "string", "新乡"),
    ("varchar(9) character set latin1", "'é'", "string", "é"),
    ("varchar(9) character set utf8mb3 collate utf8mb3_bin", "'乡'", "string", "乡"),
    ("varchar(9) character set utf8mb4 collate utf8mb4_unicode_ci", "'𠀀😀'", "string", "𠀀😀"),
    ("varchar(9) character set ucs2", "'乡'", "string", "乡"),
]  # fmt: skip


def test_every_type_lands_as_itself_or_as_text(office: Department) -> None:
    columns = ", ".join(f"c{place} {kind}" for place, (kind, *_) in enumerate(VALUES))
    given = ", ".join(value for _, value, *_ in VALUES)
    office.sql(
        f"create table people (id int primary key, {columns})",
        f"insert into people values (1, {given})",
        "insert into people (id) values (2)",
    )
    assert office.collect(full()).rows == 2
    (manifest,) = committed(office.installation, "office.people")
    assert [kind for _, kind in manifest.columns[1:]] == [landed for _, _, landed, _ in VALUES]
    whole, nulls = office.landed(full(), ", ".join(f"c{place}" for place in range(len(VALUES))))
    assert list(whole) == [value for *_, value in VALUES]
    assert set(nulls) == {None}
    assert office.collect(full()).unchanged


def test_times_land_in_utc(office: Department) -> None:
    office.sql(
        "create table people (id int primary key, at timestamp null)",
        "set time_zone = '+08:00'",
        "insert into people values (1, '2024-02-29 08:00:00')",
    )
    office.collect(full())
    assert office.landed(full(), '"at"::varchar') == [("2024-02-29 00:00:00+00",)]


def test_zero_dates_set_their_row_aside_with_key_and_reason_or_land_as_text(office: Department) -> None:
    office.sql(
        "create table people (id int primary key, day date, at datetime, stamp timestamp, name varchar(9))",
        """insert into people values (1, '2024-01-01', '2024-01-01', '2024-01-01', 'a'),
        (2, '0000-00-00', null, null, 'b'), (3, '2024-00-15', null, null, 'c'),
        (4, null, '0000-00-00 00:00:00', '2024-01-01', 'd'), (5, null, null, 0, 'e'),
        (6, null, null, '2024-01-01', 'f')""",
    )
    result = office.collect(full())
    assert (result.rows, result.problems) == (6, {"value_unreadable": 4})
    rows = office.landed(full(), "id, day, name, _problem, _raw")
    assert [row[0] for row in rows if row[3] is None] == [1, 6]
    assert rows[1][:4] == (2, None, "b", "value_unreadable")
    assert json.loads(rows[1][4])["day"] == "0000-00-00" and json.loads(rows[1][4])["id"] == "2"
    assert office.collect(full()).unchanged

    text = Resource("office.text", full(as_text=["day", "at", "stamp"]).connector)
    assert office.collect(text).problems == {}
    assert office.landed(text, "day")[1:3] == [("0000-00-00",), ("2024-00-15",)]


def test_bytes_of_another_encoding_than_the_column_says(office: Department) -> None:
    gbk = "张三".encode("gb18030").hex()
    office.sql(
        "create table people (id int primary key, name varchar(20) character set latin1, note text)",
        f"insert into people values (1, convert(x'{gbk}' using latin1), '新乡'), (2, 'ok', null)",
        "insert into people values (3, convert(x'81' using latin1), null)",
    )
    declared = full(encoding="gb18030")
    result = office.collect(declared)
    rows = office.landed(declared, "id, name, _problem, _raw")
    assert [row[:2] for row in rows[:2]] == [(1, "张三"), (2, "ok")]
    assert rows[2][:3] == (3, None, "value_unreadable") and "\\\\x81" in rows[2][3]
    assert result.problems == {"value_unreadable": 1}
    assert office.landed(declared, "note")[0] == ("新乡",)  # a column that holds what it says


def test_names_with_capitals_chinese_and_backticks(office: Department) -> None:
    office.sql(
        "create table `人口``s` (`编号` int primary key, `select` varchar(9), updated datetime)",
        "insert into `人口``s` values (1, '甲', '2024-01-01')",
    )
    resource = database_resource("人口`s", key=("编号",))
    named = Resource("office.named", resource.connector)
    assert office.collect(named).rows == 1
    assert office.landed(named, '"编号", "select"') == [(1, "甲")]
    assert office.collect(named).unchanged


def test_views_and_queries(office: Department) -> None:
    office.sql(
        "create table people (id int primary key, name text, n decimal(9,2), day date)",
        "insert into people select seq, concat('人', seq), seq, '2024-01-01' from seq_1_to_15",
    )
    spec = Spec(
        "database",
        "office",
        ("id",),
        None,
        "full",
        {"query": "select id, name, n, day from people where id < 4"},
    )
    asked = Resource("office.asked", spec)
    assert office.collect(asked).rows == 3
    assert office.landed(asked, "id, name, n, day")[0] == (1, "人1", "1.00", dt.date(2024, 1, 1))


# --- gently


def test_the_session_is_read_only_and_has_one_snapshot(office: Department) -> None:
    office.sql("create table people (id int primary key)", "insert into people values (1)")
    connector = office.connector(full())
    office.sql("insert into people values (2)")
    assert connector.reader.one("select count(*) from people") == ("1",)
    with pytest.raises(CollectError, match=r"office\.people.*READ ONLY transaction.*Remedy"):
        connector.reader.one("delete from people")
    connector.close()
    assert office.sql("select count(*) from people") == ((2,),) or office.sql("select count(*) from people") == [(2,)]


def test_a_statement_has_a_time_limit(office: Department) -> None:
    spec = Spec("database", "office", ("id",), None, "full", {
        "query": "select seq as id, sleep(0.1) as s from seq_1_to_99", "timeout_seconds": 1,
    })  # fmt: skip
    started = time.monotonic()
    with pytest.raises(CollectError, match=r"max_statement_time.*timeout_seconds"):
        office.collect(Resource("office.slow", spec))
    assert time.monotonic() - started < 5


def test_the_declared_rate_is_kept(office: Department) -> None:
    office.sql(
        "create table people (id int primary key, name text)",
        "insert into people select seq, repeat('x', 100) from seq_1_to_3000",
    )
    started = time.monotonic()
    assert office.collect(full("people", rows_per_second=2000, fetch_rows=500)).rows == 3000
    assert 1.3 < time.monotonic() - started < 6


def test_comments_keys_and_types_for_the_catalogue(office: Department) -> None:
    office.sql("create table people (a int comment '编号', b decimal(8,2), c varchar(9), primary key (a, c))")
    connector = office.connector(full())
    assert [(c.name, c.declared, c.comment, c.key) for c in connector.columns] == [
        ("a", "int(11)", "编号", True),
        ("b", "decimal(8,2)", None, False),
        ("c", "varchar(9)", None, True),
    ]
    connector.close()


def test_a_connection_that_breaks_while_rows_come_is_told(office: Department) -> None:
    office.sql(
        "create table people (id int primary key, name text)",
        "insert into people select seq, repeat('x', 500) from seq_1_to_60000",
    )
    connector = office.connector(full(fetch_rows=100))
    (delivery,) = connector.deliveries()
    batches = delivery.batches()
    next(batches)
    (number,) = connector_ids(office)
    office.sql(f"kill {number}")
    with pytest.raises(CollectError, match=r"office\.people.*broke off.*Remedy"):
        list(batches)
    connector.close()


def connector_ids(office: Department) -> list[int]:
    rows = office.sql("select id from information_schema.processlist where db = database() and id <> connection_id()")
    return [row[0] for row in rows]


# --- what is new


def test_incremental_finds_late_commits(office: Department) -> None:
    office.sql("create table people (id int primary key, name text, updated datetime(3))")
    resource = database_resource(overlap=3600)
    office.sql("insert into people values (1, '甲', '2024-01-01 10:00:00.5'), (2, '乙', null)")
    assert office.collect(resource).rows == 2
    assert office.collect(resource).unchanged
    office.sql("insert into people values (3, '丙', '2024-01-01 09:30')")
    office.sql("update people set name = '乙乙' where id = 2")
    assert office.collect(resource).rows == 2
    assert office.collect(resource).unchanged
    assert committed(office.installation, resource.id)[-1].watermark.high == "2024-01-01 10:00:00.500000"


def test_full_finds_changes_and_deletes(office: Department) -> None:
    office.sql(
        "create table people (id int primary key, n decimal(8,2), at timestamp null, b blob, s text)",
        "insert into people select seq, seq, now(), 'x', 's' from seq_1_to_10",
    )
    office.collect(full())
    assert office.collect(full()).unchanged
    office.sql("update people set n = n + 0.01 where id = 1", "update people set b = 'y' where id = 2")
    office.sql("update people set s = null where id = 3", "delete from people where id = 4")
    result = office.collect(full())
    assert (result.rows, result.deletes) == (4, 1)
    assert office.landed(full(), "id, _op", "_batch = '000002'")[-1] == (4, "delete")


def test_a_first_load_in_ranges(office: Department) -> None:
    office.sql(
        "create table people (id varchar(20) primary key, name text, updated datetime)",
        "insert into people select concat('人', lpad(seq, 6, '0')), 'x', '2024-01-01' from seq_1_to_100",
    )
    resource = database_resource(range_rows=30)
    assert office.collect(resource).batches == ("000001", "000002", "000003", "000004")
    assert office.landed(resource, "count(*), count(distinct id), 1 as _batch, 1 as _row")[0][:2] == (
        100,
        100,
    )
    assert office.collect(resource).unchanged


def test_a_change_table(office: Department) -> None:
    office.sql(
        "create table changes (seq bigint auto_increment primary key, op char(1), id int, name text)",
        "insert into changes (op, id, name) values ('I', 1, '甲'), ('u', 1, '乙'), ('D', 1, null)",
    )
    resource = database_resource("changes", mode="changes", watermark="seq", operation="op")
    assert office.collect(resource).deletes == 1
    assert office.landed(resource, "id, name, _op") == [
        (1, "甲", "upsert"),
        (1, "乙", "upsert"),
        (1, None, "delete"),
    ]
    office.sql("insert into changes (op, id, name) values ('I', 2, '丙')")
    assert office.collect(resource).rows == 1
    assert office.collect(resource).unchanged
