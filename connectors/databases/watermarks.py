"""Watermarks: what a column's values say of when its rows changed, and where the next delta begins.

A watermark has one type: ``integer``, ``decimal``, ``date``, ``timestamp`` or ``text``. A typed column brings its
own; text is read as ``watermark_type`` or the item's type says, else as times. Times written as text are
``YYYY-MM-DD`` with ``-``, ``/`` or ``.``, alone or followed by ``T`` or a blank and ``HH:MM[:SS[.fraction]]``, and
``YYYYMMDD[HHMM[SS[fraction]]]``. A day without a time may mean any moment of it.

What must not move the mark, or a row would be lost:

- A value that is not of the type, a null, a time before 1971 and a number below 1 (placeholders): their rows are
  read with every delta and dropped again by the comparison with what has landed.
- A time later than now (the earlier of the source's clock and ours; without a zone, in ``timezone``).
- The newest rows: a transaction may still be open that wrote before them. Of times a day (``overlap``, seconds) is
  read again, of whole days at least a day, of numbers and text the highest 1,000 rows: so neither does one huge
  number move it. Where the engine shows transactions that are open, the mark stays before the oldest of them, and
  PostgreSQL tells which rows were written by transactions that the last read did not see (``postgresql``).

What all this misses is found by the periodic comparison of the whole table (``connector``).
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc

from connectors.base import Watermark
from connectors.manifest import Manifest

KINDS = ("integer", "decimal", "date", "timestamp", "text")
BY_ITEM = {"D": "date", "T": "timestamp", "I": "integer", "N": "integer"}
_DAY = "(0[1-9]|[12][0-9]|3[01])"
_HOUR, _SIXTY = "([01][0-9]|2[0-3])", "[0-5][0-9]"
# Both of them for Python, Arrow and every engine with POSIX expressions.
TIME_FORM = (
    f"^([0-9]{{4}}[-/.](0[1-9]|1[0-2])[-/.]{_DAY}([T ]{_HOUR}:{_SIXTY}(:{_SIXTY}([.][0-9]{{1,9}})?)?)?"
    f"|[0-9]{{4}}(0[1-9]|1[0-2]){_DAY}(T?{_HOUR}{_SIXTY}({_SIXTY}([0-9]{{1,6}})?)?)?)$"
)
NUMBER_FORM = "^[0-9]{1,18}$"
DIGITS = 20  # of a moment, from the year to the microsecond
FIRST_DAY = dt.date(1971, 1, 1)  # what is before it stands for no time: 1900-01-01, 1970-01-01, 0000-00-00
AHEAD = dt.timedelta(days=1)
DAY_SECONDS = 86_400.0
NEWEST_ROWS = 1_000
BRIEFLY = dt.timedelta(seconds=10)  # so long the newest rows make up for a transaction that is open


@dataclass(frozen=True)
class Clock:
    """The source's own time when the reading began, in UTC, and since when a transaction that writes is open there;
    null where none is, or where that cannot be asked."""

    now: dt.datetime
    open_since: dt.datetime | None = None


class WithoutCommitOrder:
    """What readers say of engines whose rows do not tell the order of commits (see ``connector.Reader``)."""

    transactions_hidden = False

    def position(self) -> str | None:
        return None

    def written_since(self, position: str) -> str | None:
        return None

    def steps(self) -> Sequence[str]:
        return ()


@dataclass(frozen=True)
class Order:
    """How a column orders rows. ``textual``: its values are texts (or numbers) that are read as ``kind``. ``zoned``:
    its times have a zone."""

    column: str
    kind: str
    textual: bool = False
    zoned: bool = False
    zone: str = "Asia/Shanghai"
    overlap: float | None = None

    @property
    def is_time(self) -> bool:
        return self.kind in ("date", "timestamp")

    def local(self, moment: dt.datetime) -> Any:
        """A moment as this column would write it."""
        if not self.zoned:
            moment = moment.astimezone(ZoneInfo(self.zone)).replace(tzinfo=None)
        return moment.date() if self.kind == "date" and not self.textual else moment

    def value(self, text: str) -> Any:
        """A mark of the manifest as a value of this order; raises ValueError where it is none."""
        if self.kind == "integer":
            return int(text)
        if self.kind == "decimal":
            return Decimal(text)
        if self.kind == "date" and not self.textual:
            return dt.date.fromisoformat(text[:10])
        if self.is_time:
            return dt.datetime.fromisoformat(text)
        return text

    def below(self, mark: Any) -> Any:
        """Where a delta begins that shall find what was written late: before the mark by the overlap."""
        if self.is_time:
            seconds = DAY_SECONDS if self.overlap is None else self.overlap
            if self.kind == "date":
                seconds = max(seconds, DAY_SECONDS)
            return mark - dt.timedelta(seconds=seconds)
        if self.kind == "text" or not self.overlap:
            return mark
        return mark - (int(self.overlap) if self.kind == "integer" else Decimal(str(self.overlap)))


class Reach:
    """How far the rows reach that pass: the highest value, and the highest from which a delta may begin."""

    def __init__(self, order: Order, now: dt.datetime) -> None:
        self.order = order
        self.now = min(now, dt.datetime.now(dt.UTC))
        self.high: Any = None
        self.ahead = self.unreadable = 0
        self._newest: pa.Array | None = None

    def add(self, column: pa.Array) -> None:
        """Count a batch's values."""
        if isinstance(column, pa.ExtensionArray):
            column = column.storage
        given = column.drop_null()
        if len(given) == 0:
            return
        if self.order.is_time:
            self._add_times(given)
        else:
            self._add_values(given)

    def safe(self) -> Any:
        """The mark that the rows allow, before any overlap: of numbers and text, one that many rows are above of."""
        if self.order.is_time:
            return self.high
        newest = self._newest
        if newest is None or len(newest) < NEWEST_ROWS:
            return None
        return pc.min(newest).as_py()

    def _add_times(self, given: pa.Array) -> None:
        limit, day_ahead = self.order.local(self.now), self.order.local(self.now + AHEAD)
        if self.order.textual:
            texts = given.cast(pa.string())
            readable = pc.match_substring_regex(texts, TIME_FORM)
            self.unreadable += _count(pc.and_(pc.invert(readable), pc.not_equal(pc.utf8_trim_whitespace(texts), "")))
            given = digits_of(texts.filter(readable))
            limit, day_ahead = _digits(limit), _digits(day_ahead)
        bound, far = (pa.scalar(at).cast(given.type) for at in (limit, day_ahead))
        self.ahead += _count(pc.greater(given, far))
        top = pc.max(given.filter(pc.less_equal(given, bound))).as_py()
        if top is None:
            return
        top = moment_of(top) if self.order.textual else top
        self.high = top if self.high is None else max(self.high, top)

    def _add_values(self, given: pa.Array) -> None:
        if self.order.textual and self.order.kind == "integer":
            texts = given.cast(pa.string())
            readable = pc.match_substring_regex(texts, NUMBER_FORM)
            self.unreadable += _count(pc.and_(pc.invert(readable), pc.not_equal(pc.utf8_trim_whitespace(texts), "")))
            given = texts.filter(readable).cast(pa.int64())
        elif self.order.kind == "text":
            given = given.filter(pc.not_equal(given, ""))
        elif pa.types.is_floating(given.type):
            given = given.filter(pc.is_finite(given))
        if self._newest is not None:
            given = pa.concat_arrays([self._newest, given])
        if len(given) > NEWEST_ROWS:
            given = given.take(pc.select_k_unstable(given, NEWEST_ROWS, [("", "descending")]))
        self._newest = given
        self.high = pc.max(given).as_py()


