"""``govshare score``: what was published, measured against the truth of the simulated city.

Only what a person says and sees; the measuring is done in ``scoring``. The exit code is 1 when a person
with a usable number was lost or split, 2 when there is nothing to measure.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from catalogue.installation import Installation
from demo_city.scoring import NothingToScore, Scoring, share
from demo_city.standard import KEYS
from orchestration.cli.output import errors, people, print_json, table


def score(
    city: Annotated[Path | None, typer.Option(help="the demo city (default: the installation's)")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON document instead of tables")] = False,
) -> None:
    """Compare the published tables with the truth of the demo city."""
    installation = Installation.from_env(city)
    published = {name: installation.published / name / "current" for name in (*KEYS, "disposition")}
    try:
        document = Scoring(installation.city / "truth", published).document()
    except NothingToScore as reason:
        errors.print(f"[red]Nothing to score:[/red] {escape(str(reason))}", highlight=False)
        raise typer.Exit(2) from None
    if as_json:
        print_json(document)
    else:
        _show(document)
    found = document["people"]["entities"]
    if found["lost"] or found["split"]:
        errors.print(f"[red]{found['lost']:,} persons lost, {found['split']:,} split.[/red]")
        raise typer.Exit(1)


def _show(document: dict[str, Any]) -> None:
    persons, entities, certificates = (document[name] for name in ("people", "legal_entities", "certificates"))
    listed = [
        _record_row("persons, usable number", persons["usable_number"]),
        _record_row("persons, no usable number", persons["without_number"]),
        _record_row("legal entities, usable code", entities["usable_code"]),
        _record_row("legal entities, old number", entities["old_number"]),
        _record_row("legal entities, no code", entities["without_code"]),
        _record_row("certificates", certificates),
    ]
    people.print(table("Records put to the right entity", ["", "records", "linked", "right", "right %"], listed))
    listed = [(name, *part["entities"].values()) for name, part in (("persons", persons), ("legal entities", entities))]
    people.print(table("Entities", ["", "true", "found", "lost", "split", "false"], listed))
    for title, part in (("persons", persons), ("legal entities", entities), ("certificates", certificates)):
        listed = [
            (name, m["values"], m["right"], share(m), m["missing"], m["invented"])
            for name, m in part["by_attribute"].items()
        ]
        whole = part["attributes"]
        listed.append(("all", whole["values"], whole["right"], share(whole), None, None))
        columns = ["attribute", "told by someone", "right", "right %", "missing", "invented"]
        people.print(table(f"Values of {title}", columns, listed))
    listed = [
        (r["defect"], r["values"], r["published"], r["right"], bar(r["right"], r["published"]))
        for r in document["spoiled_values"]
    ]
    people.print(table("Spoiled values", ["defect", "values", "published from there", "right", ""], listed))
    listed = [
        (r["table_name"], r["defect"], r["records"], r["linked"], r["right"], bar(r["right"], r["records"]))
        for r in document["by_defect"]
    ]
    people.print(table("Records by defect of the number", ["", "defect", "records", "linked", "right", ""], listed))


def bar(right: int, whole: int, width: int = 20) -> str:
    """The share that is right, drawn; full only when nothing is wrong."""
    filled = right * width // whole if whole else 0
    return "█" * filled + "░" * (width - filled) if whole else ""


def _record_row(name: str, measured: dict[str, int]) -> tuple[Any, ...]:
    whole = {"values": measured["records"], "right": measured["right"]}
    return name, measured["records"], measured.get("linked"), measured["right"], share(whole)
