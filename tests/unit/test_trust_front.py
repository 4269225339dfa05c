"""The door in front of Dagster's UI, with a page behind it that lets everybody do everything."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect, unix_connect

from orchestration import front
from orchestration.front import Front, Login, names_of
from orchestration.ui import listen_on_port, listen_on_socket

QUERY = {"query": "mutation { launchRun }"}


@contextmanager
def served(login: Login, listening: socket.socket, hosts: list[str]) -> Iterator[None]:
    async def page(_: Request) -> PlainTextResponse:
        return PlainTextResponse("inside")

    async def talk(socket: WebSocket) -> None:
        await socket.accept()
        await socket.send_text("inside")
        await socket.close()

    routes = [WebSocketRoute("/graphql", talk), Route("/{path:path}", page, methods=["GET", "POST"])]
    app = Front(Starlette(routes=routes), login, hosts)
    server = uvicorn.Server(uvicorn.Config(app, log_level="critical"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        while not server.started:
            time.sleep(0.01)
        yield
    finally:
        server.should_exit = True
        thread.join()


class Door:
    """A server and what a browser or a program asks of it."""

    def __init__(self, port: int, login: Login) -> None:
        self.port, self.login = port, login
        self.address = f"http://127.0.0.1:{port}"

    def browser(self) -> requests.Session:
        session = requests.Session()
        session.headers.update({"Origin": self.address, "Sec-Fetch-Site": "same-origin"})
        return session

    def signed_in(self) -> requests.Session:
        session = self.browser()
        assert session.get(f"{self.address}/", params={"token": self.login.token}).status_code == 200
        return session

    def talk(self, session: requests.Session | None = None, origin: str | None = None) -> str:
        cookies = "; ".join(f"{c.name}={c.value}" for c in session.cookies) if session else ""
        headers = {"Cookie": cookies} if cookies else {}
        with connect(
            f"ws://127.0.0.1:{self.port}/graphql",
            origin=origin or self.address,  # type: ignore[arg-type]
            additional_headers=headers,
        ) as talking:
            return str(talking.recv(5))


@pytest.fixture(scope="module")
def door() -> Iterator[Door]:
    listening = listen_on_port(0)
    port = listening.getsockname()[1]
    login = Login()
    with served(login, listening, names_of(port, "govshare.example.gov, ")):
        yield Door(port, login)


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(front, "PAUSE", 0.05)


@pytest.mark.parametrize(
    "path", ["/", "/graphql", "/server_info", "/logs/a", "/download_debug/1", "/report_asset_materialization/a"]
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_nobody_comes_in_without_signing_in(door: Door, method: str, path: str) -> None:
    answer = requests.request(method, door.address + path, json=QUERY if method == "POST" else None)
    assert answer.status_code == 401 and "inside" not in answer.text and "Sign in" in answer.text
    wrong = {"Authorization": f"Bearer {door.login.token}x", "Cookie": "govshare_ui=x"}
    assert requests.request(method, door.address + path, headers=wrong).status_code == 401


def test_the_token_signs_a_browser_in_and_stays_in_no_address(door: Door) -> None:
    answer = door.browser().get(f"{door.address}/?token={door.login.token}")
    assert door.login.token not in answer.text and "url=/" in answer.text
    cookie = answer.headers["set-cookie"]
    assert (
        "HttpOnly" in cookie
        and "SameSite=strict" in cookie
        and door.login.token not in cookie
        and "Secure" not in cookie
    )
    session = door.signed_in()
    assert session.get(door.address).text == "inside"
    assert session.post(f"{door.address}/graphql", json=QUERY).text == "inside"
    assert door.browser().get(f"{door.address}/?token={door.login.token[:-1]}").status_code == 401


def test_signing_out_ends_a_session(door: Door) -> None:
    session = door.signed_in()
    kept = dict(session.cookies)
    assert session.post(f"{door.address}/logout").status_code == 200
    assert requests.get(door.address, cookies=kept).status_code == 401


def test_a_program_names_the_token_in_each_request(door: Door) -> None:
    headers = {"Authorization": f"Bearer {door.login.token}"}
    assert requests.post(f"{door.address}/graphql", json=QUERY, headers=headers).text == "inside"


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "http://127.0.0.1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"},
    ],
)
def test_a_page_of_another_site_does_nothing_even_in_a_signed_in_browser(door: Door, headers: dict[str, str]) -> None:
    session = door.signed_in()
    answer = session.post(f"{door.address}/graphql", json=QUERY, headers=headers)
    assert answer.status_code == 403 and "inside" not in answer.text


def test_a_link_from_another_site_may_be_opened(door: Door) -> None:
    session = door.signed_in()
    del session.headers["Origin"]
    followed = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    assert session.get(f"{door.address}/runs", headers=followed).text == "inside"


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1", "127.0.0.1.evil.example:{port}"]
)
def test_a_foreign_name_that_leads_here_is_refused(door: Door, host: str) -> None:
    session = door.signed_in()
    answer = session.get(door.address, headers={"Host": host.format(port=door.port)})
    assert answer.status_code == 421
    for own in (f"localhost:{door.port}", "govshare.example.gov", "GOVSHARE.example.gov"):
        headers = {"Host": own, "Authorization": f"Bearer {door.login.token}"}
        assert requests.get(door.address, headers=headers).text == "inside"


def test_nothing_is_changed_by_a_link_an_image_or_a_form(door: Door) -> None:
    session = door.signed_in()
    for ask in (
        lambda: session.get(f"{door.address}/graphql", params=QUERY),
        lambda: session.get(f"{door.address}/graphql", params=QUERY, headers={"Accept": "text/html"}),
        lambda: session.post(f"{door.address}/graphql", params=QUERY),
        lambda: session.post(f"{door.address}/graphql", data=QUERY),
        lambda: session.post(f"{door.address}/graphql", data="{}", headers={"Content-Type": "text/plain"}),
        lambda: session.post(f"{door.address}/graphql/", data="{}", headers={"Content-Type": "application/graphql"}),
        lambda: session.head(f"{door.address}/graphql", params=QUERY),
    ):
        assert ask().status_code == 405
    assert session.get(f"{door.address}/graphql", headers={"Accept": "text/html"}).text == "inside"  # the playground


def test_a_websocket_is_opened_by_our_page_in_a_signed_in_browser_only(door: Door) -> None:
    session = door.signed_in()
    assert door.talk(session) == "inside"
    for refused in ((None, None), (session, "http://evil.example"), (session, "null")):
        with pytest.raises(InvalidStatus):
            door.talk(*refused)


def test_no_page_is_shown_in_a_frame_or_kept(door: Door) -> None:
    for answer in (requests.get(door.address), door.signed_in().get(door.address)):
        assert answer.headers["X-Frame-Options"] == "DENY" and answer.headers["Cache-Control"] == "no-store"


def test_a_password_is_asked_for_in_a_form_and_its_tries_are_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(front, "PAUSE", 0.2)
    listening = listen_on_port(0)
    login = Login(password="p@ss#wörd")
    door = Door(listening.getsockname()[1], login)
    with served(login, listening, names_of(door.port)):
        session = door.browser()
        assert session.get(door.address, params={"token": login.token}).status_code == 401
        assert session.get(door.address, params={"token": "p@ss#wörd"}).status_code == 401  # it belongs in no address
        started = time.monotonic()
        for word in ("", "p@ss", "x" * 10_000):
            assert session.post(f"{door.address}/login", data={"word": word}).status_code == 401
        assert time.monotonic() - started > 0.6
        answer = session.post(
            f"{door.address}/login", data={"word": "p@ss#wörd"}, headers={"X-Forwarded-Proto": "https"}
        )
        assert answer.status_code == 200 and "Secure" in answer.headers["set-cookie"]
        del answer
        assert session.post(f"{door.address}/login", data={"word": "p@ss#wörd"}).status_code == 200
        assert session.get(door.address).text == "inside"
    assert "p@ss" not in repr(login) and "p@ss" not in repr(vars(login))


def test_a_proxys_header_is_believed_where_it_is_asked_for(door: Door, tmp_path: Path) -> None:
    assert requests.get(door.address, headers={"X-Remote-User": "li"}).status_code == 401  # off by default
    path = tmp_path / "ui.sock"
    listening = listen_on_socket(path)
    assert path.stat().st_mode & 0o777 == 0o660
    with (
        served(Login(trusted_header="X-Remote-User"), listening, ["govshare.example.gov"]),
        unix_connect(
            str(path), "ws://govshare.example.gov/graphql", additional_headers={"X-Remote-User": "li"}
        ) as talking,
    ):
        assert talking.recv(5) == "inside"
