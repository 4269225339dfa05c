"""What an answer says: its records, the total, the next cursor, and whether it is an error in disguise.

Options: ``records`` (path to the list), ``total`` (path to the count), ``success`` (``{path, equals}``: the codes
in an answer that mean that all went well; without it, an empty list beside a code of an error is refused).
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from connectors.files.json_text import text_of
from connectors.files.text import Unreadable
from connectors.http.body import BadRecord, lookup
from connectors.http.client import Empty, Refused
from connectors.shown import shown_names

# Names by which an answer often says that it is an error, and what they say when it is none.
SAYS = re.compile(
    r"(err|error|ret|rtn|result|status|resp|sub|return|biz|state)?_?(code|no)|status|state|(is_?)?(success|ok)|errors?"
    r"|fault|ret|rtn|flag|(result|success)_?flag|error_?(msg|message)|err_?msg",
    re.IGNORECASE,
)
AROUND = re.compile(r"head|header|meta|status|state|resp|response|result|base_?resp", re.IGNORECASE)
FINE = re.compile(
    r"|0+|1|2\d\d|true|t|ok|y|yes|success\w*|succeed\w*|none|null|\[\]|\{\}|(操作|查询|请求|调用|执行|获取)?(成功|正常)",
    re.IGNORECASE,
)
# Names by which an answer says how many records there are in all, that more follow, or that none do.
TOTALS = re.compile(r"total(_?(count|num|number|records?|rows?|elements|items|size))?|records?_?total|row_?count", re.I)
MORE = re.compile(r"has_?(more|next)(_?page)?|more", re.IGNORECASE)
LAST = re.compile(r"(is_?)?last(_?page)?|finished|is_?end", re.IGNORECASE)
written = json.JSONEncoder(sort_keys=True).encode
CODE = re.compile(r"[A-Za-z0-9_.-]{1,6}")


@dataclass(frozen=True)
class Page:
    """One answer's records. ``params`` asked for it; ``total`` is how many the interface says there are, ``announced``
    what names beside the records say that nobody declared (see ``beside``).

    ``last``: this answer itself says that nothing follows. ``silent``: it had not a byte. ``after_empty``: the page
    before it was empty.
    """

    place: str
    params: Mapping[str, Any]
    records: list[Any]
    total: int | None
    next: str | None
    last: bool = False
    silent: bool = False
    after_empty: bool = False
    announced: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def texts(self) -> list[str]:
        """Each record's cells as JSON; equal if and only if two records are, whatever the order of their names."""
        return [
            written({name: text_of(value) for name, value in record.items()})
            if isinstance(record, dict)
            else written([record.raw, True] if isinstance(record, BadRecord) else [text_of(record)])
            for record in self.records
        ]

    def digest(self) -> bytes:
        """Equal if and only if the records are, in this order."""
        return hashlib.sha256("\n".join(self.texts).encode()).digest()


class Answers:
    """How to read an answer: where the records, the total and the word of success stand."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        self.records = str(options.get("records", ""))
        self.total = options.get("total")
        self.success: Mapping[str, Any] = options.get("success", {})
        self.next = options.get("paging", {}).get("next")
        self.ends = [text_of(value) for value in options.get("paging", {}).get("ends", ())]

    def page(self, answer: Any, params: Mapping[str, Any], place: str) -> Page:
        if isinstance(answer, Empty):
            return Page(place, params, [], None, None, silent=answer.silent)
        if answer is None and not self.success:
            return Page(place, params, [], None, None)
        self._need_success(answer, place)
        records = lookup(answer, self.records)
        if records is None and self._is_there(answer):
            records = []  # an empty result is often null
        if not self.success and not (isinstance(records, list) and records):
            self._need_no_error(answer, place)
        if not isinstance(records, list):
            known = shown_names(answer) if isinstance(answer, dict) else ""
            raise Unreadable(
                f"there is no list at {self.records!r}; the answer "
                + (f"has {known}" if known else f"is {_kind(answer)}"),
                place=place,
                remedy="correct `records` in meta.connector",
            )
        total = _count(lookup(answer, self.total)) if self.total else None
        following = lookup(answer, self.next) if self.next else None
        if isinstance(following, dict | list):
            raise Unreadable("the next cursor is no text", place=place, remedy="correct `next` of `paging`")
        over = following is None or following is False or text_of(following) in self.ends
        announced = self.beside(answer)
        if self.next and not _has(answer, self.next):
            announced[self.next] = None
        return Page(place, params, records, total, None if over else text_of(following) or None, announced=announced)

    def beside(self, answer: Any) -> dict[str, Any]:
        """Names on the way to the records by which interfaces say how many there are, or whether there are more."""
        found: dict[str, Any] = {}
        for name in ["", *self.records.split(".")]:
            answer = answer.get(name) if name and isinstance(answer, dict) else answer
            for word, value in answer.items() if isinstance(answer, dict) else ():
                if TOTALS.fullmatch(word) and not self.total and (count := _count(value)) is not None:
                    found[word] = count
                elif (MORE.fullmatch(word) and value is True) or (LAST.fullmatch(word) and value is False):
                    found[word] = value
        return found

    def _is_there(self, answer: Any) -> bool:
        """Whether there is a null where the list should be; or, beside a code that says that all went well, a null or
        an empty list (an object without names, as some languages write it) on the way to it."""
        names = self.records.split(".")
        fine = bool(self.success) or self._says_fine(answer)
        for place, name in enumerate(names, 1):
            if not isinstance(answer, dict) or name not in answer:
                return fine and answer == [] and place > 1
            answer = answer[name]
            if answer is None:
                return place == len(names) or fine
        return False

    def _says_fine(self, answer: Any) -> bool:
        said = self._said(answer)
        return bool(said) and all(FINE.fullmatch(text_of(value) or "") for value in said.values())

    def _said(self, answer: Any) -> dict[str, Any]:
        """What names say by which answers often tell an error."""
        names = answer if isinstance(answer, dict) else {}
        said: dict[str, Any] = {}
        for name, value in names.items():
            within = value if isinstance(value, dict) and AROUND.fullmatch(name) else {}
            inner = {f"{name}.{other}": word for other, word in within.items() if SAYS.fullmatch(other)}
            if inner:
                said |= inner
            elif SAYS.fullmatch(name):
                said[name] = value
        return said

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
        for name, value in self._said(answer).items():
            if not FINE.fullmatch(text_of(value) or ""):
                raise Refused(
                    f"no records, and `{name}` says {_code(value)}: is this an error or an empty result?",
                    place=place,
                    remedy=f"declare `success: {{path: {name}, equals: …}}` in meta.connector with the codes that mean "
                    "that all went well",
                )


def _has(answer: Any, path: str) -> bool:
    """Whether the names of a path are there, whatever stands under them."""
    for name in path.split("."):
        if not isinstance(answer, dict) or name not in answer:
            return False
        answer = answer[name]
    return True


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
