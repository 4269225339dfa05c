"""``govshare collect``: take what is new of some resources, without building or publishing anything."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from catalogue import private
from catalogue.errors import GovshareError
from catalogue.installation import Installation
from catalogue.load import load
from catalogue.model import Catalogue, Resource
from connectors.collect import Collected
from connectors.collect import collect as collect_one
from connectors.connections import Connections
from connectors.landing import sweep
from connectors.read_report import rows_left_out, sentence
from orchestration import progress
from orchestration.cli.bars import Bars
from orchestration.cli.output import errors, people, print_json, table

THREADS = 4


def collect(
    resources: Annotated[
        list[str], typer.Argument(metavar="RESOURCE…", help="department.resource, or a whole department")
    ],
    city: Annotated[
        Path | None,
        typer.Option(help="folder with connections.toml ($GOVSHARE_CITY, default data/city)"),
    ] = None,
    again: Annotated[
        bool, typer.Option("--again", help="take everything again, whatever was taken; only what differs lands")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON document on standard output")] = False,
) -> None:
    """Collect resources now.

    A file is taken once, and again when it or an option that says how to read it has changed.

    One that fails does not keep the others from being taken; exit code 1 says that there was one.
    """
    installation = Installation.from_env(city)
    wanted = chosen(load(installation), resources)
    private.correct(installation)
    sweep(installation)
    bars = Bars()
    progress.listen(None if as_json else bars)
    try:
        with nullcontext() if as_json else bars:
            done, failed = _collect_all(wanted, installation, again)
    finally:
        progress.listen(None)
    if as_json:
        print_json([*(_document(c) for c in done), *({"resource": k, "error": v} for k, v in failed.items())])
    else:
        people.print(_summary(done))
        if not again and any(collected.unchanged for collected in done):
            people.print(
                "What was taken is not taken twice: `govshare collect RESOURCE --again` takes all of it again."
            )
        for words in failed.values():
            errors.print("[bold red]failed:[/] ", end="")
            errors.print(words, highlight=False, markup=False)
    if failed:
        raise typer.Exit(1)


def chosen(catalogue: Catalogue, names: Iterable[str]) -> list[Resource]:
    """The resources that are named, each once, in the order of the catalogue."""
    wanted: set[str] = set()
    for name in names:
        found = {r.id for r in catalogue.resources.values() if name in (r.id, r.department)}
        if not found:
            raise GovshareError(
                f"there is no resource or department {name!r}",
                remedy=f"name one of {', '.join(catalogue.departments)}, or one of their resources: "
                f"{', '.join(list(catalogue.resources)[:3])} …",
            )
        wanted |= found
    return [resource for resource in catalogue.resources.values() if resource.id in wanted]


def _collect_all(
    wanted: list[Resource], installation: Installation, again: bool
) -> tuple[list[Collected], dict[str, str]]:
    connections = Connections.load(installation)
    done: dict[str, Collected] = {}
    failed: dict[str, str] = {}

    def report(name: str, rows: int, seconds: float) -> None:
        progress.step("collect", name, rows=rows, seconds=seconds)

    with ThreadPoolExecutor(THREADS, thread_name_prefix="collect") as threads:
        jobs = {threads.submit(collect_one, r, installation, connections, report, again=again): r for r in wanted}
        for job in as_completed(jobs):
            name = jobs[job].id
            try:
                done[name] = collected = job.result()
            except GovshareError as error:
                failed[name] = str(error)
                progress.step("collect", name, done=True, note=f"failed: {error}")
            else:
                progress.step(
                    "collect", name, rows=collected.read, seconds=collected.seconds, done=True,
                    note=collected.message, left_out=sentence(collected.left_out),
                )  # fmt: skip
    return [done[r.id] for r in wanted if r.id in done], failed


def _document(collected: Collected) -> dict[str, Any]:
    return {**asdict(collected), "rows_per_second": _rate(collected)}


def _rate(collected: Collected) -> int:
    return round(collected.read / collected.seconds) if collected.seconds else 0


def _summary(done: list[Collected]) -> object:
    columns = ["resource", "batches", "read", "left out", "landed", "deletes", "rows/s", "read up to", "remarks"]
    rows = [
        [
            c.resource, ", ".join(c.batches), c.read, _left_out(c), c.rows, c.deletes, _rate(c),
            c.watermark.high if c.watermark else None, _remarks(c),
        ]
        for c in done
    ]  # fmt: skip
    return table("Collected", columns, rows)


def _left_out(collected: Collected) -> str | None:
    """How many rows, where that is known, and of how many things."""
    if not collected.left_out:
        return None
    rows = f"{rows_left_out(collected.left_out):,}"
    if any(finding.rows is None for finding in collected.left_out):
        rows = f"{rows} or more" if rows != "0" else "it is not known how many"
    return f"{rows} rows: {sentence(collected.left_out)}"


def _remarks(collected: Collected) -> str:
    words = [f"{rule} {rows:,}" for rule, rows in sorted(collected.problems.items())]
    words += [f"{kind}: {', '.join(map(str, names))}" for kind, names in collected.drift.items()]
    words += [f"note: {sentence(collected.remarks)}"] if collected.remarks else []
    if collected.unchanged:
        words.append(collected.message)
    return "; ".join(words)
