"""Fitting: values into their columns' types, and what becomes of a value that does not fit.

A value that its column cannot hold makes its row unreadable (``_problem`` value_unreadable, ``_raw`` the row
as JSON) and never the batch. Columns are tried whole first, value by value only where that fails.
"""

from __future__ import annotations

import datetime as dt
import decimal
import json
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import numpy
import pyarrow as pa
import pyarrow.compute as pc

from connectors.databases.columns import Column, schema_of

UNREADABLE = "value_unreadable"
FIRST_TIME = int(dt.datetime(1, 1, 1, tzinfo=dt.UTC).timestamp()) * 1_000_000
INFINITE = {  # PostgreSQL's, as its driver counts them from 1970 (it wraps around)
    2**31 - 1 + 10_957 - 2**32: "infinity",
    -(2**31) + 10_957: "-infinity",
    2**63 - 1 + 946_684_800_000_000 - 2**64: "infinity",
    -(2**63) + 946_684_800_000_000: "-infinity",
}
LAST_TIME = int(dt.datetime(9999, 12, 31, 23, 59, 59, tzinfo=dt.UTC).timestamp()) * 1_000_000 + 999_999


def to_batch(rows: Sequence[Sequence[Any]], columns: Sequence[Column]) -> pa.RecordBatch:
    """Rows of Python values as a record batch; rows with an unreadable value are marked."""
    values = list(zip(*rows, strict=True)) if rows else [()] * len(columns)
    arrays: list[pa.Array] = []
    bad: set[int] = set()
    for column, given in zip(columns, values, strict=True):
        try:
            arrays.append(pa.array(given, column.arrow))
        except (pa.ArrowException, TypeError, ValueError, OverflowError):
            array, wrong = one_by_one(given, column.arrow)
            arrays.append(array)
            bad |= wrong
    batch = pa.RecordBatch.from_arrays(arrays, schema=schema_of(columns))
    names = [column.name for column in columns]
    return mark(batch, bad, lambda row: dict(zip(names, rows[row], strict=True)))


def one_by_one(given: Sequence[Any], kind: pa.DataType) -> tuple[pa.Array, set[int]]:
    """Convert value by value; the second result are the rows whose value does not fit and became null."""
    convert = converter(kind)
    values: list[Any] = []
    bad: set[int] = set()
    for row, value in enumerate(given):
        try:
            fitted = None if value is None else convert(value)
            pa.scalar(fitted, kind)
        except (pa.ArrowException, TypeError, ValueError, OverflowError, decimal.InvalidOperation):
            fitted = None
            bad.add(row)
        values.append(fitted)
    return pa.array(values, kind), bad


def converter(kind: pa.DataType) -> Callable[[Any], Any]:
    """How a Python value becomes one that fits ``kind`` without loss; raises where it cannot."""
    if pa.types.is_string(kind):
        return text
    if pa.types.is_integer(kind):
        return whole
    if pa.types.is_floating(kind):
        return float
    if pa.types.is_decimal(kind):
        return lambda value: decimal.Decimal(str(value))
    if pa.types.is_timestamp(kind):
        return lambda value: dt.datetime.fromisoformat(value) if isinstance(value, str) else value
    if pa.types.is_date(kind):
        return lambda value: dt.date.fromisoformat(value) if isinstance(value, str) else value
    if pa.types.is_boolean(kind):
        return truth
    if pa.types.is_binary(kind):
        return in_bytes
    return lambda value: value


def text(value: Any) -> str:
    """A value as text: bytes must be UTF-8, numbers and times as the database would write them."""
    if isinstance(value, str):
        return value
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value).decode("utf-8")
    if isinstance(value, dt.datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, (dict, list)):
        return json.dumps(value, ensure_ascii=False)
    return format(value, "f") if isinstance(value, decimal.Decimal) and value.is_finite() else str(value)


def in_bytes(value: Any) -> bytes:
    """Bytes as they are, anything else as its text: ``bytes(5)`` would be five zeros."""
    return bytes(value) if isinstance(value, (bytes, bytearray, memoryview)) else text(value).encode()


def whole(value: Any) -> int:
    number = int(value)
    if not isinstance(value, str) and number != value:
        raise ValueError("not a whole number")
    return number


def truth(value: Any) -> bool:
    if value in (0, 1, b"\x00", b"\x01"):
        return value in (1, b"\x01")
    raise ValueError("neither true nor false")


def mark(batch: pa.RecordBatch, bad: set[int], source: Callable[[int], dict[str, Any]]) -> pa.RecordBatch:
    """Add ``_problem`` and ``_raw`` for the bad rows; ``source`` gives a row as the database gave it."""
    if not bad:
        return batch
    problems = [UNREADABLE if row in bad else None for row in range(batch.num_rows)]
    raw = [raw_text(source(row)) if row in bad else None for row in range(batch.num_rows)]
    return batch.append_column("_problem", pa.array(problems, pa.string())).append_column(
        "_raw", pa.array(raw, pa.string())
    )


