"""What an interface may answer: each kind of answer has a meaning and a message of its own, and costs what it must."""

from __future__ import annotations

import datetime as dt
import gzip
import json
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from support.collecting import Item, Office, Resource, Spec
from support.http_server import Answer, Asked, Server

from connectors.base import CollectError
from connectors.collect import Collected
from connectors.landing import committed
from connectors.secrets import masked

CHINA = ZoneInfo("Asia/Shanghai")
PAGE = {"kind": "page", "page": "pageNum"}
PAGED: dict[str, Any] = {"path": "births", "records": "data.list", "paging": PAGE}
TOTAL = {**PAGED, "total": "data.total"}
PERSON = "410702199003070023"


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.stop()


def births(mode: str = "full", watermark: str | None = None, items: tuple[Item, ...] = (), **options: Any) -> Resource:
    return Resource("office.births", Spec("http", "office", ("id",), watermark, mode, options), items)


def office(folder: Path, server: Server, more: str = "") -> Office:
    return Office(folder, f'url = "{server.url}"\nretry_seconds = 0.01\nretries = 1\n{more}')


def records(count: int, start: int = 1) -> list[dict[str, Any]]:
    return [{"id": n, "name": f"张{n}"} for n in range(start, start + count)]


def found(result: Collected) -> dict[str, int]:
    return {finding.what: finding.count for finding in (*result.left_out, *result.remarks)}


# --- answers without records (case 03)


@pytest.mark.parametrize(
    "end", [(204, b"", {}), (200, b"", {}), (200, b"null", {}), (404, b"", {}), (404, b"<html>", {})]
)
def test_the_end_of_the_pages(tmp_path: Path, server: Server, end: Answer) -> None:
    server.records = records(8)
    server.answer = lambda asked: server.page(asked) if int(asked.params["pageNum"]) < 3 else end
    assert office(tmp_path, server).collect(births(**PAGED)).rows == 8


def test_404_for_the_first_page_is_a_wrong_path(tmp_path: Path, server: Server) -> None:
    server.answer = lambda asked: (404, {}, {})
    with pytest.raises(CollectError, match="page 1: the interface answers 404") as error:
        office(tmp_path, server).collect(births(**PAGED))
    assert "check the connection's `url` and `path`" in str(error.value)


def test_an_answer_without_a_byte_is_asked_for_again(tmp_path: Path, server: Server) -> None:
    """Once it is an accident; twice it is empty, and said."""
    server.records = records(3)
    server.before = [(200, b"", {})]
    assert office(tmp_path, server).collect(births(**TOTAL)).rows == 3
    server.answer = lambda asked: (200, b" \n", {})
    result = office(tmp_path / "other", server).collect(births(path="x"))
    assert result.rows == 0 and found(result) == {"empty_answer": 1}


def test_an_empty_list_beside_a_code_of_an_error_is_no_empty_result(tmp_path: Path, server: Server) -> None:
    for answer in (
        {"code": 401, "data": {"list": []}},
        {"errcode": "40001", "data": {"list": None}},
        {"success": False, "data": {"list": []}},
        {"error": "token expired", "data": {"list": []}},
        {"status": "error", "data": {"list": []}},
    ):
        server.answer = lambda asked, answer=answer: (200, answer, {})
        with pytest.raises(CollectError, match="is this an error or an empty result"):
            office(tmp_path, server).collect(births(**PAGED))
    for fine in (
        {"code": 0, "data": {"list": []}},
        {"code": "200", "message": "查询成功", "data": {"list": None}},
        {"success": True, "error": None, "data": {"list": []}},
        {"code": 0, "data": None},
        {"code": 200, "data": []},  # an object without names, as PHP writes it
    ):
        server.answer = lambda asked, fine=fine: (200, fine, {})
        assert office(tmp_path, server).collect(births(**PAGED)).rows == 0


