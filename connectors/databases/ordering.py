"""What a watermark is in each engine's SQL: rows at or above a mark, and all that no mark can be put on.

Expressions never fail on a value: text is compared by its digits where it has the form of a time or number, and is
read whatever it says where it has not. Engines for whose SQL nothing stands here read the whole table with each
delta. Run on PostgreSQL, MariaDB and SQLite; Oracle's, Dameng's and SQL Server's statements are compiled only.
"""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import sqlalchemy as sa

from connectors.databases.columns import Column, watermark_type
from connectors.databases.generic import compiled, literal, verbatim
from connectors.databases.watermarks import (
    BY_ITEM,
    DIGITS,
    FIRST_DAY,
    KINDS,
    NEWEST_ROWS,
    NUMBER_FORM,
    TIME_FORM,
    Order,
    as_text,
    bound,
    moment_of,
)

PAD = "9" * 20  # behind the digits of a time: the last moment that a day, or a minute, may mean
REGEX = {  # whether a text has a form: no engine's letters, digits or blanks but ASCII's
    "postgresql": "({0}::text collate \"C\") ~ '{1}'",
    "mysql": "{0} regexp '{1}'",
    "oracle": "regexp_like({0}, '{1}')",
    "dm": "regexp_like({0}, '{1}')",
    "sqlite": "cast({0} as text) regexp '{1}'",
}
NUMBER = {
    "postgresql": "{0}::text::bigint",
    "mysql": "cast({0} as signed)",
    "oracle": "to_number({0})",
    "dm": "cast({0} as bigint)",
    "sqlite": "cast({0} as integer)",
}
JOINED = {"mysql": "concat({0}, '{1}')"}
AS_BYTES = {  # text compared by its bytes, as Python does
    "postgresql": '{0}::text collate "C"',
    "mysql": "cast({0} as binary)",
    "mssql": "{0} collate Latin1_General_BIN2",
}


def order_of(column: Column, declared: str | None, item: str, zone: str, overlap: float | None) -> Order | None:
    """How a column orders rows; null where nothing can be ordered by it. ``declared``: ``watermark_type``."""
    arrow = column.arrow
    if pa.types.is_string(arrow) or pa.types.is_large_string(arrow):
        kind = declared or BY_ITEM.get(item[:1].upper(), "timestamp")
        return Order(column.name, kind, kind != "text", False, zone, overlap) if kind in KINDS[:1] + KINDS[2:] else None
    if not (pa.types.is_integer(arrow) or pa.types.is_decimal(arrow) or pa.types.is_floating(arrow)):
        if not pa.types.is_date(arrow) and not pa.types.is_timestamp(arrow):
            return None
        kind = watermark_type(arrow)
        zoned = pa.types.is_timestamp(arrow) and arrow.tz is not None
        return Order(column.name, kind, False, zoned, zone, overlap) if declared in (None, "date", kind) else None
    if declared in ("date", "timestamp"):  # 20261030
        return Order(column.name, declared, True, False, zone, overlap) if pa.types.is_integer(arrow) else None
    kind = watermark_type(arrow)
    return Order(column.name, kind, False, False, zone, overlap) if declared in (None, "integer", "decimal") else None


class Comparison:
    """One watermark column in the SQL of one engine."""

    def __init__(self, order: Order, quoted: str, dialect: sa.Dialect) -> None:
        self.order, self.quoted, self.dialect = order, quoted, dialect
        self.engine = "mysql" if dialect.name == "mariadb" else dialect.name

    @property
    def ordered(self) -> bool:
        """Whether this engine can compare the column without a failing statement."""
        return not self.order.textual or self.engine in (*REGEX, "mssql")

    def since(self, begin: Any) -> str:
        """The condition of rows at or above a begin, and of all that it does not order."""
        if not self.ordered:
            return "1 = 1"
        mark = self.mark()
        parts = [f"{mark} >= {self._bound(begin)}", f"{mark} is null"]
        if self.order.is_time:
            first: Any = FIRST_DAY
            if self.order.kind == "timestamp" or self.order.textual:
                first = moment_of(FIRST_DAY.strftime("%Y%m%d").ljust(DIGITS, "0"))
            parts.append(f"{mark} < {self._bound(first)}")
        elif self.order.kind in ("integer", "decimal"):
            parts.append(f"{mark} < 1")
        elif self.engine != "oracle":
            parts.append(f"{self.quoted} = ''")
        return f"({' or '.join(parts)})"

    def mark(self) -> str:
        """The column as a value that is compared; null where it is not of the type."""
        order, quoted = self.order, self.quoted
        if not order.textual:
            return AS_BYTES.get(self.engine, "{0}").format(quoted) if order.kind == "text" else quoted
        if self.engine == "mssql":  # it has no expressions, and conversions that do not fail
            if order.kind == "integer":
                return f"try_cast({quoted} as bigint)"
            form = "'[12][0-9][0-9][0-9]%'"
            changed = f"try_convert(datetime2, replace({quoted}, '/', '-'))"
            return f"case when {quoted} like {form} then {changed} end"
        text = f"cast({quoted} as char)" if self.engine == "mysql" else quoted
        if order.kind == "integer":
            value = NUMBER[self.engine].format(text)
            return f"case when {REGEX[self.engine].format(text, NUMBER_FORM)} then {value} end"
        digits = f"{text}::text" if self.engine == "postgresql" else text
        for sign in "-/. :T":
            digits = f"replace({digits}, '{sign}', '')"
        digits = JOINED.get(self.engine, "{0} || '{1}'").format(digits, PAD)
        if self.engine == "postgresql":
            digits = f'({digits}) collate "C"'
        return f"case when {REGEX[self.engine].format(text, TIME_FORM)} then {digits} end"

    def _bound(self, mark: Any) -> str:
        if self.engine == "mssql" and self.order.textual:
            return literal(self.dialect, mark)
        given = bound(mark, self.order)
        if self.engine == "mysql" and self.order.kind == "text":
            return f"cast({literal(self.dialect, given)} as binary)"
        return literal(self.dialect, given)

    def highest(self, relation: str, now: Any) -> str:
        """The statement whose one value is the mark of all that the table has now: see ``Reach.safe``."""
        mark = self.mark()
        if self.order.is_time:
            return f"select max({mark}) from {relation} where {mark} <= {self._bound(now)}"
        column: Any = sa.literal_column(mark)
        rows = sa.select(column).select_from(verbatim(f"{relation} where {mark} is not null"))
        return compiled(rows.order_by(column.desc()).limit(1).offset(NEWEST_ROWS - 1), self.dialect)

    def found(self, row: Any) -> Any:
        """The value of ``highest`` in this order; null where the table has no such row."""
        text = as_text(row[0]) if row else None
        if text is None:
            return None
        if self.order.is_time and self.order.textual and self.engine != "mssql":
            return moment_of(text.removesuffix(PAD)[:DIGITS].ljust(DIGITS, "0"))
        return self.order.value(text)
