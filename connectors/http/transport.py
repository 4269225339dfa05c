"""One request and its whole answer, within limits: time, bytes, hosts.

A server may send a byte a second, decompress to gigabytes, or send us elsewhere with our token: a watch cuts
the line when an answer's time is over, the body is counted as it is decompressed, and a redirect is followed
to the declared hosts only, never from https to http. The environment's proxies and ``.netrc`` are not used:
what leaves with a department's secret goes where the settings say.

Settings of the connection: ``timeout`` (seconds without a byte, 60), ``answer_timeout`` (seconds for a whole
answer, 600), ``page_limit_mb`` (decompressed, 64), ``hosts`` (other hosts, ``name`` or ``name:port``, that
belong to the department), ``proxy`` (address of a proxy), ``verify`` (true; a file of certificates; false: the
server's certificate is not verified, which every collection then notes), ``deadline`` (seconds for one
collection, 21600), ``pages_limit`` (answers in one collection, 200000), ``bytes_limit_mb`` (of one collection,
20480). The last three may stand in meta.connector, too.
"""

from __future__ import annotations

import threading
import time
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urljoin, urlsplit

import requests
import urllib3

from connectors.files.text import Unreadable
from connectors.http.watch import Session, Watch, WatchedAdapter

PIECE_BYTES = 1 << 16
REDIRECTS = 5
PORTS = {"http": 80, "https": 443}
DECODED = ("", "identity", "gzip", "x-gzip", "deflate")


class OverLimit(Unreadable):
    """The collection took all of the time, pages or bytes that it may take."""


class LineBroke(Exception):
    """No whole answer came this time; ``what`` says why, without anything of the answer."""

    def __init__(self, what: str) -> None:
        self.what = what
        super().__init__(what)


class Budget:
    """What one collection may take: seconds, answers, bytes."""

    def __init__(self, options: Mapping[str, Any], settings: Mapping[str, Any]) -> None:
        def limit_option(name: str, default: float) -> float:
            return float(options.get(name, settings.get(name, default)))

        self.seconds = limit_option("deadline", 21_600)
        self.pages = int(limit_option("pages_limit", 200_000))
        self.bytes = int(limit_option("bytes_limit_mb", 20_480) * (1 << 20))
        self.end = time.monotonic() + self.seconds
        self.asked = self.taken = 0

    def left(self) -> float:
        """Seconds that are left, more than 0; ``OverLimit`` when there are none."""
        left = self.end - time.monotonic()
        if left <= 0:
            raise OverLimit(
                f"not read within {self.seconds:,.0f} seconds",
                remedy="ask the department why the interface is slow; ask for windows or a delta, or raise `deadline`",
            )
        return left

    def ask(self) -> None:
        self.asked += 1
        if self.asked > self.pages:
            raise OverLimit(
                f"more than {self.pages:,} answers in one collection",
                remedy="perhaps the interface has no end: look at `paging`; if it is so long, raise `pages_limit`",
            )

    def take(self, count: int) -> None:
        self.taken += count
        if self.taken > self.bytes:
            raise OverLimit(
                f"more than {self.bytes >> 20:,} MB in one collection",
                remedy="perhaps the interface has no end: look at `paging`; if it is so large, raise `bytes_limit_mb`",
            )


@dataclass(frozen=True)
class Response:
    status: int
    data: bytes
    retry_after: str | None


def _joined(base: str, path: str) -> str:
    """An address with a path behind its own; parameters in the address (a token) stay parameters."""
    bare, _, words = base.partition("?")
    path, _, more = path.lstrip("/").partition("?")
    query = "&".join(filter(None, (words, more)))
    return f"{bare.rstrip('/')}/{path}" + (f"?{query}" if query else "")


