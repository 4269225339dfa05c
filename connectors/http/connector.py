"""The connector of JSON interfaces: what to ask for, and deliveries of what came.

An answer's records are kept in a working file until all pages are read (``reading``), so that columns are
known before the first row lands and memory stays bounded.

Options: ``path``, ``method`` (GET), ``send`` (``query``; ``json`` or ``form`` for POST), ``params``,
``records`` (path to the list), ``total`` (path to the count), ``success`` (``{path, equals}``), ``paging``
(see ``paging``), ``verify``, ``read_again``, ``repeated_keys`` (see ``reading``), ``window`` and ``timezone``
(see ``windows``), ``since`` (for ``mode: incremental`` without windows: name of the parameter that takes the
last watermark), ``start`` (its first value), ``overlap`` (seconds below the last watermark from which is read
again, a day: what a department commits late comes with it; of numbers the 1,000 greatest are read again),
``watermark_type`` (``timestamp``, ``integer``, ``seconds`` or ``milliseconds`` since 1970; without it, what the
item's type says or most values are), ``compare`` (how often everything is read and compared with what has landed,
for what the watermark missed: ``7 days``; with windows ``never``), ``optional`` (items that may be
missing, or ``true``), ``deadline``, ``pages_limit``, ``bytes_limit_mb`` (see ``transport``).

A record that cannot be read lands with its text and a problem. In a full reading its key is unknown, so such
a reading withdraws nothing.
"""

from __future__ import annotations

import datetime as dt
import tempfile
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa

from catalogue.errors import GovshareError
from connectors.base import CollectError, NotNow, ResourceLike, Watermark, where
from connectors.comparing import COMPARE, is_due, period_of
from connectors.connections import Connection
from connectors.files.json_text import text_of
from connectors.files.reader import Rows, column_names, text_schema
from connectors.files.text import Unreadable
from connectors.http import body, marks
from connectors.http.answers import Page
from connectors.http.client import Client, ComeBack, NotThere, Question
from connectors.http.delivery import HttpDelivery
from connectors.http.paging import pages
from connectors.http.transport import Budget
from connectors.http.windows import ISO, Window, question, windows, zone_of
from connectors.manifest import Manifest
from connectors.read_report import ReadReport


