"""The door in front of Dagster's UI: who has not signed in, or comes from another site, does not reach it.

Dagster's own server has no login, takes mutations by GET and from pages of any origin. This is an ASGI middleware, so
pages, GraphQL and its websockets pass through one place. It asks, in this order:

1. Is it addressed by a name of ours? (A foreign name that leads to 127.0.0.1 makes a foreign page same-origin.)
2. Does a page of ours send it? (``Origin``, ``Sec-Fetch-Site``)
3. Is it signed in? A cookie from signing in with the token or the password; ``Authorization: Bearer``; or, behind the
   organisation's login, the header of its proxy.
4. Is it GraphQL as a page of ours sends it, by POST as JSON?
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import html
import secrets
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection, Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SESSION = 12 * 3600  # seconds that a browser stays signed in
PAUSE = 1.0  # seconds after a wrong password or token, one try at a time
LONGEST_FORM = 4096  # bytes
STYLE = "font-family:sans-serif;max-width:24em;margin:20vh auto"


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


@dataclass
class Login:
    """What lets somebody in. ``password`` takes the place of ``token``; only their hashes are kept.

    ``trusted_header``: the header in which the organisation's proxy names the user. Only for a server that nobody but
    the proxy can reach, as whoever reaches it can write any header.
    """

    token: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)
    password: str | None = field(default=None, repr=False)
    trusted_header: str | None = None
    _sessions: dict[bytes, float] = field(default_factory=dict, repr=False)
    _one_at_a_time: asyncio.Lock = field(default_factory=asyncio.Lock, repr=False)

    def __post_init__(self) -> None:
        self._secret = _digest(self.password or self.token)
        self.password = None if self.password is None else ""

    @property
    def by_password(self) -> bool:
        return self.password is not None

    def opens(self, offered: str) -> bool:
        return hmac.compare_digest(_digest(offered), self._secret)

    async def sign_in(self, offered: str) -> str | None:
        """A new session's cookie, or none where the word is wrong: then the next try waits."""
        async with self._one_at_a_time:
            if not self.opens(offered):
                await asyncio.sleep(PAUSE)
                return None
        now, session = time.monotonic(), secrets.token_urlsafe(32)
        self._sessions = {known: until for known, until in self._sessions.items() if until > now}
        self._sessions[_digest(session)] = now + SESSION
        return session

    def sign_out(self, session: str) -> None:
        self._sessions.pop(_digest(session), None)

    def knows(self, session: str) -> bool:
        return self._sessions.get(_digest(session), 0.0) > time.monotonic()


