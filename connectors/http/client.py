"""Asking an interface: one question, one parsed answer, whatever the line and the server do in between.

Here are tokens, retries with back-off, the pace that a server asks for, and what a status means: 204 and an
answer without a byte are empty (the latter is asked for once more, and said), 404 is ``NotThere``, a web page
is no answer. Which questions to ask is in ``paging``, how they are signed in ``signing``; nothing here knows a
resource. Errors never show secrets, parameters or answers.

Settings of the connection: ``url``; ``headers``, ``params`` (sent with every question); ``token`` (a bearer
token) or ``login`` (``{path, method, json|form, token: path in the answer, header, value}``); ``sign``;
``retries`` (5), ``retry_seconds`` (first pause, 1), ``longest_wait`` (300), ``requests_per_second``,
``encoding``; and those of ``transport``.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt
from tenacity.wait import wait_random_exponential

from connectors.files import json_text
from connectors.files.text import Unreadable
from connectors.http.body import NoJson, WebPage, lookup, strict
from connectors.http.signing import Signer
from connectors.http.transport import Budget, LineBroke, OverLimit, Response, Transport
from connectors.secrets import remember

BUSY = (408, 425, 429, 500, 502, 503, 504)
WHOLE = (200, 201, 203)  # some frameworks answer a POST with 201 whatever it asks for
EMPTY_STATUS = (204, 205)
CHECK_ACCOUNT = "check `token`, `login` or `sign` of the connection, and ask the department for the right"
CHECK_ADDRESS = "check the connection's `url` and `path`, `method` and `params` in meta.connector"

Parse = Callable[[bytes, str | None], Any]


class Empty:
    """An answer without a document. ``silent``: 200 and no byte, which a server may also send by mistake."""

    def __init__(self, silent: bool) -> None:
        self.silent = silent


class ComeBack(Unreadable):
    """The server asks to be left alone for longer than a collection may wait."""


class Refused(Unreadable):
    """The server understood and will not answer this question: a status from 400, or a code in the answer."""


class NotThere(Refused):
    """404: nothing there (behind the last page), or a wrong path."""


class _Again(Exception):
    """Not answered this time; another attempt may succeed, after ``wait`` seconds if the server said so."""

    def __init__(self, what: str, wait: float | None = None, remedy: str | None = None) -> None:
        self.what, self.wait, self.remedy = what, wait, remedy
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

    def __init__(self, settings: Mapping[str, Any], folder: Path, budget: Budget) -> None:
        self.settings, self.budget = settings, budget
        self.transport = Transport(settings, folder, budget)
        self.attempts = int(settings.get("retries", 5)) + 1
        self.longest_wait = float(settings.get("longest_wait", 300))
        self.pause = wait_random_exponential(multiplier=float(settings.get("retry_seconds", 1)), max=60)
        pace = settings.get("requests_per_second")
        self.interval = 1 / float(pace) if pace else 0.0
        self.signer = Signer(settings["sign"]) if "sign" in settings else None
        self.asked = 0.0
        self.logged_in = "login" not in settings
        if "token" in settings:
            self.transport.session.headers["Authorization"] = f"Bearer {settings['token']}"

    def close(self) -> None:
        self.transport.close()

    def ask(self, question: Question, place: str, parse: Parse = strict, attempts: int | None = None) -> Any:
        """The parsed answer, or ``Empty``. ``Unreadable`` when there is none to be had."""
        attempts = attempts or self.attempts
        retrying = Retrying(
            retry=retry_if_exception_type((_Again, LineBroke)),
            stop=stop_after_attempt(attempts),
            wait=self._wait,
            reraise=True,
        )
        try:
            return retrying(self._ask, question, place, parse)
        except (_Again, LineBroke) as error:
            times = f"{attempts} times in a row"
            said = f"{error.what} ({times})" if error.what.endswith("?") else f"{error.what}, {times}"
            raise Unreadable(
                said if attempts > 1 else error.what,
                place=place,
                remedy=getattr(error, "remedy", None)
                or "collect again later; if it stays so, ask the department whether the interface is up",
            ) from None

    def _wait(self, state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        said = error.wait if isinstance(error, _Again) else None
        seconds = float(self.pause(state)) if said is None else said
        if seconds > self.budget.left():
            raise OverLimit(
                f"not read within {self.budget.seconds:,.0f} seconds",
                remedy="collect again later, or raise `deadline`; the interface asks for pauses or does not answer",
            )
        return seconds

    def _ask(self, question: Question, place: str, parse: Parse) -> Any:
        if not self.logged_in:
            self._log_in()
        response = self._send(question, place)
        if response.status == 401 and "login" in self.settings:  # the token has run out
            self._log_in()
            response = self._send(question, place)
        self._need_answer(response, place)
        if response.status in EMPTY_STATUS:
            return Empty(silent=False)
        if not response.data.strip():  # one asks again before one believes it
            response = self._send(question, place)
            self._need_answer(response, place)
            if not response.data.strip():
                return Empty(silent=response.status not in EMPTY_STATUS)
        try:
            return parse(response.data, self.settings.get("encoding"))
        except WebPage as error:
            self.logged_in = "login" not in self.settings  # some answer so when a token has run out
            raise _Again(error.what, remedy=error.remedy) from None
        except (NoJson, RecursionError) as error:
            what = error.what if isinstance(error, NoJson) else "the answer is nested too deep"
            raise _Again(what) from None

    def _need_answer(self, response: Response, place: str) -> None:
        """An error unless the status says that the answer is there, or that there is nothing."""
        status = response.status
        if status in WHOLE or status in EMPTY_STATUS:
            return
        if status in BUSY:
            wait = _seconds(response.retry_after)
            if wait is not None and wait > min(self.longest_wait, self.budget.left()):
                raise ComeBack(
                    f"the interface asks to come back in {wait:,.0f} seconds",
                    place=place,
                    remedy="collect again then, or raise `longest_wait` of the connection",
                )
            raise _Again(f"the interface answers {status}", wait)
        if status in (401, 403):
            raise Unreadable(f"the interface refuses the account ({status})", place=place, remedy=CHECK_ACCOUNT)
        if status == 404:
            raise NotThere("the interface answers 404: nothing is there", place=place, remedy=CHECK_ADDRESS)
        if status == 202:
            raise Unreadable(
                "the interface took the question and has not answered it (202)",
                place=place,
                remedy="ask the department for the address of the answer; govshare does not wait for one",
            )
        if status == 206:
            raise Unreadable(
                "the interface gives a part of the answer only (206)",
                place=place,
                remedy="declare `paging`, and take `Range` out of `headers`",
            )
        kind = Refused if 400 <= status < 500 else Unreadable
        raise kind(f"the interface answers {status}", place=place, remedy=CHECK_ADDRESS)

    def _send(self, question: Question, place: str) -> Response:
        """One request, at the declared pace, signed."""
        pause = self.asked + self.interval - time.monotonic()
        if pause > 0:
            time.sleep(min(pause, self.budget.left()))
        self.asked = time.monotonic()
        url = self.transport.address(question.path)
        params = {**self.settings.get("params", {}), **question.params}
        headers: dict[str, str] = {}
        if self.signer:
            headers, added = self.signer.sign(question.method, urlsplit(url).path, params)
            params |= added
        sent: dict[str, Any] = {"headers": headers}
        if question.send == "json":
            sent["json"] = _nested(params)
        else:
            sent["data" if question.send == "form" else "params"] = params
        return self.transport.send(question.method, url, place, **sent)

    def _log_in(self) -> None:
        login = self.settings["login"]
        send = "form" if "form" in login else "json"
        question = Question(login["path"], login.get(send, {}), login.get("method", "POST"), send)
        response = self._send(question, "login")
        if response.status in BUSY:
            raise _Again(f"the login answers {response.status}")
        token = None
        if response.status in WHOLE:
            try:
                answer = strict(response.data, self.settings.get("encoding"))
            except (NoJson, RecursionError):
                answer = None
            found = lookup(answer, login.get("token", "token"))
            token = None if isinstance(found, dict | list) else json_text.text_of(found)
        if not token:
            raise Unreadable(f"no token from the login ({response.status})", place="login", remedy=CHECK_ACCOUNT)
        remember(token)
        header, value = login.get("header", "Authorization"), login.get("value", "Bearer {token}")
        self.transport.session.headers[header] = value.replace("{token}", token)
        self.logged_in = True


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
    text = retry_after.strip()
    if text.isascii() and text.isdigit():
        return float(text[:12])
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    return max(0.0, (moment.replace(tzinfo=moment.tzinfo or UTC) - datetime.now(UTC)).total_seconds())