@pytest.mark.parametrize(
    ("page", "message"),
    [
        (b"<!DOCTYPE html><html><title>login</title>", "a web page, not JSON: is the token valid?"),
        (b"\xef\xbb\xbf\n <HTML><body>", "a web page, not JSON: is the token valid?"),
        (b"<script>location='/login'</script>", "a web page, not JSON: is the token valid?"),
        (b"<?xml version='1.0'?><rows/>", "the answer is XML, not JSON"),
        (b"OK", "no whole JSON document"),
        (b'{"data": {"list": [{"id": 1}', "no whole JSON document"),
        (b'{"data": {"list": []}, "data": {"list": []}}', "a name twice outside of its records"),
        (b'{"data": null}', "no list at 'data.list'; the answer has data"),
        (b'{"code": 500, "data": null}', "no records, and `code` says 500: is this an error or an empty result?"),
        (b'{"code": 0, "data": [1]}', "no list at 'data.list'"),
        (b'"text"', "no list at 'data.list'; the answer is a text"),
    ],
)
def test_what_is_no_list_is_named(tmp_path: Path, server: Server, page: bytes, message: str) -> None:
    server.answer = lambda asked: (200, page, {"Content-Type": "text/html"})
    with pytest.raises(CollectError) as error:
        office(tmp_path, server).collect(births(**PAGED))
    assert message in str(error.value)


def test_a_web_page_is_met_with_a_new_login(tmp_path: Path, server: Server) -> None:
    tokens: list[str] = []

    def answer(asked: Asked) -> Answer:
        if asked.path == "/api/token":
            tokens.append(f"t{len(tokens)}")
            return 200, {"token": tokens[-1]}, {}
        expired = len(server.asked) == 3
        return (200, b"<html>login</html>", {}) if expired else server.page(asked)

    server.records = records(5)
    server.answer = answer
    source = office(tmp_path, server, 'login = {path = "token", json = {}}')
    assert source.collect(births(**TOTAL)).rows == 5
    assert len(tokens) == 2


def test_a_token_that_a_login_gave_is_a_secret(tmp_path: Path, server: Server) -> None:
    token = "eyJhbGciOi.JIUzI1NiJ9"
    server.records = records(2)
    server.answer = lambda asked: (200, {"token": token}, {}) if asked.path == "/api/token" else server.page(asked)
    office(tmp_path, server, 'login = {path = "token", json = {}}').collect(births(**TOTAL))
    assert masked(f"Bearer {token} is refused") == "Bearer *** is refused"


# --- one bad record


@pytest.mark.parametrize(
    ("bad", "repeated"),
    [
        ('{"id": 2, "name": "a", "name": "b"}', True),
        (r'{"id": 2, "name": "\x41"}', False),
        ('{"id": 2, "name": "a\tb\x01"}', False),
        ('{"id": 2, "name": tru}', False),
        ('{"id": 2 "name": 1}', False),
        ("[" * 100_000 + "]" * 100_000, False),
        ('{"id": 2, "deep": ' + '{"a":' * 500 + "1" + "}" * 501, False),
        ('{"id": 2, ' + ", ".join(f'"n{n}": 1' for n in range(5001)) + "}", False),
        ('{"id": 2, "' + "n" * 2000 + '": 1}', False),
    ],
)
def test_a_bad_record_costs_itself_and_its_text_is_kept(
    tmp_path: Path, server: Server, bad: str, repeated: bool
) -> None:
    page = f'{{"total": 3, "rows": [{{"id": 1}}, {bad}, {{"id": 3, "w": 1.50}}]}}'
    server.answer = lambda asked: (200, page.encode(), {})
    source = office(tmp_path, server)
    result = source.collect(births(path="x", records="rows", total="total"))
    assert result.problems == {"line_unreadable": 1}
    assert source.landed(births(), "id, w, _problem", "_problem is null") == [("1", None, None), ("3", "1.50", None)]
    assert source.landed(births(), "_raw, _line", "_problem is not null") == [(bad, 2)]
    assert found(result).get("repeated_name") == (1 if repeated else None)


def test_a_number_of_5000_digits_is_a_number_or_costs_its_record(tmp_path: Path, server: Server) -> None:
    digits = "9" * 5000
    server.answer = lambda asked: (200, f'[{{"id": 1, "n": {digits}}}, {{"id": 2, "n": 2}}]'.encode(), {})
    source = office(tmp_path, server)
    assert source.collect(births(path="x")).rows == 2
    landed = dict(source.landed(births(), "coalesce(id, 'bad'), coalesce(n, _raw)"))
    assert landed["2"] == "2" and any(digits in value for value in landed.values())


