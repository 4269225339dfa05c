"""JSON values as text cells, shared by all readers of JSON and of Python literals.

Text stays text, a number keeps the digits that the source wrote, null is null, ``true`` and ``false`` are
words, and what is nested lands as JSON text.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any


class WrittenNumber(float):
    """A number that remembers how it was written."""

    written: str

    def __new__(cls, written: str) -> WrittenNumber:
        number = super().__new__(cls, written)
        number.written = written
        return number


class RepeatedName(ValueError):
    """An object with the same name twice: one of the two values would be lost."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise RepeatedName
    return made


_decoder = json.JSONDecoder(parse_float=WrittenNumber, parse_constant=WrittenNumber, object_pairs_hook=_object)


def loads(text: str) -> Any:
    """Parse JSON; ``ValueError`` or ``RecursionError`` when it cannot be."""
    return _decoder.decode(text)


def text_of(value: Any) -> str | None:
    """One value as a text cell.

    >>> text_of(loads("1.50")), text_of(True), text_of({"a": [1, "中"]})
    ('1.50', 'true', '{"a": [1, "中"]}')
    """
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, WrittenNumber):
        return value.written
    if isinstance(value, int | Decimal | float):
        return str(value)
    return json.dumps(value, ensure_ascii=False, default=_plain)


def _plain(value: Any) -> Any:
    """What JSON has no form for."""
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, set | frozenset):
        return sorted(value, key=str)
    return value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else str(value)


def cells_of(record: Mapping[str, Any], keys: list[str]) -> list[str | None]:
    return [text_of(record.get(key)) for key in keys]
