"""Answers that an interface should never give, and some does: status × body × headers × paging.

What each must show stands beside it: the rows that come of it, or words of the error. Nothing of an answer, an
address or a secret may be in an error, and no answer may end in an exception that nobody thought of.
"""

from __future__ import annotations

import gzip
import json
import socket
import threading
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.collecting import Resource, Spec
from support.http_server import Answer, Asked, Server

from connectors.base import CollectError
from connectors.connections import Connection
from connectors.http.connector import HttpConnector

PERSON, PHONE, SECRET = "410702199003070023", "13803731234", "geheim-42"
PAGINGS: dict[str, dict[str, Any]] = {
    "none": {},
    "page": {"paging": {"kind": "page", "page": "p"}},
    "offset": {"paging": {"kind": "offset", "offset": "o"}},
    "cursor": {"paging": {"kind": "cursor", "cursor": "c", "next": "next"}},
}
ROWS = [{"id": 1, "name": PERSON}, {"id": 2, "name": "张三"}]
Shown = int | str  # so many rows, or an error with these words


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.stop()


def outcome(url: str, folder: Path, options: dict[str, Any], **settings: Any) -> tuple[int, int] | str:
    """Rows and how many of them have a problem, or the error's text."""
    told = {
        "url": url, "retries": 1, "retry_seconds": 0.001, "page_limit_mb": 1, "token": SECRET, "answer_timeout": 2,
        **settings,
    }  # fmt: skip
    spec = Spec("http", "office", ("id",), None, "full", {"path": f"x?key={SECRET}", "records": "rows", **options})
    resource = Resource("office.births", spec)
    try:
        connector = HttpConnector(resource, Connection("office", told, folder), [])
        rows = [row for d in connector.deliveries() for batch in d.batches() for row in batch.to_pylist()]
        connector.close()
        return len(rows), sum(row["_problem"] is not None for row in rows)
    except CollectError as error:
        said = str(error) + repr(error)
        assert "office.births" in said and "Remedy" in said
        assert "cannot be read (" not in said, said  # nobody thought of it
        for secret in (PERSON, PHONE, SECRET, "张三"):
            assert secret not in said, said
        return said


def need(shown: Shown, found: tuple[int, int] | str, problems: int = 0) -> None:
    if isinstance(shown, int):
        assert found == (shown, problems)
    else:
        assert isinstance(found, str) and shown in found, found


def only_page(asked: Asked, answer: Answer) -> Answer:
    """The answer for the first page; behind it there is nothing."""
    behind = asked.params.get("p", "1") != "1" or asked.params.get("o", "0") != "0" or "c" in asked.params
    return (200, {"rows": []}, {}) if behind else answer


STATUSES: list[tuple[int, Shown]] = [
    (200, 2), (201, 2), (203, 2), (202, "has not answered it (202)"), (204, 0), (205, 0),
    (206, "a part of the answer only (206)"), (207, "answers 207"), (226, "answers 226"),
    (300, "answers 300"), (301, "answers 301"), (302, "answers 302"), (304, "answers 304"), (307, "answers 307"),
    (400, "answers 400"), (401, "refuses the account (401)"), (402, "answers 402"),
    (403, "refuses the account (403)"), (404, "answers 404: nothing is there"), (405, "answers 405"),
    (406, "answers 406"), (409, "answers 409"), (410, "answers 410"), (413, "answers 413"), (422, "answers 422"),
    (451, "answers 451"), (501, "answers 501"), (505, "answers 505"), (599, "answers 599"), (999, "answers 999"),
    *((busy, f"answers {busy}, 2 times in a row") for busy in (408, 425, 429, 500, 502, 503, 504)),
]  # fmt: skip


@pytest.mark.parametrize("paging", PAGINGS)
@pytest.mark.parametrize(("status", "shown"), STATUSES)
def test_every_status(server: Server, tmp_path: Path, status: int, shown: Shown, paging: str) -> None:
    server.answer = lambda asked: only_page(asked, (status, b"" if status in (204, 304) else {"rows": ROWS}, {}))
    need(shown, outcome(server.url, tmp_path, PAGINGS[paging]))


def doc(**more: Any) -> bytes:
    return json.dumps({"rows": ROWS, **more}, ensure_ascii=False).encode()


