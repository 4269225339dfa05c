"""Which questions to ask an interface for all records of a list: by page, offset or cursor.

Only the order of questions and what an answer says of the next one belong here; asking is ``client``'s, and
whether what was read is a state of the list that existed is ``reading``'s.

``paging`` in meta.connector: ``kind`` (``none``, ``page``, ``offset``, ``cursor``),
``page``/``offset``/``cursor`` (name of the parameter), ``size`` (name of the parameter for the page size),
``page_size``, ``first`` (number of the first page, 1), ``next`` (path of the next cursor in the answer).
A page that is empty, or 404 behind the first, is the end. Where a ``total`` is declared, the page behind the
last is asked for, too: a total that is too low would hide what comes after it.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from connectors.files.json_text import text_of
from connectors.files.text import Unreadable
from connectors.http.body import BadRecord, lookup
from connectors.http.client import ComeBack, Empty, NotThere, Refused
from connectors.http.transport import OverLimit
from connectors.shown import shown_names

Ask = Callable[[Mapping[str, Any], str, bool], Any]  # parameters, place, whether once is enough

# Names by which an answer often says that it is an error, and what they say when it is none.
SAYS = re.compile(r"(err|error|ret|rtn|result|status|resp)?_?(code|no)|status|success|errors?|fault", re.IGNORECASE)
FINE = re.compile(r"|0+|1|2\d\d|true|ok|success\w*|succeed\w*|none|null|\[\]|\{\}", re.IGNORECASE)
CODE = re.compile(r"[A-Za-z0-9_.-]{1,6}")


class Changed(Exception):
    """The list changed while it was read; ``what`` says by what that was noticed."""

    def __init__(self, what: str, remedy: str | None = None) -> None:
        self.what, self.remedy = what, remedy
        super().__init__(what)


@dataclass(frozen=True)
class Page:
    """One answer's records. ``params`` asked for it; ``total`` is how many the interface says there are.

    ``last``: this answer itself says that nothing follows. ``silent``: it had not a byte.
    """

    place: str
    params: Mapping[str, Any]
    records: list[Any]
    total: int | None
    next: str | None
    last: bool = False
    silent: bool = False

    def digest(self) -> bytes:
        """Equal if and only if the records are, in this order."""
        return hashlib.sha256(b"".join(map(digest, self.records))).digest()


def digest(record: Any) -> bytes:
    """Equal if and only if two records are, whatever the order of their names."""
    if isinstance(record, BadRecord):
        text = json.dumps([record.problem, record.raw])
    elif isinstance(record, dict):
        text = json.dumps({name: text_of(value) for name, value in record.items()}, sort_keys=True)
    else:
        text = json.dumps([text_of(record)])
    return hashlib.blake2b(text.encode(), digest_size=16).digest()


class Answers:
    """How to read an answer: where the records, the total and the word of success stand."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        self.records = str(options.get("records", ""))
        self.total = options.get("total")
        self.success: Mapping[str, Any] = options.get("success", {})
        self.next = options.get("paging", {}).get("next")

    def page(self, answer: Any, params: Mapping[str, Any], place: str) -> Page:
        if isinstance(answer, Empty):
            return Page(place, params, [], None, None, silent=answer.silent)
        if answer is None and not self.success:
            return Page(place, params, [], None, None)
        self._need_success(answer, place)
        records = lookup(answer, self.records)
        if records is None and self._is_there(answer):
            records = []  # an empty result is often null
        if not isinstance(records, list):
            known = shown_names(answer) if isinstance(answer, dict) else ""
            raise Unreadable(
                f"there is no list at {self.records!r}; the answer "
                + (f"has {known}" if known else f"is {_kind(answer)}"),
                place=place,
                remedy="correct `records` in meta.connector",
            )
        if not records and not self.success:
            self._need_no_error(answer, place)
        total = _count(lookup(answer, self.total)) if self.total else None
        following = lookup(answer, self.next) if self.next else None
        if isinstance(following, dict | list):
            raise Unreadable("the next cursor is no text", place=place, remedy="correct `next` of `paging`")
        return Page(place, params, records, total, text_of(following) or None)

    def _is_there(self, answer: Any) -> bool:
        """Whether there is a null where the list should be, or (beside a code that says that all went well) on the
        way to it."""
        names = self.records.split(".")
        for place, name in enumerate(names, 1):
            if not isinstance(answer, dict) or name not in answer:
                return False
            answer = answer[name]
            if answer is None:
                return place == len(names) or bool(self.success)
        return False

    def _need_success(self, answer: Any, place: str) -> None:
        """Many interfaces say 200 and mean an error: then a code in the answer tells."""
        if not self.success:
            return
        code = lookup(answer, self.success["path"])
        wanted = self.success.get("equals", [0, 200])
        if text_of(code) not in [text_of(value) for value in (wanted if isinstance(wanted, list) else [wanted])]:
            raise Refused(
                f"the interface answers with the code {_code(code)}",
                place=place,
                remedy="look the code up in the interface's description; correct `params` or the account",
            )

    def _need_no_error(self, answer: Any, place: str) -> None:
        """An empty list beside a code is as often an error as it is nothing."""
        for name, value in answer.items() if isinstance(answer, dict) else ():
            if SAYS.fullmatch(name) and not FINE.fullmatch(text_of(value) or ""):
                raise Refused(
                    f"no records, and `{name}` says {_code(value)}: is this an error or an empty result?",
                    place=place,
                    remedy=f"declare `success: {{path: {name}, equals: …}}` in meta.connector with the codes that mean "
                    "that all went well",
                )


