"""Which questions to ask an interface for all of its records: by page, offset, cursor, or window of time.

Only the order of questions and what an answer says of the next one belong here; asking is ``http_client``'s,
and what becomes of the records ``http``'s.

``paging`` in meta.connector: ``kind`` (``none``, ``page``, ``offset``, ``cursor``),
``page``/``offset``/``cursor`` (name of the parameter), ``size`` (name of the parameter for the page size),
``page_size``, ``first`` (number of the first page, 1), ``next`` (path of the next cursor in the answer).
``window`` in meta.connector: ``from``, ``to`` (names of the parameters), ``since`` (first moment), ``days``
or ``hours`` (length, 1 day), ``format`` (``strftime``), ``lag`` (seconds before now at which the last window
ends, 60).
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from connectors.files.json_text import text_of
from connectors.files.text import Unreadable
from connectors.http_client import lookup

MOST_PAGES = 1_000_000
ISO = "%Y-%m-%d %H:%M:%S"
Ask = Callable[[Mapping[str, Any], str], Any]


@dataclass(frozen=True)
class Page:
    """One answer's records. ``params`` asked for it; ``total`` is how many the interface says there are."""

    place: str
    params: Mapping[str, Any]
    records: list[Any]
    total: int | None
    next: str | None

    def digest(self) -> bytes:
        """Equal if and only if the records are."""
        text = json.dumps([text_of(record) for record in self.records])
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


class Answers:
    """How to read an answer: where the records, the total and the word of success stand."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        self.records = str(options.get("records", ""))
        self.total = options.get("total")
        self.success: Mapping[str, Any] = options.get("success", {})
        self.next = options.get("paging", {}).get("next")

    def page(self, answer: Any, params: Mapping[str, Any], place: str) -> Page:
        self._need_success(answer, place)
        records = lookup(answer, self.records)
        if records is None and self._is_there(answer):
            records = []  # an empty result is often null
        if not isinstance(records, list):
            known = ", ".join(list(answer)[:20]) if isinstance(answer, dict) else type(answer).__name__
            raise Unreadable(
                f"there is no list at {self.records!r}; the answer has {known}",
                place=place,
                remedy="correct `records` in meta.connector",
            )
        total = text_of(lookup(answer, self.total)) if self.total else None
        following = text_of(lookup(answer, self.next)) if self.next else None
        count = int(total) if total is not None and total.isdigit() else None
        return Page(place, params, records, count, following or None)

    def _is_there(self, answer: Any) -> bool:
        outer, _, last = self.records.rpartition(".")
        holder = lookup(answer, outer)
        return isinstance(holder, dict) and last in holder

    def _need_success(self, answer: Any, place: str) -> None:
        """Many interfaces say 200 and mean an error: then a code in the answer tells."""
        if not self.success:
            return
        code = text_of(lookup(answer, self.success["path"]))
        wanted = self.success.get("equals", [0, 200])
        if code not in [text_of(value) for value in (wanted if isinstance(wanted, list) else [wanted])]:
            raise Unreadable(
                f"the interface answers with the code {code}",
                place=place,
                remedy="look the code up in the interface's description; correct `params` or the account",
            )


def pages(ask: Ask, options: Mapping[str, Any], extra: Mapping[str, Any]) -> Iterator[Page]:
    """All pages, to the first that is empty (or that the total or the cursor says is the last)."""
    paging = dict(options.get("paging", {}))
    kind = paging.get("kind", "none")
    if kind not in ("none", "page", "offset", "cursor"):
        raise Unreadable(f"unknown paging {kind!r}", remedy="use none, page, offset or cursor in `paging.kind`")
    answers = Answers(options)
    fixed = {**options.get("params", {}), **extra}
    if paging.get("size"):
        fixed[paging["size"]] = paging.get("page_size", 500)
    name = paging.get(kind, kind)
    position: Any = {"page": paging.get("first", 1), "offset": 0}.get(kind)
    count, former, cursors = 0, None, set()
    for number in range(1, MOST_PAGES + 1):
        params = dict(fixed) if position is None else {**fixed, name: position}
        place = f"page {number}"
        page = answers.page(ask(params, place), params, place)
        if not page.records:
            if count == 0:
                yield page
            return
        digest = page.digest()
        if digest == former:
            raise Unreadable(
                "the same records as on the page before",
                place=place,
                remedy=f"perhaps the interface does not know the parameter {name!r}: correct `paging`",
            )
        former = digest
        count += len(page.records)
        yield page
        if kind == "none" or (page.total is not None and count >= page.total):
            return
        if kind == "cursor":
            if page.next is None:
                return
            if page.next in cursors:
                raise Unreadable(
                    "a cursor that came before",
                    place=place,
                    remedy="tell the department that the interface runs in circles",
                )
            cursors.add(page.next)
            position = page.next
        else:
            # Counted by what came: a server may give fewer records than it was asked for.
            position = count if kind == "offset" else position + 1


@dataclass(frozen=True)
class Window:
    """A span of time, its end not included, and the parameters that ask for it."""

    start: dt.datetime
    end: dt.datetime
    params: Mapping[str, Any]


def windows(options: Mapping[str, Any], low: str | None, now: dt.datetime) -> Iterator[Window]:
    """Windows from the last mark (or ``since``) to now, one after the other."""
    window = options["window"]
    form = window.get("format", ISO)
    try:
        start = dt.datetime.fromisoformat(low or str(window["since"]))
        length = dt.timedelta(days=float(window.get("days", 0)), hours=float(window.get("hours", 0)))
        names = window["from"], window["to"]
    except (KeyError, ValueError):
        raise Unreadable(
            "`window` is incomplete",
            remedy="give `from`, `to`, `since` (an ISO date) and `days` in meta.connector",
        ) from None
    length = length or dt.timedelta(days=1)
    last = (now - dt.timedelta(seconds=float(window.get("lag", 60)))).replace(microsecond=0)
    while start < last:
        end = min(start + length, last)
        yield Window(start, end, {names[0]: start.strftime(form), names[1]: end.strftime(form)})
        start = end
