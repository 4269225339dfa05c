"""Columns that change their type from batch to batch: builds read all batches of a resource as one table.

Engines find a common type for most pairs, and for some they fail (a number and a date, a list and a text). There
the column lands as text from now on, which goes with every other type; staging reads all values as text.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

import pyarrow as pa

from connectors.base import ItemLike
from connectors.manifest import Manifest


def schema_beside(schema: pa.Schema, past: Sequence[Manifest], items: Sequence[ItemLike] = ()) -> pa.Schema:
    """The types (of landed columns) that go with all that has landed: text where another would not.

    Bytes take all text beside them with them; they land as such only in an item of type G, where bytes are declared.

    >>> schema_beside(pa.schema([("a", pa.int8()), ("b", pa.date32())]), [])
    a: int8
    b: date32[day]
    """
    texts = {item.name for item in items if item.type[:1].upper() != "G"}
    landed: dict[str, set[str]] = {}
    for manifest in past:
        for name, kind in manifest.columns:
            landed.setdefault(name, set()).add(_group(kind))
    return pa.schema(
        [
            pa.field(field.name, pa.string())
            if _alone(field.type, landed.get(field.name, set())) or (field.name in texts and _is_bytes(field.type))
            else field
            for field in schema
        ]
    )


def _is_bytes(kind: pa.DataType) -> bool:
    return bool(pa.types.is_binary(kind) or pa.types.is_fixed_size_binary(kind) or pa.types.is_large_binary(kind))


def _alone(kind: pa.DataType, landed: set[str]) -> bool:
    group = _group(str(kind))
    return group != "text" and bool(landed - {group, "text"})


def _group(kind: str) -> str:
    """Types of one group have a common type for DuckDB and for Spark, without text."""
    if kind in ("string", "null"):
        return "text"
    if kind.startswith(("int", "uint", "float", "double", "halffloat", "decimal")):
        return "number"
    if kind.startswith(("date", "timestamp")):
        return "time"
    return kind


def as_type(column: pa.Array, kind: pa.DataType) -> pa.Array:
    """The column in another type. As text: lists and structures as JSON, bytes as their digits."""
    if not pa.types.is_string(kind):
        return column.cast(kind)
    if pa.types.is_nested(column.type):
        values = [None if v is None else json.dumps(v, ensure_ascii=False, default=str) for v in column.to_pylist()]
        return pa.array(values, pa.string())
    if _is_bytes(column.type):
        return pa.array([None if v is None else v.hex() for v in column.to_pylist()], pa.string())
    return column.cast(pa.string())