NO_JSON = "no whole JSON document, 2 times in a row"
NO_LIST = "there is no list at 'rows'"
WEB = "a web page, not JSON: is the token valid? (2 times in a row)"
BODIES: list[tuple[str, bytes, Shown, int]] = [  # name, body, what is shown, rows with a problem
    ("whole", doc(), 2, 0),
    ("empty", b"", 0, 0),
    ("blanks", b" \r\n\t", 0, 0),
    ("null", b"null", 0, 0),
    ("null list", b'{"rows": null}', 0, 0),
    ("empty list", b'{"rows": []}', 0, 0),
    ("false", b"false", NO_LIST, 0),
    ("number", b"17", NO_LIST, 0),
    ("text", f'"{PERSON}"'.encode(), NO_LIST, 0),
    ("list", json.dumps(ROWS).encode(), NO_LIST, 0),
    ("empty object", b"{}", NO_LIST, 0),
    ("other names", json.dumps({PERSON: 1, "data": ROWS}).encode(), NO_LIST, 0),
    ("object for list", b'{"rows": {"1": {}, "2": {}}}', NO_LIST, 0),
    ("text for list", json.dumps({"rows": PHONE}).encode(), NO_LIST, 0),
    ("code", doc(code=PERSON, rows=[]), "is this an error or an empty result?", 0),
    ("message", b'{"rows": [], "success": false}', "is this an error or an empty result?", 0),
    ("html", f"<!doctype html><p>{PERSON}".encode(), WEB, 0),
    ("script", b"  <script>top.location='/login'</script>", WEB, 0),
    ("html with mark", b"\xef\xbb\xbf<html></html>", WEB, 0),
    ("html in utf-16", "<html><body>登录".encode("utf-16"), WEB, 0),
    ("soap", b"<?xml version='1.0'?><Envelope/>", "the answer is XML, not JSON", 0),
    ("jsonp", b"callback(" + doc() + b")", NO_JSON, 0),
    ("guard", b")]}',\n" + doc(), NO_JSON, 0),
    ("cut", doc()[:-5], NO_JSON, 0),
    ("cut in text", doc()[:30], NO_JSON, 0),
    ("twice", doc() + doc(), NO_JSON, 0),
    ("lines", b'{"rows": []}\n{"rows": []}', NO_JSON, 0),
    ("words", f"Fatal error near '{PERSON}'".encode(), NO_JSON, 0),
    ("nothing but brackets", b"[" * 200_000, NO_JSON, 0),
    ("closing brackets", b"]" * 200_000, NO_JSON, 0),
    ("quotes", b'"' * 99_999, NO_JSON, 0),
    ("wrong pairs", b'{"rows": [}]', NO_JSON, 0),
    ("zeros", b"\0" * 1000, NO_JSON, 0),
    ("archive", b"PK\x03\x04" + b"\0" * 50, "no text but a zip archive", 0),
    ("large", b"[" + b" " * (1 << 20) + b"]", "more than 1 MB", 0),
    ("utf-16", doc().decode().encode("utf-16"), 2, 0),
    ("gb18030", doc().decode().encode("gb18030"), 2, 0),
    ("mark", b"\xef\xbb\xbf" + doc(), 2, 0),
    ("broken bytes", doc().replace("张".encode(), b"\xe5\xbc"), 2, 1),
    ("half a surrogate", doc().replace("张三".encode(), rb"\ud83d"), 2, 1),
    ("zero in a text", doc().replace("张三".encode(), rb"a\u0000b"), 2, 0),
    ("name twice", doc().replace(b'"id": 2,', b'"id": 2, "id": 3,'), 2, 1),
    ("name twice outside", doc().replace(b"{", b'{"a": 1, "a": 2, ', 1), "a name twice outside of its records", 0),
    ("name twice both", b'{"rows": [], "rows": []}', "a name twice outside of its records", 0),
    ("wrong escape", doc().replace("张三".encode(), rb"\x41"), 2, 1),
    ("control character", doc().replace("张三".encode(), b"a\x07b"), 2, 1),
    ("line end in a text", doc().replace("张三".encode(), b"a\nb"), 2, 1),
    ("no value", doc().replace(b'"id": 2,', b'"id": ,'), 2, 1),
    ("no quotes", b'{"rows": [{id: 1}, {"id": 2}]}', 2, 1),
    ("comma at the end", b'{"rows": [{"id": 1}, {"id": 2}, ]}', 2, 0),
    ("two commas", b'{"rows": [{"id": 1},, {"id": 2}]}', 2, 0),
    ("scalars", b'{"rows": [1, "a", null, true, [], {"id": 1}]}', 6, 5),
    ("all bad", b'{"rows": [{"id": x}, {"id": y}]}', 2, 2),
    ("deep record", b'{"rows": [{"id": 1}, {"id": 2, "d": ' + b"[" * 90_000 + b"]" * 90_000 + b"}]}", 2, 1),
    ("deep beside", b'{"rows": [], "d": ' + b"[" * 90_000 + b"]" * 90_000 + b"}", "nested too deep", 0),
    ("wide record", b'{"rows": [{"id": 1}, {' + b",".join(b'"n%d": 1' % n for n in range(5001)) + b"}]}", 2, 1),
    ("names are values", json.dumps({"rows": [{f"n{n}": 1} for n in range(5001)]}).encode(), "different names", 0),
    ("long name", json.dumps({"rows": [{"n" * 5000: 1}, {"id": 1}]}).encode(), 2, 1),
    ("no name", b'{"rows": [{"": 1, " ": 2}]}', 1, 0),
    ("names of case", b'{"rows": [{"id": 1, "ID": 2, "Id": 3}]}', 1, 0),
    ("largest number", b'{"rows": [{"id": 1e999999, "b": -0, "c": 1E400}]}', 1, 0),
    ("no numbers", b'{"rows": [{"id": NaN, "b": Infinity}]}', 1, 0),
    ("long text", b'{"rows": [{"id": "' + b"a" * 900_000 + b'"}]}', 1, 0),
]


