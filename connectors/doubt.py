"""Whether a whole reading may withdraw what it no longer has: not while keys may be among what could not be read.

A row whose key is not known, or a sheet that was left out, may hold any key that seems to be gone. Then changes land
and nothing is withdrawn, until a reading without doubt.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from connectors.base import ConnectorSpec, Delivery
from connectors.manifest import Manifest
from connectors.read_report import Finding, ReadReport

if TYPE_CHECKING:
    from connectors.difference import Difference

# With these the other cells of a row are where they belong: its key is known, if it is there and whole.
KEY_STANDS = pa.array(["value_unreadable", "text_undecodable", "heading_again"])
# What may hold records. Deleted records, headings and columns do not.
MAY_HOLD_KEYS = (
    "row", "record", "record_count", "sheet", "member", "trailing_data", "link", "closed_folder", "file_name",
    "special_file", "file_case", "unknown",
)  # fmt: skip


class Doubt:
    """Of one delivery, whose batches pass by ``see``. ``kept``: keys were gone, and stay for the doubt."""

    def __init__(self, connector: ConnectorSpec) -> None:
        self.key = tuple(connector.key)
        # Sheets and members that the options do not name are meant to be left out.
        self.meant = {name for name in ("sheet", "member") if connector.options.get(name) is not None}
        self.keys = self.kept = False

    def see(self, batch: pa.RecordBatch) -> None:
        names = batch.schema.names
        if self.keys or "_problem" not in names:
            return
        problem = batch.column("_problem")
        raw = batch.column("_raw") if "_raw" in names else pa.nulls(batch.num_rows)
        if problem.null_count == raw.null_count == batch.num_rows:
            return
        unknown = pa.repeat(pa.scalar(not self.key), batch.num_rows)
        for name in self.key:
            cells = batch.column(name) if name in names else pa.nulls(batch.num_rows)
            unknown = pc.or_(unknown, cells.is_null())
            if pa.types.is_string(cells.type):
                unknown = pc.or_(unknown, pc.fill_null(pc.match_substring(cells, "\ufffd"), True))
        displaced = pc.and_(problem.is_valid(), pc.invert(pc.is_in(problem, KEY_STANDS)))
        marked = pc.or_(problem.is_valid(), raw.is_valid())
        self.keys = bool(pc.any(pc.or_(displaced, pc.and_(marked, unknown))).as_py())

    def changes(self, difference: Difference, delivery: Delivery, past: Sequence[Manifest]) -> Iterator[pa.RecordBatch]:
        """What a whole delivery changes, and what it withdraws unless that is in doubt."""
        fewer = _files_fewer(delivery, past)
        if fewer:
            delivery.report.remark("file_missing", fewer)
        doubtful = self.keys or fewer > 0 or self._left_out_more(delivery.report, past)
        yield from difference.changes(not doubtful)
        self.kept = doubtful and any(batch.num_rows for batch in difference.gone())

    def _left_out_more(self, report: ReadReport, past: Sequence[Manifest]) -> bool:
        """Whether more was left out (or not found, by a declared count) than by the last whole reading that was not in
        doubt: a sheet of notes stays one."""
        former = next((m for m in reversed(past) if m.mode == "full" and not _doubted(m)), None)
        before = {finding.what: finding.count for finding in _findings(former)} if former else {}
        for finding in _findings(report):
            if finding.what not in MAY_HOLD_KEYS or finding.what in self.meant:
                continue
            known = before.get(finding.what, 0)
            if finding.count > known and not (known and finding.what == "trailing_data"):  # counted in bytes
                return True
        return False


def _files_fewer(delivery: Delivery, past: Sequence[Manifest]) -> int:
    """How many files fewer a whole of several files has than the one before it. A file may be late, so that this one
    withdraws nothing; where it has as few again, the file is gone."""
    source = getattr(delivery, "source", None)
    before = next((m for m in reversed(past) if m.mode == "full" and source and m.source == source), None)
    return max(0, len(before.files) - len(delivery.files)) if before else 0


def _findings(of: ReadReport | Manifest) -> Iterable[Finding]:
    return chain(of.left_out, of.remarks)


def _doubted(manifest: Manifest) -> bool:
    return any(finding.what == "nothing_withdrawn" for finding in manifest.remarks)
