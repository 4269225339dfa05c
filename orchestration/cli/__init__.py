"""The command line ``govshare``: what a person types instead of opening the UI.

Each command calls a room and shows what it gave; with ``--json`` one document goes to standard output and
nothing else. A command is imported when it is asked for: to look something up must not cost the import of
Dagster. Commands of the demo city are contributed through the entry point group ``govshare.commands``, so
that nothing here imports it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from functools import partial
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

import typer
from typer.core import TyperGroup

from catalogue import private
from catalogue.errors import GovshareError

COMMANDS = {  # in the order of a day's work: name → module, function
    "run": ("orchestration.cli.run", "run"),
    "ui": ("orchestration.cli.ui", "ui"),
    "check": ("orchestration.cli.inspect", "check"),
    "connect": ("orchestration.cli.connect", "connect"),
    "collect": ("orchestration.cli.collect", "collect"),
    "batch": ("orchestration.cli.batch", "batch"),
    "account": ("orchestration.cli.inspect", "account"),
    "releases": ("orchestration.cli.inspect", "releases"),
    "verify": ("orchestration.cli.trust", "verify"),
    "rollback": ("orchestration.cli.trust", "rollback"),
    "resume": ("orchestration.cli.trust", "resume"),
    "query": ("orchestration.cli.query", "query"),
    "trace": ("orchestration.cli.inspect", "trace"),
    "review": ("orchestration.cli.review", "review"),
}
INTERRUPTED = 130


def _commands() -> dict[str, Callable[[], Callable[..., Any]]]:
    """Name → what imports the command's function."""
    found: dict[str, Callable[[], Callable[..., Any]]] = {
        name: partial(_function, module, function) for name, (module, function) in COMMANDS.items()
    }
    return found | {entry.name: entry.load for entry in entry_points(group="govshare.commands")}


def _function(module: str, name: str) -> Callable[..., Any]:
    found: Callable[..., Any] = getattr(import_module(module), name)
    return found


class _WhenAsked(TyperGroup):
    """A group whose commands are imported when they are called, or listed by ``--help``."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(_commands())

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        load = _commands().get(cmd_name)
        if load is None:
            return None
        command = load()
        if isinstance(command, typer.Typer):  # a command with commands of its own
            return typer.main.get_command(command)
        alone = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
        alone.command(cmd_name)(command)
        return typer.main.get_command(alone)

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            _say("interrupted. What was committed stays, and the next call goes on from there.")
            raise typer.Exit(INTERRUPTED) from None


app = typer.Typer(
    name="govshare",
    cls=_WhenAsked,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)


@app.callback()
def govshare() -> None:
    """A city's department data: collected, merged, checked, published.

    The data folder is $GOVSHARE_DATA (default data/), the folder with connections.toml $GOVSHARE_CITY
    (default data/city).
    """


def main() -> None:
    """Entry point: what went wrong is one readable message and exit code 1 (wrong usage: 2), never a
    traceback."""
    private.begin()
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    os.environ.setdefault("DAGSTER_DISABLE_TELEMETRY", "1")
    try:
        app()
    except GovshareError as error:
        _say(str(error))
        sys.exit(1)
    except BrokenPipeError:  # the reader (head, less) has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except Exception as error:
        if os.environ.get("GOVSHARE_DEBUG"):
            raise
        from orchestration.failures import told

        _say(f"{told(error)}. GOVSHARE_DEBUG=1 shows what it said, which may quote the data, and where it came from.")
        sys.exit(1)


def _say(words: str) -> None:
    from orchestration.cli.output import errors

    errors.print("[bold red]govshare:[/] ", end="")
    errors.print(words, highlight=False, markup=False)
