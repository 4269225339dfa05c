"""``govshare review``: what linking left to a clerk, and taking down what the clerk decides."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from catalogue.installation import Installation
from orchestration.cli.output import Json, people, print_json, table

SHOWN = 50  # claims; more than a clerk does in a sitting
OF_CLAIM = ("claim", "resource", "batch", "row", "role", "record", "rule")
review = typer.Typer(name="review", add_completion=False, pretty_exceptions_enable=False)


@review.callback(invoke_without_command=True)
def listed(
    context: typer.Context,
    everything: Annotated[bool, typer.Option("--all", help=f"show every claim, not the first {SHOWN}")] = False,
    as_json: Json = False,
) -> None:
    """List the claims that wait for a clerk's decision, with those whom each may mean and why.

    Nothing personal is shown: keys are masked, claims and candidates have names (hashes) to be called by. What the
    records say: govshare query "select * from review", govshare trace population NUMBER.
    """
    if context.invoked_subcommand:
        return
    from publishing.review import open_claims

    installation = Installation.from_env()
    claims = [_shown(installation, claim) for claim in open_claims(installation)]
    if as_json:
        print_json(claims)
        return
    if not claims:
        people.print("[green]Nothing waits for a clerk.[/]")
        return
    more = f", the first {SHOWN} (all: --all)" if len(claims) > SHOWN and not everything else ""
    rows = [
        [
            *([claim[name] if number == 0 else None for name in OF_CLAIM]),
            candidate.get("candidate"), candidate.get("probability"), candidate.get("reason"),
            "; ".join(claim["decided"]) if number == 0 else None,
        ]
        for claim in (claims if everything else claims[:SHOWN])
        for number, candidate in enumerate(claim["candidates"] or [{}])
    ]  # fmt: skip
    columns = [*OF_CLAIM, "candidate", "probability", "why", "decided"]
    people.print(table(f"{len(claims)} claims wait for a clerk{more}", columns, rows))
    people.print(
        "Next: govshare review decide CLAIM same CANDIDATE (or different [CANDIDATE]) --by NAME, then govshare run",
        highlight=False,
        markup=False,
    )


@review.command()
def decide(
    claim: Annotated[str, typer.Argument(metavar="CLAIM_KEY", help="the claim's name in the list, or its key")],
    verdict: Annotated[str, typer.Argument(metavar="same|different", help="whether it means this entity")],
    entity: Annotated[
        str | None,
        typer.Argument(
            metavar="ENTITY", help="a candidate's name, an identity number or credit code; different without: none"
        ),
    ] = None,
    by: Annotated[str, typer.Option(help="who decides and is answerable for it")] = "",
    as_json: Json = False,
) -> None:
    """Decide whom a claim means. The next run obeys, and every run after it."""
    from publishing.review import decide as take_down
    from publishing.review import handle

    installation = Installation.from_env()
    taken = take_down(installation, claim, verdict, entity, by)
    said = {
        "claim": handle(installation, taken["claim_key"]),
        "candidate": handle(installation, taken["entity_id"]) if taken["entity_id"] else None,
        **{name: taken[name] for name in ("verdict", "by", "at")},
    }
    if as_json:
        print_json(said)
    else:
        whom = f"{taken['verdict']} {said['candidate'] or 'from all that are known'}"
        people.print(f"Taken down: claim {said['claim']} is {whom}. Next: govshare run", highlight=False, markup=False)


def _shown(installation: Installation, claim: dict[str, Any]) -> dict[str, Any]:
    """A claim as it may be shown to whoever looks over the shoulder."""
    from connectors.survey import masked
    from publishing.review import handle

    key = claim["claim_key"].removeprefix(f"{claim['resource']}|").removesuffix(f"|{claim['role']}")
    return {
        "claim": handle(installation, claim["claim_key"]),
        **{name: claim[name] for name in ("table_name", "resource", "batch", "row", "role", "rule")},
        "record": masked(key),
        "candidates": [
            {
                "candidate": handle(installation, candidate["entity_id"]),
                "number": masked(candidate["entity_id"]),
                "probability": candidate["probability"] and round(candidate["probability"], 4),
                "reason": candidate["reason"],
            }
            for candidate in claim["candidates"]
        ],
        "decided": [
            " ".join(
                filter(None, [d["verdict"], d["entity_id"] and handle(installation, d["entity_id"]), f"({d['by']})"])
            )
            for d in claim["decided"]
        ],
    }
