"""Encryption of a database connection: to another machine it is encrypted and the server's certificate is verified.

``tls`` of the connection's entry says otherwise in plain words: ``verified`` (the default), ``encrypted`` (whoever
answers is believed) or ``none`` (in clear). ``tls_ca`` names the file of the authority's certificate, for servers
whose certificate no public authority has signed; relative to the city's folder. What the URL says in its driver's
words counts too (``sslmode``, ``sslrootcert``, ``ssl_verify_cert``, ``ssl_ca`` …). To this machine itself (loopback, a
socket's path) nothing is asked for. Each reading in clear or without verification is remarked.

SQL Server's driver encrypts and cannot verify, Dameng's offers neither here: they say so and want ``tls`` declared.
"""

from __future__ import annotations

import ipaddress
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from connectors.base import CollectError
from connectors.read_report import ReadReport

LOCAL, NONE, ENCRYPTED, VERIFIED = "local", "none", "encrypted", "verified"
LEVELS = (VERIFIED, ENCRYPTED, NONE)
SSLMODE = {"disable": NONE, "require": ENCRYPTED, "verify-ca": VERIFIED, "verify-full": VERIFIED}
POSTGRESQL = {NONE: "disable", ENCRYPTED: "require", VERIFIED: "verify-full"}
# Words of MySQL's drivers in a URL, which asyncmy does not know.
MYSQL_WORDS = ("ssl", "ssl_ca", "ssl_verify_cert", "ssl_verify_identity", "ssl_disabled", "ssl_mode")
FALSE = ("0", "false", "no", "off", "disabled")


@dataclass(frozen=True)
class Tls:
    """How a connection is protected: ``local``, ``none``, ``encrypted`` or ``verified``; ``ca`` a file or null."""

    level: str = LOCAL
    ca: str | None = None

    def context(self) -> ssl.SSLContext | None:
        """For drivers that take Python's own; null: in clear."""
        if self.level not in (ENCRYPTED, VERIFIED):
            return None
        context = ssl.create_default_context(cafile=self.ca)
        if self.level == ENCRYPTED:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context

    def libpq(self) -> dict[str, str]:
        """For PostgreSQL's library, whose own default falls back to plain text."""
        if self.level == LOCAL:
            return {}
        words = {"sslmode": POSTGRESQL[self.level]}
        if self.level == VERIFIED:
            paths = ssl.get_default_verify_paths()
            words["sslrootcert"] = self.ca or paths.cafile or paths.openssl_cafile
        return words

    def remark(self, report: ReadReport) -> None:
        if self.level == NONE:
            report.remark("connection_in_clear")
        elif self.level == ENCRYPTED:
            report.remark("certificate_unverified")


def tls_of(url: str, settings: Mapping[str, Any], folder: Path, where: str, name: str) -> Tls:
    """What the settings ask for; raises CollectError where they contradict the driver or are no words for it."""
    try:
        made = sa.make_url(url)
    except sa.exc.ArgumentError:
        return Tls()  # told when it is opened
    engine = made.get_backend_name()
    if engine == "sqlite":
        return Tls()
    level, ca = _in_url(made)
    declared = settings.get("tls")
    if declared is not None and declared not in LEVELS:
        raise CollectError(
            f"tls is {declared!r}", where=where, remedy=f"write one of {', '.join(LEVELS)} under [connections.{name}]"
        )
    level = declared or level or (LOCAL if is_local(made) else VERIFIED)
    authority = settings.get("tls_ca") or ca
    if authority:
        authority = str((folder / str(authority)).resolve())
        if not Path(authority).is_file():
            raise CollectError("tls_ca names no file", where=where, remedy=f"correct it under [connections.{name}]")
    if level in _beyond(engine):
        raise CollectError(
            f"the driver for {engine} cannot make a connection that is {level}",
            where=where,
            remedy=f"set `tls` under [connections.{name}] in connections.toml to what it can and the network allows: "
            + " or ".join(word for word in LEVELS if word not in _beyond(engine)),
        )
    return Tls(level, authority)


def _beyond(engine: str) -> tuple[str, ...]:
    """The levels that an engine's driver does not have."""
    if engine in ("postgresql", "kingbase", "mysql", "mariadb", "oracle"):
        return ()
    return (VERIFIED,) if engine == "mssql" else (VERIFIED, ENCRYPTED)


def _in_url(url: sa.URL) -> tuple[str | None, str | None]:
    """What a URL says of it in its driver's words."""
    words = {key: value if isinstance(value, str) else value[0] for key, value in url.query.items()}
    if "sslmode" in words:
        root = words.get("sslrootcert")
        return SSLMODE.get(words["sslmode"]), root if root != "system" else None
    off = words.get("ssl_disabled", "false").lower() not in FALSE or words.get("ssl", "true").lower() in FALSE
    if off or words.get("ssl_mode", "").lower() in FALSE:
        return NONE, None
    if words.get("ssl_verify_cert", "true").lower() in FALSE:
        return ENCRYPTED, None
    asked = any(word in words for word in MYSQL_WORDS)
    return VERIFIED if asked else None, words.get("ssl_ca") or words.get("sslrootcert")


def is_local(url: sa.URL) -> bool:
    """Whether the server is on this machine: no host, a socket's path, or a loopback address."""
    given = url.query.get("host") or url.host or ""
    hosts = [given] if isinstance(given, str) else list(given)
    return all(_loopback(host) for entry in hosts for host in entry.split(","))


def _loopback(host: str) -> bool:
    host = host.partition(":")[0] if host.count(":") == 1 else host.strip("[]")
    if host in ("", "localhost") or host.startswith(("/", "@")):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