@pytest.mark.parametrize("paging", ["none", "page"])
@pytest.mark.parametrize(("body", "shown", "problems"), [case[1:] for case in BODIES], ids=[case[0] for case in BODIES])
def test_every_body(server: Server, tmp_path: Path, body: bytes, shown: Shown, problems: int, paging: str) -> None:
    server.answer = lambda asked: only_page(asked, (200, body, {"Content-Type": "text/html; charset=x"}))
    need(shown, outcome(server.url, tmp_path, PAGINGS[paging]), problems)


@pytest.mark.parametrize("digits", [4_300, 4_301, 100_000])
def test_long_numbers_are_a_row(server: Server, tmp_path: Path, digits: int) -> None:
    server.answer = lambda asked: (200, b'{"rows": [{"id": 1}, {"id": ' + b"9" * digits + b"}]}", {})
    found = outcome(server.url, tmp_path, {})
    assert isinstance(found, tuple) and found[0] == 2


def test_a_cursor_tells_its_end_itself(server: Server, tmp_path: Path) -> None:
    """An empty page is not the end where a new cursor stands beside it, and 404 is a cursor that is gone."""
    chain: dict[str, Answer] = {
        "": (200, {"rows": ROWS, "next": "a"}, {}),
        "a": (200, {"rows": [], "next": "b"}, {}),
        "b": (200, {"rows": [{"id": 3}], "next": "c"}, {}),
        "c": (200, {"rows": [], "next": "c"}, {}),
    }
    server.answer = lambda asked: chain[asked.params.get("c", "")]
    need(3, outcome(server.url, tmp_path, PAGINGS["cursor"]))
    chain["b"] = (404, b"", {})
    need("no longer knows the cursor", outcome(server.url, tmp_path, PAGINGS["cursor"]))
    server.answer = lambda asked: (200, {"rows": [], "next": str(len(server.asked))}, {})
    need("100 empty pages in a row", outcome(server.url, tmp_path, PAGINGS["cursor"]))
    ends = {"paging": {**PAGINGS["cursor"]["paging"], "empty_ends": True}}
    need(0, outcome(server.url, tmp_path, ends))


# The second page is another than the first.
SECOND: list[tuple[str, Answer, Shown]] = [
    ("nothing", (200, {"rows": []}, {}), 2),
    ("204", (204, b"", {}), 2),
    ("404", (404, b"", {}), 2),
    ("410", (410, b"", {}), "page 2: the interface answers 410"),
    ("400", (400, PERSON.encode(), {}), "page 2: the interface answers 400"),
    ("the first again", (200, {"rows": ROWS}, {}), "the same records as on the page before"),
    ("the first in another order", (200, {"rows": ROWS[::-1]}, {}), 4),  # noticed by their keys
    ("login", (200, b"<html>", {}), WEB),
    ("busy", (503, b"", {"Retry-After": "0"}), "answers 503"),
    ("later", (429, b"", {"Retry-After": "86400"}), "come back in 86,400 seconds"),
    ("refused", (401, b"", {}), "refuses the account (401)"),
    ("never again", (429, b"", {"Retry-After": "9" * 50}), "asks to come back"),
    ("at an odd time", (429, b"", {"Retry-After": "tomorrow"}), "answers 429"),
]


