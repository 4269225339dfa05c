"""``govshare connect``: try a connection, see what is behind it, get the entry for the catalogue."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml  # type: ignore[import-untyped]

from catalogue.errors import GovshareError
from catalogue.installation import Installation
from catalogue.load import load
from connectors.base import ResourceLike
from connectors.connections import Connections
from connectors.entry import entry
from connectors.survey import Survey, survey, tables, undeclared
from orchestration.cli.output import people, print_json
from orchestration.cli.output import table as shown


def connect(
    resource: Annotated[
        str, typer.Argument(metavar="RESOURCE|CONNECTION", help="department.resource, or a connection's name")
    ],
    table: Annotated[str | None, typer.Option(help="a table of the connection, declared or not")] = None,
    schema: Annotated[str | None, typer.Option(help="the schema that the table is in")] = None,
    path: Annotated[str | None, typer.Option(help="files of the connection (pattern), or the interface's path")] = None,
    kind: Annotated[str | None, typer.Option(help="how to read them; found out when not given")] = None,
    option: Annotated[
        list[str] | None,
        typer.Option("--option", "-o", metavar="NAME=VALUE", help="any option of meta.connector, as YAML"),
    ] = None,
    city: Annotated[
        Path | None,
        typer.Option(help="folder with connections.toml ($GOVSHARE_CITY, default data/city)"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON document on standard output")] = False,
) -> None:
    """Test a connection and show the source: its columns, five masked rows, an entry for the catalogue.

    Nothing is landed, and no value can be read: letters, digits and characters are replaced one by one.
    """
    installation = Installation.from_env(city)
    connections = Connections.load(installation)
    given = {"table": table, "schema": schema, "path": path, **_options(option or [])}
    options = {name: value for name, value in given.items() if value is not None}
    started = time.monotonic()
    source: ResourceLike
    if options or kind or resource in connections.entries:
        source = undeclared(connections, resource, options, kind)
        if not options.keys() & {"table", "query", "path"} and source.connector.kind != "http":
            _list_tables(resource, tables(source, connections), as_json)
            return
    else:
        found = load(installation).resources.get(resource)
        if found is None:
            raise GovshareError(
                f"there is no resource and no connection {resource!r}",
                remedy=f"name department.resource or one connection of {', '.join(connections.entries)}",
            )
        source = found
    looked = survey(source, connections)
    seconds = time.monotonic() - started
    if as_json:
        print_json(_document(looked, seconds))
    else:
        _show(looked, seconds)


def _options(given: list[str]) -> Mapping[str, Any]:
    """``records=data.rows`` as an option; values are read as YAML, so that numbers and lists can be given."""
    options = {}
    for pair in given:
        name, sign, value = pair.partition("=")
        try:
            options[name] = yaml.safe_load(value)
        except yaml.YAMLError:
            sign = ""
        if not sign:
            raise GovshareError(f"--option {pair!r} is no NAME=VALUE", remedy="write it as -o records=data.rows")
    return options


def _list_tables(connection: str, names: tuple[str, ...], as_json: bool) -> None:
    if as_json:
        print_json({"connection": connection, "tables": names})
        return
    people.print(f"[green]✓[/] connection {connection} answers, {len(names)} tables and views", highlight=False)
    people.print(shown("", ["table"], [[name] for name in names]))
    if names:
        *_, name = names[0].rpartition(".")
        people.print(f"Next: govshare connect {connection} --table {name}", highlight=False)


def _document(looked: Survey, seconds: float) -> dict[str, Any]:
    spec = looked.resource.connector
    return {
        "resource": looked.resource.id,
        "connection": spec.connection,
        "kind": spec.kind,
        "seconds": round(seconds, 3),
        "comment": looked.comment,
        "columns": [asdict(column) for column in looked.columns],
        "rows": list(looked.rows),
        "drift": looked.drift,
        "entry": entry(looked),
    }


def _show(looked: Survey, seconds: float) -> None:
    spec = looked.resource.connector
    people.print(f"[green]✓[/] connection {spec.connection} answers ({seconds:.1f} s)", highlight=False)
    columns = ["column", "type", "source's type", "lands as", "key", "sensitivity", "comment"]
    people.print(
        shown(
            f"{looked.resource.title}: {len(looked.columns)} columns",
            columns,
            [
                [c.name, c.type, c.declared, c.landed, "key" if c.key else "", c.sensitivity, c.comment]
                for c in looked.columns
            ],
        )
    )
    if looked.drift:
        people.print(f"[yellow]not as declared:[/] {looked.drift}", highlight=False)
    names = [column.name for column in looked.columns]
    people.print(shown("The first rows, masked", names, [[row.get(name) for name in names] for row in looked.rows]))
    people.print("For sources/<department>.yml under `tables:` (what is 待填, `govshare check` asks for):\n")
    people.print(entry(looked), highlight=False, markup=False, soft_wrap=True)
