"""``govshare demo``: write a simulated city's department systems and the truth about them.

Only what a person says and sees; the work is done in ``city``.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from catalogue.installation import Installation
from demo_city import city
from demo_city.later import next_day
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
    out: Annotated[Path | None, typer.Option(help="the folder to write (default: the installation's city)")] = None,
    database: Annotated[
        str | None, typer.Option(help="SQLAlchemy URL of a PostgreSQL or MySQL for all departments' tables")
    ] = None,
    day: Annotated[
        int, typer.Option(min=1, help="bring the deliveries of this day into the city that --out holds")
    ] = 1,
    changes: Annotated[float, typer.Option(min=0.0, max=0.5, help="how much changes on a later day")] = 0.01,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON document instead of tables")] = False,
) -> None:
    """Write a simulated city.

    Databases, spreadsheets, text and JSON files of nine departments, and the truth.
    """
    out = out.resolve() if out else Installation.from_env().city
    if day > 1:
        _later(out, day, changes, database, as_json)
        return
    order = city.Order(count, seed, defects.value, database)
    present = city.marker_of(out)
    if present is None and out.exists() and (not out.is_dir() or any(out.iterdir())):
        _refuse(out, "is no demo city: nothing was written.", "Choose another folder with --out.")
    if present is not None and city.is_same(order, present):
        _report(present, 0.0, out, as_json, made=False)
        return
    started = time.monotonic()
    with _shown(as_json) as progress:
        city.make(order, out, progress)
    _report(city.marker_of(out) or {}, time.monotonic() - started, out, as_json, made=True)


def _later(out: Path, day: int, changes: float, database: str | None, as_json: bool) -> None:
    """Days are brought in order; one that is there already is not brought again."""
    marker = city.marker_of(out)
    if marker is None:
        _refuse(out, "holds no demo city.", f"Make one first: govshare demo --out {out}")
    if marker["code"] != city.code_version():
        _refuse(out, "was made by another version of the demo city.", "Make it anew without --day.")
    started = time.monotonic()
    made = marker["day"] < day
    while marker["day"] < day:
        with _shown(as_json) as progress:
            next_day(out, marker, changes, database, progress)
        marker = city.marker_of(out) or {}
    _report(marker, time.monotonic() - started, out, as_json, made)


def _refuse(out: Path, reason: str, remedy: str) -> NoReturn:
    errors.print(f"[red]{escape(f'{out} {reason}')}[/red] {escape(remedy)}", highlight=False)
    raise typer.Exit(2)


@contextmanager
def _shown(as_json: bool) -> Iterator[city.Progress]:
    """A bar for each resource, on a terminal only."""
    columns = (
        TextColumn("{task.description:<44}"),
        BarColumn(),
        TextColumn("{task.completed:>11,.0f}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=errors, disable=as_json or not errors.is_terminal) as bars:
        tasks: dict[str, TaskID] = {}

        def progress(resource: str, done: int, total: int) -> None:
            if resource not in tasks:
                tasks[resource] = bars.add_task(resource, total=max(total, 1))
            bars.update(tasks[resource], completed=done)

        yield progress


def _report(marker: dict[str, Any], seconds: float, out: Path, as_json: bool, made: bool) -> None:
    resources = marker["resources"]
    rows = sum(resource["rows"] for resource in resources)
    if as_json:
        print_json({"city": str(out), "made": made, "seconds": round(seconds, 1), "rows": rows, **marker})
        return
    order = marker["order"]
    what = f"{order['people']:,} people, seed {order['seed']}, defects {order['defects']}, day {marker['day']}"
    if not made:
        people.print(f"{escape(str(out))} already holds this city ({what}): nothing to do.")
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
    people.print(f"{rows:,} rows in {seconds:.1f} s under {escape(str(out))}; what is true is in its folder truth.")


def _most(defects: dict[str, int]) -> str:
    return ", ".join(f"{name} {rows:,}" for name, rows in Counter(defects).most_common(2))