def settled(safe: Any, order: Order, clock: Clock, past: Sequence[Manifest]) -> Any:
    """Where the next delta begins, held back by what is still open; null: it reads everything."""
    since = clock.open_since
    if since is None:
        return order.below(safe)
    if order.is_time:
        return order.below(min(safe, order.local(since)))
    if clock.now - since < BRIEFLY:
        return order.below(safe)
    # A number that an open transaction took is above all that stood there when it began.
    for manifest in reversed(past):
        mark = manifest.watermark
        if mark is None or mark.at is None or (mark.column, mark.type) != (order.column, order.kind):
            continue
        if dt.datetime.fromisoformat(mark.at) <= since:
            return None if mark.begin is None else min(order.value(mark.begin), order.below(safe))
    return None


def last(past: Sequence[Manifest], order: Order) -> tuple[Watermark | None, Any]:
    """How far the committed batches read, and where the next delta begins.

    Both null before the first complete load, and where the column was read as another type before: then everything
    is read again and compared.
    """
    for manifest in reversed(past):
        mark = manifest.watermark
        if mark is None or manifest.mode not in ("delta", "range", "changes", "compare"):
            continue
        if manifest.load and not manifest.load["complete"]:
            return None, None
        if mark.column != order.column or mark.type not in (order.kind, "text"):
            return None, None
        if mark.at is None and mark.high is None:  # of a version that kept no begin
            continue
        begin = _begin(mark, order)
        return (None, None) if begin is None else (mark, begin)
    return None, None


def _begin(mark: Watermark, order: Order) -> Any:
    if mark.at is not None and mark.begin is None:
        return None
    try:
        if mark.type != order.kind:  # of a version that compared texts
            found = moment_of(digits_of(pa.array([mark.high]))[0].as_py()) if _is_time(mark.high) else None
            return order.below(found) if found and order.is_time else None
        high = order.below(order.value(str(mark.high))) if mark.high is not None else None
        begin = order.value(mark.begin) if mark.begin is not None else None
    except (ValueError, ArithmeticError):
        return None
    if begin is None or high is None:
        return high if begin is None else begin
    return min(begin, high)


def _is_time(text: str | None) -> bool:
    return text is not None and re.match(TIME_FORM, text) is not None


def digits_of(texts: pa.Array) -> pa.Array:
    """Readable times as 20 digits, which sort as the times do; what is not written counts as its beginning."""
    digits = pc.replace_substring_regex(texts, "[^0-9]", "")
    return pc.utf8_slice_codeunits(pc.utf8_rpad(digits, DIGITS, "0"), 0, DIGITS)


def _digits(moment: dt.datetime) -> str:
    return moment.strftime("%Y%m%d%H%M%S%f").rjust(DIGITS, "0")


def moment_of(digits: str) -> dt.datetime:
    """The moment that 20 digits are; a day that its month does not have counts as the 28th."""
    for day in (digits[6:8], "28"):
        try:
            return dt.datetime.strptime(digits[:6] + day + digits[8:], "%Y%m%d%H%M%S%f")
        except ValueError:
            continue
    return dt.datetime.min


def bound(mark: Any, order: Order) -> Any:
    """A begin as the engine compares it: for texts, their digits."""
    return _digits(mark) if order.is_time and order.textual else mark


def as_text(given: Any) -> str | None:
    """A value as the manifest keeps it."""
    if given is None:
        return None
    if isinstance(given, dt.datetime):
        return given.isoformat(sep=" ")
    if isinstance(given, bytes):
        return given.decode()
    return str(given)


def value(text: str, kind: str) -> Any:
    """A key of a range, which the manifest keeps as text, as a Python value of its type."""
    return Order("", kind).value(text)


def _count(truth: pa.Array) -> int:
    return pc.sum(truth).as_py() or 0
