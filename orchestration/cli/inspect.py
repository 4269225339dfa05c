"""Commands that look and change nothing: check, account, releases, query, trace."""

from __future__ import annotations

from typing import Annotated

import typer

from catalogue.check import check as check_catalogue
from catalogue.installation import Installation
from orchestration.cli.output import errors, people, print_json, table

Json = Annotated[bool, typer.Option("--json", help="one JSON document on standard output")]


def check(as_json: Json = False) -> None:
    """Validate every catalogue entry against the compilation guide; tells all errors at once."""
    problems = check_catalogue(Installation.from_env())
    if as_json:
        print_json([problem.as_dict() for problem in problems])
    elif problems:
        columns = ["severity", "file", "entry", "rule", "what is wrong", "remedy"]
        rows = [[p.severity, p.place, p.entry, p.rule, p.message, p.remedy] for p in problems]
        people.print(table(f"{len(problems)} remarks on the catalogue", columns, rows))
    else:
        people.print("[green]The catalogue is in order.[/]")
    if any(problem.severity == "error" for problem in problems):
        raise typer.Exit(1)


def account(as_json: Json = False) -> None:
    """Show that every landed row went somewhere: landed = merged + superseded + duplicate + set aside."""
    from publishing.account import account as read_account

    document = read_account(Installation.from_env())
    if as_json:
        print_json(document)
    else:
        people.print(account_table(document))
    if not document["balanced"]:
        errors.print("[bold red]The account does not balance.[/] A row without a reason is a bug in govshare.")
        raise typer.Exit(1)


def account_table(document: dict) -> object:
    """The account as people read it: a line a resource, the commonest reasons beside it."""
    columns = ["resource", "landed", "merged", "superseded", "duplicate", "set aside", "reasons"]
    rows = [
        [
            *(r[c] for c in ("resource", "landed", "merged", "superseded", "duplicate", "set_aside")),
            ", ".join(f"{rule} {n:,}" for rule, n in sorted(r["reasons"].items(), key=lambda x: -x[1])),
        ]
        for r in document["resources"]
    ]
    return table("landed = merged + superseded + duplicate + set aside", columns, rows)


def releases(as_json: Json = False) -> None:
    """List the releases of every published table; the current one is what everybody reads."""
    from publishing.release import releases as list_releases

    found = list_releases(Installation.from_env())
    if as_json:
        print_json(found)
        return
    columns = ["table", "release", "current", "rows", "published_at", "gate"]
    people.print(table("Releases", columns, [[r[c] for c in columns] for r in found]))


def query(sql: str, as_json: Json = False) -> None:
    """Run SQL over the analysts' database (read only, never locked by a run)."""
    from publishing.query import query as run_query

    columns, rows = run_query(Installation.from_env(), sql)
    if as_json:
        print_json([dict(zip(columns, row, strict=True)) for row in rows])
    else:
        people.print(table("", columns, rows))


def trace(
    table_name: Annotated[str, typer.Argument(metavar="TABLE", help="population, legal_entity, certificate")],
    key: Annotated[str, typer.Argument(help="the entity's key, e.g. a 公民身份号码 or 统一社会信用代码")],
    attribute: Annotated[str | None, typer.Argument(help="one attribute; all when left out")] = None,
    as_json: Json = False,
) -> None:
    """Show which department, resource, batch and row supplied a value, and what the others said."""
    from publishing.trace import trace as trace_entity

    found = trace_entity(Installation.from_env(), table_name, key, attribute)
    if as_json:
        print_json(found)
        return
    columns = ["attribute", "value", "department", "resource", "batch", "row", "the others said"]
    rows = [
        [
            a["attribute"], str(a["value"]), a.get("department"), a.get("resource"), a.get("batch"), a.get("row"),
            "; ".join(f"{o['resource']} {o['batch']}/{o['row']}: {o['value']}" for o in a.get("others", [])),
        ]
        for a in found["attributes"]
    ]  # fmt: skip
    people.print(table(f"{table_name} {key}, release {found['release']}", columns, rows))