class Transport:
    """Sends requests of one connection. Not for use by two threads at once."""

    def __init__(self, settings: Mapping[str, Any], folder: Path, budget: Budget) -> None:
        self.budget = budget
        self.timeout = float(settings.get("timeout", 60))
        self.answer_timeout = float(settings.get("answer_timeout", 600))
        self.limit = int(float(settings.get("page_limit_mb", 64)) * (1 << 20))
        self.base = str(settings["url"]).rstrip("/")
        self.hosts = [str(host).lower() for host in settings.get("hosts", ())]
        self.session = Session()
        self.session.trust_env = False
        proxy = settings.get("proxy")
        self.session.proxies = {"http": str(proxy), "https": str(proxy)} if proxy else {}
        verify = settings.get("verify", True)
        if isinstance(verify, str) and not (folder / verify).exists():
            raise Unreadable(
                "`verify` names no file",
                remedy="give it as the file with the department's root certificate, or as true",
            )
        self.session.verify = str((folder / verify).resolve()) if isinstance(verify, str) else bool(verify)
        self.session.headers.update({"Accept": "application/json", "Accept-Encoding": "gzip, deflate"})
        self.session.headers.update(settings.get("headers", {}))
        self.watch = Watch()
        for scheme in PORTS:
            self.session.mount(f"{scheme}://", WatchedAdapter(self.watch))

    def close(self) -> None:
        self.session.close()

    def address(self, path: str) -> str:
        """The address of a path relative to ``url``; a whole address must lie in a declared host."""
        _need_address(self.base)
        url = path if "://" in path else _joined(self.base, path) if path else self.base
        _need_address(url)
        if not self._declared(urlsplit(self.base), urlsplit(url)):
            raise Unreadable(
                "`path` is an address of another host",
                remedy="give `path` relative to the connection's `url`, or add the host to `hosts` of the connection",
            )
        return url

    def send(self, method: str, url: str, place: str, **sent: Any) -> Response:
        """The answer, redirects followed. ``LineBroke`` when another attempt may succeed."""
        for _ in range(REDIRECTS + 1):
            response, location = self._once(method, url, place, sent)
            if location is None:
                return response
            url = self._redirected(method, response.status, url, location, place)
            sent = {"headers": sent.get("headers")}
        raise Unreadable(
            f"more than {REDIRECTS} redirects",
            place=place,
            remedy="check the connection's `url`; perhaps the token is not valid",
        )

    def _once(self, method: str, url: str, place: str, sent: Mapping[str, Any]) -> tuple[Response, str | None]:
        self.budget.ask()
        seconds = min(self.answer_timeout, self.budget.left())
        timeout = min(self.timeout, seconds)
        self.watch.cut = False
        timer = threading.Timer(seconds, self.watch.over)
        timer.daemon = True
        timer.start()
        try:
            with warnings.catch_warnings():
                # That a certificate is not verified is in the report of each collection.
                warnings.simplefilter("ignore", urllib3.exceptions.InsecureRequestWarning)
                with self.session.request(
                    method, url, stream=True, allow_redirects=False, timeout=(min(timeout, 30), timeout), **sent
                ) as response:
                    made = Response(
                        response.status_code,
                        self._body(response, place),
                        response.headers.get("Retry-After"),
                    )
                    return made, response.headers.get("Location") if response.is_redirect else None
        except requests.exceptions.SSLError as error:
            if self.watch.cut or "CERTIFICATE_VERIFY_FAILED" not in str(error):
                raise LineBroke("the encrypted line broke (SSLError)") from None
            raise Unreadable(
                "the server's certificate is not to be trusted",
                place=place,
                remedy="set `verify` of the connection to the file with the department's root certificate",
            ) from None
        except (requests.exceptions.InvalidURL, requests.exceptions.InvalidHeader) as error:
            raise Unreadable(
                f"the settings make no request ({type(error).__name__})",
                remedy="correct `url`, `proxy`, `headers` and `token` in connections.toml",
            ) from None
        except (requests.exceptions.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            if self.watch.cut:
                self.budget.left()  # names the deadline, if that is what is over
                raise LineBroke(f"no whole answer within {seconds:,.0f} seconds") from None
            raise LineBroke(f"the line broke ({type(error).__name__})") from None
        finally:
            timer.cancel()

    def _body(self, response: requests.Response, place: str) -> bytes:
        if response.headers.get("Content-Encoding", "").strip().lower() not in DECODED:
            raise Unreadable(
                "an answer in a compression that was not asked for",
                place=place,
                remedy="ask the department to send JSON as it is, or as gzip",
            )
        data = bytearray()
        for piece in response.iter_content(PIECE_BYTES):
            data += piece
            self.budget.take(len(piece))
            if len(data) > self.limit:
                raise Unreadable(
                    f"an answer of more than {self.limit >> 20} MB",
                    place=place,
                    remedy="ask for fewer records at a time (`page_size`), or raise `page_limit_mb`",
                )
        if self.watch.cut:  # a body without a length ends like a whole one when it is cut
            raise OSError
        return bytes(data)

    def _redirected(self, method: str, status: int, url: str, location: str, place: str) -> str:
        try:
            target = urljoin(url, location.encode("latin-1", "replace").decode("utf-8", "replace"))
            former, now = urlsplit(url), urlsplit(target)
            known = self._declared(former, now)
        except ValueError:
            raise Unreadable(
                "the interface redirects to what is no address", place=place, remedy="tell the department"
            ) from None
        if former.scheme == "https" and now.scheme != "https":
            raise Unreadable(
                "the interface redirects from https to an address without encryption",
                place=place,
                remedy="tell the department; secrets and records would go over the line in clear",
            )
        if not known:
            raise Unreadable(
                "the interface redirects to another host: is the token valid?",
                place=place,
                remedy="check `token`, `login` or `sign`; if the host is the department's, add it to `hosts` of the "
                "connection",
            )
        if method != "GET" and status not in (307, 308):
            raise Unreadable(
                f"the interface answers a {method} with a redirect ({status})",
                place=place,
                remedy="check the connection's `url` and `path`; perhaps the token is not valid",
            )
        return target

    def _declared(self, former: SplitResult, now: SplitResult) -> bool:
        """Whether an address is on the host that was asked, or on one that the settings declare."""
        ports = former.port or PORTS.get(former.scheme), now.port or PORTS.get(now.scheme)
        if now.scheme not in PORTS or not now.hostname:
            return False
        name, port = now.hostname.lower(), ports[1]
        base = urlsplit(self.base)
        own = {(former.hostname, ports[0]), (base.hostname, base.port or PORTS.get(base.scheme))}
        if (name, port) in own:
            return True
        if now.scheme == "https" and port == 443 and (name, 80) in own:
            return True
        return f"{name}:{port}" in self.hosts or (name in self.hosts and port in PORTS.values())


def _need_address(url: str) -> None:
    try:
        parts = urlsplit(url)
        good = parts.scheme in PORTS and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if not good:
        raise Unreadable("`url` is no address of http or https", remedy="correct it in connections.toml")
