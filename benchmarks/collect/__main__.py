"""``make bench-collect``: every way of reading in turn, several rounds, as a table and as JSON.

Each way runs in a process of its own. The rounds are interleaved and the median counts, so that what else
the machine does in the meantime meets all ways alike. A way whose package is missing is told and left out.
"""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from benchmarks.collect import data
from benchmarks.collect.ways import MYSQL, POSTGRESQL, WAYS

RESULTS = Path(__file__).parents[1] / "results" / "collect.json"
ROOT = Path(__file__).parents[2]
people = Console()


@dataclass(frozen=True)
class Result:
    """One line of the table. ``ratio_to_limit`` compares rows per second with the source's first way."""

    source: str
    how: str
    rows: int
    seconds: float
    rows_per_second: int
    ratio_to_limit: float
    peak_mb: int


def measure(python: str, source: str, how: str, place: str, folder: Path) -> dict[str, Any] | str:
    """One run: its figures, or the last line of what went wrong."""
    target = Path(tempfile.mkdtemp(dir=folder)) / "out"
    try:
        done = subprocess.run(
            [python, "-m", "benchmarks.collect.ways", source, how, place, str(target)],
            cwd=ROOT, capture_output=True, text=True, timeout=3600,
        )  # fmt: skip
    finally:
        shutil.rmtree(target.parent, ignore_errors=True)
    if done.returncode:
        return (done.stderr.strip().splitlines() or [f"ended with {done.returncode}"])[-1]
    return json.loads(done.stdout.strip().splitlines()[-1])  # type: ignore[no-any-return]


def main(
    rows: Annotated[int, typer.Option(help="rows of each source")] = 2_000_000,
    rounds: Annotated[int, typer.Option(help="runs of each way; the median counts")] = 3,
    source: Annotated[list[str] | None, typer.Option(help=f"only these: {', '.join(WAYS)}")] = None,
    how: Annotated[list[str] | None, typer.Option(help="only ways whose name has one of these in it")] = None,
    peers: Annotated[str, typer.Option(help="the Python that has connectorx and dlt")] = sys.executable,
    folder: Annotated[Path, typer.Option(help="where files are put")] = Path("/tmp/govshare-bench"),
    out: Annotated[Path, typer.Option(help="the JSON document")] = RESULTS,
    keep: Annotated[bool, typer.Option(help="leave the tables for another run")] = False,
) -> None:
    """Compare the ways of reading a table or file of 15 columns into Parquet."""
    folder.mkdir(parents=True, exist_ok=True)
    makers = {
        "postgresql": lambda: data.make_table(POSTGRESQL, rows),
        "mariadb": lambda: data.make_table(MYSQL, rows),
        "csv gb18030": lambda: str(data.make_csv(folder, rows)),
    }
    results = []
    for name in source or WAYS:
        people.print(f"[bold]{name}[/]: preparing {rows:,} rows")
        wanted = [way for way in WAYS[name] if not how or "limit" in way or any(part in way for part in how)]
        results += compare(name, wanted, makers[name](), rounds, peers, folder)
    people.print(table_of(results))
    out.parent.mkdir(parents=True, exist_ok=True)
    document = json.dumps([asdict(result) for result in results], ensure_ascii=False, indent=1)
    out.write_text(document + "\n", encoding="utf-8")
    if not keep:
        data.drop(rows)
        (folder / f"{data.table_name(rows)}.csv").unlink(missing_ok=True)


def compare(source: str, ways: list[str], place: str, rounds: int, peers: str, folder: Path) -> list[Result]:
    """All ways of one source, round by round."""
    runs: dict[str, list[dict[str, Any]]] = {way: [] for way in ways}
    for _ in range(rounds):
        for way in [way for way in ways if way in runs]:
            python = peers if any(word in way for word in ("connectorx", "dlt")) else sys.executable
            figures = measure(python, source, way, place, folder)
            if isinstance(figures, str):
                people.print(f"  {way}: left out ({figures})")
                del runs[way]
                continue
            runs[way].append(figures)
            people.print(f"  {way}: {figures['seconds']:.2f} s, {figures['peak_mb']:.0f} MB")
    results: list[Result] = []
    for way, figures_of in runs.items():
        seconds = statistics.median(figures["seconds"] for figures in figures_of)
        rows = figures_of[0]["rows"]
        rate = rows / seconds
        limit = results[0].rows_per_second if results else rate
        peak = max(figures["peak_mb"] for figures in figures_of)
        results.append(Result(source, way, rows, round(seconds, 3), round(rate), round(rate / limit, 3), round(peak)))
    return results


def table_of(results: list[Result]) -> Table:
    made = Table(title="rows of 15 columns → Parquet", title_justify="left")
    for name in ("source", "how", "rows", "seconds", "rows/s", "of the limit", "peak MB"):
        made.add_column(name, justify="left" if name in ("source", "how") else "right")
    for r in results:
        made.add_row(
            r.source, r.how, f"{r.rows:,}", f"{r.seconds:.2f}", f"{r.rows_per_second:,}",
            f"{r.ratio_to_limit:.0%}", f"{r.peak_mb:,}",
        )  # fmt: skip
    return made


if __name__ == "__main__":
    typer.run(main)