def raw_text(row: dict[str, Any]) -> str:
    """A row as JSON that keeps every byte: bytes that are not UTF-8 are written as ``\\x..``."""

    def plain(value: Any) -> Any:
        if value is None or isinstance(value, (bool, int, str)):
            return value
        if isinstance(value, (bytes, bytearray, memoryview)):
            return bytes(value).decode("utf-8", errors="backslashreplace")
        return str(value)

    return json.dumps({name: plain(value) for name, value in row.items()}, ensure_ascii=False)


def within_calendar(column: pa.Array) -> pa.Array | None:
    """For dates and timestamps: true where the year is 1..9999 (or null); null array if all are.

    Databases have infinite and prehistoric times that neither Python nor a release can hold.
    """
    if pa.types.is_date32(column.type):
        first, last, numbers = (
            FIRST_TIME // 86_400_000_000,
            LAST_TIME // 86_400_000_000,
            column.view(pa.int32()),
        )
    elif pa.types.is_timestamp(column.type):
        if column.type.unit != "us":
            return None
        first, last, numbers = FIRST_TIME, LAST_TIME, column.view(pa.int64())
    else:
        return None
    ends = pc.min_max(numbers).as_py()
    if ends["min"] is None or (ends["min"] >= first and ends["max"] <= last):
        return None
    good = pc.and_(pc.greater_equal(numbers, first), pc.less_equal(numbers, last))
    return pc.fill_null(good, True)


def fitted(batch: pa.RecordBatch, columns: Sequence[Column], codec: str | None = None) -> pa.RecordBatch:
    """A driver's batch in the columns' types, unreadable values as nulls with their rows marked.

    ``codec``: what the bytes of a text column that comes as bytes are to be read as.
    """
    given = [column.storage if isinstance(column, pa.ExtensionArray) else column for column in batch.columns]
    arrays: list[pa.Array] = []
    bad: set[int] = set()
    for column, array in zip(columns, given, strict=True):
        fitting, wrong = _fit(array, column.arrow, codec)
        arrays.append(fitting)
        bad |= wrong
    landed = pa.RecordBatch.from_arrays(arrays, names=[column.name for column in columns])
    return mark(landed, bad, lambda row: {c.name: _plain(a[row]) for c, a in zip(columns, given, strict=True)})


def _fit(array: pa.Array, kind: pa.DataType, codec: str | None) -> tuple[pa.Array, set[int]]:
    bad: set[int] = set()
    if pa.types.is_string(kind) and pa.types.is_binary(array.type):
        array, bad = _decoded(array, codec or "utf-8")
    if array.type != kind:
        try:
            array = array.cast(kind)
        except pa.ArrowException:  # NaN and infinity are no decimals
            array, wrong = one_by_one(array.to_pylist(), kind)
            return array, bad | wrong
    good = within_calendar(array)
    if good is None:
        return array, bad
    bad |= {row for row, fine in enumerate(good.to_pylist()) if not fine}
    return pc.if_else(good, array, pa.scalar(None, array.type)), bad


def _decoded(array: pa.Array, codec: str) -> tuple[pa.Array, set[int]]:
    """Text from bytes that should be of an encoding and may not be."""
    if codec == "utf-8":
        with suppress(pa.ArrowInvalid):
            return array.cast(pa.string()), set()
    values: list[str | None] = []
    bad: set[int] = set()
    for row, value in enumerate(array.to_pylist()):
        try:
            values.append(None if value is None else value.decode(codec))
        except UnicodeDecodeError:
            values.append(None)
            bad.add(row)
    return pa.array(values, pa.string()), bad


def _plain(value: pa.Scalar) -> Any:
    """A scalar for the raw text of a bad row, whatever is in it."""
    if pa.types.is_string(value.type):
        return value.cast(pa.binary()).as_py()
    try:
        return value.as_py()
    except (OverflowError, ValueError):
        return _beyond_calendar(value)


def _beyond_calendar(value: pa.Scalar) -> str:
    """A day or moment that Python's calendar does not have, as ISO 8601 writes it (44 BC is -0043)."""
    number = value.cast(pa.int32() if pa.types.is_date32(value.type) else pa.int64()).as_py()
    if number in INFINITE:
        return INFINITE[number]
    moment = numpy.datetime64(number, "D") if pa.types.is_date32(value.type) else numpy.datetime64(number, "us")
    return re.sub(r"^-0*(\d+)", lambda year: f"-{year[1]:0>4}", str(moment)).replace("T", " ")
