"""What linking left to a clerk (待核链接): the open claims of the current release, and taking down what is decided.

A claim and an entity are called by the beginning of a hash, so that a list can be shown and copied from without showing
anybody's number; the keys themselves are understood as well. The decision is obeyed by the next build.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import duckdb

from catalogue.errors import GovshareError
from catalogue.installation import Installation
from catalogue.secret import Secret
from linking import decisions
from publishing.released import parquet_files, release_of
from publishing.sql import quoted

HANDLE = 12  # hexadecimal digits: enough to tell a city's people apart
NUMBER = {"population": "id_number", "legal_entity": "credit_code"}
COLUMNS = ("table_name", "claim_key", "resource", "batch", "row", "role", "rule", "candidates")


class ReviewError(GovshareError):
    """A decision that cannot be taken down."""


def handle(installation: Installation, key: str) -> str:
    """What a claim or an entity is called in a list. By the installation's secret, or its number could be tried out."""
    return Secret.of(installation).hash(key)[:HANDLE]


def open_claims(installation: Installation) -> list[dict[str, Any]]:
    """The claims of the release's ``review``, each with its ``candidates`` (entity_id, probability, reason) and with
    what has been ``decided`` of it since (entity_id, verdict, by, at): that counts from the next build on."""
    decided: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for table, entity in decisions.ENTITY.items():
        for decision in decisions.read(installation.data, table):
            said = {"entity_id": decision[entity], **{name: decision[name] for name in ("verdict", "by", "at")}}
            decided.setdefault((table, decision["claim_key"]), []).append(said)
    manifest = release_of(installation, "review")
    columns = ", ".join(quoted(name) for name in COLUMNS)
    with duckdb.connect() as connection:
        rows = connection.execute(
            f"select {columns} from read_parquet(?) order by table_name, claim_key",
            [parquet_files(manifest)],
        ).fetchall()
    claims = [dict(zip(COLUMNS, row, strict=True)) for row in rows]
    return [{**claim, "decided": decided.get((claim["table_name"], claim["claim_key"]), [])} for claim in claims]


def decide(installation: Installation, claim: str, verdict: str, entity: str | None, by: str) -> dict[str, Any]:
    """Take down that ``claim`` means this person or legal entity (``same``), does not (``different``), or means none
    that is known (``different`` without one). Gives the decision."""
    if verdict not in (decisions.SAME, decisions.DIFFERENT):
        raise ReviewError(f"{verdict!r} is no verdict", remedy="same or different")
    if verdict == decisions.SAME and not entity:
        raise ReviewError(
            "same as whom?", remedy="name one of the claim's candidates, or an identity number or credit code"
        )
    if not by.strip():
        raise ReviewError("nobody decides", remedy="--by NAME says who is answerable")
    found = _claim(installation, claim)
    decision = {
        "claim_key": found["claim_key"],
        "entity_id": _entity(installation, found, entity) if entity else None,
        "verdict": verdict,
        "by": by.strip(),
        "at": datetime.now(UTC).replace(tzinfo=None),
    }
    decisions.append(installation.data, **decision, table=found["table_name"])
    return decision


def _claim(installation: Installation, called: str) -> dict[str, Any]:
    found = [c for c in open_claims(installation) if called in (c["claim_key"], handle(installation, c["claim_key"]))]
    if not found:
        raise ReviewError(
            "no claim of this name waits for a decision",
            where="review",
            remedy="govshare review lists those that do; a claim leaves the list with the run after its decision",
        )
    return found[0]


def _entity(installation: Installation, claim: dict[str, Any], called: str) -> str:
    """The person or legal entity of this name: one of the claim's candidates, or any that is known by its number."""
    for candidate in claim["candidates"]:
        if called in (candidate["entity_id"], handle(installation, candidate["entity_id"])):
            return str(candidate["entity_id"])
    table = release_of(installation, claim["table_name"])
    key, number = table["primary_key"][0], NUMBER[claim["table_name"]]
    with duckdb.connect() as connection:
        found = connection.execute(
            f"select {quoted(key)} from read_parquet(?) where {quoted(number)} = upper(trim(?))",
            [parquet_files(table), called],
        ).fetchall()
    if not found:
        raise ReviewError(
            f"nothing in {table['table']} is known by this number, and no candidate of the claim is called so",
            where=table["table"],
            remedy="take a candidate's name from govshare review, or check the number with govshare trace",
        )
    return str(found[0][0])