def test_a_record_that_cannot_be_read_is_not_withdrawn(tmp_path: Path, server: Server) -> None:
    source = office(tmp_path, server)
    server.records = records(3)
    source.collect(births(**TOTAL))
    page = json.dumps({"data": {"total": 3, "list": records(3)}}).replace('"id": 2,', '"id": 2, "id": 2,')
    server.answer = lambda asked: (200, page.encode(), {})
    result = source.collect(births(**TOTAL))
    assert result.deletes == 0 and found(result) == {"repeated_name": 1, "nothing_withdrawn": 1}


# --- windows of time


def window_of(days: int, **more: Any) -> tuple[dict[str, Any], dt.datetime]:
    today = dt.datetime.now(CHINA).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    first = today - dt.timedelta(days=days)
    return {"from": "begin", "to": "end", "since": first.isoformat(), "days": 1, **more}, first


@pytest.mark.parametrize("nothing", [(204, b"", {}), (200, b"", {}), (200, b"null", {}), (404, {}, {}), (200, [], {})])
def test_an_empty_window_stops_none_after_it_and_is_not_asked_for_again(
    tmp_path: Path, server: Server, nothing: Answer
) -> None:
    window, first = window_of(6)
    rows = [{"id": n, "at": (first + dt.timedelta(days=n, hours=3)).isoformat(" ")} for n in (2, 4)]

    def answer(asked: Asked) -> Answer:
        low, high = asked.params["begin"], asked.params["end"]
        inside = [row for row in rows if low <= row["at"] < high]
        return (200, inside, {}) if inside else nothing

    server.answer = answer
    source = office(tmp_path, server)
    resource = births("incremental", "at", path="x", window=window)
    assert source.collect(resource).rows == 2
    assert source.landed(resource, "id") == [("2",), ("4",)]
    last = committed(source.installation, resource.id)[-1]
    today = first + dt.timedelta(days=6)
    assert last.watermark is not None and last.watermark.high == today.strftime("%Y-%m-%d %H:%M:%S")
    server.asked.clear()
    assert source.collect(resource).unchanged
    begins = [asked.params["begin"] for asked in server.asked]
    if nothing[0] == 404:  # no window has an answer: the last one that had records shows that the path is right
        assert len(begins) == 3 and begins[1] <= (first + dt.timedelta(days=4)).isoformat(" ")
        del begins[1]
    assert min(begins) >= (today - dt.timedelta(days=1)).isoformat(" ")
    server.answer = lambda asked: (404, {}, {})
    if nothing[0] == 404:
        with pytest.raises(CollectError, match="no window has an answer, nor the last that had records"):
            source.collect(resource)


def test_many_empty_windows_are_one_batch(tmp_path: Path, server: Server) -> None:
    window, _ = window_of(40)
    server.answer = lambda asked: (204, b"", {})
    source = office(tmp_path, server)
    resource = births("incremental", "at", path="x", window=window)
    result = source.collect(resource)
    assert (result.rows, len(result.batches)) == (0, 1)
    assert source.collect(resource).unchanged
    assert len(server.asked) in (42, 43, 44)  # 40 whole ones, two that are not, one that is read again


def test_what_was_found_empty_stays_so_after_a_failure(tmp_path: Path, server: Server) -> None:
    window, first = window_of(5)
    broken = (first + dt.timedelta(days=3)).strftime("%Y-%m-%d %H:%M:%S")
    server.answer = lambda asked: (400, {}, {}) if asked.params["begin"] == broken else (204, b"", {})
    source = office(tmp_path, server)
    resource = births("incremental", "at", path="x", window=window)
    with pytest.raises(CollectError, match="400"):
        source.collect(resource)
    mark = committed(source.installation, resource.id)[-1].watermark
    assert mark is not None and mark.high == broken


def test_a_record_that_comes_late_into_a_window_lands(tmp_path: Path, server: Server) -> None:
    window, first = window_of(3)
    rows = [{"id": 1, "at": (first + dt.timedelta(days=2, hours=12)).isoformat(" ")}]
    server.answer = lambda asked: (
        200,
        [row for row in rows if asked.params["begin"] <= row["at"] < asked.params["end"]],
        {},
    )
    source = office(tmp_path, server)
    resource = births("incremental", "at", path="x", window=window)
    source.collect(resource)
    rows.append({"id": 2, "at": (first + dt.timedelta(days=2, hours=1)).isoformat(" ")})
    assert source.collect(resource).rows == 1


