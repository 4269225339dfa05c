"""JSON interfaces against a real local server that misbehaves."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.collecting import Item, Office, Resource, Spec
from support.http_server import Answer, Asked, Server

from connectors.base import CollectError
from connectors.landing import committed

SECRET = "geheim-42"


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.stop()


PAGED = {
    "path": "births",
    "records": "data.list",
    "paging": {"kind": "page", "page": "pageNum", "size": "pageSize", "page_size": 100},
}
TOTAL = {**PAGED, "total": "data.total"}


def births(mode: str = "full", watermark: str | None = None, items: tuple[Item, ...] = (), **options: Any) -> Resource:
    return Resource("office.births", Spec("http", "office", ("id",), watermark, mode, options), items)


def office(folder: Path, server: Server, more: str = "") -> Office:
    return Office(folder, f'url = "{server.url}"\nretry_seconds = 0.01\n{more}')


def records(count: int, start: int = 1) -> list[dict[str, Any]]:
    return [{"id": n, "name": f"张{n}", "weight": 3.50} for n in range(start, start + count)]


@pytest.mark.parametrize("options", [PAGED, TOTAL])
@pytest.mark.parametrize("count", [0, 1, 4, 5, 11])
def test_pages(tmp_path: Path, server: Server, options: dict[str, Any], count: int) -> None:
    server.records = records(count)
    source = office(tmp_path, server)
    assert source.collect(births(items=(Item("id"), Item("name"), Item("weight")), **options)).rows == count
    landed = source.landed(births(), "id, name")
    assert landed == [(str(n), f"张{n}") for n in range(1, count + 1)]
    assert source.collect(births(**options)).unchanged


def test_addresses_of_rows_and_numbers_as_written(tmp_path: Path, server: Server) -> None:
    page = b'{"data": [{"id": 1, "w": 3.50, "deep": {"a": [1]}}, "odd", {"id": 987654321098765432, "ok": true}]}'
    server.answer = lambda asked: (200, page, {})
    source = office(tmp_path, server)
    source.collect(births(path="x", records="data"))
    assert source.landed(births(), "id, w, deep, ok, _file, _line, _problem, _raw") == [
        ("1", "3.50", '{"a": [1]}', None, "x#page 1", 1, None, None),
        (None, None, None, None, "x#page 1", 2, "line_unreadable", "odd"),
        ("987654321098765432", None, None, "true", "x#page 1", 3, None, None),
    ]


def test_offset_and_a_gb18030_answer(tmp_path: Path, server: Server) -> None:
    server.records = records(10)

    def answer(asked: Asked) -> Answer:
        start = int(asked.params["from"])
        size = min(int(asked.params["count"]), 3)
        return 200, json.dumps(server.records[start : start + size], ensure_ascii=False).encode("gb18030"), {}

    server.answer = answer
    source = office(tmp_path, server)
    paging = {"kind": "offset", "offset": "from", "size": "count", "page_size": 5}
    assert source.collect(births(path="x", paging=paging)).rows == 10
    assert source.landed(births(), "name")[9] == ("张10",)


def test_cursor_and_post(tmp_path: Path, server: Server) -> None:
    server.records = records(7)

    def answer(asked: Asked) -> Answer:
        question = json.loads(asked.body)
        start = int(question["page"].get("cursor") or 0)
        following = start + 3 if start + 3 < 7 else None
        return 200, {"rows": server.records[start : start + 3], "next": following}, {}

    server.answer = answer
    source = office(tmp_path, server)
    options = {
        "path": "search",
        "method": "POST",
        "send": "json",
        "params": {"filter.area": "410700", "page.size": 3},
        "records": "rows",
        "paging": {"kind": "cursor", "cursor": "page.cursor", "next": "next"},
    }
    assert source.collect(births(**options)).rows == 7
    assert json.loads(server.asked[1].body) == {
        "filter": {"area": "410700"},
        "page": {"size": 3, "cursor": "3"},
    }


def test_deletes_are_found_in_a_full_read(tmp_path: Path, server: Server) -> None:
    server.records = records(6)
    source = office(tmp_path, server)
    source.collect(births(**TOTAL))
    server.records = [*records(5)[1:], {"id": 6, "name": "李", "weight": 3.5}]
    assert source.collect(births(**TOTAL)).rows == 2
    assert source.landed(births(), "id, name, _op", "_batch = '000002'") == [
        ("6", "李", "upsert"),
        ("1", None, "delete"),
    ]


# --- what goes wrong on the line


@pytest.mark.parametrize(
    "trouble",
    [
        (503, {}, {}),
        (429, {}, {"Retry-After": "0"}),
        (500, b"<html>", {}),
        (200, b"<html>please log in", {}),
        (200, b'{"data": {"list": [{"id"', {}),
        (0, None, {}),
    ],
)
def test_trouble_on_any_page_is_overcome(tmp_path: Path, server: Server, trouble: Answer) -> None:
    server.records = records(9)
    server.before = [trouble, None, trouble, trouble, None, None, trouble]
    assert office(tmp_path, server).collect(births(**TOTAL)).rows == 9


def test_retry_after_is_honoured(tmp_path: Path, server: Server) -> None:
    server.records = records(1)
    server.before = [(429, {}, {"Retry-After": "1"})]
    started = time.monotonic()
    assert office(tmp_path, server).collect(births(**TOTAL)).rows == 1
    assert time.monotonic() - started >= 1
    server.before = [(503, {}, {"Retry-After": "7200"})]
    result = office(tmp_path, server).collect(births(**TOTAL))
    assert result.unchanged and "come back in 7,200 seconds" in result.message


def test_the_declared_pace_is_kept(tmp_path: Path, server: Server) -> None:
    server.records = records(13)
    started = time.monotonic()
    office(tmp_path, server, "requests_per_second = 10").collect(births(**TOTAL))
    assert time.monotonic() - started >= 0.1 * (len(server.asked) - 1)


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        ([(500, {}, {})] * 9, "the interface answers 500, 3 times in a row"),
        ([(404, {}, {})], "the interface answers 404"),
        ([(403, {}, {})], r"refuses the account \(403\)"),
        ([(200, b"<html>", {})] * 9, r"a web page, not JSON: is the token valid\? \(3 times in a row\)"),
        ([(200, {"code": 17, "data": None}, {})], "answers with the code 17"),
        ([(200, {"code": 0, "rows": []}, {})], "no list at 'data.list'; the answer has code, rows"),
        ([(200, b"[" + b" " * (2 << 20) + b"]", {})], "more than 1 MB"),
    ],
)
def test_errors_name_everything_and_show_no_secret(
    tmp_path: Path, server: Server, answers: list[Answer], message: str
) -> None:
    server.before = list(answers)
    source = office(tmp_path, server, f'retries = 2\npage_limit_mb = 1\ntoken = "{SECRET}"')
    with pytest.raises(CollectError, match=message) as error:
        source.collect(births(**TOTAL, success={"path": "code", "equals": [0]}))
    text = str(error.value)
    assert "测试局 · 测试资源 (office.births), connection office, interface births, page 1" in text
    assert "Remedy" in text and SECRET not in text
    assert committed(source.installation, "office.births") == []


def test_a_dead_server(tmp_path: Path, server: Server) -> None:
    server.stop()
    with pytest.raises(CollectError, match=r"the line broke \(ConnectionError\), 2 times"):
        office(tmp_path, server, "retries = 1").collect(births(**TOTAL))


def test_an_interface_that_ignores_the_page_number(tmp_path: Path, server: Server) -> None:
    server.records = records(4)
    server.answer = lambda asked: (200, {"data": {"list": server.records}}, {})
    with pytest.raises(CollectError, match="the same records as on the page before"):
        office(tmp_path, server).collect(births(**PAGED))
    server.answer = lambda asked: (200, {"data": {"list": records(2, len(server.asked)), "next": "x"}}, {})
    options = {**PAGED, "paging": {"kind": "cursor", "next": "data.next"}}
    with pytest.raises(CollectError, match="a cursor that came before"):
        office(tmp_path, server).collect(births(**options))


# --- what changes while it is read


@pytest.mark.parametrize("options", [PAGED, TOTAL])
@pytest.mark.parametrize("change", ["insert", "delete"])
@pytest.mark.parametrize("after", [1, 2, 3])
def test_a_change_between_two_pages_is_noticed(
    tmp_path: Path, server: Server, options: dict[str, Any], change: str, after: int
) -> None:
    server.records = records(14)
    former = server.page

    def answer(asked: Asked) -> Answer:
        answered = former(asked)
        if len(server.asked) == after:
            if change == "insert":
                server.records.insert(0, {"id": 99, "name": "新", "weight": 1})
            else:
                del server.records[1]
        return answered

    server.answer = answer
    source = office(tmp_path, server)
    source.collect(births(**options))
    landed = sorted(int(number) for (number,) in source.landed(births(), "id"))
    assert landed == sorted(record["id"] for record in server.records)


def test_an_interface_that_never_rests_is_an_error(tmp_path: Path, server: Server) -> None:
    def answer(asked: Asked) -> Answer:
        server.records.insert(0, {"id": len(server.records)})
        return server.page(asked)

    server.records = records(9)
    server.answer = answer
    with pytest.raises(CollectError, match=r"3 times in a row.*page by cursor"):
        office(tmp_path, server).collect(births(**PAGED))
    server.answer = lambda asked: (200, {"data": {"list": records(2), "total": 3}}, {})
    with pytest.raises(CollectError, match="announces 3 records and gives 2"):
        office(tmp_path, server).collect(births(**{**TOTAL, "paging": {}}))


# --- incremental


def test_since_the_last_watermark(tmp_path: Path, server: Server) -> None:
    rows = [{"id": n, "updatedAt": f"2026-01-0{n} 10:00:00"} for n in (1, 2, 3)]

    def answer(asked: Asked) -> Answer:
        return 200, [row for row in rows if row["updatedAt"] >= asked.params["since"]], {}

    server.answer = answer
    source = office(tmp_path, server)
    resource = births("incremental", "updatedAt", path="x", since="since", start="2026-01-02", overlap=3600)
    assert source.collect(resource).rows == 2
    assert source.collect(resource).unchanged
    rows.append({"id": 4, "updatedAt": "2026-01-03 09:30:00"})  # late, within the overlap
    assert source.collect(resource).rows == 1
    assert [asked.params["since"] for asked in server.asked] == ["2026-01-02", *["2026-01-03 09:00:00"] * 2]
    assert source.landed(resource, "id") == [("2",), ("3",), ("4",)]


def test_windows_of_time(tmp_path: Path, server: Server) -> None:
    today = dt.datetime.now().replace(hour=0, minute=0, second=0, microsecond=0)
    first = today - dt.timedelta(days=4)
    rows = [{"id": n, "at": (first + dt.timedelta(hours=25 * n)).strftime("%Y-%m-%d %H:%M:%S")} for n in range(4)]
    fail = {"on": 3}

    def answer(asked: Asked) -> Answer:
        if len(server.asked) == fail["on"]:
            return 400, {}, {}
        low, high = asked.params["begin"], asked.params["end"]
        return 200, [row for row in rows if low <= row["at"] < high], {}

    server.answer = answer
    source = office(tmp_path, server)
    window = {"from": "begin", "to": "end", "since": first.isoformat(), "days": 1}
    resource = births("incremental", "at", path="x", window=window)
    with pytest.raises(CollectError, match="400"):
        source.collect(resource)
    assert source.landed(resource, "id") == [("0",), ("1",)]  # what was read before the failure stays
    source.collect(resource)
    assert source.landed(resource, "id") == [(str(n),) for n in range(4)]
    asked = len(server.asked)
    assert source.collect(resource).unchanged
    assert len(server.asked) - asked <= 2  # from the last window that had rows
    with pytest.raises(CollectError, match=r"`window\.to`: Field required; `window\.since`: Field required"):
        source.collect(births("incremental", "at", path="x", window={"from": "a"}))
    with pytest.raises(CollectError, match="without `watermark`"):
        source.collect(births("incremental", path="x"))
    with pytest.raises(CollectError, match="watermark 'when' is no item"):
        source.collect(births("incremental", "when", path="x", window=window))


# --- tokens and signatures


def test_a_login_whose_token_runs_out(tmp_path: Path, server: Server) -> None:
    server.records = records(9)
    tokens: list[str] = []

    def answer(asked: Asked) -> Answer:
        if asked.path == "/api/token":
            assert json.loads(asked.body) == {"appId": "govshare", "secret": SECRET}
            tokens.append(f"t{len(tokens)}")
            return 200, {"data": {"access": tokens[-1]}}, {}
        if asked.headers["X-Token"] != tokens[-1] or len(server.asked) == 3:
            return 401, {}, {}
        return server.page(asked)

    server.answer = answer
    more = (
        f'login = {{path = "token", json = {{appId = "govshare", secret = "{SECRET}"}}, '
        'token = "data.access", header = "X-Token", value = "{token}"}'
    )
    assert office(tmp_path, server, more).collect(births(**TOTAL)).rows == 9
    assert len(tokens) == 2
    server.answer = lambda asked: (200, {"error": "no"}, {})
    with pytest.raises(CollectError, match="no token from the login"):
        office(tmp_path, server, more).collect(births(**TOTAL))


@pytest.mark.parametrize(("algorithm", "encode"), [("hmac-sha256", "hex"), ("hmac-sha1", "base64"), ("md5", "HEX")])
def test_signed_questions(tmp_path: Path, server: Server, algorithm: str, encode: str) -> None:
    server.records = records(5)

    def answer(asked: Asked) -> Answer:
        sign = asked.params.pop("sign")
        query = "&".join(f"{k}={v}" for k, v in sorted(asked.params.items()))
        text = f"{asked.method}|{asked.path}|{query}|{asked.headers['X-Nonce']}|{SECRET}"
        if algorithm.startswith("hmac"):
            digest = hmac.new(SECRET.encode(), text.encode(), algorithm[5:]).digest()
        else:
            digest = hashlib.new(algorithm, text.encode()).digest()
        wanted = {
            "hex": digest.hex(),
            "HEX": digest.hex().upper(),
            "base64": base64.b64encode(digest).decode(),
        }
        if sign != wanted[encode] or asked.headers["X-App"] != "govshare" or not asked.params["ts"].isdigit():
            return 403, {}, {}
        return server.page(asked)

    server.answer = answer
    more = (
        f'sign = {{algorithm = "{algorithm}", secret = "{SECRET}", encode = "{encode}", clock = "s", '
        'text = "{method}|{path}|{query}|{nonce}|{secret}", '
        'headers = {X-App = "govshare", X-Nonce = "{nonce}"}, '
        'params = {ts = "{timestamp}", sign = "{signature}"}}'
    )
    assert office(tmp_path, server, more).collect(births(**TOTAL)).rows == 5
    with pytest.raises(CollectError, match="no signature 'hmac-klingon'"):
        office(tmp_path, server, 'sign = {algorithm = "hmac-klingon"}').collect(births(**TOTAL))


# --- fuzz

scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=4)
documents = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["data", "list", "id", "名"]), inner, max_size=3)
    ),
    max_leaves=8,
)
good = st.dictionaries(st.sampled_from(["id", "名", "x"]), scalars, min_size=1, max_size=3)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(document=documents | st.binary(max_size=50))
def test_any_answer_is_rows_or_an_error(
    tmp_path_factory: pytest.TempPathFactory, server: Server, document: Any
) -> None:
    server.answer = lambda asked: (200, document, {})
    source = office(tmp_path_factory.mktemp("any"), server, "retries = 1")
    try:
        source.collect(births(path="births", records="data.list"))
    except CollectError as error:
        assert "office.births" in str(error) and "Remedy" in str(error)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(good | st.integers() | st.text(max_size=3), max_size=14),
    trouble=st.lists(st.sampled_from([None, (503, {}, {}), (200, b"{", {}), (0, None, {})]), max_size=5),
)
def test_no_good_record_is_lost_whatever_happens(
    tmp_path_factory: pytest.TempPathFactory, server: Server, rows: list[Any], trouble: list[Any]
) -> None:
    numbered = [{**row, "n": n} if isinstance(row, dict) else row for n, row in enumerate(rows)]
    server.records, server.before = numbered, list(trouble)
    source = office(tmp_path_factory.mktemp("lost"), server)
    result = source.collect(births(**TOTAL))
    assert result.rows == len(rows)
    if any(isinstance(row, dict) for row in rows):
        landed = {number for (number,) in source.landed(births(), "n", "_problem is null")}
        assert landed == {str(row["n"]) for row in numbered if isinstance(row, dict)}
