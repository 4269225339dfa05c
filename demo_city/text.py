"""Text columns as Arrow arrays.

Joining, choosing, padding, dates. Nothing here knows people or departments.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from functools import cache
from typing import TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

Text: TypeAlias = pa.Array | pa.ChunkedArray
FIRST_DAY = date(1890, 1, 1)
LAST_DAY = date(2110, 1, 1)
_ORIGIN = np.datetime64(FIRST_DAY, "D")

SPELLINGS: dict[str, Callable[[date], str]] = {
    "iso": lambda d: f"{d.year:04}-{d.month:02}-{d.day:02}",
    "compact": lambda d: f"{d.year:04}{d.month:02}{d.day:02}",
    "short": lambda d: f"{d.year}-{d.month}-{d.day}",
    "slash": lambda d: f"{d.year}/{d.month}/{d.day}",
    "dot": lambda d: f"{d.year}.{d.month}.{d.day}",
    "dot_full": lambda d: f"{d.year:04}.{d.month:02}.{d.day:02}",
    "chinese": lambda d: f"{d.year}年{d.month}月{d.day}日",
    "month": lambda d: f"{d.year:04}-{d.month:02}",
    "impossible": lambda d: f"{d.year:04}-{d.month + 12:02}-{d.day:02}",
    "serial": lambda d: str((d - date(1899, 12, 30)).days),
}


@cache
def _days_as_text(spelling: str) -> pa.Array:
    spell = SPELLINGS[spelling]
    days = (LAST_DAY - FIRST_DAY).days
    return pa.array([spell(FIRST_DAY + timedelta(n)) for n in range(days)], pa.string())


def spelled(days: np.ndarray, spelling: str = "iso") -> pa.Array:
    """Dates (``datetime64[D]``, NaT allowed) as text in one of ``SPELLINGS``; NaT gives null."""
    missing = np.isnat(days)
    positions = np.where(missing, _ORIGIN, days).astype("M8[D]") - _ORIGIN
    return _days_as_text(spelling).take(pa.array(positions.astype(np.int64), mask=missing))


def dates_of(text: Text) -> np.ndarray:
    """ISO dates as text (null allowed) back to ``datetime64[D]``."""
    return np.asarray(pc.cast(text, pa.date32()).to_numpy(zero_copy_only=False)).astype("M8[D]")


def pick(values: Sequence[str | None], positions: np.ndarray) -> pa.Array:
    """``values[positions]``; a negative position gives null."""
    positions = np.asarray(positions, dtype=np.int64)
    return pa.array(list(values), pa.string()).take(pa.array(positions, mask=positions < 0))


def take(values: Text, positions: np.ndarray) -> pa.Array:
    """As ``pick``, from an Arrow array."""
    positions = np.asarray(positions, dtype=np.int64)
    return flat(values).take(pa.array(positions, mask=positions < 0))


def cat(*parts: Text | str) -> pa.Array:
    """Join columns and constants side by side; a null in any part gives null."""
    return flat(pc.binary_join_element_wise(*parts, ""))


def padded(values: np.ndarray, width: int) -> pa.Array:
    """Whole numbers as text with leading zeros."""
    return pc.utf8_lpad(pc.cast(pa.array(values), pa.string()), width, "0")


def number_text(values: np.ndarray) -> pa.Array:
    return pc.cast(pa.array(values), pa.string())


def where(mask: np.ndarray, yes: Text | str | None, no: Text | str | None) -> pa.Array:
    """Row by row ``yes`` or ``no``; constants and null allowed."""
    as_scalar = [pa.scalar(x, pa.string()) if x is None or isinstance(x, str) else x for x in (yes, no)]
    result = pc.if_else(pa.array(mask), *as_scalar)
    return flat(result)


def put(values: Text, positions: np.ndarray, replacement: Text) -> pa.Array:
    """``values`` with ``replacement`` at ``positions`` (ascending, unique)."""
    mask = np.zeros(len(values), bool)
    mask[positions] = True
    return flat(pc.replace_with_mask(flat(values), pa.array(mask), flat(replacement)))


def flat(values: Text) -> pa.Array:
    return values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values


def nulls(count: int) -> pa.Array:
    return pa.nulls(count, pa.string())


def constant(value: str, count: int) -> pa.Array:
    return pa.repeat(pa.scalar(value), count)


def present(values: Text) -> np.ndarray:
    return np.asarray(flat(values).is_valid())


def characters(values: Text, width: int) -> np.ndarray:
    """ASCII texts of one width as a matrix of bytes (rows, width); no nulls."""
    joined = "".join(flat(values).to_pylist()).encode("ascii")
    return np.frombuffer(joined, np.uint8).reshape(len(values), width).copy()


def from_characters(matrix: np.ndarray) -> pa.Array:
    """The inverse of ``characters``."""
    rows, width = matrix.shape
    offsets = np.arange(0, (rows + 1) * width, width, dtype=np.int32)
    data = np.ascontiguousarray(matrix, dtype=np.uint8)
    return pa.StringArray.from_buffers(rows, pa.py_buffer(offsets), pa.py_buffer(data.tobytes()))