@pytest.mark.parametrize("paging", ["page", "offset"])
@pytest.mark.parametrize(("second", "shown"), [case[1:] for case in SECOND], ids=[case[0] for case in SECOND])
def test_every_second_page(server: Server, tmp_path: Path, second: Answer, shown: Shown, paging: str) -> None:
    first: Answer = (200, {"rows": ROWS}, {})

    def answer(asked: Asked) -> Answer:
        number = int(asked.params.get("p", 0)) or int(asked.params["o"]) // 2 + 1
        return first if number == 1 else second if number == 2 else (200, {"rows": []}, {})

    server.answer = answer
    need(shown, outcome(server.url, tmp_path, PAGINGS[paging]))


TOTALS: list[tuple[Any, Shown]] = [
    (2, 2), ("2", 2), (2.0, 2), (" 2 ", 2),
    (3, "announces 3 records and gives 2"), (1, "announces 1 records and gives 2"),
    (0, "announces 0 records and gives 2"), (10**12, "announces 1,000,000,000,000 records and gives 2"),
    (None, "no number at 'total'"), (-1, "no number at 'total'"), ("zwei", "no number at 'total'"),
    (2.5, "no number at 'total'"), ([2], "no number at 'total'"), (True, "no number at 'total'"),
    (PERSON, "no number at 'total'"), (10**300, "no number at 'total'"),
]  # fmt: skip


@pytest.mark.parametrize("paging", ["none", "cursor"])
@pytest.mark.parametrize(("total", "shown"), TOTALS)
def test_every_total(server: Server, tmp_path: Path, total: Any, shown: Shown, paging: str) -> None:
    server.answer = lambda asked: (200, {"rows": ROWS, "total": total}, {})
    need(shown, outcome(server.url, tmp_path, {"total": "total", **PAGINGS[paging]}))


CURSORS: list[tuple[Any, Shown]] = [
    (None, 2), ("", 2), ("again", "a cursor that came before"), ([1], "the next cursor is no text"),
    ({"a": 1}, "the next cursor is no text"), (7, "a cursor that came before"),
]  # fmt: skip


@pytest.mark.parametrize(("cursor", "shown"), CURSORS)
def test_every_cursor(server: Server, tmp_path: Path, cursor: Any, shown: Shown) -> None:
    server.answer = lambda asked: (200, {"rows": [{"id": len(server.asked)}, {"id": 0}], "next": cursor}, {})
    need(shown, outcome(server.url, tmp_path, PAGINGS["cursor"]))


LOCATIONS: list[tuple[str, Shown]] = [
    ("/api/there", 2), ("there", 2), ("?a=1", 2), ("http://127.0.0.1:{port}/there", 2), ("//127.0.0.1:{port}/x", 2),
    ("http://127.0.0.1:1/there", "redirects to another host"), ("http://10.255.255.1/", "redirects to another host"),
    ("https://127.0.0.1:{port}@10.255.255.1/", "redirects to another host"),
    ("http://127.0.0.1:{port}.example/", "no address"), ("file:///etc/passwd", "another host"),
    ("ftp://127.0.0.1/", "another host"), ("http://127.0.0.1:99999/", "no address"), ("http://[::1/", "no address"),
    ("http:///x", 2), (f"//{PERSON}/", "another host"), ("/api/loop", "more than 5 redirects"),
]  # fmt: skip


@pytest.mark.parametrize(("location", "shown"), LOCATIONS)
def test_every_redirect(server: Server, tmp_path: Path, location: str, shown: Shown) -> None:
    target = location.format(port=server.http.server_port) if "{" in location else location
    moved = (302, b"", {"Location": target})

    def answer(asked: Asked) -> Answer:
        first = asked.path in ("/api/x", "/api/loop") and "a" not in asked.params
        if target.startswith("//127") or target == "?a=1":
            first = "key" in asked.params
        return moved if first else (200, {"rows": ROWS}, {})

    server.answer = answer
    need(shown, outcome(server.url, tmp_path, {}))


PACKED = gzip.compress(doc())
ENCODINGS: list[tuple[str, bytes, Shown]] = [
    ("gzip", PACKED, 2), ("GZIP", PACKED, 2), ("deflate", zlib.compress(doc()), 2), ("identity", doc(), 2),
    ("", doc(), 2), ("gzip", PACKED[:-20], "in a row"), ("gzip", doc(), "the line broke"),
    ("gzip, gzip", gzip.compress(PACKED), "a compression that was not asked for"), ("br", doc(), "not asked for"),
    ("zstd", doc(), "not asked for"), (PERSON, doc(), "not asked for"), ("none", PACKED, "not asked for"),
    ("", PACKED, "no text but a gz archive"), ("gzip", gzip.compress(b" " * (200 << 20), 1), "more than 1 MB"),
]  # fmt: skip


