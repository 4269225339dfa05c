"""``govshare run``: the main job in this process, with progress and a summary."""

from __future__ import annotations

import io
import os
import signal
import time
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from catalogue import private
from catalogue.errors import GovshareError
from catalogue.installation import Installation
from catalogue.redaction import redacted
from orchestration import progress
from orchestration.cli.bars import Bars
from orchestration.cli.output import errors, people, table

if TYPE_CHECKING:
    import dagster as dg

City = Annotated[
    Path | None,
    typer.Option("--city", help="folder with connections.toml ($GOVSHARE_CITY, default data/city)"),
]
WORDS_OF_AN_ERROR = 12  # lines
OF_DBT = "Errors parsed from dbt logs:"  # before it, Dagster tells the whole command
INTERRUPTION = "DagsterExecutionInterruptedError"


def run(city: City = None) -> None:
    """Collect, merge, check and publish; work that is already done is not done again."""
    started = time.monotonic()
    installation = Installation.from_env(city)
    if not installation.settings_file.exists():
        raise GovshareError(
            "there is no connections.toml",
            where=str(installation.city),
            remedy="name the city's folder with --city, or simulate one: govshare demo --out FOLDER",
        )
    private.correct(installation)
    os.environ.update(GOVSHARE_DATA=str(installation.data), GOVSHARE_CITY=str(installation.city))
    # Ended by a service manager is ended by Ctrl-C: steps are told, locks and slots given back.
    signal.signal(signal.SIGTERM, signal.default_int_handler)

    # dbt's own lines would run through the bars; they stand in its log (data/dbt/logs).
    with Bars() as bars, redirect_stdout(io.StringIO()):
        progress.listen(bars)
        try:
            anew = _collect_and_refresh(installation, bars)
        finally:
            progress.listen(None)
    _summary(installation, bars, anew, time.monotonic() - started)
    if bars.failures:
        for name, words in bars.failures.items():
            errors.print("[bold red]failed:[/] ", end="")
            errors.print(f"{name}: {words}", highlight=False, markup=False)
        errors.print("The former releases stay. Runs and logs: govshare ui")
        raise typer.Exit(1)


def _collect_and_refresh(installation: Installation, bars: Bars) -> bool:
    """Collect, then build and publish what is new; false when everything was published already."""
    from catalogue.load import load
    from orchestration.definitions import collecting, definitions
    from orchestration.held import read as held
    from orchestration.instance import command_line_instance
    from orchestration.state import all_published

    catalogue = load(installation)
    with command_line_instance(installation) as instance:
        first = collecting(installation, catalogue)
        for job in first.resolve_all_job_defs():
            if not job.name.startswith("__"):
                _run(job, instance, bars)
        anew = not all_published(installation, catalogue)
        if anew:
            _run(definitions(installation, catalogue).resolve_job_def("refresh"), instance, bars)
    for resource, entry in held(installation).items():
        bars.held(resource, entry.sentence(resource))
    return anew


def _run(job: dg.JobDefinition, instance: dg.DagsterInstance, bars: Bars) -> None:
    """Run a job; a step that failed without having told so is told with its error."""
    from orchestration.instance import run_job

    result = run_job(job, instance)
    if result.success:
        return
    failures = [
        (event.step_key or job.name, event.step_failure_data.error)
        for event in result.filter_events(lambda event: event.is_step_failure)
    ]
    if any(error and error.cls_name == INTERRUPTION for _, error in failures):
        raise KeyboardInterrupt  # Dagster has kept it to itself
    for name, error in failures:
        if job.name == "refresh" or not bars.failures:
            while error is not None and error.cause is not None:
                error = error.cause
            said = redacted(error.message if error else "")
            words = [line for line in said.rpartition(OF_DBT)[2].splitlines() if line.strip()]
            bars.failed(name, "\n".join(words[:WORDS_OF_AN_ERROR]))
    if not bars.failures:
        bars.failed(job.name, "the run did not finish")


def _summary(installation: Installation, bars: Bars, anew: bool, seconds: float) -> None:
    collected = sum(rows for (stage, _), rows in bars.rows.items() if stage == "collect")
    if not anew and not collected:
        if not bars.failures:
            words = "no department delivered anything, so nothing was built or published again"
            people.print(f"[bold]Nothing new: {words} ({seconds:.0f} s).[/]")
    else:
        _what_came_of_it(installation, bars, collected, seconds)
    for title, place in (
        ("Published tables", f"{installation.published}/<table>/current"),
        ("For analysts", f'{installation.analyst_database}   (govshare query "select …")'),
        ("The gate's report", f"{installation.data_docs}/index.html"),
    ):
        people.print(f"{title:<18}{place}", highlight=False, soft_wrap=True)
    people.print("Next: govshare account · govshare trace population <number> · make ui", highlight=False)


def _what_came_of_it(installation: Installation, bars: Bars, collected: int, seconds: float) -> None:
    from orchestration.cli.inspect import account_table
    from publishing.account import account
    from publishing.release import releases

    current: list[dict[str, Any]] = [release for release in releases(installation) if release["current"]]
    new = [name for (stage, name), note in bars.notes.items() if stage == "publish" and note.startswith("release")]
    said = [f"{collected:,} rows collected"]
    if any(release["table"] == "account" for release in current):
        document = account(installation)
        people.print(account_table(document))
        total = {c: sum(r[c] for r in document["resources"]) for c in ("landed", "merged", "set_aside", "left_out")}
        said.append(f"of {total['landed']:,} landed in all {total['merged']:,} are merged")
        said.append(f"{total['set_aside']:,} set aside")
    if current:
        columns = ["table", "release", "rows", "gate", "published_at"]
        people.print(table("Published", columns, [[release[c] for c in columns] for release in current]))
    said.append(f"{len(new)} of {len(current)} tables published anew" if new else "no table has changed")
    people.print(f"[bold]{', '.join(said)} ({seconds:.0f} s).[/]")
    if bars.left_out:
        words = "; ".join(f"{resource}: {what}" for resource, what in sorted(bars.left_out.items()))
        people.print(f"[bold yellow]Left out while reading:[/] {escape(words)}", highlight=False, soft_wrap=True)
