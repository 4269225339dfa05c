"""PostgreSQL as departments have it: every type, every encoding, a gentle and consistent reading."""

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
from support.servers import postgresql, postgresql_database

from connectors.base import CollectError
from connectors.connections import Connections
from connectors.databases.connector import DatabaseConnector
from connectors.landing import committed

pytestmark = pytest.mark.server


@pytest.fixture(scope="module")
def database() -> Iterator[str]:
    with postgresql_database() as url:
        yield url


class Department(Office):
    def __init__(self, folder: Path, url: str, more: str = "") -> None:
        super().__init__(folder, f'url = "{url}"\n{more}')
        self.url = url

    def sql(self, *statements: str) -> list[Any]:
        return postgresql(self.url, *statements)

    def connector(self, resource: Resource) -> DatabaseConnector:
        connection = Connections.load(self.installation).get(resource)
        return DatabaseConnector(resource, connection, committed(self.installation, resource.id))


@pytest.fixture
def office(tmp_path: Path, database: str) -> Department:
    made = Department(tmp_path, database)
    made.sql("drop schema public cascade", "create schema public")
    return made


def full(table: str = "people", **options: Any) -> Resource:
    return database_resource(table, mode="full", watermark=None, **options)


def query(sql: str, **options: Any) -> Resource:
    spec = Spec("database", "office", ("id",), None, "full", {"query": sql, **options})
    return Resource("office.asked", spec)


# --- values


VALUES = [
    ("smallint", "-7", "int16", -7),
    ("integer", "7", "int32", 7),
    ("bigint", "9223372036854775807", "int64", 9223372036854775807),
    ("numeric(12,2)", "-1234567890.10", "decimal128(12, 2)", Decimal("-1234567890.10")),
    ("numeric(20)", "12345678901234567890", "decimal128(20, 0)", Decimal("12345678901234567890")),
    ("numeric", f"0.1{'0' * 42}1", "string", f"0.1{'0' * 42}1"),
    ("numeric(50,2)", "1.50", "string", "1.50"),
    ("real", "0.1", "float", pytest.approx(0.1)),
    ("double precision", "0.1", "double", 0.1),
    ("boolean", "true", "bool", True),
    ("text", "'新乡市''\t\\x'", "string", "新乡市'\t\\x"),
    ("char(6)", "'张三'", "string", "张三    "),
    ("varchar(9)", "' a '", "string", " a "),
    ("date", "'2024-02-29'", "date32[day]", dt.date(2024, 2, 29)),
    ("timestamp", "'2024-02-29 23:59:59.125'", "timestamp[us]", dt.datetime(2024, 2, 29, 23, 59, 59, 125000)),
    ("timestamptz", "'2024-02-29 08:00+08'", "timestamp[us, tz=UTC]", "2024-02-29 00:00:00+00"),
    ("time", "'08:30'", "string", "08:30:00"),
    ("interval", "'1 day 2 hours'", "string", "1 day 02:00:00"),
    ("bytea", r"'\x00ff00'", "binary", b"\x00\xff\x00"),
    ("uuid", "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'", "string", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),
    ("jsonb", """'{"名": [1, null]}'""", "string", '{"名": [1, null]}'),
    ("text[]", "array['甲', null, 'b,c']", "string", '{甲,NULL,"b,c"}'),
    ("inet", "'10.1.2.3/24'", "string", "10.1.2.3/24"),
    ("money", "12.5", "string", "$12.50"),
    ("xml", "'<a/>'", "string", "<a/>"),
    ("int4range", "'[1,5)'", "string", "[1,5)"),
    ("name", "'pg'", "string", "pg"),
    ("oid", "42", "string", "42"),
    ("bit(4)", "b'1010'", "string", "1010"),
    ("sex", "'女'", "string", "女"),
    ("credit_code", "'91410700'", "string", "91410700"),
    ("amount", "1.25", "decimal128(10, 2)", Decimal("1.25")),
]  # fmt: skip


def test_every_type_lands_as_itself_or_as_text(office: Department) -> None:
    columns = [f"c{place} {kind}" for place, (kind, *_) in enumerate(VALUES)]
    given = ", ".join(value for _, value, *_ in VALUES)
    office.sql(
        "create type sex as enum ('男', '女')",
        "create domain credit_code as varchar(18)",
        "create domain amount as numeric(10,2)",
        f"create table people (id int primary key, {', '.join(columns)})",
        f"insert into people values (1, {given})",
        "insert into people (id) values (2)",
    )
    assert office.collect(full()).rows == 2
    (manifest,) = committed(office.installation, "office.people")
    assert [kind for _, kind in manifest.columns[1:]] == [landed for _, _, landed, _ in VALUES]
    names = ", ".join(
        f"c{place}::varchar" if kind == "timestamptz" else f"c{place}" for place, (kind, *_) in enumerate(VALUES)
    )
    whole, nulls = office.landed(full(), names)
    assert list(whole) == [value for *_, value in VALUES]
    assert set(nulls) == {None}
    assert office.collect(full()).unchanged


