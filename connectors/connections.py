"""Connections: how an installation reaches department systems, from ``connections.toml`` and the environment.

The file lies in the city's folder, secrets come from the environment as ``${NAME}``. Relative paths are
relative to that folder. No value of a connection is ever printed, except its name and its address without
the password: what comes from the environment is masked wherever it would be (``connectors.secrets``).

In a URL a variable may hold any characters: as user, password or part of the query it is escaped when it is put in,
so a password is written into the environment as it is. A variable that is the whole URL, or its host, is put in as
it is.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from catalogue.installation import Installation
from connectors import secrets
from connectors.base import CollectError, ResourceLike, where
from connectors.scratch import root_of, scratch

VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
# Settings that are secrets; a host key is shown to everybody.
SECRET = re.compile(r"passw|passphrase|secret|token|credential|authorization|(^|(?<!host)_)key$", re.I)
SQLITE_FILE = re.compile(r"^(sqlite(?:\+\w+)?:///)(?!/)([^?]+)(.*)$")


@dataclass(frozen=True)
class Connection:
    """One entry of ``connections.toml`` with its variables filled in.

    ``settings`` holds every value of the entry; ``folder`` is what relative paths start from. ``scratch`` is the
    collection's working folder, for the owner alone and swept after a kill: every working file of a connector
    belongs there (``tempfile.TemporaryDirectory(dir=connection.scratch)``). Null only where nothing is read.
    """

    name: str
    settings: Mapping[str, Any] = field(repr=False)
    folder: Path = field(repr=False)
    scratch: Path | None = field(default=None, repr=False)

    def url(self, resource: ResourceLike) -> str:
        """The SQLAlchemy URL; a relative SQLite file is made absolute."""
        url = str(self._required("url", resource))
        match = SQLITE_FILE.match(url)
        if match and match[2] != ":memory:":
            return f"{match[1]}{(self.folder / match[2]).resolve()}{match[3]}"
        return url

    def path(self, resource: ResourceLike) -> str:
        """The folder (or fsspec URL) of a file connection; a plain relative path is made absolute."""
        path = str(self._required("path", resource))
        return path if "://" in path else str((self.folder / path).resolve())

    def _required(self, name: str, resource: ResourceLike) -> Any:
        if name not in self.settings:
            raise CollectError(
                f"connection {self.name!r} has no {name!r}",
                where=where(resource),
                remedy=f"add `{name} = ...` under [connections.{self.name}] in connections.toml",
            )
        return self.settings[name]


@dataclass(frozen=True)
class Connections:
    """All connections of an installation; values are filled in only when one is asked for.

    So a missing secret of one department fails that department's resources and no other's.
    """

    file: Path
    entries: Mapping[str, Mapping[str, Any]] = field(repr=False)
    working: Path | None = field(default=None, repr=False)  # where working folders are made

    @classmethod
    def load(cls, installation: Installation) -> Connections:
        """Read the installation's settings file; a missing file is an installation without connections."""
        return replace(cls.read(installation.settings_file), working=root_of(installation))

    @classmethod
    def read(cls, file: Path) -> Connections:
        if not file.exists():
            return cls(file, {})
        try:
            document = tomllib.loads(file.read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise CollectError(
                f"not readable as TOML: {error}", where=str(file), remedy="correct the settings file"
            ) from None
        return cls(file, document.get("connections", {}))

    def get(self, resource: ResourceLike) -> Connection:
        """The connection that the resource names."""
        name = resource.connector.connection
        if name not in self.entries:
            raise CollectError(
                f"connection {name!r} is not declared",
                where=where(resource),
                remedy=f"add [connections.{name}] with `url` or `path` to {self.file}",
            )
        return Connection(name, self._filled(self.entries[name], resource, name), self.file.parent)

    @contextmanager
    def open(self, resource: ResourceLike) -> Iterator[Connection]:
        """The connection with a working folder, which goes away with the block."""
        connection = self.get(resource)
        if self.working is None:
            yield connection
            return
        with scratch(self.working) as folder:
            yield replace(connection, scratch=folder)

    def _filled(self, value: Any, resource: ResourceLike, name: str, key: str = "") -> Any:
        if isinstance(value, Mapping):
            return {inner: self._filled(value[inner], resource, name, inner) for inner in value}
        if isinstance(value, list):
            return [self._filled(inner, resource, name, key) for inner in value]
        if not isinstance(value, str):
            return value

        def variable(match: re.Match[str]) -> str:
            if match[1] not in os.environ:
                raise CollectError(
                    f"connection {name!r} needs the environment variable {match[1]}, which is not set",
                    where=where(resource),
                    remedy=f"set {match[1]} in the environment of govshare "
                    f"(never write the secret into {self.file.name})",
                )
            given = os.environ[match[1]]
            secrets.remember(given)
            return quote(given, safe="") if _escaped(value, match.start()) else given

        filled = VARIABLE.sub(variable, value)
        if key and SECRET.search(key):
            secrets.remember(filled)
        elif "://" in filled and (password := _password(filled)):
            secrets.remember(password)
        return filled


def _escaped(template: str, position: int) -> bool:
    """Whether a variable at this place of a setting is a part of a URL in which some characters mean something."""
    scheme = template.find("://")
    if scheme < 0 or position < scheme:
        return False
    rest = VARIABLE.sub(lambda match: "_" * len(match[0]), template)[scheme + 3 :]
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    at, place = authority.rfind("@"), position - scheme - 3
    return place < at or "?" in rest[:place]


def _password(url: str) -> str | None:
    """The password of a URL as it is meant."""
    authority = re.split(r"[/?#]", url.partition("://")[2], maxsplit=1)[0]
    user = authority.rpartition("@")[0]
    return unquote(user.partition(":")[2]) or None