class HttpConnector:
    """One resource behind an interface."""

    kind = "http"
    version = "2"

    def __init__(self, resource: ResourceLike, connection: Connection, past: Sequence[Manifest]) -> None:
        self.resource, self.connection, self.past = resource, connection, past
        self.options = resource.connector.options
        self.mark = resource.connector.watermark
        connection.url(resource)  # an error when there is none
        self.path = str(self.options.get("path", ""))
        self.answered = False  # whether the path has been seen to be right
        self.zone = self.told(lambda: zone_of(self.options))
        self.client: Client = self.told(self._client)

    def _client(self) -> Client:
        settings = self.connection.settings
        return Client(settings, self.connection.folder, Budget(self.options, settings))

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
        places = [f"connection {self.connection.name}", f"interface {self.place}"]
        places += [told.place] if told.place else []
        raise CollectError(told.what, where=where(self.resource, ", ".join(places)), remedy=told.remedy)

    @property
    def place(self) -> str:
        """The path without its query, which may hold a secret."""
        return self.path.split("?")[0].split("#")[0] or "/"

    def ask(self, params: Mapping[str, Any], place: str, once: bool = False) -> Any:
        question = Question(
            self.path,
            params,
            str(self.options.get("method", "GET")).upper(),
            str(self.options.get("send", "query")),
        )
        records = str(self.options.get("records", ""))
        answer = self.client.ask(
            question,
            place,
            lambda data, encoding: body.with_records(data, encoding, records),
            1 if once else None,
        )
        self.answered = True
        return answer

    def close(self) -> None:
        self.client.close()

    # --- for surveys

    def _first_page(self) -> Page:
        asked = next(iter(self._whole()), None)
        if asked is None:
            raise Unreadable("no window has begun yet", remedy="give `since` of `window` as a day that is over")
        return next(pages(self.ask, self.options, asked))

    def schema(self) -> pa.Schema:
        """The columns of the first page."""
        page: Page = self.told(self._first_page)
        return text_schema(column_names(_names(page.records)))

    def head(self, rows: int) -> pa.RecordBatch | None:
        """The first records of the first page."""
        page: Page = self.told(self._first_page)
        keys = _names(page.records)
        made = Rows(text_schema(column_names(keys)))
        records = [record for record in page.records if isinstance(record, dict)]
        for number, record in enumerate(records[:rows], 1):
            made.add([text_of(record.get(key)) for key in keys], number)
        return made.take()

    # --- deliveries

    def deliveries(self) -> Iterator[HttpDelivery]:
        incremental = self.resource.connector.mode == "incremental"
        if incremental and not self.mark:
            raise CollectError(
                "`mode: incremental` without `watermark`",
                where=where(self.resource, f"connection {self.connection.name}"),
                remedy="declare the item that tells what is new as `watermark` in meta.connector",
            )
        with tempfile.TemporaryDirectory(dir=self.connection.scratch) as folder:
            if not incremental:
                yield HttpDelivery(self, self.told(lambda: list(self._whole())), "full", None, Path(folder))
            elif "window" in self.options:
                yield from self._by_window(Path(folder))
            else:
                yield self._since(Path(folder))
            if incremental and self.told(self._compare_is_due):
                mark = self.mark and Watermark(self.mark, "text", None, self._high())
                yield HttpDelivery(self, self.told(lambda: list(self._whole())), "compare", mark or None, Path(folder))

    def _whole(self) -> Iterator[Mapping[str, Any]]:
        """The parameters of every list, from the first on."""
        if "window" in self.options:
            yield from (span.params for span in windows(self.options, None, self.now(), self.zone))
        elif "since" in self.options and "start" in self.options:
            yield {str(self.options["since"]): self.options["start"]}
        else:
            yield {}

    def now(self) -> dt.datetime:
        """Now in the declared zone, naive."""
        return dt.datetime.now(self.zone).replace(tzinfo=None)

    def _high(self) -> str | None:
        assert self.mark is not None
        return marks.last_high(self.past, self.mark)

    def kind_of_mark(self, former: str | None) -> str | None:
        types = {item.name: item.type for item in self.resource.items}
        return marks.kind_of(self.options, former, types.get(self.mark or "", ""))

    def _since(self, folder: Path) -> HttpDelivery:
        assert self.mark is not None
        high = self._high()
        kind = self.told(lambda: self.kind_of_mark(high))
        overlap = float(self.options["overlap"]) if "overlap" in self.options else None
        low = marks.below(high, kind, overlap, self.zone) if high is not None else None
        params = {}
        if "since" in self.options and (low is not None or "start" in self.options):
            params[str(self.options["since"])] = low if low is not None else self.options["start"]
        return HttpDelivery(self, [params], "delta", Watermark(self.mark, "text", low, high), folder)

    def _compare_is_due(self) -> bool:
        """Windows are many, and are read again as a whole only where that is declared."""
        default = COMPARE if "since" in self.options and "window" not in self.options else "never"
        period = period_of(self.options.get("compare", default))
        if period is None:
            raise Unreadable("`compare` is no time", remedy="write it as `7 days`, `12 hours`, `weekly` or `never`")
        return period != dt.timedelta.max and self._high() is not None and is_due(self.past, period)

    def _by_window(self, folder: Path) -> Iterator[HttpDelivery]:
        """A delivery for each window that has records. Windows without any are gathered: the next delivery
        takes them along, or the last one, which has no rows and says that they need not be asked for again."""
        known, spans = self.told(self._windows)
        empty: Window | None = None
        gathered = ReadReport()
        for span in spans:
            start = empty.start if empty else span.start
            delivery = self._delivery(start, span, known, folder)
            try:
                self.told(partial(self._read_window, delivery, span, spans))
            except CollectError:
                if empty:
                    yield self._nothing(empty, known, folder)
                raise
            assert delivery.reading is not None
            if delivery.reading.records:
                delivery.report.add(gathered)
                yield delivery
                gathered = ReadReport()
                known, empty = span.end if known is None else max(known, span.end), None
            elif span.whole:
                empty = replace(span, start=start)
                gathered.add(delivery.report)
        if empty:
            yield self._nothing(empty, known, folder)

    def _windows(self) -> tuple[dt.datetime | None, list[Window]]:
        """How far was read, and the windows from there (less the overlap) to now."""
        high = self._high()
        when = marks.moment(high, self.zone) if high is not None else None
        known = when.astimezone(self.zone).replace(tzinfo=None) if when is not None else None
        overlap = dt.timedelta(seconds=float(self.options.get("overlap", marks.OVERLAP)))
        return known, list(windows(self.options, known and known - overlap, self.now(), self.zone))

    def _delivery(self, start: dt.datetime, span: Window, known: dt.datetime | None, folder: Path) -> HttpDelivery:
        assert self.mark is not None
        # A window that ends below what is known was asked for again, for late records only.
        end = max(span.end, known) if known else span.end
        mark = Watermark(self.mark, "text", start.strftime(ISO), end.strftime(ISO))
        return HttpDelivery(
            self, [span.params], "delta", mark, folder, advances=span.whole and (known is None or span.end > known)
        )

    def _nothing(self, span: Window, known: dt.datetime | None, folder: Path) -> HttpDelivery:
        delivery = self._delivery(span.start, span, known, folder)
        delivery.asked = []
        return delivery

    def _read_window(self, delivery: HttpDelivery, span: Window, spans: Sequence[Window]) -> None:
        """A window with 404 is empty if the path is right, which the answer to another window shows."""
        try:
            delivery.read()
        except NotThere as error:
            if not self.answered and not self._answers(spans, span):
                raise NotThere(
                    error.what,
                    place=error.place,
                    remedy="correct `path` in meta.connector: no window has an answer, nor the last that had records",
                ) from None
            delivery.report.remark("window_404")
            delivery.asked = []
            delivery.read()

    def _answers(self, spans: Sequence[Window], but: Window) -> bool:
        """Whether the interface has an answer to any window, first of all to the last one that had records."""
        asked = [other.params for other in spans if other is not but]
        for manifest in reversed(self.past):
            mark = manifest.watermark
            if manifest.rows and mark and mark.low and mark.high:
                ends = [marks.moment(text, self.zone) for text in (mark.low, mark.high)]
                start, end = (when and when.astimezone(self.zone).replace(tzinfo=None) for when in ends)
                if start and end:
                    asked.insert(0, question(self.options, start, end, self.zone))
                    break
        for params in asked:
            try:
                next(pages(self.ask, self.options, params))
            except NotThere:
                continue
            return True
        return False


def _names(records: Sequence[Any]) -> list[str]:
    return list(dict.fromkeys(key for record in records if isinstance(record, dict) for key in record))


def open(resource: ResourceLike, connection: Connection, past: Sequence[Manifest]) -> HttpConnector:
    return HttpConnector(resource, connection, past)
