"""Asking an interface: one question, one JSON answer, whatever the line and the server do in between.

Here are addresses, tokens, time-outs, retries with back-off and the pace that a server asks for. Which
questions to ask is in ``http_paging``, how they are signed in ``http_signing``; nothing here knows a
resource. Errors never show secrets, parameters or answers.

Settings of the connection: ``url``; ``headers``, ``params`` (sent with every question); ``token`` (a bearer
token) or ``login`` (``{path, method, json|form, token: path in the answer, header, value}``); ``sign``;
``timeout`` (seconds, 60), ``retries`` (5), ``retry_seconds`` (first pause, 1), ``longest_wait`` (300),
``requests_per_second``, ``page_limit_mb`` (64), ``verify`` (false, or a file of certificates), ``encoding``.
"""

from __future__ import annotations

import io
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt
from tenacity.wait import wait_random_exponential

from connectors.files import json_text
from connectors.files.text import Unreadable, blocks, encoding_of
from connectors.http_signing import Signer

BUSY = (408, 425, 429, 500, 502, 503, 504)
CHECK_ACCOUNT = "check `token`, `login` or `sign` of the connection, and ask the department for the right"


class ComeBack(Unreadable):
    """The server asks to be left alone for longer than a collection may wait."""


class _Again(Exception):
    """Not answered this time; another attempt may succeed, after ``wait`` seconds if the server said so."""

    def __init__(self, what: str, wait: float | None = None) -> None:
        self.what, self.wait = what, wait
        super().__init__(what)


@dataclass(frozen=True)
class Question:
    """What to ask: path relative to the connection's ``url``, parameters, and how they are sent.

    ``send``: ``query``, ``json`` (names with dots make objects in objects) or ``form``.
    """

    path: str
    params: Mapping[str, Any]
    method: str = "GET"
    send: str = "query"


