"""Commands that look and change nothing: check, account, releases, trace."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import typer

from catalogue.installation import Installation
from orchestration.cli.output import Json, errors, people, print_json, table

REASONS_SHOWN = 4  # of a resource; --json has all


def check(as_json: Json = False) -> None:
    """Validate every catalogue entry against the compilation guide; tells all errors at once."""
    from catalogue.check import check as check_catalogue

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
    """Show where every row went.

    delivered = landed + left out; landed = merged + superseded + duplicate + set aside.
    """
    from orchestration.held import read as read_held
    from publishing.account import account as read_account

    installation = Installation.from_env()
    document = read_account(installation)
    held = {resource: entry.sentence(resource) for resource, entry in read_held(installation).items()}
    if as_json:
        print_json({**document, "held": held})
    else:
        people.print(account_table(document))
        for resource, words in held.items():
            people.print(f"[bold yellow]{resource}[/] ", end="")
            people.print(words, highlight=False, markup=False)
    if not document["balanced"]:
        errors.print("[bold red]The account does not balance.[/] A row without a reason is a bug in govshare.")
        raise typer.Exit(1)


def account_table(document: dict[str, Any]) -> object:
    """The account as people read it: a line a resource, the commonest reasons beside it, the sum below."""
    counts = ("delivered", "left_out", "landed", "merged", "superseded", "duplicate", "set_aside")
    columns = ["resource", *(c.replace("_", " ") for c in counts), "reasons (a row may have several)"]
    rows = [[r["resource"], *(r[c] for c in counts), _remarks(r)] for r in document["resources"]]
    total = ["all", *(sum(r[c] for r in document["resources"]) for c in counts), ""]
    title = "delivered = landed + left out; landed = merged + superseded + duplicate + set aside"
    return table(title, columns, rows, total)


def _remarks(entry: dict[str, Any]) -> str:
    kinds = ", ".join(f"{what} {n:,}" for what, n in entry["left_out_kinds"].items())
    return "; ".join(filter(None, [kinds and f"left out: {kinds}", _reasons(entry["reasons"])]))


def _reasons(reasons: dict[str, int]) -> str:
    commonest = sorted(reasons.items(), key=lambda pair: (-pair[1], pair[0]))
    more = [f"and {len(commonest) - REASONS_SHOWN} more"] if len(commonest) > REASONS_SHOWN else []
    return ", ".join([f"{rule} {n:,}" for rule, n in commonest[:REASONS_SHOWN]] + more)


def releases(as_json: Json = False) -> None:
    """List the releases of every published table; the current one is what everybody reads."""
    from publishing.release import releases as list_releases

    found = list_releases(Installation.from_env())
    if as_json:
        print_json(found)
        return
    if not found:
        people.print("Nothing has been published yet. Remedy: govshare run")
        return
    columns = ["table", "release", "current", "rows", "published_at", "gate", "held"]
    people.print(table("Releases", columns, [[r[c] for c in columns] for r in found]))


def trace(
    table_name: Annotated[str, typer.Argument(metavar="TABLE", help="population, legal_entity, certificate")],
    key: Annotated[str, typer.Argument(help="the entity's key, e.g. a 公民身份号码 or 统一社会信用代码")],
    attribute: Annotated[str | None, typer.Argument(help="one attribute; all when left out")] = None,
    as_json: Json = False,
) -> None:
    """Show which department, resource, batch and row supplied a value, what others said, and what it was before."""
    from publishing.trace import trace as trace_entity

    found = trace_entity(Installation.from_env(), table_name, key, attribute)
    if as_json:
        print_json(found)
        return
    if found["retired"]:
        successor = found["successor"] or "not known"
        people.print(f"{table_name} {key} is retired since {_minute(found['retired'])}. Successor: {successor}")
    columns = ["attribute", "value", "resource", "batch", "row", "confidence", "the others said"]
    rows = [
        [
            a["attribute"], _value(a["value"]), a.get("resource"), a.get("batch"), a.get("row"), a.get("confidence"),
            "; ".join(f"{o['resource']} {o['batch']}/{o['row']}: {o['value']}" for o in a.get("others", [])),
        ]
        for a in found["attributes"]
    ]  # fmt: skip
    if rows:
        people.print(table(f"{table_name} {key}, release {found['release']}", columns, rows))
    if found["history"]:
        columns = ["attribute", "former value", "recorded from", "to", "valid from", "to", "resource"]
        rows = [
            [
                h["attribute"],
                _value(h["value"]),
                _minute(h["recorded_from"]),
                _minute(h["recorded_to"]),
                _value(h["valid_from"]),
                _value(h["valid_to"]),
                h.get("resource"),
            ]
            for h in found["history"]
        ]
        people.print(
            table(
                "What it said before (a dash: since the first build; valid, but no register says when)", columns, rows
            )
        )
    if not found["sources"]:
        return
    columns = ["department", "resource", "batch", "row", "file", "line", "the row as it was delivered"]
    rows = [[*(s[c] for c in columns[:-1]), _record(s)] for s in found["sources"]]
    people.print(table("Where it came from", columns, rows))


def _value(value: Any) -> str | None:
    return None if value is None else str(value)


def _minute(moment: datetime | None) -> str | None:
    return moment.astimezone().isoformat(" ", "seconds") if moment else None


def _record(source: dict[str, Any]) -> str:
    if source["damaged"]:
        return f"not shown, for the batch is damaged: {source['damaged']}. Remedy: restore it from a backup"
    return ", ".join(f"{name} {value}" for name, value in source["record"].items())