@pytest.mark.parametrize(
    ("marks", "late"),
    [
        (["2026-10-29 10:00:00", "2026/10/30"], "2026-10-29 23:00:00"),
        (["2026-10-30 10:00:00", "2999-01-01 00:00:00"], "2026-10-30 11:00:00"),
        (["2026-10-30 10:00:00", "999999999999999999"], "2026-10-30 11:00:00"),
        (["2026-10-30T10:00:00", "2026-10-30 09:00:00"], "2026-10-30 09:30:00"),
        (["2026-10-30", "2026-10-29"], "2026-10-30 07:00:00"),
    ],
)
def test_no_value_of_the_watermark_item_keeps_later_records_out(
    tmp_path: Path, server: Server, marks: list[str], late: str
) -> None:
    rows = [{"id": n, "at": mark} for n, mark in enumerate(marks)]

    def stamp(text: str) -> str:
        return text.replace("/", "-").replace("T", " ")

    def answer(asked: Asked) -> Answer:
        since = asked.params.get("since", "")
        return 200, [row for row in rows if stamp(str(row["at"])) >= stamp(since)], {}

    server.answer = answer
    source = office(tmp_path, server)
    resource = births("incremental", "at", path="x", since="since", watermark_type="timestamp")
    source.collect(resource)
    rows.append({"id": 77, "at": late})
    assert source.collect(resource).rows == 1
    assert ("77",) in source.landed(resource, "id")
    assert source.collect(resource).unchanged


def test_a_comparison_finds_what_the_watermark_missed(tmp_path: Path, server: Server) -> None:
    rows = [{"id": n, "at": f"2026-10-{n:02d} 08:00:00"} for n in (1, 20)]
    server.answer = lambda asked: (200, [row for row in rows if row["at"] >= asked.params.get("since", "")], {})
    source = office(tmp_path, server)

    def resource(compare: str) -> Resource:
        return births("incremental", "at", path="x", since="since", compare=compare)

    source.collect(resource("7 days"))
    rows.append({"id": 5, "at": "2026-10-05 08:00:00"})  # later than any overlap
    assert source.collect(resource("7 days")).unchanged
    assert source.collect(resource("never")).unchanged
    result = source.collect(resource("0 hours"))
    assert (result.rows, result.deletes, found(result)) == (1, 0, {"watermark_missed": 1})
    assert source.collect(resource("7 days")).unchanged
    rows.append({"id": 21, "at": "2026-10-21 08:00:00"})
    source.collect(resource("7 days"))
    assert server.asked[-1].params["since"] == "2026-10-19 08:00:00"  # the mark is that of the last delta
    with pytest.raises(CollectError, match="`compare` is no time"):
        source.collect(resource("sometimes"))


# --- limits and hosts


def test_redirects_stay_on_the_declared_hosts(tmp_path: Path, server: Server) -> None:
    other = Server()
    try:
        other.records = records(3)
        target = other.url.replace("127.0.0.1", "localhost")
        server.answer = lambda asked: (302, b"", {"Location": f"{target}/births?pageNum=1"})
        with pytest.raises(CollectError, match=r"redirects to another host: is the token valid\?"):
            office(tmp_path, server, 'headers = {X-Token = "geheim-42"}').collect(births(**PAGED))
        assert other.asked == []  # and so no secret
        host = target.split("/")[2]
        more = f'hosts = ["{host}"]'
        one = {"path": "births", "records": "data.list"}
        assert office(tmp_path, server, more).collect(births(**one)).rows == 3
        server.answer = lambda asked: (307, b"", {"Location": "/api/births"})
        with pytest.raises(CollectError, match="more than 5 redirects"):
            office(tmp_path, server).collect(births(**PAGED))
        with pytest.raises(CollectError, match="`path` is an address of another host"):
            office(tmp_path, server).collect(births(path=f"{target}/births"))
    finally:
        other.stop()


def certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 that nobody but its holder vouches for, and its key."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("needs openssl, to make a certificate")
    files = folder / "root.pem", folder / "key.pem"
    made = [
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-days",
        "1",
        "-subj",
        "/CN=127.0.0.1",
    ]
    places = ["-addext", "subjectAltName=IP:127.0.0.1", "-out", str(files[0]), "-keyout", str(files[1])]
    subprocess.run([openssl, *made, *places], check=True, capture_output=True)
    return files


