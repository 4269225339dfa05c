"""Columns: how a database's types land in Arrow.

The rule: a type lands as itself where Arrow and Parquet can hold each of its values, else as text. How the
values of a column become one is in ``connectors.databases.fitting``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import sqlalchemy as sa


@dataclass(frozen=True)
class Column:
    """A column of a source table. ``expression`` is the SQL that selects it when its plain name would not
    do."""

    name: str
    arrow: pa.DataType
    declared: str = ""
    expression: str | None = None
    comment: str | None = None
    key: bool = False


def arrow_type(kind: sa.types.TypeEngine[Any]) -> pa.DataType:
    """The landed type of a SQLAlchemy type (any dialect), by the rule of this module."""
    if isinstance(kind, sa.Boolean):
        return pa.bool_()
    if isinstance(kind, sa.Integer):
        return pa.int64()
    if isinstance(kind, sa.Float):
        return pa.float64()
    if isinstance(kind, sa.Numeric):
        return decimal_type(kind.precision, kind.scale)
    if isinstance(kind, sa.DateTime):
        return pa.timestamp("us", tz="UTC" if kind.timezone else None)
    if isinstance(kind, sa.Date):
        return pa.date32()
    if isinstance(kind, sa.LargeBinary):
        return pa.binary()
    return pa.string()


def decimal_type(precision: int | None, scale: int | None) -> pa.DataType:
    """``numeric(p, s)`` as decimal; text where there is no declared precision or more than Arrow's 38
    digits."""
    if precision is None or precision > 38 or scale is None or not 0 <= scale <= precision:
        return pa.string()
    return pa.decimal128(precision, scale)


def watermark_type(kind: pa.DataType) -> str:
    """The manifest's word for the type of a watermark column."""
    if pa.types.is_integer(kind):
        return "integer"
    if pa.types.is_decimal(kind) or pa.types.is_floating(kind):
        return "decimal"
    if pa.types.is_date(kind):
        return "date"
    return "timestamp" if pa.types.is_timestamp(kind) else "text"


def schema_of(columns: Sequence[Column]) -> pa.Schema:
    return pa.schema([pa.field(column.name, column.arrow) for column in columns])
