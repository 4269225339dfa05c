"""Records that paging by number would never come to: before the first page, and between capped pages.

Without a ``total`` neither shows in what came, so the interface is asked for pages that it should not have:

- the page before the first: an interface that counts from 0 and is read from 1 loses its first page. Asked where
  ``first`` is not declared;
- the second page in the size that pages really have, where none is as long as was asked for: an interface that
  gives 100 records at most, but counts its pages by the 500 asked for, leaves 400 out after each page.

An answer is held against what came: many interfaces give the first page for page 0, cap their pages rightly, or
filter them. Errors, 404 and empty pages say that nothing is there. Where a page that came is no longer as it was,
the list moves, and the answer says nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from connectors.http.answers import Answers, Page
from connectors.http.paging import PAGE_SIZE, Ask, Changed, peek


def need_nothing_before(ask: Ask, options: Mapping[str, Any], first: Page) -> bool:
    """``Changed`` where page 0 has other records than the first page that came; whether anything was learned."""
    name = options["paging"].get("page", "page")
    page = peek(ask, Answers(options), {**first.params, name: 0}, "page 0")
    if page is None:
        return bool(first.records)
    same = sorted(page.texts) == sorted(first.texts)
    whole = bool(first.records) and page.texts[: len(first.texts)] == first.texts  # some give all records for page 0
    if not same and not whole:
        if _moved(ask, options, first):
            if first.records:  # the next reading will learn it, and must agree with this one
                return False
            raise Changed("records came while the list was read")
        raise Changed(
            f"page 0 has {len(page.records):,} records that page 1 has not",
            "declare `first: 0` in `paging` if the interface counts its pages from 0, else `first: 1`",
        )
    return True


def need_no_gap(ask: Ask, options: Mapping[str, Any], start: Sequence[Page], longest: int) -> None:
    """``Changed`` where the second page, asked for in the size of the ``longest``, has records that did not come.

    ``start``: the first two pages that came, or the only one.
    """
    paging = options["paging"]
    asked = int(paging.get("page_size", PAGE_SIZE))
    if not 0 < longest < asked:
        return
    params = {**start[0].params, paging.get("page", "page"): paging.get("first", 1) + 1, paging["size"]: longest}
    page = peek(ask, Answers(options), params, "page 2, asked for again")
    came = {text for one in start for text in one.texts}
    if page is not None and not came.issuperset(page.texts):
        if any(_moved(ask, options, one) for one in start):
            raise Changed("records came or went while the list was read")
        raise Changed(
            f"pages have {longest:,} records at most where {asked:,} are asked for, and there are others between them",
            f"declare `page_size: {longest}` in `paging`",
        )


def _moved(ask: Ask, options: Mapping[str, Any], former: Page) -> bool:
    page = Answers(options).page(ask(former.params, former.place, False), former.params, former.place)
    return page.digest() != former.digest()