def test_the_server_is_verified_unless_the_settings_say_that_it_is_not(tmp_path: Path, server: Server) -> None:
    (tmp_path / "city").mkdir()
    root, key = certificate(tmp_path / "city")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(root, key)
    secure = Server()
    secure.http.socket = context.wrap_socket(secure.http.socket, server_side=True)
    secure.url = secure.url.replace("http:", "https:")
    try:
        secure.records = records(5)
        with pytest.raises(CollectError, match="certificate is not to be trusted"):
            office(tmp_path, secure).collect(births(**TOTAL))
        assert secure.asked == []
        with pytest.raises(CollectError, match=r"the encrypted line broke \(SSLError\), 2 times in a row"):
            office(tmp_path / "plain", server).collect(births(path=server.url.replace("http:", "https:")))
        assert office(tmp_path, secure, 'verify = "root.pem"').collect(births(**TOTAL)).rows == 5
        assert office(tmp_path, secure, "verify = false").collect(births(**TOTAL)).unchanged
        secure.answer = lambda asked: (302, b"", {"Location": server.url})
        with pytest.raises(CollectError, match="redirects from https to an address without encryption"):
            office(tmp_path, secure, 'verify = "root.pem"').collect(births(**TOTAL))
        assert server.asked == []
    finally:
        secure.stop()


