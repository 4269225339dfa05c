"""Commands that look whether what was written is still so, and that take back what was published: verify, rollback,
resume."""

from __future__ import annotations

import time
from contextlib import nullcontext
from typing import Annotated, Any

import typer

from catalogue.installation import Installation
from orchestration.cli.output import Json, errors, people, print_json, table

Table = Annotated[str, typer.Argument(metavar="TABLE", help="a published table, e.g. population")]


def verify(as_json: Json = False) -> None:
    """Read every landed batch, every release and the analysts' file, and compare them with their checksums.

    Exit code 1 says that something is damaged.
    """
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    from publishing.verify import everything, examine

    installation = Installation.from_env()
    started = time.monotonic()
    whole = everything(installation)
    size = sum(item.expected.bytes for item in whole if item.expected)
    bar = Progress(
        TextColumn("verify"), BarColumn(), DownloadColumn(), TimeRemainingColumn(), console=people,
        disable=as_json or not people.is_terminal,
    )  # fmt: skip
    with nullcontext() if as_json else bar:
        task = bar.add_task("verify", total=size)
        damaged = examine(whole, lambda count: bar.advance(task, count))
    seconds = time.monotonic() - started
    facts = {"files": len(whole), "bytes": size, "seconds": round(seconds, 3)}
    if as_json:
        print_json({**facts, "damaged": [entry.as_dict() for entry in damaged]})
    else:
        if damaged:
            columns = ["kind", "department", "of", "number", "file", "what is wrong", "remedy"]
            rows = [list(entry.as_dict().values()) for entry in damaged]
            people.print(table(f"{len(damaged)} damaged", columns, rows))
        rate = f", {seconds / (size / 1e9):.2f} s for each GB" if size > 1e8 else ""
        words = f"{len(whole):,} files, {size / 1e9:,.3f} GB in {seconds:.1f} s{rate}"
        people.print(f"{words}: {'see above' if damaged else 'all as they were written'}.", highlight=False)
    if damaged:
        errors.print(f"[bold red]{len(damaged)} files are damaged.[/]")
        raise typer.Exit(1)


def rollback(
    table_name: Table,
    release: Annotated[str | None, typer.Argument(help="its number; by default the one before the current")] = None,
    why: Annotated[str, typer.Option(metavar="TEXT", help="what is wrong; everybody is shown it")] = "",
    as_json: Json = False,
) -> None:
    """Go back to an older release of a table, for all readers, and stay there.

    Nothing newer is released until a batch that was new in the bad release is withdrawn (govshare batch withdraw), or
    govshare resume TABLE. To take a roll-back back, go to the newest release.
    """
    from publishing.analyst import build_analyst_database
    from publishing.release import held
    from publishing.rollback import rollback as go_back

    if not why.strip():
        raise typer.BadParameter("--why TEXT says what is wrong with the release")
    installation = Installation.from_env()
    made = go_back(installation, table_name, release, why=why.strip())
    build_analyst_database(installation)
    stays = held(installation, table_name)
    batches = {resource: list(names) for resource, names in stays.batches.items()} if stays else {}
    if as_json:
        print_json({"table": table_name, "release": made.number, "rows": made.rows, "held": bool(stays),
                    "batches": batches})  # fmt: skip
        return
    people.print(f"{table_name}: release {made.number} with {made.rows:,} rows is current for all readers.")
    if batches:
        rows: list[list[Any]] = [[resource, ", ".join(names)] for resource, names in batches.items()]
        people.print(
            table("Batches that the release taken back had read and this one had not", ["resource", "batches"], rows)
        )
    if stays:
        people.print(f"It is held there. Next: {stays.remedy(table_name)}", highlight=False)


def resume(table_name: Table) -> None:
    """End the hold of a table that was rolled back: the next run releases it again."""
    from publishing.rollback import resume as end_hold

    hold = end_hold(Installation.from_env(), table_name)
    people.print(
        f"{table_name} is no longer held at release {hold.release} ({hold.why}). Next: govshare run", highlight=False
    )
