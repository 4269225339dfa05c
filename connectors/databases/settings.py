"""What one resource's source is and how gently it must be read: from meta.connector and the connection's
entry.

A setting may stand in both places; the resource's own wins. Here too are the errors that every reader
raises, so that each names department, resource and connection and none shows a password.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from time import monotonic, sleep
from typing import Any, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pyarrow as pa
import sqlalchemy as sa

from catalogue.errors import without_values
from catalogue.vocabulary import CHINA
from connectors.base import CollectError, NotNow, ResourceLike, where
from connectors.connections import Connection
from connectors.databases.tls import ENCRYPTED, VERIFIED, Tls, tls_of
from connectors.secrets import masked
from connectors.shown import shown_name

T = TypeVar("T")
SERVER = re.compile(r'connection to server at "[^"]*"(?: \([^)]*\))?, port \d+ failed: ')
NAMED_CODE = re.compile(r"\b(?:ORA|DPY|DPI)-\d{4,5}\b")


@dataclass(frozen=True)
class Source:
    """A table (or query) behind a connection.

    ``timeout``: seconds a statement may take, the waiting for ``rows_per_second`` included. ``fetch_rows``:
    rows asked for at a time. ``rows_per_second``: the load that the department allows, or null.
    ``allowed_hours``: ``HH:MM-HH:MM`` on the clock of ``timezone``, may cross midnight.
    ``overlap``: how far below the last watermark a delta begins (seconds, or units of a numeric watermark); null: see
    ``connectors.databases.watermarks``. ``timezone``: of the hours, and of times that have none.
    ``tls``: see ``connectors.databases.tls``.
    ``encoding``: what text columns really hold where the database only claims to know (GBK bytes in a latin1
    table).
    """

    url: str = field(repr=False)
    where: str
    connection: str
    table: str = ""
    schema: str | None = None
    query: str | None = None
    condition: str | None = None
    timeout: float = 3600
    fetch_rows: int = 10_000
    rows_per_second: float | None = None
    allowed_hours: str | None = None
    overlap: float | None = None
    timezone: str = CHINA
    tls: Tls = field(default_factory=Tls)
    encoding: str | None = None

    @classmethod
    def of(cls, resource: ResourceLike, connection: Connection, *, anything: bool = False) -> Source:
        """What is declared; a table or query must be, unless ``anything`` of the database will do."""
        settings: dict[str, Any] = {**connection.settings, **resource.connector.options}
        if not settings.get("table") and not settings.get("query") and not anything:
            raise CollectError(
                "neither table nor query is declared",
                where=where(resource),
                remedy="add `table` (or `query`) to meta.connector of the resource",
            )
        limit = settings.get("rows_per_second")
        url, place = connection.url(resource), where(resource, f"connection {connection.name!r}")
        _need_url(url, place)
        return cls(
            url=url,
            where=place,
            connection=connection.name,
            table=settings.get("table") or "",
            schema=settings.get("schema"),
            query=_query(settings.get("query")),
            condition=settings.get("where"),
            timeout=float(settings.get("timeout_seconds", 3600)),
            fetch_rows=int(settings.get("fetch_rows", 10_000)),
            rows_per_second=float(limit) if limit else None,
            allowed_hours=settings.get("allowed_hours"),
            overlap=float(settings["overlap"]) if settings.get("overlap") is not None else None,
            timezone=_timezone(str(settings.get("timezone", CHINA)), resource),
            tls=tls_of(url, connection.settings, connection.folder, place, connection.name),
            encoding=_encoding(settings.get("encoding"), resource),
        )

    def need_allowed_hour(self, now: dt.datetime | None = None, *, read: bool = False) -> None:
        """Raise ``NotNow`` outside the hours in which the department lets its database be read."""
        if not self.allowed_hours:
            return
        try:
            start, end = (dt.time.fromisoformat(part.strip()) for part in self.allowed_hours.split("-"))
        except ValueError:
            raise CollectError(
                f"allowed_hours is {self.allowed_hours!r}", where=self.where, remedy="write it as 20:00-06:00"
            ) from None
        at = (now or dt.datetime.now(ZoneInfo(self.timezone))).time()
        inside = start <= at < end if start <= end else at >= start or at < end
        if not inside:
            stopped = "; the reading was stopped, what it had not committed is read again" if read else ""
            raise NotNow(
                f"may be read only within {self.allowed_hours}{stopped}",
                where=self.where,
                remedy="a first load in ranges (`range_rows`) goes on where it stopped" if read else "",
            )

    def paced(self, batches: Iterator[pa.RecordBatch], sessions: int = 1) -> Iterator[pa.RecordBatch]:
        """The batches, no faster than ``rows_per_second`` (shared by ``sessions``) and within the hours.

        The database waits while govshare does: nothing piles up here.
        """
        started, rows = monotonic(), 0
        for batch in batches:
            self.need_allowed_hour(read=True)
            rows += batch.num_rows
            yield batch
            if self.rows_per_second:
                ahead = rows * sessions / self.rows_per_second - (monotonic() - started)
                if ahead > 0:
                    sleep(ahead)

    def connect(self, opener: Callable[[], T]) -> T:
        """Open a session; a refusal names what the user can mend."""
        try:
            return opener()
        except Exception as error:  # each driver has its own family of errors
            raise CollectError(
                f"the database refuses the connection or cannot be reached: {self.reason(error)}",
                where=self.where,
                remedy=f"check the database and [connections.{self.connection}] in connections.toml "
                f"(address, user, and the environment variable of the password)" + self._of_tls(),
            ) from None

    def _of_tls(self) -> str:
        if self.tls.level == VERIFIED:
            return "; its certificate must be verifiable: `tls_ca` names its authority's, `tls` says how else"
        return "; it must be encrypted, unless `tls` says otherwise" if self.tls.level == ENCRYPTED else ""

    def refused(self, error: Exception) -> CollectError:
        """A statement that failed, as an error with its place."""
        return CollectError(
            f"the database refused or broke off the reading: {self.reason(error)}",
            where=self.where,
            remedy="check the right to read the table, `table`/`query` and `watermark` in meta.connector, "
            "and timeout_seconds; what was committed stays",
        )

    def no_table(self) -> CollectError:
        return CollectError(
            f"there is no table {self.table!r}" + (f" in schema {self.schema!r}" if self.schema else ""),
            where=self.where,
            remedy="correct `table` (and `schema`) in meta.connector, or ask for the right to see the table",
        )

    def reason(self, error: Exception) -> str:
        """The driver's own first line with its code, without any secret and without any row's values."""
        original = getattr(error, "orig", None) or error
        code, said = getattr(original, "sqlstate", None), str(original)
        if len(original.args) > 1 and isinstance(original.args[0], int):  # a number and a text, as MySQL's drivers do
            code, text = original.args[:2]
            said = text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)
        if code is None and (named := NAMED_CODE.search(said)):
            code = named[0]
        # The address is in the settings; its quotes would hide the words between it and the reason.
        said = without_values(SERVER.sub("", masked(said)))[:300] or type(original).__name__
        return f"{said} ({code})" if code else said


def _need_url(url: str, place: str) -> None:
    try:
        sa.make_url(url)
    except (sa.exc.ArgumentError, ValueError):
        raise CollectError(
            "the connection's `url` is no SQLAlchemy URL",
            where=place,
            remedy="write it as dialect+driver://user:${PASSWORD}@host:port/database",
        ) from None


def _query(declared: str | None) -> str | None:
    """A query as it may stand in brackets: without the semicolon that ends a statement."""
    bare = declared.rstrip() if declared else ""
    return bare.rstrip(";") + "\n" if bare.endswith(";") else declared


def _encoding(name: str | None, resource: ResourceLike) -> str | None:
    if name is None:
        return None
    try:
        b"a".decode(name)
    except UnicodeDecodeError:  # of two bytes a letter
        pass
    except LookupError:
        raise CollectError(
            f"encoding {shown_name(name)} is unknown", where=where(resource), remedy="write it as gb18030 or utf-8"
        ) from None
    return name


def _timezone(name: str, resource: ResourceLike) -> str:
    try:
        return ZoneInfo(name).key
    except (ZoneInfoNotFoundError, ValueError):
        raise CollectError(
            f"timezone {name!r} is unknown", where=where(resource), remedy="write it as Asia/Shanghai"
        ) from None