def test_secrets_of_the_environment_are_not_sent(
    tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login somebody password geheim-42\n")
    (tmp_path / ".netrc").chmod(0o600)
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    server.records = records(2)
    assert office(tmp_path, server).collect(births(**TOTAL)).rows == 2
    assert all("Authorization" not in asked.headers for asked in server.asked)


def test_an_answer_that_unpacks_to_too_much_is_refused(tmp_path: Path, server: Server) -> None:
    bomb = gzip.compress(b"[" + b" " * (64 << 20) + b"]")
    server.answer = lambda asked: (200, bomb, {"Content-Encoding": "gzip"})
    with pytest.raises(CollectError, match="more than 1 MB"):
        office(tmp_path, server, "page_limit_mb = 1").collect(births(path="x"))
    server.answer = lambda asked: (200, gzip.compress(bomb), {"Content-Encoding": "gzip, gzip"})
    with pytest.raises(CollectError, match="compression that was not asked for"):
        office(tmp_path, server).collect(births(path="x"))


def test_an_answer_of_too_many_values_is_refused(tmp_path: Path, server: Server) -> None:
    page = b"[" + b"0," * 5_000_001 + b"0]"
    server.answer = lambda asked: (200, page, {})
    with pytest.raises(CollectError, match="more than 5,000,000 values"):
        office(tmp_path, server).collect(births(path="x"))


def test_an_interface_without_an_end_is_ended(tmp_path: Path, server: Server) -> None:
    server.answer = lambda asked: (200, {"data": {"list": records(4, 4 * len(server.asked))}}, {})
    with pytest.raises(CollectError, match=r"more than 50 answers in one collection.*pages_limit"):
        office(tmp_path, server).collect(births(**PAGED, pages_limit=50))
    pad = "x" * 300_000
    server.answer = lambda asked: (200, {"pad": pad, "data": {"list": records(4, 4 * len(server.asked))}}, {})
    with pytest.raises(CollectError, match=r"more than 1 MB in one collection.*bytes_limit_mb"):
        office(tmp_path, server).collect(births(**PAGED, bytes_limit_mb=1))
    server.answer = lambda asked: (200, {"data": {"list": records(4, int(asked.params["pageNum"]) % 3)}}, {})
    with pytest.raises(CollectError, match="the same records as on page 1, 3 times in a row"):
        office(tmp_path, server).collect(births(**{**PAGED, "paging": {**PAGE, "first": 1}}))


def drip(part: bytes, rest: bytes) -> tuple[str, socket.socket]:
    """A server that sends ``part`` at once and then a byte of ``rest`` every 50 ms."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                line, _ = listening.accept()
            except OSError:
                return
            threading.Thread(target=answer, args=(line,), daemon=True).start()

    def answer(line: socket.socket) -> None:
        try:
            line.recv(65_536)
            line.sendall(part)
            for byte in rest:
                line.sendall(bytes([byte]))
                time.sleep(0.05)
        except OSError:
            pass

    threading.Thread(target=serve, daemon=True).start()
    return f"http://127.0.0.1:{listening.getsockname()[1]}/api", listening


@pytest.mark.parametrize(
    ("part", "rest"),
    [
        (b"", b"HTTP/1.1 200 OK\r\nX-Long: " + b"a" * 1000),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", b"[" + b" " * 998 + b"]"),
        (b"HTTP/1.1 200 OK\r\n\r\n", b"[" + b" " * 998 + b"]"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n" * 200),
    ],
)
def test_a_byte_now_and_then_keeps_nobody(tmp_path: Path, part: bytes, rest: bytes) -> None:
    url, listening = drip(part, rest)
    more = "retry_seconds = 0.01\nretries = 1\nanswer_timeout = 0.3"
    started = time.monotonic()
    try:
        with pytest.raises(CollectError, match="no whole answer within 0 seconds, 2 times in a row"):
            Office(tmp_path, f'url = "{url}"\n{more}').collect(births(path="x"))
        with pytest.raises(CollectError, match=r"not read within 0 seconds.*`deadline`"):
            Office(tmp_path, f'url = "{url}"\ndeadline = 0.3').collect(births(path="x"))
    finally:
        listening.close()
    assert time.monotonic() - started < 3


# --- what errors show


def test_errors_show_nothing_of_answers_addresses_and_secrets(
    tmp_path: Path, server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    secrets = 'token = "geheim-42"\nparams = {appKey = "geheim-43"}'
    answers: list[Answer] = [
        (200, {PERSON: 1, "电话 13803731234": 2}, {}),
        (200, {"code": PERSON, "data": {"list": []}}, {}),
        (200, f"<html>{PERSON}".encode(), {}),
        (200, f'{{"data": {PERSON}x'.encode(), {}),
        (200, {"data": {"list": "张三 13803731234"}}, {}),
        (200, {"data": {"list": [{"id": 1}], "total": "张三"}}, {}),
        (400, f"no such person {PERSON}".encode(), {}),
        (302, b"", {"Location": f"http://{PERSON}.example/?a=geheim-42"}),
        (302, b"", {"Location": f"ftp://{PERSON}/"}),
        (200, PERSON.encode(), {"Content-Encoding": PERSON}),
        (200, b"x" * 10, {"Content-Encoding": "gzip"}),
    ]
    for answer in answers:
        server.answer = lambda asked, answer=answer: answer
        path = f"births?sign=geheim-44&id={PERSON}"
        with pytest.raises(CollectError) as error:
            office(tmp_path, server, secrets).collect(births(**{**TOTAL, "path": path}))
        said = repr(error.value) + str(error.value)
        for secret in (PERSON, "13803731234", "geheim", "张三", "appKey"):
            assert secret not in said + caplog.text, said


def test_a_line_in_clear_and_an_unverified_server_are_said(tmp_path: Path) -> None:
    from connectors.connections import Connection
    from connectors.http.connector import HttpConnector

    def said(settings: dict[str, Any]) -> list[str]:
        connector = HttpConnector(births(path="x"), Connection("office", settings, tmp_path), [])
        connector.ask = lambda params, place, once=False: [{"id": 1}]  # type: ignore[method-assign]
        (delivery,) = [delivery for delivery in connector.deliveries() if delivery.schema]
        return [finding.what for finding in delivery.report.remarks]

    assert said({"url": "https://10.1.2.3/api"}) == []
    assert said({"url": "http://127.0.0.1/api"}) == []
    assert said({"url": "http://10.1.2.3/api"}) == ["connection_in_clear"]
    assert said({"url": "https://10.1.2.3/api", "verify": False}) == ["certificate_unverified"]


def test_working_files_lie_in_the_data_folder_for_the_owner_alone(
    tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = office(tmp_path, server)
    server.records = records(5)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "nowhere"))
    seen: list[int] = []

    def answer(asked: Asked) -> Answer:
        seen.extend(file.parent.stat().st_mode & 0o077 for file in source.installation.landing.rglob("records-*"))
        return server.page(asked)

    server.answer = answer
    source.collect(births(**TOTAL))
    assert seen and not any(seen)
