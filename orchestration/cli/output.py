"""How commands speak: tables and messages for people, one JSON document for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

# Into a file or a pipe nobody can widen the window: tables get the room that they need.
people = Console(file=sys.stdout, width=None if sys.stdout.isatty() else 160)
errors = Console(stderr=True, width=None if sys.stderr.isatty() else 160, soft_wrap=True)
Json = Annotated[bool, typer.Option("--json", help="one JSON document on standard output")]


def print_json(document: Any) -> None:
    """One document to standard output; dates and decimals as text."""
    print(json.dumps(document, ensure_ascii=False, default=str))


def table(
    title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]], total: Sequence[Any] | None = None
) -> Table:
    """Numbers to the right with thousands separators, all else to the left; an empty value is a dash.
    ``total`` is a last row apart from the others."""
    made = Table(title=title, title_justify="left", header_style="bold")
    listed = [list(row) for row in rows]
    for index, column in enumerate(columns):
        numeric = bool(listed) and all(isinstance(row[index], int | float | None) for row in listed)
        made.add_column(escape(column), justify="right" if numeric else "left", overflow="fold")
    for row in listed:
        made.add_row(*(_text(value) for value in row))
    if total and listed:
        made.add_section()
        made.add_row(*(_text(value) if value != "" else "" for value in total), style="bold")
    return made


def _text(value: Any) -> str:
    if value is None or value == "":
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    return escape(str(value))  # [brackets] in data are no markup
