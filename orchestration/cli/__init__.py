"""The command line ``govshare``: what a person types instead of opening the UI.

Each command calls a room and shows what it gave; with ``--json`` one document goes to standard output and
nothing else. Commands of the demo city are contributed through the entry point group ``govshare.commands``,
so that nothing here imports it.
"""

from __future__ import annotations

import os
import sys
from importlib.metadata import entry_points

import typer

from catalogue.errors import GovshareError
from orchestration.cli import inspect, run
from orchestration.cli.output import errors

app = typer.Typer(
    name="govshare",
    help="A city's department data: collected, merged, checked, published. Data folder: $GOVSHARE_DATA (data/).",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
for command in (run.run, run.ui, inspect.check, inspect.account, inspect.releases, inspect.query, inspect.trace):
    app.command()(command)
for entry in entry_points(group="govshare.commands"):
    app.command(entry.name)(entry.load())


def main() -> None:
    """Entry point: an error of ours is one readable message and exit code 1, never a traceback."""
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    os.environ.setdefault("DAGSTER_DISABLE_TELEMETRY", "1")
    try:
        app()
    except GovshareError as error:
        errors.print(f"[bold red]govshare:[/] {error}", highlight=False)
        sys.exit(1)