def pages(
    ask: Ask, options: Mapping[str, Any], extra: Mapping[str, Any], *, overlap: bool = False, behind: bool = False
) -> Iterator[Page]:
    """All pages, to the first that is empty (or that the total or the cursor says is the last).

    ``overlap``: by offset, each page begins with the last record of the one before it, else ``Changed``.
    ``behind``: also look behind the last page that the total allows.
    """
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
    count, total = 0, None
    seen: dict[bytes, str] = {}
    cursors: set[str] = set()
    seam: bytes | None = None
    for number in itertools.count(1):
        params = dict(fixed) if position is None else {**fixed, name: position}
        place = f"page {number}"
        if total is not None and count >= total and kind != "cursor":
            if behind and total:
                _need_nothing(ask, answers, params, place, seen, total)
            return
        try:
            page = answers.page(ask(params, place, False), params, place)
        except NotThere:
            if number == 1 or kind == "none":
                raise
            if seam is not None:  # this page has at least the last record of the one before it
                raise Changed("a page is gone whose first record came before") from None
            return
        if seam is not None:
            page = _without_seam(page, seam)
        if not page.records:
            if number == 1:
                yield replace(page, last=True)
            return
        whole = page.digest()
        if whole in seen:
            before = "the page before" if seen[whole] == f"page {number - 1}" else seen[whole]
            raise Changed(
                f"the same records as on {before}",
                f"perhaps the interface does not know the parameter {name!r}, or gives its last page again for one "
                "behind it: correct `paging`, or declare `total`",
            )
        seen[whole] = place
        if number == 1:
            total = page.total
            if total is None and answers.total:
                raise Unreadable(
                    f"there is no number at {answers.total!r}", place=place, remedy="correct `total` in meta.connector"
                )
        elif page.total is not None and page.total != total:
            raise Changed("the announced number of records changed between two pages")
        count += len(page.records)
        following = page.next if kind == "cursor" else None
        done = kind == "none" or (kind == "cursor" and following is None)
        yield replace(page, last=done or (total is not None and count >= total and kind != "cursor"))
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
            position = count - 1 if overlap else count
            seam = digest(page.records[-1]) if overlap else None
        else:
            position += 1


def _without_seam(page: Page, seam: bytes) -> Page:
    if not page.records or digest(page.records[0]) != seam:
        raise Changed("a page does not begin with the last record of the one before it")
    return replace(page, records=page.records[1:])


def _need_nothing(
    ask: Ask, answers: Answers, params: Mapping[str, Any], place: str, seen: Mapping[bytes, str], total: int
) -> None:
    """Behind the last page there may be nothing, an error, or a page that came already."""
    try:
        page = answers.page(ask(params, place, True), params, place)
    except (OverLimit, ComeBack):
        raise
    except Unreadable:
        return
    if page.records and page.digest() not in seen:
        raise Changed(
            f"the interface announces {total:,} records and gives more",
            "collect when the department is not writing; leave out `total` if the interface counts something else",
        )


def _count(value: Any) -> int | None:
    text = text_of(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else None
    match = re.fullmatch(r"\s*([0-9]{1,15})(?:\.0*)?\s*", text or "")
    return int(match[1]) if match else None


def _code(value: Any) -> str:
    """A code as it may be shown: short, or only what kind of thing it is."""
    text = text_of(value)
    if text is None:
        return "null"
    return text if not isinstance(value, dict | list) and CODE.fullmatch(text) else f"of {len(text):,} characters"


def _kind(answer: Any) -> str:
    if isinstance(answer, dict | list):
        return "an object without names" if isinstance(answer, dict) else f"a list of {len(answer):,}"
    return "a text" if isinstance(answer, str) else "a number, a truth value or null"
