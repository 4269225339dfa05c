"""The connector of JSON interfaces: all records of a resource, or those since the last mark, as deliveries.

An answer's records are kept in a working file until all pages are read, so that columns are known before
the first row lands and memory stays bounded. An interface that changed while it was paged through is read
again from the beginning: the count must be the announced one, and pages are asked for twice and must not
have moved (the first and the last, or all of them where no count is announced; a cursor needs neither).

Options: ``path``, ``method`` (GET), ``send`` (``query``; ``json`` or ``form`` for POST), ``params``,
``records`` (path to the list), ``total`` (path to the count), ``success`` (``{path, equals}``), ``paging``,
``window`` (see ``http_paging``), ``since`` (for ``mode: incremental`` without windows: name of the
parameter that takes the last watermark), ``start`` (its first value), ``overlap`` (seconds), ``verify``
(``all``, ``ends``, ``none``), ``read_again`` (2), ``optional`` (items that may be missing, or ``true``).
"""

from __future__ import annotations

import datetime as dt
import json
import tempfile
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

import pyarrow as pa

from catalogue.errors import GovshareError
from connectors.base import CollectError, NotNow, ResourceLike, SourceFile, Watermark, where
from connectors.connections import Connection
from connectors.databases import watermarks
from connectors.files.json_text import text_of
from connectors.files.reader import LINE_UNREADABLE, Rows, column_names, text_schema
from connectors.files.text import Unreadable
from connectors.http_client import Client, ComeBack, Question
from connectors.http_paging import ISO, pages, windows
from connectors.manifest import Manifest

READ_AGAIN = 2


class Changed(Exception):
    """The interface's records changed while they were paged through."""


class HttpConnector:
    """One resource behind an interface."""

    kind = "http"
    version = "1"

    def __init__(self, resource: ResourceLike, connection: Connection, past: Sequence[Manifest]) -> None:
        self.resource, self.connection, self.past = resource, connection, past
        self.options = resource.connector.options
        self.mark = resource.connector.watermark
        connection.url(resource)  # an error when there is none
        self.client: Client = self.told(lambda: Client(connection.settings, connection.folder))

    def told(self, action: Callable[[], Any]) -> Any:
        """Whatever goes wrong names the resource, the connection, the path and the page."""
        try:
            return action()
        except GovshareError:
            raise
        except ComeBack as error:
            raise NotNow(error.what, where=where(self.resource), remedy=error.remedy) from None
        except Unreadable as error:
            told = error
        except Exception as error:
            last = traceback.extract_tb(error.__traceback__)[-1]
            told = Unreadable(
                f"cannot be read ({type(error).__name__} at {Path(last.filename).name}:{last.lineno})",
                remedy="correct meta.connector, or ask the department what the interface answers",
            )
        places = [f"connection {self.connection.name}", f"interface {self.options.get('path', '/')}"]
        places += [told.place] if told.place else []
        raise CollectError(told.what, where=where(self.resource, ", ".join(places)), remedy=told.remedy)

    def ask(self, params: Mapping[str, Any], place: str) -> Any:
        question = Question(
            str(self.options.get("path", "")),
            params,
            str(self.options.get("method", "GET")).upper(),
            str(self.options.get("send", "query")),
        )
        return self.client.ask(question, place)

    def close(self) -> None:
        self.client.close()

    def schema(self) -> pa.Schema:
        """The columns of the first page."""

        def first() -> pa.Schema:
            extra = next(iter(self._asked()))[0]
            page = next(pages(self.ask, self.options, extra))
            keys = dict.fromkeys(key for record in page.records if isinstance(record, dict) for key in record)
            return text_schema(column_names(list(keys)))

        schema: pa.Schema = self.told(first)
        return schema

    def head(self, rows: int) -> pa.RecordBatch | None:
        """The first records of the first page."""

        def first() -> pa.RecordBatch:
            extra = next(iter(self._asked()))[0]
            records = [r for r in next(pages(self.ask, self.options, extra)).records if isinstance(r, dict)]
            keys = list(dict.fromkeys(key for record in records for key in record))
            made = Rows(text_schema(column_names(keys)))
            for number, record in enumerate(records[:rows], 1):
                made.add([text_of(record.get(key)) for key in keys], number)
            return made.take()

        batch: pa.RecordBatch = self.told(first)
        return batch

    def deliveries(self) -> Iterator[HttpDelivery]:
        incremental = self.resource.connector.mode == "incremental"
        if incremental and not self.mark:
            raise CollectError(
                "`mode: incremental` without `watermark`",
                where=where(self.resource, f"connection {self.connection.name}"),
                remedy="declare the item that tells what is new as `watermark` in meta.connector",
            )
        asked = self._asked()
        if not incremental:
            yield from self._delivery([params for params, _ in asked], "full", None)
            return
        for params, mark in asked:
            yield from self._delivery([params], "delta", mark)

    def _delivery(self, asked: list[Mapping[str, Any]], mode: str, mark: Watermark | None) -> Iterator[HttpDelivery]:
        with tempfile.TemporaryDirectory(dir=self.connection.scratch) as folder:
            yield HttpDelivery(self, asked, mode, mark, Path(folder))

    def _asked(self) -> Iterator[tuple[Mapping[str, Any], Watermark | None]]:
        """The parameters to ask with, beside paging, and the watermark of what comes."""
        incremental = self.resource.connector.mode == "incremental"
        high = watermarks.last_high(self.past, self.mark) if incremental and self.mark else None
        low = watermarks.below(high, "text", float(self.options.get("overlap", 0))) if high else None
        if "window" in self.options:
            spans = windows(self.options, low, dt.datetime.now())
            for span in iter(lambda: self.told(lambda: next(spans, None)), None):
                mark = self.mark and Watermark(self.mark, "text", span.start.strftime(ISO), span.end.strftime(ISO))
                yield span.params, mark or None
            return
        params: dict[str, Any] = {}
        name = self.options.get("since")
        if name and (low or "start" in self.options):
            params[str(name)] = low or self.options["start"]
        yield params, Watermark(self.mark, "text", low, high) if self.mark else None


