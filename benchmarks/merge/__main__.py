"""``make bench-merge``: the dbt build, a day's increment and the hand-written script in turn, as a table and as JSON.

Each runs in a process of its own, whose resident memory is watched with that of its children. Rounds are interleaved
and the median counts, so that what else the machine does meets all alike. Ends with 1 if the two ways give different
base tables.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from benchmarks.merge.city import installation_of, prepare
from benchmarks.merge.compare import differing_rows
from benchmarks.merge.ways import script_database

RESULTS = Path(__file__).parents[1] / "results" / "merge.json"
ROOT = Path(__file__).parents[2]
AT_MOST_OF_SCRIPT, AT_MOST_OF_FULL = 1.3, 0.1
people_console = Console()


@dataclass(frozen=True)
class Result:
    """``base_seconds``: without what the script does not do, the governance tables. ``differing_rows``: from the other
    way's base tables over the same batches; null where that was not compared."""

    people: int
    how: str
    seconds: float
    base_seconds: float
    peak_mb: int
    differing_rows: int | None


def main(
    people: Annotated[list[int] | None, typer.Option(help="inhabitants; may be given several times")] = None,
    rounds: Annotated[int, typer.Option(help="runs of each; the median counts")] = 3,
    work: Annotated[Path, typer.Option(help="where cities and warehouses are kept")] = Path(
        "/tmp/govshare-bench-merge"
    ),
    out: Annotated[Path, typer.Option(help="the JSON document; sizes that are not run stay in it")] = RESULTS,
) -> None:
    """Compare the dbt build of a demo city with a hand-written script that gives the same base tables."""
    results = [Result(**line) for line in json.loads(out.read_text(encoding="utf-8"))] if out.exists() else []
    for count in people or [100_000]:
        results = [result for result in results if result.people != count] + compare(count, rounds, work.resolve())
        results.sort(key=lambda result: result.people)
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(json.dumps([asdict(r) for r in results], indent=1) + "\n", encoding="utf-8")
    people_console.print(table_of(results))
    for line in verdicts(results):
        people_console.print(line)
    if any(result.differing_rows for result in results):
        raise typer.Exit(1)


def compare(people: int, rounds: int, work: Path) -> list[Result]:
    """All three for one city, round by round."""

    def say(text: str) -> None:
        people_console.print(f"{time.strftime('%H:%M:%S')} {people:,}: {text}", highlight=False, soft_wrap=True)

    first, second = prepare(people, work, say)
    runs: dict[str, list[dict[str, Any]]] = {"dbt full": [], "script": [], "dbt day": []}
    for number in range(1, rounds + 1):
        for how, figures_of in runs.items():
            if how == "dbt day":  # goes on from the first day's build
                before, after = (installation_of(folder).warehouse.parent for folder in (first, second))
                shutil.rmtree(after, ignore_errors=True)
                shutil.copytree(before, after)
                os.sync()  # what the copy has still to write is not the day's work
            figures = measure(how, second if how == "dbt day" else first)
            figures_of.append(figures)
            say(f"round {number}, {how}: {figures['seconds']:.1f} s, {figures['peak_mb']:.0f} MB {_slow(figures)}")
    say("comparing the base tables, the day's with those of the script over both days")
    measure("script", second)
    differing: dict[str, int] = {}
    for folder, hows in ((first, ("dbt full", "script")), (second, ("dbt day",))):
        found = differing_rows(installation_of(folder).warehouse, script_database(folder))
        say(f"{folder.name}: rows that differ: {', '.join(f'{table} {rows:,}' for table, rows in found.items())}")
        differing |= dict.fromkeys(hows, sum(found.values()))
    return [
        Result(
            people, how,
            round(statistics.median(f["seconds"] for f in figures), 2),
            round(statistics.median(f["base_seconds"] for f in figures), 2),
            round(max(f["peak_mb"] for f in figures)), differing[how],
        )
        for how, figures in runs.items()
    ]  # fmt: skip


def measure(how: str, folder: Path) -> dict[str, Any]:
    """One run: its figures, and the most memory that its processes held at a time."""
    command = [sys.executable, "-m", "benchmarks.merge.ways", how, str(folder)]
    environment = {**os.environ, **installation_of(folder).environment()}
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as process:
        peak = 0.0
        while process.poll() is None:
            peak = max(peak, resident_mb(process.pid))
            time.sleep(0.05)
        said = process.stdout.read() if process.stdout else ""
    if process.returncode:
        raise SystemExit(f"{how} failed")
    return {**json.loads(said.strip().splitlines()[-1]), "peak_mb": peak}


def resident_mb(pid: int) -> float:
    """What a process and all below it hold; what they share counts for each."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:  # it has just ended
        return 0.0
    own = next((float(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")), 0.0)
    return own / 1024 + sum(resident_mb(int(child)) for child in children)


def _slow(figures: dict[str, Any]) -> str:
    return ", ".join(f"{name} {seconds:.1f}" for name, seconds in list(figures.get("models", {}).items())[:5])


def table_of(results: list[Result]) -> Table:
    made = Table(title="batches → base tables", title_justify="left")
    for name in ("people", "how", "seconds", "base tables only", "peak MB", "rows that differ"):
        made.add_column(name, justify="left" if name == "how" else "right")
    for r in results:
        made.add_row(
            f"{r.people:,}",
            r.how,
            f"{r.seconds:.1f}",
            f"{r.base_seconds:.1f}",
            f"{r.peak_mb:,}",
            "–" if r.differing_rows is None else f"{r.differing_rows:,}",
        )
    return made


def verdicts(results: list[Result]) -> list[str]:
    """The ratios that count, each with what is allowed."""
    lines, full = [], {r.people: r for r in results if r.how == "dbt full"}
    by = {(r.people, r.how): r for r in results}
    for people, build in full.items():
        script, day = by[people, "script"], by[people, "dbt day"]
        base, all_of_it = build.base_seconds / script.seconds, build.seconds / script.seconds
        lines.append(
            f"{people:,}: dbt takes {base:.2f} of the script's time for the base tables (at most {AT_MOST_OF_SCRIPT}), "
            f"{all_of_it:.2f} with the governance tables"
        )
        lines.append(
            f"{people:,}: a day takes {day.seconds / build.seconds:.1%} of a full build (at most {AT_MOST_OF_FULL:.0%})"
        )
    sizes = sorted(full)
    for small, large in pairwise(sizes):
        lines.append(
            f"{small:,} → {large:,}: {large / small:.1f} times the people, "
            f"{full[large].seconds / full[small].seconds:.1f} times the seconds"
        )
    return lines


if __name__ == "__main__":
    typer.run(main)
