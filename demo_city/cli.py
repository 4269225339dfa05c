"""``govshare demo``: write a simulated city's department systems and the truth about them.

Only what a person says and sees; the work is done in ``city``.
"""

from __future__ import annotations

import time
from collections import Counter
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from demo_city import city
from orchestration.cli.output import errors, people, print_json, table


class Level(StrEnum):
    """How much is wrong with the data."""

    none = "none"
    usual = "usual"
    heavy = "heavy"


def demo(
    count: Annotated[int, typer.Option("--people", min=200, help="inhabitants")] = 20_000,
    seed: Annotated[int, typer.Option(min=0, help="another number gives another city")] = 1,
    defects: Annotated[Level, typer.Option(help="how much is wrong with the data")] = Level.usual,
    out: Annotated[Path, typer.Option(help="the folder to write")] = Path("data/city"),
    database: Annotated[
        str | None, typer.Option(help="SQLAlchemy URL of a PostgreSQL or MySQL for all departments' tables")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON document instead of tables")] = False,
) -> None:
    """Write a simulated city: databases, spreadsheets, text and JSON files of nine departments, and the truth."""
    out = out.resolve()
    order = city.Order(count, seed, defects.value, database)
    present = city.marker_of(out)
    if present is None and out.exists() and (not out.is_dir() or any(out.iterdir())):
        errors.print(
            f"[red]{out} is no demo city: nothing was written.[/red] Choose another folder with --out."
        )
        raise typer.Exit(2)
    if present is not None and city.is_same(order, present):
        _report(present, 0.0, out, as_json, made=False)
        return
    started = time.monotonic()
    with Progress(
        TextColumn("{task.description:<44}"),
        BarColumn(),
        TextColumn("{task.completed:>11,.0f}"),
        TimeElapsedColumn(),
        console=errors,
        disable=as_json or not errors.is_terminal,
    ) as shown:
        tasks: dict[str, TaskID] = {}

        def progress(resource: str, done: int, total: int) -> None:
            if resource not in tasks:
                tasks[resource] = shown.add_task(resource, total=max(total, 1))
            shown.update(tasks[resource], completed=done)

        city.make(order, out, progress)
    _report(city.marker_of(out) or {}, time.monotonic() - started, out, as_json, made=True)


def _report(marker: dict, seconds: float, out: Path, as_json: bool, made: bool) -> None:
    resources = marker["resources"]
    rows = sum(resource["rows"] for resource in resources)
    if as_json:
        print_json({"city": str(out), "made": made, "seconds": round(seconds, 1), "rows": rows, **marker})
        return
    order = marker["order"]
    what = f"{order['people']:,} people, seed {order['seed']}, defects {order['defects']}"
    if not made:
        people.print(f"{out} already holds this city ({what}): nothing to do.")
        return
    total: Counter[str] = Counter()
    for resource in resources:
        total.update(resource["defects"])
    listed = [
        (
            resource["resource"],
            resource["rows"],
            sum(resource["defects"].values()),
            _most(resource["defects"]),
        )
        for resource in resources
    ]
    people.print(table(f"A city of {what}", ["resource", "rows", "defects", "most often"], listed))
    if total:
        kinds = sorted(total.items(), key=lambda pair: -pair[1])
        people.print(table("Defects put in", ["defect", "values or rows"], kinds))
    people.print(f"{rows:,} rows in {seconds:.1f} s under {out}; what is true is under {out / 'truth'}.")


def _most(defects: dict[str, int]) -> str:
    return ", ".join(f"{name} {rows:,}" for name, rows in Counter(defects).most_common(2))