def test_values_beyond_the_calendar_set_their_row_aside_with_key_and_reason(office: Department) -> None:
    office.sql(
        "create table people (id int primary key, day date, at timestamp, zoned timestamptz, n numeric(8,2))",
        """insert into people values (1, '2024-01-01', '2024-01-01', '2024-01-01+00', 1),
        (2, 'infinity', null, null, 2), (3, '0044-03-15 BC', null, null, 3), (4, null, '-infinity', null, 4),
        (5, null, null, '20000-01-01+00', 5), (6, null, null, null, 'NaN'),
        (7, '9999-12-31', null, null, 7)""",
    )
    result = office.collect(full())
    assert (result.rows, result.problems) == (7, {"value_unreadable": 5})
    rows = office.landed(full(), "id, day, n, _problem, _raw")
    assert [row[0] for row in rows] == [1, 2, 3, 4, 5, 6, 7]
    assert [row[0] for row in rows if row[3] is None] == [1, 7]
    assert rows[1][1] is None and rows[1][2] == 2  # the good values of the row are there
    assert json.loads(rows[1][4])["id"] == 2 and json.loads(rows[5][4])["n"] == "nan"
    assert office.collect(full()).unchanged


def test_columns_declared_as_text_land_whatever_they_hold(office: Department) -> None:
    office.sql(
        "create table people (id int primary key, day date)",
        "insert into people values (1, '2024-01-01'), (2, 'infinity'), (3, '0044-03-15 BC')",
    )
    assert office.collect(full(as_text=["day"])).problems == {}
    assert office.landed(full(), "day") == [("2024-01-01",), ("infinity",), ("0044-03-15 BC",)]
    with pytest.raises(CollectError, match="as_text 'nothing' is no column"):
        office.collect(full(as_text=["nothing"]))


def test_names_with_capitals_chinese_and_quotes(office: Department) -> None:
    office.sql(
        'create schema "业务库"',
        'create table "业务库"."Person""s" ("编号" int primary key, "Select" text, updated timestamp)',
        """insert into "业务库"."Person""s" values (1, '甲', '2024-01-01')""",
    )
    resource = database_resource('Person"s', key=("编号",), schema="业务库")
    assert office.collect(resource).rows == 1
    assert office.landed(resource, '"编号", "Select"') == [(1, "甲")]
    assert office.collect(resource).unchanged


def test_views_partitions_and_queries(office: Department) -> None:
    office.sql(
        "create table people (id int, name text, n numeric(9,2)) partition by range (id)",
        "create table low partition of people for values from (0) to (10)",
        "create table high partition of people for values from (10) to (20)",
        "insert into people select i, '人' || i, i from generate_series(1, 15) i",
        "create view adults as select * from people where id > 5",
        "create materialized view stored as select * from people where id > 8",
    )
    for table, rows in (("people", 15), ("adults", 10), ("stored", 7)):
        assert office.collect(full(table)).rows == rows
    asked = query("select id, name, n, array[id] as list from people where id < 4")
    assert office.collect(asked).rows == 3
    assert office.landed(asked, "id, n, list") == [(1, "1.00", "{1}"), (2, "2.00", "{2}"), (3, "3.00", "{3}")]


# --- encodings


def test_a_sql_ascii_database_lands_what_is_text_and_sets_the_rest_aside(tmp_path: Path) -> None:
    with postgresql_database("SQL_ASCII") as url:
        office = Department(tmp_path, url)
        office.sql(
            "create table people (id int primary key, name text, day date)",
            r"insert into people values (1, convert_from('\xe5bca0', 'SQL_ASCII'), '2024-01-01')",
            r"insert into people values (2, convert_from('\xd5c5c8fd', 'SQL_ASCII'), null), (3, 'ok', null)",
        )
        result = office.collect(full())
        assert (result.rows, result.problems) == (3, {"value_unreadable": 1})
        rows = office.landed(full(), "id, name, _problem, _raw")
        assert rows[0][:3] == (1, "张", None) and rows[2][:3] == (3, "ok", None)
        assert rows[1][:3] == (2, None, "value_unreadable") and "\\\\xd5\\\\xc5" in rows[1][3]

        office.sql("delete from people where id = 1")
        declared = database_resource("people", mode="full", watermark=None, encoding="gb18030", max_fall=1)
        office.collect(declared)
        assert office.landed(declared, "id, name", "_batch = '000002' and _op = 'upsert'") == [(2, "张三")]


@pytest.mark.parametrize(("encoding", "good", "codec"), [("LATIN1", "é", "latin-1"), ("EUC_CN", "张三", "gb2312")])
def test_databases_in_other_encodings(tmp_path: Path, encoding: str, good: str, codec: str) -> None:
    with postgresql_database(encoding) as url:
        office = Department(tmp_path, url)
        code = good.encode(codec).hex()
        office.sql(
            "create table people (id int primary key, name text)",
            rf"insert into people select i, convert_from('\x{code}', '{encoding}') "
            "from generate_series(1, 30) i",
        )
        if encoding == "EUC_CN":  # a place in the code that no character has: the server cannot convert it
            office.sql(r"insert into people values (31, convert_from('\xfefe', 'EUC_CN'))")
            office.sql(r"insert into people values (5000, convert_from('\xd5c5', 'EUC_CN'))")
        for resource in (full(), full("people", range_rows=10)):
            result = office.collect(Resource("office.p" + str(len(resource.connector.options)), resource.connector))
            wanted = {"value_unreadable": 1} if encoding == "EUC_CN" else {}
            assert (result.problems, result.rows) == (wanted, 32 if encoding == "EUC_CN" else 30)
        landed = office.landed(
            Resource("office.p2", full().connector), "distinct name, _problem, 1 as _batch, 1 as _row"
        )
        assert {name for name, problem, *_ in landed if problem is None} == (
            {good, "张"} if encoding == "EUC_CN" else {good}
        )