class Front:
    """``app`` behind ``login``, reached by ``hosts`` (as in a browser's address line, ``127.0.0.1:3000``) only."""

    def __init__(self, app: ASGIApp, login: Login, hosts: Iterable[str], name: str = "govshare_ui") -> None:
        self._app, self._login, self._cookie = app, login, name
        self._hosts = {host.lower() for host in hosts}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        connection = HTTPConnection(scope)
        refused = self._refused(connection)
        if scope["type"] == "websocket":
            if refused or not self._signed_in(connection):
                await send({"type": "websocket.close", "code": 1008})  # before it is accepted: an HTTP 403
            else:
                await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        answer = refused or await self._own_page(request) or _wrong_graphql(request)
        if answer is not None:
            _close(answer.headers)
            await answer(scope, receive, send)
            return

        async def closed(message: Message) -> None:
            if message["type"] == "http.response.start":
                _close(MutableHeaders(scope=message))
            await send(message)

        await self._app(scope, receive, closed)

    def _refused(self, connection: HTTPConnection) -> Response | None:
        """Another host's name, or another site's page."""
        headers = connection.headers
        if len(headers.getlist("host")) != 1 or headers["host"].lower() not in self._hosts:
            return PlainTextResponse("This server is not known by that name.\n", 421)
        origin = headers.get("origin")
        if origin is not None and urlsplit(origin).netloc.lower() not in self._hosts:
            return PlainTextResponse("A page of another site asks.\n", 403)
        site, opened = headers.get("sec-fetch-site", "none"), headers.get("sec-fetch-mode") == "navigate"
        followed = opened and connection.scope.get("method") == "GET"  # a link to us: it may be opened, and no more
        if site not in ("same-origin", "none") and not followed:
            return PlainTextResponse("A page of another site asks.\n", 403)
        return None

    def _signed_in(self, connection: HTTPConnection) -> bool:
        if self._login.trusted_header and connection.headers.get(self._login.trusted_header):
            return True
        scheme, _, word = connection.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and self._login.opens(word.strip()):
            return True
        return self._login.knows(connection.cookies.get(self._cookie, ""))

    async def _own_page(self, request: Request) -> Response | None:
        """Signing in and out; none where the request is Dagster's."""
        if request.url.path == "/logout" and request.method == "POST":
            self._login.sign_out(request.cookies.get(self._cookie, ""))
            return self._ask("You are signed out.", 200)
        offered = None
        if request.url.path == "/login" and request.method == "POST":
            offered = (parse_qs((await _form(request)).decode("utf-8", "replace")).get("word") or [""])[0]
        elif request.method == "GET" and not self._login.by_password:
            offered = request.query_params.get("token")
        if offered is not None:
            session = await self._login.sign_in(offered)
            return self._ask("That is not it.", 401) if session is None else self._let_in(request, session)
        return None if self._signed_in(request) else self._ask("", 401)

    def _let_in(self, request: Request, session: str) -> Response:
        # A page, no redirect: after a link in a mail a browser would not send a strict cookie with the redirect.
        answer = HTMLResponse('<!DOCTYPE html><meta http-equiv="refresh" content="0;url=/"><a href="/">Dagster</a>')
        secure = request.headers.get("x-forwarded-proto", request.url.scheme) == "https"
        answer.set_cookie(self._cookie, session, SESSION, httponly=True, samesite="strict", secure=secure)
        return answer

    def _ask(self, words: str, status: int) -> Response:
        what = "password" if self._login.by_password else "token (govshare ui shows it when it starts)"
        page = (
            f'<!DOCTYPE html><html lang="en"><title>govshare</title><body style="{STYLE}"><h1>govshare</h1>'
            f"<p>{html.escape(words)}</p><form method=post action=/login><label>{html.escape(what)}<br>"
            "<input name=word type=password autofocus></label> <button>Sign in</button></form></body></html>"
        )
        return HTMLResponse(page, status)


def _wrong_graphql(request: Request) -> Response | None:
    """GraphQL comes by POST and as JSON: no link, image or form of another page sends that."""
    if request.url.path.rstrip("/") != "/graphql":
        return None
    json = request.headers.get("content-type", "").split(";")[0].strip().lower() == "application/json"
    if request.method == "POST" and json:
        return None
    if request.method == "GET" and not request.url.query and "text/html" in request.headers.get("accept", ""):
        return None  # Dagster's playground
    return PlainTextResponse("GraphQL is asked by POST, as JSON.\n", 405, {"allow": "POST"})


async def _form(request: Request) -> bytes:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LONGEST_FORM:
            return b""
    return body


def _close(headers: MutableHeaders) -> None:
    """No page of another site shows ours in a frame, and no address of ours goes to another site."""
    headers["X-Frame-Options"] = "DENY"
    headers["Referrer-Policy"] = "same-origin"
    headers.setdefault("Cache-Control", "no-store")


def names_of(port: int, others: str = "") -> list[str]:
    """What a server on the loopback may be called: by its port, and by ``others`` (with commas) behind a proxy."""
    local = [f"{name}:{port}" for name in ("127.0.0.1", "localhost", "[::1]")]
    return [*local, *(name.strip() for name in others.split(",") if name.strip())]