class Client:
    """One connection. Not for use by two threads at once."""

    def __init__(self, settings: Mapping[str, Any], folder: Path) -> None:
        self.settings = settings
        self.base = str(settings["url"]).rstrip("/")
        self.session = requests.Session()
        verify = settings.get("verify", True)
        self.session.verify = str((folder / verify).resolve()) if isinstance(verify, str) else bool(verify)
        self.session.headers.update({"Accept": "application/json", **settings.get("headers", {})})
        self.timeout = float(settings.get("timeout", 60))
        self.attempts = int(settings.get("retries", 5)) + 1
        self.longest_wait = float(settings.get("longest_wait", 300))
        self.pause = wait_random_exponential(multiplier=float(settings.get("retry_seconds", 1)), max=60)
        self.limit = int(settings.get("page_limit_mb", 64)) << 20
        pace = settings.get("requests_per_second")
        self.interval = 1 / float(pace) if pace else 0.0
        self.signer = Signer(settings["sign"]) if "sign" in settings else None
        self.asked = 0.0
        self.logged_in = "login" not in settings
        if "token" in settings:
            self.session.headers["Authorization"] = f"Bearer {settings['token']}"

    def close(self) -> None:
        self.session.close()

    def ask(self, question: Question, place: str) -> Any:
        """The parsed answer, numbers as they were written. ``Unreadable`` when there is none to be had."""
        retrying = Retrying(
            retry=retry_if_exception_type(_Again),
            stop=stop_after_attempt(self.attempts),
            wait=self._wait,
            reraise=True,
        )
        try:
            return retrying(self._ask, question, place)
        except _Again as error:
            raise Unreadable(
                f"{error.what}, {self.attempts} times in a row",
                place=place,
                remedy="collect again later; if it stays so, ask the department whether the interface is up",
            ) from None

    def _wait(self, state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        said = error.wait if isinstance(error, _Again) else None
        return float(self.pause(state)) if said is None else said

    def _ask(self, question: Question, place: str) -> Any:
        if not self.logged_in:
            self._log_in()
        status, data, retry_after = self._send(question, place)
        if status == 401 and "login" in self.settings:  # the token has run out
            self._log_in()
            status, data, retry_after = self._send(question, place)
        if status in BUSY:
            wait = _seconds(retry_after)
            if wait is not None and wait > self.longest_wait:
                raise ComeBack(
                    f"the interface asks to come back in {wait:,.0f} seconds",
                    place=place,
                    remedy="collect again then, or raise `longest_wait` of the connection",
                )
            raise _Again(f"the interface answers {status}", wait)
        if status in (401, 403):
            raise Unreadable(f"the interface refuses the account ({status})", place=place, remedy=CHECK_ACCOUNT)
        if status != 200:
            raise Unreadable(
                f"the interface answers {status}",
                place=place,
                remedy="check the connection's `url` and `path`, `method` and `params` in meta.connector",
            )
        return self._parsed(data)

    def _parsed(self, data: bytes) -> Any:
        file = io.BytesIO(data)
        encoding, skip = encoding_of(file, self.settings.get("encoding"))
        text = "".join(blocks(file, encoding, skip))
        try:
            return json_text.loads(text)
        except (ValueError, RecursionError):
            raise _Again("the answer is no whole JSON document") from None

    def _send(self, question: Question, place: str) -> tuple[int, bytes, str | None]:
        """Status, body and Retry-After of one request."""
        time.sleep(max(0.0, self.asked + self.interval - time.monotonic()))
        self.asked = time.monotonic()
        path = question.path
        url = path if "://" in path else f"{self.base}/{path.lstrip('/')}" if path else self.base
        params = {**self.settings.get("params", {}), **question.params}
        headers: dict[str, str] = {}
        if self.signer:
            headers, added = self.signer.sign(question.method, urlsplit(url).path, params)
            params |= added
        sent: dict[str, Any] = {"headers": headers, "timeout": (min(self.timeout, 30), self.timeout)}
        if question.send == "json":
            sent["json"] = _nested(params)
        else:
            sent["data" if question.send == "form" else "params"] = params
        try:
            with self.session.request(question.method, url, stream=True, **sent) as response:
                data = bytearray()
                for piece in response.iter_content(1 << 16):
                    data += piece
                    if len(data) > self.limit:
                        raise Unreadable(
                            f"an answer of more than {self.limit >> 20} MB",
                            place=place,
                            remedy="ask for fewer records at a time (`page_size`), or raise `page_limit_mb`",
                        )
                return response.status_code, bytes(data), response.headers.get("Retry-After")
        except requests.exceptions.SSLError:
            raise Unreadable(
                "the server's certificate is not to be trusted",
                place=place,
                remedy="set `verify` of the connection to the file with the department's root certificate",
            ) from None
        except (requests.exceptions.MissingSchema, requests.exceptions.InvalidURL) as error:
            raise Unreadable(
                f"`url` is no address ({type(error).__name__})", remedy="correct it in connections.toml"
            ) from None
        except requests.exceptions.RequestException as error:
            raise _Again(f"the line broke ({type(error).__name__})") from None

    def _log_in(self) -> None:
        login = self.settings["login"]
        send = "form" if "form" in login else "json"
        question = Question(login["path"], login.get(send, {}), login.get("method", "POST"), send)
        status, data, _ = self._send(question, "login")
        if status in BUSY:
            raise _Again(f"the login answers {status}")
        token = None
        if status == 200:
            token = json_text.text_of(lookup(self._parsed(data), login.get("token", "token")))
        if not token:
            raise Unreadable(f"no token from the login ({status})", place="login", remedy=CHECK_ACCOUNT)
        header, value = login.get("header", "Authorization"), login.get("value", "Bearer {token}")
        self.session.headers[header] = value.format(token=token)
        self.logged_in = True


def lookup(document: Any, path: str) -> Any:
    """What stands at a path of names with dots; null when it leads nowhere.

    >>> lookup({"data": {"rows": [1]}}, "data.rows")
    [1]
    """
    for name in path.split(".") if path else ():
        if isinstance(document, list) and name.isdigit() and int(name) < len(document):
            document = document[int(name)]
        elif isinstance(document, dict):
            document = document.get(name)
        else:
            return None
    return document


def _nested(params: Mapping[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for name, value in params.items():
        place = made
        *outer, last = name.split(".")
        for step in outer:
            place = place.setdefault(step, {})
        place[last] = value
    return made


def _seconds(retry_after: str | None) -> float | None:
    """Seconds to wait from the header: a number, or a moment."""
    if not retry_after:
        return None
    if retry_after.strip().isdigit():
        return float(retry_after)
    try:
        return max(0.0, (parsedate_to_datetime(retry_after) - datetime.now(UTC)).total_seconds())
    except (TypeError, ValueError):
        return None
