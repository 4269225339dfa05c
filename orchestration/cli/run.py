"""``govshare run``: the main job in this process, with progress and a summary; ``govshare ui``: Dagster's."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import time
from contextlib import redirect_stdout
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from catalogue.errors import GovshareError
from catalogue.installation import PROJECT_ROOT, Installation
from orchestration import progress as steps
from orchestration.cli.inspect import account_table
from orchestration.cli.output import errors, people, table

City = Annotated[
    Path | None, typer.Option("--city", help="folder with connections.toml ($GOVSHARE_CITY, default data/city)")
]


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
    os.environ.update(GOVSHARE_DATA=str(installation.data), GOVSHARE_CITY=str(installation.city))

    from orchestration.definitions import definitions  # Dagster takes a second to import: not for --help
    from orchestration.instance import command_line_instance, run_job

    # dbt's own lines would run through the bars; they stand in its log (data/dbt/logs).
    with command_line_instance(installation) as instance, _Bars() as bars, redirect_stdout(io.StringIO()):
        steps.listen(bars)
        defs = definitions(installation)
        collected = run_job(defs.resolve_job_def("collect"), instance)
        refreshed = run_job(defs.resolve_job_def("refresh"), instance)
        steps.listen(None)
    _summary(installation, bars, time.monotonic() - started)
    if not (collected.success and refreshed.success):
        for note in bars.failures:
            errors.print(f"[bold red]failed:[/] {note}", highlight=False)
        errors.print("Runs and logs: govshare ui")
        raise typer.Exit(1)


def ui(port: int = 3000) -> None:
    """Open Dagster's UI and its daemon (schedules, sensors) on this installation."""
    installation = Installation.from_env()
    from orchestration.instance import dagster_home

    dagster_home(installation)
    os.environ.update(GOVSHARE_DATA=str(installation.data), GOVSHARE_CITY=str(installation.city))
    people.print(f"Dagster: http://127.0.0.1:{port} (Ctrl-C ends it)")
    command = [str(Path(sys.executable).with_name("dagster")), "dev", "-h", "127.0.0.1", "-p", str(port)]
    raise typer.Exit(subprocess.run([*command, "-w", str(PROJECT_ROOT / "workspace.yaml")], check=False).returncode)


class _Bars:
    """A line for each resource, model run and table: rows so far, rate, and how it ended."""

    def __init__(self) -> None:
        self._progress = Progress(
            SpinnerColumn(finished_text="[green]✓[/]"),
            TextColumn("{task.description}", justify="left"),
            BarColumn(bar_width=12),
            TextColumn("{task.fields[rows]}", justify="right"),
            TextColumn("{task.fields[note]}"),
            TimeElapsedColumn(),
            console=people,
        )
        self._tasks: dict[tuple[str, str], TaskID] = {}
        self.notes: dict[tuple[str, str], str] = {}
        self.rows: dict[tuple[str, str], int] = {}
        self.failures: list[str] = []

    def __enter__(self) -> _Bars:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def step(self, stage: str, name: str, *, rows: int | None = None, done: bool = False, note: str = "") -> None:
        key = (stage, name)
        if key not in self._tasks:
            self._tasks[key] = self._progress.add_task(f"{stage} {name}", total=None, rows="", note="")
        task = self._tasks[key]
        if rows is not None:
            self.rows[key] = rows
            elapsed = self._progress.tasks[task].elapsed or 0
            rate = f" {rows / elapsed:,.0f}/s" if elapsed > 0.05 and rows else ""
            self._progress.update(task, rows=f"{rows:,}{rate}")
        if note.startswith("failed"):
            self.failures.append(f"{name}: {note.removeprefix('failed: ')}")
        if done:
            self.notes[key] = note
            self._progress.update(task, total=1, completed=1, note=note.splitlines()[0][:100] if note else "")


def _summary(installation: Installation, bars: _Bars, seconds: float) -> None:
    from publishing.account import account
    from publishing.release import releases

    landed = sum(rows for (stage, _), rows in bars.rows.items() if stage == "collect")
    current = [r for r in releases(installation) if r["current"]]
    if current:
        document = account(installation)
        people.print(account_table(document))
        columns = ["table", "release", "rows", "gate", "published_at"]
        people.print(table("Published", columns, [[r[c] for c in columns] for r in current]))
    new = [name for (stage, name), note in bars.notes.items() if stage == "publish" and note.startswith("release")]
    if landed == 0 and not new and not bars.failures:
        people.print("[bold]Nothing new: no department delivered anything, so nothing was built or published again.[/]")
    else:
        people.print(f"[bold]{landed:,} rows collected, {len(new)} tables published anew, {seconds:.0f} s.[/]")
    people.print(f"Published tables  {installation.published}/<table>/current", highlight=False)
    people.print(f"For analysts      {installation.analyst_database}   (govshare query \"select …\")", highlight=False)
    people.print(f"The gate's report {installation.data_docs}/index.html", highlight=False)
    people.print("Next: govshare account · govshare trace population <number> · make ui", highlight=False)