@pytest.mark.parametrize(("encoding", "body", "shown"), ENCODINGS)
def test_every_compression(server: Server, tmp_path: Path, encoding: str, body: bytes, shown: Shown) -> None:
    server.answer = lambda asked: (200, body, {"Content-Encoding": encoding} if encoding else {})
    need(shown, outcome(server.url, tmp_path, {}))


OK = b"HTTP/1.1 200 OK\r\n"
LENGTH = b"Content-Length: %d\r\n\r\n" % len(doc())
LINES: list[tuple[str, bytes, Shown]] = [
    ("nothing", b"", "the line broke"),
    ("no HTTP", b"hello " + PERSON.encode() + b"\r\n\r\n", "the line broke"),
    ("another protocol", b"SSH-2.0-OpenSSH_9.2\r\n", "the line broke"),
    ("no status", b"HTTP/1.1\r\n\r\n", "the line broke"),
    ("status of words", b"HTTP/1.1 OK fine\r\n\r\n", "the line broke"),
    ("HTTP/0.9", doc(), "the line broke"),
    ("old", b"HTTP/1.0 200 OK\r\n\r\n" + doc(), 2),
    ("no length", OK + b"\r\n" + doc(), 2),
    ("length", OK + LENGTH + doc(), 2),
    ("more than its length", OK + LENGTH + doc() + b"x" * 99, 2),
    ("less than its length", OK + LENGTH + doc()[:-9], "the line broke"),
    ("length of words", OK + b"Content-Length: ten\r\n\r\n" + doc(), 2),
    ("negative length", OK + b"Content-Length: -5\r\n\r\n" + doc(), 2),
    ("two lengths", OK + b"Content-Length: 5\r\nContent-Length: 7\r\n\r\n" + doc(), "InvalidHeader"),
    ("chunks", OK + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(doc()), doc()), 2),
    ("chunk of words", OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n" + doc(), "the line broke"),
    ("chunk without end", OK + b"Transfer-Encoding: chunked\r\n\r\nffff\r\n" + doc(), "the line broke"),
    ("endless header", OK + b"X: " + b"a" * 200_000, "the line broke"),
    ("thousand headers", OK + b"".join(b"X%d: 1\r\n" % n for n in range(1000)) + b"\r\n", "the line broke"),
    ("header of bytes", OK + b"X: \xff\xfe\x00\r\n" + LENGTH + doc(), 2),
    ("only 100", b"HTTP/1.1 100 Continue\r\n\r\n", "the line broke"),
    ("100 and an answer", b"HTTP/1.1 100 Continue\r\n\r\n" + OK + LENGTH + doc(), 2),
]


@pytest.mark.parametrize(("sent", "shown"), [case[1:] for case in LINES], ids=[case[0] for case in LINES])
def test_every_line(tmp_path: Path, sent: bytes, shown: Shown) -> None:
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        for _ in range(2):
            try:
                line, _ = listening.accept()
                with line:
                    line.recv(65_536)
                    line.sendall(sent)
            except OSError:
                return

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        need(shown, outcome(f"http://127.0.0.1:{listening.getsockname()[1]}", tmp_path, {}))
    finally:
        listening.close()


SETTINGS: list[tuple[dict[str, Any], Shown]] = [
    ({"url": "no address"}, "`url` is no address"), ({"url": ""}, "`url` is no address"),
    ({"url": "ftp://127.0.0.1"}, "`url` is no address"), ({"url": "http://"}, "`url` is no address"),
    ({"url": "http://127.0.0.1:99999"}, "`url` is no address"), ({"url": f"http://[{SECRET}"}, "`url` is no address"),
    ({"headers": {"X": f"a\r\nX-B: {SECRET}"}}, "the settings make no request"),
    ({"token": f"{SECRET}\n"}, "the settings make no request"),
    ({"verify": "no/such/file.pem"}, "`verify` names no file"), ({"deadline": 1e-9}, "not read within"), ({"pages_limit": 0}, "0 answers"),
    ({"proxy": "http://127.0.0.1:1"}, "the line broke (ProxyError)"),
]  # fmt: skip


@pytest.mark.parametrize(("settings", "shown"), SETTINGS)
def test_every_setting(server: Server, tmp_path: Path, settings: dict[str, Any], shown: Shown) -> None:
    server.answer = lambda asked: (200, {"rows": ROWS}, {})
    need(shown, outcome(**{"url": server.url, "folder": tmp_path, "options": {}, **settings}))
