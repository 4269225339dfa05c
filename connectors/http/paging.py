"""Which questions to ask an interface for all records of a list: by page, offset or cursor.

Only the order of questions and what an answer says of the next one belong here; asking is ``client``'s, and
whether what was read is a state of the list that existed is ``reading``'s.

``paging`` in meta.connector: ``kind`` (``none``, ``page``, ``offset``, ``cursor``),
``page``/``offset``/``cursor`` (name of the parameter), ``size`` (name of the parameter for the page size),
``page_size``, ``first`` (number of the first page, 1), ``next`` (path of the next cursor in the answer),
``ends`` (cursors that mean that nothing follows, as 0 or -1; null, an empty text and false always do),
``empty_ends`` (an empty page is the end even if a new cursor stands beside it).

A page that is empty, or 404 behind the first, is the end; of a cursor, the answer without a next one is. Where
a ``total`` is declared, the page behind the last is asked for, too: a total that is too low would hide what
comes after it. Where none is, the page behind an empty one is asked for: some interfaces filter pages after they
cut them. If it has records, reading goes on. Offsets count what came, so a server may cap its pages; ``gaps`` looks
for what capped pages and a wrong first number leave out.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from connectors.files.text import Unreadable
from connectors.http.answers import Answers, Page
from connectors.http.client import ComeBack, NotThere
from connectors.http.transport import OverLimit

Ask = Callable[[Mapping[str, Any], str, bool], Any]  # parameters, place, whether once is enough

PAGE_SIZE = 500  # where `page_size` is not declared
MOST_BLANK = 100  # empty pages in a row, each with a new cursor


class Changed(Exception):
    """The list changed while it was read; ``what`` says by what that was noticed."""

    def __init__(self, what: str, remedy: str | None = None) -> None:
        self.what, self.remedy = what, remedy
        super().__init__(what)


def pages(
    ask: Ask, options: Mapping[str, Any], extra: Mapping[str, Any], *, overlap: bool = False, behind: bool = False
) -> Iterator[Page]:
    """All pages, to the first that is empty (or that the total or the cursor says is the last).

    ``overlap``: by offset, each page begins with the last record of the one before it, else ``Changed``.
    ``behind``: also look behind the last page that the total allows, and behind an empty one.
    """
    paging = dict(options.get("paging", {}))
    kind = paging.get("kind", "none")
    if kind not in ("none", "page", "offset", "cursor"):
        raise Unreadable(f"unknown paging {kind!r}", remedy="use none, page, offset or cursor in `paging.kind`")
    answers = Answers(options)
    fixed = {**options.get("params", {}), **extra}
    if paging.get("size"):
        fixed[paging["size"]] = paging.get("page_size", PAGE_SIZE)
    name = str(paging.get(kind, kind))
    position: Any = {"page": paging.get("first", 1), "offset": 0}.get(kind)
    count, total, blank = 0, None, 0
    longest = int(fixed[paging["size"]]) if paging.get("size") else 0
    skipped, after_empty = 0, False
    seen: dict[bytes, str] = {}
    cursors: set[str] = set()
    seam: str | None = None
    for number in itertools.count(1):
        params = dict(fixed) if position is None else {**fixed, name: position}
        place = f"page {number}"
        if total is not None and count >= total and kind != "cursor":
            if behind and total:
                _need_nothing(ask, answers, params, place, seen, total, seam)
            return
        try:
            page = answers.page(ask(params, place, False), params, place)
        except NotThere:
            if number == 1 or kind == "none":
                raise
            if kind == "cursor":
                raise NotThere(
                    "the interface no longer knows the cursor that it gave (404)",
                    place=place,
                    remedy="collect again; if it stays so, ask the department how long a cursor lives",
                ) from None
            if seam is not None:  # this page has at least the last record of the one before it
                raise Changed("a page is gone whose first record came before") from None
            return
        if seam is not None:
            page = _without_seam(page, seam)
        following = page.next if kind == "cursor" else None
        if not page.records:
            step = 1 if kind == "page" else longest
            if behind and kind in ("page", "offset") and step and seam is None and not answers.total:
                beyond = peek(ask, answers, {**fixed, name: position + step}, f"page {number + 1}")
                if beyond is not None and beyond.digest() not in seen:
                    position, skipped, after_empty = position + step, skipped + step, True
                    continue
            if following is None or following == position or following in cursors or paging.get("empty_ends"):
                if number == 1:
                    yield replace(page, last=True)
                return
            blank += 1
            if blank == MOST_BLANK:
                raise Unreadable(
                    f"{MOST_BLANK} empty pages in a row, and a cursor after each of them",
                    place=place,
                    remedy="ask the department how one knows the end; if an empty page is it, declare "
                    "`empty_ends: true` in `paging`",
                )
            cursors.add(following)
            position = following
            continue
        blank = 0
        if total is None and not seen:
            total = page.total
            if total is None and answers.total:
                raise Unreadable(
                    f"there is no number at {answers.total!r}", place=place, remedy="correct `total` in meta.connector"
                )
        elif page.total is not None and page.total != total:
            raise Changed("the announced number of records changed between two pages")
        count += len(page.records)
        done = kind == "none" or (kind == "cursor" and following is None)
        reached = total is not None and count >= total and kind != "cursor"
        page = replace(page, last=number == 1 and (done or reached), after_empty=after_empty)
        after_empty, longest = False, max(longest, len(page.records))
        whole = page.digest()
        if whole in seen:
            before = "the page before" if seen[whole] == f"page {number - 1}" else seen[whole]
            raise Changed(
                f"the same records as on {before}",
                f"perhaps the interface does not know the parameter {name!r}, or gives its last page again for one "
                "behind it: correct `paging`, or declare `total`",
            )
        seen[whole] = place
        yield page
        if done:
            return
        if kind == "cursor":
            assert following is not None
            if following in cursors:
                raise Unreadable(
                    "a cursor that came before",
                    place=place,
                    remedy="tell the department that the interface runs in circles",
                )
            cursors.add(following)
            position = following
        elif kind == "offset":
            # Counted by what came: a server may give fewer records than it was asked for.
            position = count - 1 if overlap else count + skipped
            seam = page.texts[-1] if overlap else None
        else:
            position += 1


def peek(ask: Ask, answers: Answers, params: Mapping[str, Any], place: str) -> Page | None:
    """A page that may not be there, asked for once; None where the answer is an error or has no records."""
    try:
        page = answers.page(ask(params, place, True), params, place)
    except (OverLimit, ComeBack):
        raise
    except Unreadable:
        return None
    return page if page.records else None


def _without_seam(page: Page, seam: str) -> Page:
    if not page.records or page.texts[0] != seam:
        raise Changed("a page does not begin with the last record of the one before it")
    return replace(page, records=page.records[1:])


def _need_nothing(
    ask: Ask,
    answers: Answers,
    params: Mapping[str, Any],
    place: str,
    seen: Mapping[bytes, str],
    total: int,
    seam: str | None,
) -> None:
    """Behind the last page there may be nothing, an error, a page that came already, or the record where pages meet."""
    page = peek(ask, answers, params, place)
    if page is None:
        return
    if seam is not None and page.texts[:1] == [seam] and page.digest() not in seen:
        page = _without_seam(page, seam)
    if page.records and page.digest() not in seen:
        raise Changed(
            f"the interface announces {total:,} records and gives more",
            "collect when the department is not writing; leave out `total` if the interface counts something else",
        )
