"""MySQL's values: rows of the wire's own bytes, parsed column by column in Arrow."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from connectors.databases.columns import Column
from connectors.databases.fitting import mark, one_by_one


def to_batch(
    rows: Sequence[Sequence[bytes | None]], columns: Sequence[Column], encoding: str | None = None
) -> pa.RecordBatch:
    """Rows of the wire's bytes as a record batch; rows with a value that its column cannot hold are
    marked."""
    given = list(zip(*rows, strict=True))
    arrays: list[pa.Array] = []
    bad: set[int] = set()
    for column, values in zip(columns, given, strict=True):
        array, wrong = _parsed(values, column, encoding)
        arrays.append(array)
        bad |= wrong
    batch = pa.RecordBatch.from_arrays(arrays, names=[column.name for column in columns])
    return mark(batch, bad, lambda row: {c.name: v for c, v in zip(columns, rows[row], strict=True)})


def _parsed(values: Sequence[bytes | None], column: Column, encoding: str | None) -> tuple[pa.Array, set[int]]:
    kind = column.arrow
    array = pa.array(values, pa.binary())
    if pa.types.is_binary(kind):
        return array, set()
    if column.expression is not None and "as binary" in column.expression and encoding:
        return _each(values, kind, lambda value: value.decode(encoding))
    try:
        text = array.cast(pa.string())
        if pa.types.is_string(kind):
            return text, set()
        if pa.types.is_timestamp(kind) and kind.tz:
            return pc.assume_timezone(text.cast(pa.timestamp("us")), kind.tz), set()
        return text.cast(kind), set()
    except pa.ArrowException:
        return _each(values, kind, lambda value: value.decode("utf-8"))


def _each(
    values: Sequence[bytes | None], kind: pa.DataType, decode: Callable[[bytes], str]
) -> tuple[pa.Array, set[int]]:
    """Value by value: what cannot be decoded or does not fit becomes null, and its row bad."""
    texts: list[str | None] = []
    bad: set[int] = set()
    for row, value in enumerate(values):
        try:
            texts.append(None if value is None else decode(value))
        except UnicodeDecodeError:
            texts.append(None)
            bad.add(row)
    if pa.types.is_string(kind):
        return pa.array(texts, kind), bad
    if pa.types.is_timestamp(kind) and kind.tz:
        naive, wrong = one_by_one(texts, pa.timestamp("us"))
        return pc.assume_timezone(naive, kind.tz), bad | wrong
    array, wrong = one_by_one(texts, kind)
    return array, bad | wrong