# --- gently


def test_the_session_is_read_only_and_has_one_snapshot(office: Department) -> None:
    office.sql("create table people (id int primary key)", "insert into people values (1)")
    connector = office.connector(full())
    assert connector.reader.one("select count(*) from people") == (1,)
    office.sql("insert into people values (2)")
    assert connector.reader.one("select count(*) from people") == (1,)
    assert connector.reader.one("select current_setting('transaction_isolation')") == ("repeatable read",)
    with pytest.raises(CollectError, match=r"office\.people.*read-only transaction.*Remedy"):
        connector.reader.one("delete from people")
    connector.close()
    assert office.sql("select count(*) from people") == [(2,)]


def test_a_statement_has_a_time_limit(office: Department) -> None:
    slow = query("select i as id, pg_sleep(0.1)::text as s from generate_series(1, 99) i", timeout_seconds=0.5)
    started = time.monotonic()
    with pytest.raises(CollectError, match=r"statement timeout.*timeout_seconds"):
        office.collect(slow)
    assert time.monotonic() - started < 5


def test_the_declared_rate_is_kept(office: Department) -> None:
    office.sql("create table people (id int primary key, name text)")
    office.sql("insert into people select i, repeat('x', 100) from generate_series(1, 3000) i")
    started = time.monotonic()
    assert office.collect(full("people", rows_per_second=2000)).rows == 3000
    assert 1.3 < time.monotonic() - started < 6


def test_comments_keys_and_types_for_the_catalogue(office: Department) -> None:
    office.sql(
        "create table people (a int, b numeric(8,2), c text, primary key (a, c))",
        "comment on column people.a is '编号'",
    )
    connector = office.connector(full())
    assert [(c.name, c.declared, c.comment, c.key) for c in connector.columns] == [
        ("a", "integer", "编号", True),
        ("b", "numeric(8,2)", None, False),
        ("c", "text", None, True),
    ]
    connector.close()


def test_a_refusal_names_everything_but_the_password(office: Department, tmp_path: Path) -> None:
    role = f"reader_{int(time.time() * 1000)}"
    office.sql(
        f"create role {role} login password 's3cret'",
        "create table people (id int)",
        f"grant usage on schema public to {role}",
    )
    try:
        url = office.url.replace("postgres@", f"{role}:s3cret@")
        with pytest.raises(CollectError, match=r"测试局.*office\.people.*'office'.*permission denied.*Remedy") as error:
            Department(tmp_path / "other", url).collect(full())
        assert "s3cret" not in str(error.value)
    finally:
        office.sql(f"drop owned by {role}", f"drop role {role}")


# --- what is new


def test_incremental_by_times_with_zone_finds_late_commits(office: Department) -> None:
    office.sql("create table people (id int primary key, name text, updated timestamptz)")
    resource = database_resource(overlap=3600)
    office.sql("insert into people values (1, '甲', '2024-01-01 10:00+08'), (2, '乙', null)")
    assert office.collect(resource).rows == 2
    assert office.collect(resource).unchanged
    office.sql("insert into people values (3, '丙', '2024-01-01 01:30+00')")  # half an hour before the mark
    office.sql("update people set name = '乙乙' where id = 2")
    assert office.collect(resource).rows == 2
    assert office.collect(resource).unchanged
    assert committed(office.installation, resource.id)[-1].watermark.high == "2024-01-01 02:00:00+00:00"


def test_full_finds_changes_and_deletes_of_every_type(office: Department) -> None:
    office.sql(
        "create table people (id int primary key, n numeric(8,2), at timestamptz, b bytea, s text)",
        "insert into people select i, i, now(), 'x', 's' from generate_series(1, 10) i",
    )
    office.collect(full())
    assert office.collect(full()).unchanged
    office.sql("update people set n = n + 0.01 where id = 1", "update people set b = 'y' where id = 2")
    office.sql("update people set s = null where id = 3", "delete from people where id = 4")
    result = office.collect(full())
    assert (result.rows, result.deletes) == (4, 1)
    assert office.landed(full(), "id, _op", "_batch = '000002'")[-1] == (4, "delete")


def test_a_change_table(office: Department) -> None:
    office.sql(
        "create table changes (seq bigserial primary key, op char(1), id int, name text)",
        "insert into changes (op, id, name) values ('I', 1, '甲'), ('U', 1, '乙'), ('D', 1, null)",
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
