"""JSON values as text cells, shared by all readers of JSON and of Python literals.

Text stays text, a number keeps the digits that the source wrote, nested or not, null is null, ``true`` and
``false`` are words, and what is nested lands as JSON text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Set
from decimal import Decimal
from json.encoder import encode_basestring
from typing import Any

DEEPEST = 200  # brackets within brackets of one record
LONGEST_INT = 4000  # digits; CPython refuses to make a whole number of more than 4,300
NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?")
BRACKETS = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[\[\]{}]', re.DOTALL)


class WrittenNumber(float):
    """A number that remembers how it was written; not a number (``nan``) where Python's floats know no such form."""

    written: str

    def __new__(cls, written: str) -> WrittenNumber:
        try:
            number = super().__new__(cls, written)
        except ValueError:
            number = super().__new__(cls, "nan")
        number.written = written
        return number


class RepeatedName(ValueError):
    """An object with the same name twice: one of the two values would be lost."""


def object_of(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    pairs = list(pairs)
    made = dict(pairs)
    if len(made) != len(pairs):
        raise RepeatedName
    return made


def _integer(written: str) -> int | WrittenNumber:
    return int(written) if len(written) <= LONGEST_INT and written != "-0" else WrittenNumber(written)


_decoder = json.JSONDecoder(
    parse_float=WrittenNumber, parse_int=_integer, parse_constant=WrittenNumber, object_pairs_hook=object_of
)


def loads(text: str) -> Any:
    """Parse JSON; ``ValueError`` or ``RecursionError`` when it cannot be."""
    return _decoder.decode(text)


def value_at(text: str, place: int) -> tuple[Any, int]:
    """The value that begins at a place of a text, and where it ends; ``ValueError`` or ``RecursionError``."""
    return _decoder.raw_decode(text, place)


def too_deep(text: str) -> bool:
    if text.count("[") + text.count("{") <= DEEPEST:
        return False
    depth = 0
    for bracket in BRACKETS.finditer(text):
        depth += (bracket[0] in "[{") - (bracket[0] in "]}")
        if depth > DEEPEST:
            return True
    return False


def text_of(value: Any) -> str | None:
    """One value as a text cell.

    >>> text_of(loads("1.50")), text_of(True), text_of(loads('{"a": [1.50, 1e400, "中"]}'))
    ('1.50', 'true', '{"a": [1.50, 1e400, "中"]}')
    """
    if value is None or isinstance(value, str):
        return value
    return value.written if isinstance(value, WrittenNumber) else _nested(value)


def _nested(value: Any) -> str:
    """A value as JSON text; what JSON has no form for is a string of it."""
    if isinstance(value, str):
        return encode_basestring(value)
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, WrittenNumber):
        return value.written if NUMBER.fullmatch(value.written) else encode_basestring(value.written)
    if isinstance(value, int | Decimal | float):
        return str(value)
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{encode_basestring(name)}: {_nested(inner)}" for name, inner in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_nested, value)) + "]"
    return encode_basestring(str(value))


def cells_of(record: Mapping[str, Any], keys: list[str]) -> list[str | None]:
    return [text_of(record.get(key)) for key in keys]


def may_be_record(names: Set[str], known: Set[str]) -> bool:
    """Whether something beside the records has so many of their names that it is likely to be one: two, and half."""
    return len(names & known) >= max(2, len(known) / 2)
