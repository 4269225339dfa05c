"""Folders on other machines through fsspec: SFTP, S3-compatible stores, and whatever else fsspec knows.

A file is copied to this machine before it is read, and again from its beginning if the line breaks. An SFTP
server must be known: its key stands in ``known_hosts`` of the system or as ``host_key`` in the connection.
The drivers are optional.

Settings of the connection: ``path`` (``sftp://host:port/folder``, ``s3://bucket/prefix``), ``options`` (what
the fsspec file system takes: ``username``, ``password``, ``key``, ``secret``, ``endpoint_url`` …),
``host_key``.
"""

from __future__ import annotations

import glob
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import fsspec
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from catalogue.errors import without_values
from connectors.files.folder import Found, Stamp, changed, in_order, is_unfinished, need_inside
from connectors.files.text import Unreadable
from connectors.read_report import ReadReport
from connectors.secrets import masked

EXTRAS = {
    "sftp": ("sftp", "paramiko"),
    "ssh": ("sftp", "paramiko"),
    "s3": ("s3", "s3fs"),
    "s3a": ("s3", "s3fs"),
}
ATTEMPTS = 4
FINAL = (FileNotFoundError, PermissionError, NotADirectoryError, IsADirectoryError, Unreadable)
T = TypeVar("T")


class RemoteFolder:
    """A folder that fsspec reaches."""

    remote = True

    def __init__(self, url: str, settings: Mapping[str, Any]) -> None:
        self.report = ReadReport()
        self.protocol = url.split("://")[0]
        self.shown = re.sub(r"//[^/@]*@", "//", url)  # never with a password
        self.fs, self.root = self._tried(lambda: _file_system(url, self.protocol, settings), "reached")

    def _tried(self, action: Callable[[], T], verb: str) -> T:
        """Do it, again after a pause if the line broke; what another attempt cannot mend is told at once."""
        waits = wait_random_exponential(multiplier=0.2, max=5)
        tries = Retrying(
            stop=stop_after_attempt(ATTEMPTS),
            wait=waits,
            retry=retry_if_exception(_may_pass),
            reraise=True,
        )
        try:
            return tries(action)
        except Unreadable:
            raise
        except FileNotFoundError:
            what = f"there is no {self.shown}"
        except Exception as error:
            what = f"{self.shown} cannot be {verb} ({type(error).__name__}: {without_values(masked(str(error)))[:200]})"
        raise Unreadable(
            what, remedy="check address, account and rights of the connection in connections.toml"
        ) from None

    def find(self, pattern: str) -> list[Found]:
        need_inside(pattern)
        self.fs.invalidate_cache()
        self._tried(lambda: self.fs.ls(self.root, detail=False), "listed")
        place = f"{glob.escape(self.root.rstrip('/'))}/{pattern}"
        entries = self._tried(lambda: self.fs.glob(place, detail=True), "listed")
        prefix = len(self.root.rstrip("/")) + 1
        found = [
            Found(path[prefix:], _stamp(info))
            for path, info in sorted(entries.items(), key=lambda entry: in_order(entry[0]))
            if info["type"] == "file" and not is_unfinished(path)
        ]
        return [file for file in found if file.name]

    def stamp(self, name: str) -> Stamp | None:
        self.fs.invalidate_cache()

        def info() -> Stamp | None:
            try:
                return _stamp(self.fs.info(self._path(name)))
            except FileNotFoundError:
                return None

        return self._tried(info, "looked at")

    @contextmanager
    def lent(self, found: Found, scratch: Path) -> Iterator[Path]:
        target = scratch / "fetched"
        self._tried(lambda: self.fs.get_file(self._path(found.name), str(target)), "fetched")
        if target.stat().st_size != found.stamp.bytes or self.stamp(found.name) != found.stamp:
            raise changed()
        yield target

    def open(self, found: Found) -> BinaryIO:
        raise NotImplementedError("files elsewhere are read from a copy")

    def beside(self, name: str, ending: str) -> BinaryIO | None:
        return None  # only the file itself is fetched

    def _path(self, name: str) -> str:
        return f"{self.root.rstrip('/')}/{name}"

    def close(self) -> None:
        client: Any = getattr(self.fs, "client", None)
        if hasattr(client, "close"):
            client.close()


def _may_pass(error: BaseException) -> bool:
    """Whether another attempt may succeed."""
    return isinstance(error, OSError | EOFError) and not isinstance(error, FINAL)


def _stamp(info: Mapping[str, Any]) -> Stamp:
    when = info.get("mtime") or info.get("LastModified") or info.get("last_modified") or info.get("created") or 0
    modified = when.timestamp() if isinstance(when, datetime) else float(when)
    return Stamp(int(info["size"] or 0), modified, str(info.get("ETag") or info.get("etag") or ""))


def _file_system(url: str, protocol: str, settings: Mapping[str, Any]) -> tuple[Any, str]:
    options = dict(settings.get("options", {}))
    try:
        if protocol in ("sftp", "ssh"):
            from connectors.files.sftp import KnownSftp

            parsed = KnownSftp._get_kwargs_from_urls(url)
            return KnownSftp(
                host_key=settings.get("host_key"), skip_instance_cache=True, **{**parsed, **options}
            ), KnownSftp._strip_protocol(url)
        return fsspec.url_to_fs(url, skip_instance_cache=True, **options)  # type: ignore[no-any-return]
    except ImportError:
        extra, package = EXTRAS.get(protocol, ("", ""))
        raise Unreadable(
            f"{protocol}:// needs a driver that is not installed" + (f" ({package})" if package else ""),
            remedy=f"install it with: pip install 'govshare[{extra}]'" if extra else "install its fsspec driver",
        ) from None
    except ValueError as error:
        raise Unreadable(
            f"the connection's `path` is not understood ({without_values(masked(str(error)))})",
            remedy="correct it in connections.toml",
        ) from None
