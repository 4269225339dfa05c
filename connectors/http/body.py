"""The bytes of an answer as a document, bounded in size, width and depth, with bad records by themselves.

An answer is parsed in this process: its bytes are limited before (``page_limit_mb``), its number of values
here, and CPython's parser bounds its own recursion, so that neither memory nor stack can run out. What a
record alone gets wrong (a name twice, an escape that is none, a control character, brackets a thousand deep)
costs that record: where the brackets and quotes of the document still pair, its list is cut into records and
each is parsed by itself. Where they do not, there is no document.
"""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from connectors.files import json_text
from connectors.files.text import Unreadable, blocks, encoding_of

MOST_VALUES = 5_000_000  # of one answer: 64 MB of short numbers would need gigabytes
MOST_NAMES = 5_000  # of one record
LONGEST_NAME = 1_000  # characters
TOKEN = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+("?)|[\[\]{},]', re.DOTALL)
KEY = re.compile(r"\s*:")
HTML = re.compile(r"<(?:!doctype\s+html|html|head|body|script|meta|title|form|div|p|h1)\b", re.IGNORECASE)


class NoJson(Exception):
    """An answer that is no JSON document; ``what`` says so without its text."""

    def __init__(self, what: str) -> None:
        self.what = what
        super().__init__(what)


class WebPage(NoJson):
    """A page for people: most often a login page, because the token is not valid."""

    remedy = (
        "check `token`, `login` or `sign` of the connection: many interfaces answer with their login page; then `path`"
    )

    def __init__(self) -> None:
        super().__init__("a web page, not JSON: is the token valid?")


@dataclass(frozen=True)
class BadRecord:
    """A record that could not be parsed: its text as the source gave it, and whether it has a name twice."""

    raw: str
    repeated: bool = False


def strict(data: bytes, encoding: str | None) -> Any:
    """The whole document, or ``NoJson``."""
    text = _text(data, encoding)
    try:
        return json_text.loads(text)
    except json_text.RepeatedName:
        raise NoJson("the answer has a name twice outside of its records") from None
    except ValueError:
        raise NoJson("the answer is no whole JSON document") from None


def with_records(data: bytes, encoding: str | None, path: str) -> Any:
    """The document; in the list at ``path`` those records that cannot be read are ``BadRecord``."""
    text = _text(data, encoding)
    try:
        document = json_text.loads(text)
        records = lookup(document, path)
        if not isinstance(records, list) or all(map(_fits, records)):
            return document
    except (ValueError, RecursionError):
        pass
    return _cut(text, path)


def lookup(document: Any, path: str) -> Any:
    """What stands at a path of names with dots; null when it leads nowhere.

    >>> lookup({"data": {"rows": [1]}}, "data.rows")
    [1]
    """
    for name in path.split(".") if path else ():
        if isinstance(document, list) and name.isascii() and name.isdigit() and int(name[:9]) < len(document):
            document = document[int(name[:9])]
        elif isinstance(document, dict):
            document = document.get(name)
        else:
            return None
    return document


def _text(data: bytes, encoding: str | None) -> str:
    """The answer as text. ``NoJson`` where it plainly is none, or too wide to be parsed."""
    values = data.count(b",") + data.count(b"[") + data.count(b"{")
    if values > MOST_VALUES:
        raise Unreadable(
            f"an answer of more than {MOST_VALUES:,} values", remedy="ask for fewer records at a time (`page_size`)"
        )
    file = io.BytesIO(data)
    found, skip = encoding_of(file, encoding)
    text = "".join(blocks(file, found, skip))
    start = text[:2_000].lstrip("\ufeff \t\r\n")
    if start.startswith("<"):
        if HTML.search(start):
            raise WebPage
        raise NoJson("the answer is XML, not JSON")
    return text


def _cut(text: str, path: str) -> Any:
    """The document with each record of its list parsed by itself."""
    start, end, pieces = _find(text, path.split(".") if path else [])
    try:
        document = json_text.loads(f"{text[:start]}{text[end:]}")
    except json_text.RepeatedName:
        raise NoJson("the answer has a name twice outside of its records") from None
    except ValueError:
        raise NoJson("the answer is no whole JSON document") from None
    records = lookup(document, path)
    if not isinstance(records, list) or records:
        raise NoJson("the answer is no whole JSON document")
    records += [_record(piece) for piece in pieces]
    return document


def _record(text: str) -> Any:
    try:
        record = BadRecord(text) if json_text.too_deep(text) else json_text.loads(text)
    except json_text.RepeatedName:
        return BadRecord(text, repeated=True)
    except (ValueError, RecursionError):
        return BadRecord(text)
    return record if _fits(record) else BadRecord(text)


def _fits(record: Any) -> bool:
    """Whether a record is within the limits of width and depth."""
    if isinstance(record, dict) and (len(record) > MOST_NAMES or any(len(name) > LONGEST_NAME for name in record)):
        return False
    level = [record] if isinstance(record, dict | list) else []
    for _ in range(json_text.DEEPEST):
        level = [
            value
            for outer in level
            for value in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(value, dict | list)
        ]
        if not level:
            return True
    return False


def _find(text: str, path: list[str]) -> tuple[int, int, list[str]]:
    """Where the list at a path of names begins and ends, and the texts of its elements.

    Only brackets, commas and quotes are looked at, so that whatever stands between them does not matter.
    """
    stack: list[str] = []  # the open brackets
    names: list[str | None] = [None]  # the name of each level's value, that of the document first
    lists = 0  # open ones
    start, inside, cuts, end = -1, 0, [], -1
    for token in TOKEN.finditer(text):
        mark = token[0][0]
        if mark == '"':
            if not token[1]:
                raise NoJson("the answer is no whole JSON document")
            if start < 0 and stack and stack[-1] == "{" and KEY.match(text, token.end()):
                names[-1] = token[0][1:-1]
        elif mark in "[{":
            stack.append(mark)
            if mark == "[" and start < 0 and lists == 0 and len(stack) == len(path) + 1 and names[1:] == path:
                start, inside = token.end(), len(stack)
            lists += mark == "["
            names.append(None)
        elif mark == ",":
            if start >= 0 and end < 0 and len(stack) == inside:
                cuts.append(token.start())
        else:
            if not stack or stack.pop() + mark not in ("[]", "{}"):
                raise NoJson("the answer is no whole JSON document")
            names.pop()
            lists -= mark == "]"
            if start >= 0 and end < 0 and len(stack) < inside:
                end = token.start()
    if stack or end < 0:
        raise NoJson("the answer is no whole JSON document")
    bounds = [start - 1, *cuts, end]
    pieces = [text[one + 1 : other].strip() for one, other in pairwise(bounds)]
    return start, end, [piece for piece in pieces if piece]
