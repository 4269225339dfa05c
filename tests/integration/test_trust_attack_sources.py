"""Inputs of databases and interfaces that a second look found read wrongly, silently or without a usable message."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pymysql
import pytest
from support.collecting import Item, Office, Resource, Spec, database_resource
from support.http_server import Answer, Asked, Server
from support.servers import MARIADB, mariadb, mariadb_database, postgresql, postgresql_database

from catalogue.connector_options import wrong_options
from catalogue.errors import GovshareError
from connectors.connections import Connections
from connectors.databases.listing import tables_of


def sqlite_office(folder: Path, *statements: str) -> tuple[Office, Path]:
    file = folder / "a.db"
    run(file, *statements)
    return Office(folder, f'url = "sqlite:///{file}"'), file


def run(file: Path, *statements: str) -> None:
    with sqlite3.connect(file) as connection:
        for statement in statements:
            connection.execute(statement)
    connection.close()


def test_a_number_in_a_column_of_bytes_lands_as_its_digits(tmp_path: Path) -> None:
    office, _ = sqlite_office(
        tmp_path, "create table people(id integer primary key, b blob)", "insert into people values (1, 5), (2, 'x')"
    )
    resource = database_resource(mode="full", watermark=None)
    office.collect(resource)
    assert office.landed(resource, "id, b, _problem") == [(1, b"5", None), (2, b"x", None)]


def test_ranges_over_keys_without_an_order_end_with_an_error(tmp_path: Path) -> None:
    rows = ", ".join(f"('k{i}'), (x'{i:02x}')" for i in range(40))
    office, _ = sqlite_office(tmp_path, "create table people(id text)", f"insert into people values {rows}")
    with pytest.raises(GovshareError, match=r"cannot be put in order.*range_rows: 0"):
        office.collect(database_resource(mode="full", watermark=None, range_rows=10))


def test_a_column_without_a_name_is_refused_by_its_place(tmp_path: Path) -> None:
    office, _ = sqlite_office(tmp_path, 'create table people(id integer, "" text)', "insert into people values (1, 2)")
    with pytest.raises(GovshareError, match=r"column 2 of the source has no name.*`query`"):
        office.collect(database_resource(mode="full", watermark=None))


@pytest.mark.parametrize("content", [b"no database" * 999, b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_file_that_is_no_database_is_said_to_be_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.db").write_bytes(content)
    office = Office(tmp_path, f'url = "sqlite:///{tmp_path / "a.db"}"')
    with pytest.raises(GovshareError, match="the database refused or broke off the reading"):
        office.collect(database_resource(mode="full", watermark=None))


def test_a_sequence_of_text_is_no_order_of_numbers(tmp_path: Path) -> None:
    office, _ = sqlite_office(
        tmp_path,
        "create table people(seq text, at text, op text, id int)",
        "insert into people values ('1','2026-10-01','I',1), ('9','2026-10-01','D',1), ('10','2026-10-01','I',1)",
    )
    options = {"mode": "changes", "operation": "op", "sequence": "seq"}
    with pytest.raises(GovshareError, match="the sequence 'seq' is text, which puts 10 before 9"):
        office.collect(database_resource(watermark="at", watermark_type="timestamp", **options))
    resource = database_resource(watermark="seq", watermark_type="integer", **options)
    office.collect(resource)
    assert office.landed(resource, "seq, _op") == [("1", "upsert"), ("9", "delete"), ("10", "upsert")]


def test_a_query_may_end_as_statements_do(tmp_path: Path) -> None:
    office, _ = sqlite_office(tmp_path, "create table people(id integer)", "insert into people values (1), (2)")
    for number, query in enumerate(
        ("select * from people;", "select * from people ; \n", "select * from people -- all;")
    ):
        spec = Spec("database", "office", ["id"], None, "full", {"query": query})
        resource = Resource(f"office.people{number}", spec)
        assert office.collect(resource).rows == 2


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    with postgresql_database() as url:
        yield url


def test_days_that_no_calendar_has_are_quoted_as_they_are(postgres: str, tmp_path: Path) -> None:
    postgresql(
        postgres,
        "create table odd(id int primary key, d date, t timestamp, z timestamptz)",
        "insert into odd values (1,'infinity','infinity','infinity'), (2,'-infinity','-infinity','-infinity'),"
        "(3,'0044-03-15 BC','12000-01-02 03:04:05','0044-03-15 12:00+00 BC'), (4,'2026-10-01',null,null)",
    )
    office = Office(tmp_path, f'url = "{postgres}"')
    resource = database_resource("odd", mode="full", watermark=None)
    office.collect(resource)
    raw = {i: json.loads(text) for i, text in office.landed(resource, "id, _raw", "_problem = 'value_unreadable'")}
    assert {name: raw[1][name] for name in "dtz"} == dict.fromkeys("dtz", "infinity")
    assert {name: raw[2][name] for name in "dtz"} == dict.fromkeys("dtz", "-infinity")
    assert raw[3]["d"] == "-0043-03-15"
    assert raw[3]["t"] == "12000-01-02 03:04:05.000000"
    assert raw[3]["z"] == "-0043-03-15 12:00:00.000000"
    assert set(raw) == {1, 2, 3}


@pytest.mark.parametrize("kind", ["float8", "numeric(10,2)", "numeric"])
def test_keys_that_are_no_number_do_not_stop_a_load_in_ranges(postgres: str, tmp_path: Path, kind: str) -> None:
    value = "case i when 5 then 'NaN'::float8 when 6 then 'NaN' when 7 then 'NaN' else i end"
    postgresql(
        postgres,
        "drop table if exists keys",
        f"create table keys(id {kind})",
        f"insert into keys select {value} from generate_series(1, 60) i",
    )
    office = Office(tmp_path, f'url = "{postgres}"')
    resource = database_resource("keys", mode="full", watermark=None, range_rows=2)
    office.collect(resource)
    assert len(office.landed(resource)) == 60


def test_an_encoding_that_does_not_exist_is_named(postgres: str, tmp_path: Path) -> None:
    postgresql(postgres, "create table coded(id int)", "insert into coded values (1)")
    office = Office(tmp_path, f'url = "{postgres}"')
    with pytest.raises(GovshareError, match=r"encoding gbk18030 is unknown.*gb18030"):
        office.collect(database_resource("coded", mode="full", watermark=None, encoding="gbk18030"))


@pytest.fixture(scope="module")
def maria() -> Iterator[str]:
    with mariadb_database() as url:
        yield url


def test_a_single_precision_number_lands_with_the_digits_that_it_has(maria: str, tmp_path: Path) -> None:
    mariadb(
        maria,
        "create table floats(id int primary key, f float)",
        "insert into floats values (1, 0.1), (2, 16777216), (3, 113.878), (4, 3.4e38), (5, null), (6, 1234567)",
    )
    office = Office(tmp_path, f'url = "{maria}"')
    table = database_resource("floats", mode="full", watermark=None)
    query = Resource(
        "office.query", Spec("database", "office", ["id"], None, "full", {"query": "select * from floats"})
    )
    for resource in (table, query):
        office.collect(resource)
        texts = [text for (text,) in office.landed(resource, "cast(f as varchar)")]
        assert texts == ["0.1", "16777216.0", "113.878", "3.4e+38", None, "1234567.0"]


@pytest.mark.parametrize("password", ["密码@1#/", "ключ", "p@ss:w/o?r#d%"])
def test_a_password_in_any_script_opens_the_database(
    maria: str, tmp_path: Path, password: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = maria.rsplit("/", 1)[1]
    user = f"u{os.getpid()}"
    mariadb(maria, "create table if not exists opened(id int)", "replace into opened values (1)")
    admin = pymysql.connect(**MARIADB, autocommit=True, charset="utf8mb4")
    with admin, admin.cursor() as cursor:
        for host in ("127.0.0.1", "localhost"):
            cursor.execute("create user %s@%s identified by %s", (user, host, password))
            cursor.execute(f"grant select on {database}.* to %s@%s", (user, host))
        try:
            monkeypatch.setenv("OFFICE_PASSWORD", password)
            url = f"mariadb://{user}:${{OFFICE_PASSWORD}}@127.0.0.1:3306/{database}"
            office = Office(tmp_path, f'url = "{url}"')
            assert office.collect(database_resource("opened", mode="full", watermark=None)).rows >= 1
        finally:
            for host in ("127.0.0.1", "localhost"):
                cursor.execute("drop user %s@%s", (user, host))


# --- interfaces


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.stop()


def interface(**options: Any) -> Resource:
    given = {"path": "list", "records": "data.list", **options}
    mode, watermark = ("incremental", "at") if "window" in given else ("full", None)
    return Resource("office.people", Spec("http", "office", ["id"], watermark, mode, given), [Item("id")])


def records(count: int) -> list[dict[str, Any]]:
    return [{"id": number} for number in range(1, count + 1)]


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 6, 7, 9, 12, 13, 15])
def test_overlapping_pages_of_a_list_at_rest_are_read_whatever_its_length(
    server: Server, tmp_path: Path, count: int
) -> None:
    def answer(asked: Asked) -> Answer:
        start, size = int(asked.params["offset"]), int(asked.params["limit"])
        return 200, {"data": {"total": count, "list": records(count)[start : start + size]}}, {}

    server.answer = answer
    paging = {"kind": "offset", "offset": "offset", "size": "limit", "page_size": 4}
    resource = interface(paging=paging, verify="overlap", total="data.total")
    assert Office(tmp_path, f'url = "{server.url}"').collect(resource).rows == count


def test_overlapping_pages_show_records_behind_a_total_that_is_too_low(server: Server, tmp_path: Path) -> None:
    def answer(asked: Asked) -> Answer:
        start, size = int(asked.params["offset"]), int(asked.params["limit"])
        return 200, {"data": {"total": 7, "list": records(9)[start : start + size]}}, {}

    server.answer = answer
    paging = {"kind": "offset", "offset": "offset", "size": "limit", "page_size": 4}
    with pytest.raises(GovshareError, match="announces 7 records and gives"):
        Office(tmp_path, f'url = "{server.url}"').collect(
            interface(paging=paging, verify="overlap", total="data.total", read_again=0)
        )


@pytest.mark.parametrize(
    "said",
    [
        {"ret": -1},
        {"flag": False},
        {"isSuccess": "N"},
        {"head": {"code": "-1"}},
        {"code": 0, "subCode": "E001"},
        {"status": {"code": 500}},
        {"errmsg": "签名错误"},
    ],
)
def test_an_error_in_any_of_its_dresses_is_no_empty_window(
    server: Server, tmp_path: Path, said: dict[str, Any]
) -> None:
    server.answer = lambda asked: (200, {**said, "data": {"list": []}}, {})
    with pytest.raises(GovshareError, match="is this an error or an empty result"):
        Office(tmp_path, f'url = "{server.url}"').collect(interface())


@pytest.mark.parametrize(
    "said",
    [
        {"code": 0},
        {"flag": True, "ret": 0},
        {"isSuccess": "Y", "errmsg": "ok"},
        {"head": {"code": "0000", "msg": "无数据"}},
        {"status": {"code": 200}},
        {"code": "200", "errmsg": "操作成功"},
        {"result": {"size": 7}},
    ],
)
def test_an_empty_list_beside_words_of_success_is_empty(server: Server, tmp_path: Path, said: dict[str, Any]) -> None:
    server.answer = lambda asked: (200, {**said, "data": {"list": []}}, {})
    assert Office(tmp_path, f'url = "{server.url}"').collect(interface()).rows == 0


@pytest.mark.parametrize(
    ("beside", "told"),
    [
        ({"total": 25}, "`total` says 25, and 3 came"),
        ({"totalCount": "25"}, "`totalCount` says 25, and 3 came"),
        ({"hasMore": True}, "`hasMore` of the last answer says that more follows"),
        ({"isLastPage": False}, "`isLastPage` of the last answer says that more follows"),
    ],
)
def test_an_answer_that_speaks_of_more_records_is_told_and_nothing_withdrawn(
    server: Server, tmp_path: Path, beside: dict[str, Any], told: str
) -> None:
    given = records(4)
    server.answer = lambda asked: (200, {"data": {"list": given, **beside}}, {})
    office = Office(tmp_path, f'url = "{server.url}"')
    office.collect(interface())
    given = records(3)
    collected = office.collect(interface())
    assert any(told in place for finding in collected.left_out for place in finding.where)
    assert office.landed(interface(), "_op", "_op = 'delete'") == []


@pytest.mark.parametrize("beside", [{"total": 3}, {"hasMore": False}, {"isLastPage": True}, {"totalAmount": 99}, {}])
def test_an_answer_that_is_all_is_not_doubted(server: Server, tmp_path: Path, beside: dict[str, Any]) -> None:
    server.answer = lambda asked: (200, {"data": {"list": records(3), **beside}}, {})
    assert Office(tmp_path, f'url = "{server.url}"').collect(interface()).left_out == ()


@pytest.mark.parametrize("end", [None, "", False, 0, -1, "0"])
def test_a_list_by_cursor_ends_where_its_cursor_says(server: Server, tmp_path: Path, end: Any) -> None:
    def answer(asked: Asked) -> Answer:
        place = int(asked.params.get("cursor", "c0")[1:] or 0)
        following = f"c{place + 1}" if place < 2 else end
        return 200, {"next": following, "data": {"list": records(10)[place * 4 : place * 4 + 4]}}, {}

    server.answer = answer
    paging = {"kind": "cursor", "next": "next", "ends": [0, -1]}
    collected = Office(tmp_path, f'url = "{server.url}"').collect(interface(paging=paging))
    assert (collected.rows, collected.left_out) == (10, ())


def test_a_cursor_that_no_answer_has_is_told(server: Server, tmp_path: Path) -> None:
    server.answer = lambda asked: (200, {"nextCursor": "c1", "data": {"list": records(4)}}, {})
    collected = Office(tmp_path, f'url = "{server.url}"').collect(interface(paging={"kind": "cursor", "next": "next"}))
    assert any("no answer has the next cursor `next`" in place for f in collected.left_out for place in f.where)


def test_a_token_in_the_address_stays_a_parameter(server: Server, tmp_path: Path) -> None:
    server.answer = lambda asked: (200, {"data": {"list": records(1)}}, {})
    Office(tmp_path, f'url = "{server.url}?token=abc"').collect(interface(path="list?kind=2"))
    assert (server.asked[0].path, server.asked[0].params) == ("/api/list", {"token": "abc", "kind": "2"})


WINDOW = {"from": "begin", "to": "end", "since": "2026-01-01"}


@pytest.mark.parametrize(
    ("options", "place"),
    [
        ({"window": {**WINDOW, "days": 0}}, "window.days"),
        ({"window": {**WINDOW, "from": None}}, "window.from"),
        ({"window": {**WINDOW, "format": "yyyy-MM-dd"}}, "window.format"),
        ({"window": {**WINDOW, "day": 1}}, "window.day"),
        ({"paging": {"kind": "pages"}}, "paging.kind"),
        ({"paging": {"kind": "page", "pagesize": 100}}, "paging.pagesize"),
        ({"paging": {"kind": "page", "page_size": 0}}, "paging.page_size"),
    ],
)
def test_a_wrong_name_or_value_of_paging_and_windows_is_refused_by_check(options: dict[str, Any], place: str) -> None:
    assert [name for name, _ in wrong_options("http", options)] == [place]


def test_duckdb_reads_back_what_a_single_precision_column_says() -> None:
    """What makes 0.1 of a float 0.1 in text: the cast of a FLOAT, not of a DOUBLE."""
    assert duckdb.sql("select cast(cast(0.1 as float) as varchar)").fetchall() == [("0.1",)]


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("mysql//x", "is no SQLAlchemy URL"),
        ("sqlite:///none.db", "the database refused or broke off"),
        ("postgresql://postgres@127.0.0.1:5432/none_13800001111", r'database "…" does not exist'),
    ],
)
def test_a_connection_that_cannot_be_listed_says_why(tmp_path: Path, url: str, message: str) -> None:
    (tmp_path / "city").mkdir()
    (tmp_path / "city" / "none.db").write_bytes(b"no database" * 999)
    office = Office(tmp_path, f'url = "{url}"')
    resource = database_resource()
    connection = Connections.load(office.installation).get(resource)
    with pytest.raises(GovshareError, match=message) as caught:
        tables_of(resource, connection)
    assert "13800001111" not in str(caught.value)
