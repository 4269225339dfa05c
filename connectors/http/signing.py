"""Signatures over each question to an interface, as provinces' exchange platforms ask for them.

Settings (``sign`` of the connection): ``algorithm``: ``hmac-sha256`` (or another hash, as ``hmac-sm3``), or a
bare hash as ``md5``; ``secret``; ``text``: what is signed, from ``{method} {path} {query} {timestamp} {nonce}
{secret}``, ``{query}`` being all parameters in order of their names (``quoted``: as in an address);
``encode``: ``hex``, ``HEX`` or ``base64``; ``clock``: ``ms``, ``s`` or a form of ``strftime``, then in ``timezone``
(Asia/Shanghai); ``headers`` and ``params``: what is sent, from the same names and ``{signature}``.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
import secrets
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

from connectors.files.text import Unreadable
from connectors.http.windows import zone_of


class Signer:
    """Makes the headers and parameters that sign a question; see the module for the settings."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self.settings = settings
        self.algorithm = str(settings.get("algorithm", "hmac-sha256")).lower()
        self.secret = str(settings.get("secret", ""))
        self.zone = zone_of(settings)
        try:
            self._signature("")
        except (ValueError, TypeError):
            raise Unreadable(
                f"there is no signature {self.algorithm!r} here",
                remedy="give `algorithm` of `sign` as hmac-sha256, hmac-sm3, md5 …",
            ) from None

    def sign(self, method: str, path: str, params: Mapping[str, Any]) -> tuple[dict[str, str], dict[str, str]]:
        """Headers and parameters to add."""
        try:
            return self._sign(method, path, params)
        except (KeyError, IndexError, ValueError, AttributeError):
            raise Unreadable(
                "the settings make no signature", remedy="correct `text`, `headers` and `params` of `sign`"
            ) from None

    def _sign(self, method: str, path: str, params: Mapping[str, Any]) -> tuple[dict[str, str], dict[str, str]]:
        clock = self.settings.get("clock", "ms")
        now = time.time()
        local = dt.datetime.fromtimestamp(now, self.zone)
        stamp = {"ms": str(int(now * 1000)), "s": str(int(now))}.get(clock) or local.strftime(clock)
        known = {"method": method, "path": path, "timestamp": stamp, "nonce": secrets.token_hex(16)}
        templates: Mapping[str, str] = self.settings.get("params", {})
        added = {k: v.format(**known) for k, v in templates.items() if "{signature}" not in v}
        together = sorted({**params, **added}.items())
        known["query"] = urlencode(together, quote_via=quote) if self.settings.get("quoted") else _plain(together)
        text = str(self.settings.get("text", "{method}\n{path}\n{query}\n{timestamp}\n{nonce}"))
        known["signature"] = self._signature(text.format(secret=self.secret, **known))
        added |= {k: v.format(**known) for k, v in templates.items() if "{signature}" in v}
        return {k: v.format(**known) for k, v in self.settings.get("headers", {}).items()}, added

    def _signature(self, text: str) -> str:
        name = self.algorithm.removeprefix("hmac-")
        if self.algorithm.startswith("hmac-"):
            digest = hmac.new(self.secret.encode(), text.encode(), name).digest()
        else:
            digest = hashlib.new(name, text.encode()).digest()
        encode = self.settings.get("encode", "hex")
        if encode == "base64":
            return base64.b64encode(digest).decode()
        return digest.hex().upper() if encode == "HEX" else digest.hex()


def _plain(pairs: list[tuple[str, Any]]) -> str:
    return "&".join(f"{name}={value}" for name, value in pairs)
