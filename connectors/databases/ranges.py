"""Key ranges: a large table's first load in pieces, each a batch, so that an interruption costs one of them.

Here it is decided whether a load is split and where; reading and landing a range is nothing special.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import sqlalchemy as sa

from connectors.base import CollectError, Watermark
from connectors.databases import watermarks
from connectors.databases.columns import Column, watermark_type
from connectors.databases.delta import Delta
from connectors.databases.generic import compiled, literal, verbatim
from connectors.databases.reading import Read

if TYPE_CHECKING:
    from connectors.databases.connector import DatabaseConnector

LARGE = 4_000_000  # rows, as the database estimates them, from which a first load is split by itself
RANGE_ROWS = 2_000_000


class FirstLoad:
    """The ranges of a first load in key order, going on after the last committed one.

    The watermark of all of them is the one found before the first: what changes while the load runs (or is
    interrupted) is read again by the first delta, or found by the first full comparison.
    """

    def __init__(self, connector: DatabaseConnector) -> None:
        self.connector = connector
        last = connector.past[-1].load if connector.past else None
        self.unfinished: Mapping[str, Any] | None = last if last and not last["complete"] else None

    def rows(self) -> int:
        """How many rows a range shall have; 0 when the load is not to be split."""
        connector = self.connector
        if (connector.past and self.unfinished is None) or connector.resource.connector.mode == "changes":
            return 0
        declared = connector.resource.connector.options.get("range_rows")
        if declared is not None:
            return int(declared)
        if self.unfinished is not None:
            return RANGE_ROWS
        key = self._key_name()
        column = next((column for column in connector.columns if column.name == key), None)
        if connector.source.query is not None or column is None or not splits(column):
            return 0
        return RANGE_ROWS if (connector.reader.estimate() or 0) >= LARGE else 0

    def _key_name(self) -> str | None:
        keys = self.connector.resource.connector.key
        name = self.connector.resource.connector.options.get("range_key")
        return name or (keys[0] if len(keys) == 1 else None)

    def reads(self, range_rows: int) -> Iterator[Read]:
        connector, dialect = self.connector, self.connector.reader.dialect
        column = connector.column(self._key_name(), "range_key")
        kind = watermark_type(column.arrow)
        key, table = connector.quoted(column.name), connector.relation()
        load = self.unfinished or {"id": datetime.now(UTC).isoformat(), "index": -1, "upto": None}
        watermark, load = self._watermark(load)
        after, index = load["upto"], load["index"]
        ends = {after}
        while True:
            connector.source.need_allowed_hour()
            index += 1
            above = []
            if after is not None:
                above.append(f"{key} > {literal(dialect, watermarks.value(after, kind))}")
            upto = watermarks.as_text(self._nth_key(key, table, above, range_rows))
            if upto is not None and upto in ends:
                raise CollectError(
                    f"the keys of {column.name!r} cannot be put in order: a range ends where it begins",
                    where=connector.source.where,
                    remedy="set `range_rows: 0` (no ranges), or another `range_key`, in meta.connector",
                )
            conditions = list(above)
            if upto is not None:
                conditions.append(f"{key} <= {literal(dialect, watermarks.value(upto, kind))}")
            elif above:
                conditions = [f"({above[0]} or {key} is null)"]
            facts = {**load, "index": index, "after": after, "upto": upto, "complete": upto is None}
            yield connector.read("range", conditions=tuple(conditions), watermark=watermark, load=facts)
            if upto is None:
                return
            ends.add(upto)
            after = upto

    def _watermark(self, load: Mapping[str, Any]) -> tuple[Watermark | None, Mapping[str, Any]]:
        """The watermark that the first delta after the load begins at, found before the first range."""
        connector = self.connector
        name = connector.resource.connector.watermark
        if name is None or connector.resource.connector.mode != "incremental":
            return None, load
        if self.unfinished is not None and connector.past[-1].watermark is not None:
            return connector.past[-1].watermark, load
        return Delta(connector).before_load(), load

    def _nth_key(self, key: str, table: str, above: list[str], count: int) -> Any:
        """The key that ends a range of ``count`` rows, or null in the last range."""
        where = f" where {' and '.join([*above, f'{key} is not null'])}"
        numbered: sa.Select[Any] = sa.select(sa.literal_column(key)).select_from(verbatim(table + where))
        statement = numbered.order_by(sa.literal_column(key)).limit(1).offset(count - 1)
        row = self.connector.reader.one(compiled(statement, self.connector.reader.dialect))
        return row[0] if row else None


def splits(column: Column) -> bool:
    """Whether a key's values can be put in order and written into SQL without loss."""
    kind = column.arrow
    plain = pa.types.is_integer(kind) or pa.types.is_decimal(kind) or pa.types.is_date(kind)
    return column.expression is None and (plain or pa.types.is_string(kind) or pa.types.is_timestamp(kind))
