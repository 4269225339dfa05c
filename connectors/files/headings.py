"""Headings among the rows of a table: files that were joined, or a sheet that has its heading on every printed page."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from connectors.files.text import Unreadable
from connectors.read_report import ReadReport

HEADING_AGAIN = "heading_again"
MARK = "\ufeff"  # of the joined file


def without_headings(
    batches: Iterable[pa.RecordBatch], names: Sequence[str], report: ReadReport
) -> Iterator[pa.RecordBatch]:
    """The batches; a row that says the heading again is ``heading_again``.

    Raises ``Unreadable`` where it says the columns in another order: the rows below it stand in other columns.
    """
    words = pa.array([*names, *(f"{MARK}{name}" for name in names)], pa.string())
    for batch in batches:
        found = pc.is_in(batch.column(0), words) if len(names) > 1 else None
        places = [] if found is None else pc.indices_nonzero(found).to_pylist()
        again = [place for place in places if _is_heading(batch, place, names)]
        yield _set_aside(batch, again, report) if again else batch


def _is_heading(batch: pa.RecordBatch, place: int, names: Sequence[str]) -> bool:
    cells = [(batch.column(number)[place].as_py() or "").strip(f" {MARK}") for number in range(len(names))]
    said = [cell for cell in cells if cell]
    if len(said) < 2 or len(set(said)) < len(said) or not set(said) <= set(names):
        return False
    if all(cell in ("", name) for cell, name in zip(cells, names, strict=True)):
        return True
    if set(said) != set(names):
        return False
    raise Unreadable(
        "a second heading with the columns in another order",
        place=f"line {batch.column('_line')[place].as_py()}",
        remedy="the file seems to be several files joined: have each delivered as a file of its own",
    )


def _set_aside(batch: pa.RecordBatch, places: Sequence[int], report: ReadReport) -> pa.RecordBatch:
    columns = {name: batch.column(name).to_pylist() for name in ("_problem", "_raw", "_line")}
    for place in places:
        columns["_problem"][place] = HEADING_AGAIN
        columns["_raw"][place] = columns["_raw"][place] or "heading"
        report.remark_line(HEADING_AGAIN, columns["_line"][place])
    for name in ("_problem", "_raw"):
        number = batch.schema.get_field_index(name)
        batch = batch.set_column(number, name, pa.array(columns[name], pa.string()))
    return batch