class HttpDelivery:
    """What one reading of the interface gave; read when its schema is first asked for."""

    identity = None
    files: tuple[SourceFile, ...] = ()
    load: Mapping[str, Any] | None = None

    def __init__(
        self,
        connector: HttpConnector,
        asked: list[Mapping[str, Any]],
        mode: str,
        watermark: Watermark | None,
        folder: Path,
    ) -> None:
        self.connector, self.asked, self.mode, self.watermark = connector, asked, mode, watermark
        self.file = folder / "records.jsonl"
        self.keys: list[str] | None = None

    @property
    def schema(self) -> pa.Schema:
        if self.keys is None:
            self.keys = self.connector.told(self._read)
        names = column_names(self.keys)
        optional = self.connector.options.get("optional", ())
        declared = [item.name for item in self.connector.resource.items]
        if not names:  # no record at all: the columns are those that are known
            past = self.connector.past
            names = declared or [name for name, _ in past[-1].columns] if declared or past else []
        names += [n for n in declared if n not in names and (optional is True or n in optional)]
        if self.watermark and self.watermark.column not in names:
            if self.keys:
                self.connector.told(self._need_watermark)
            names.append(self.watermark.column)
        return text_schema(names)

    def _need_watermark(self) -> None:
        raise Unreadable(
            f"the declared watermark {self.connector.mark!r} is no item of the answer",
            remedy="correct `watermark` in meta.connector",
        )

    def _read(self) -> list[str]:
        """Read all pages into the working file; the names of all records in order of appearance."""
        attempts = int(self.connector.options.get("read_again", READ_AGAIN)) + 1
        for attempt in range(1, attempts + 1):
            keys: dict[str, None] = {}
            try:
                with self.file.open("w", encoding="utf-8", errors="surrogatepass") as spool:
                    for extra in self.asked:
                        self._read_all(extra, spool, keys)
                return list(keys)
            except Changed as change:
                if attempt == attempts:
                    raise Unreadable(
                        f"{change}, {attempts} times in a row",
                        remedy="collect when the department is not writing, or page by cursor or by "
                        "window of time; leave out `total` if the interface counts something else",
                    ) from None
        raise AssertionError("unreachable")

    def _read_all(self, extra: Mapping[str, Any], spool: IO[str], keys: dict[str, None]) -> None:
        options = self.connector.options
        count = 0
        total: int | None = None
        seen: list[tuple[Mapping[str, Any], bytes, int | None]] = []
        for page in pages(self.connector.ask, options, extra):
            if seen and page.total != total:
                raise Changed("the announced number of records changed between two pages")
            total = page.total
            seen.append((page.params, page.digest(), page.total))
            count += len(page.records)
            for place, record in enumerate(page.records, 1):
                if isinstance(record, dict):
                    keys.update(dict.fromkeys(record))
                    cells: Any = {key: text_of(value) for key, value in record.items()}
                else:
                    cells = text_of(record)
                spool.write(json.dumps([page.place, place, cells]) + "\n")
        if total is not None and count != total:
            raise Changed(f"the interface announces {total:,} records and gives {count:,}")
        if len(seen) > 1 and options.get("paging", {}).get("kind") in ("page", "offset"):
            verify = options.get("verify", "all" if total is None else "ends")
            again = {"all": seen, "ends": [seen[0], seen[-1]]}.get(verify, [])
            for params, digest, announced in again:
                self._need_unchanged(params, digest, announced)

    def _need_unchanged(self, params: Mapping[str, Any], digest: bytes, total: int | None) -> None:
        """Ask for a page again: a record that was added or removed before it has moved its records."""
        one = {**self.connector.options, "paging": {"kind": "none"}, "params": dict(params)}
        for page in pages(self.connector.ask, one, {}):
            if page.digest() != digest or page.total != total:
                raise Changed("records moved from page to page while they were read")

    def batches(self) -> Iterator[pa.RecordBatch]:
        rows = Rows(self.schema)
        assert self.keys is not None
        blank: list[str | None] = [None] * (len(self.schema) - len(self.keys))
        path = str(self.connector.options.get("path", ""))
        places: list[str] = []
        with self.file.open(encoding="utf-8") as spool:
            for line in spool:
                place, number, cells = json.loads(line)
                places.append(f"{path}#{place}")
                if isinstance(cells, dict):
                    rows.add([*(cells.get(key) for key in self.keys), *blank], number, size=len(line))
                else:
                    rows.add([], number, LINE_UNREADABLE, cells, len(line))
                if rows.full:
                    yield self._marked(rows.take(), places)
                    places = []
        if rows.rows:
            yield self._marked(rows.take(), places)

    def _marked(self, batch: pa.RecordBatch, places: list[str]) -> pa.RecordBatch:
        """Add ``_file`` (path and page), and move the watermark up where no window has set it."""
        mark = self.watermark
        if mark is not None and "window" not in self.connector.options and mark.column in batch.schema.names:
            top = watermarks.highest(batch.column(mark.column), "text")
            self.watermark = replace(mark, high=watermarks.higher(mark.high, top, "text"))
        return batch.append_column("_file", pa.array(places, pa.string()))


def open(resource: ResourceLike, connection: Connection, past: Sequence[Manifest]) -> HttpConnector:
    return HttpConnector(resource, connection, past)
