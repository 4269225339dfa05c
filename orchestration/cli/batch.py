"""``govshare batch``: what has landed of a resource, batch by batch; taking one out, and putting it back."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from catalogue.installation import Installation
from catalogue.load import load
from catalogue.model import Resource
from connectors import withdrawal
from connectors.alone import alone
from connectors.base import CollectError
from connectors.landing import ensure_empty
from connectors.manifest import DamagedBatch, Manifest, batches
from orchestration.cli.collect import chosen
from orchestration.cli.output import Json, people, print_json, table

batch = typer.Typer(name="batch", add_completion=False, pretty_exceptions_enable=False, no_args_is_help=True)
Name = Annotated[str, typer.Argument(metavar="RESOURCE", help="department.resource")]
Number = Annotated[str, typer.Argument(metavar="BATCH", help="its number, as 000007")]
Why = Annotated[str, typer.Option(help="what others shall know who find it gone, or back")]


@batch.command("list")
def listed(resource: Name, as_json: Json = False) -> None:
    """The batches of a resource: those that builds read, those that are damaged, those that were withdrawn."""
    installation = Installation.from_env()
    found = _resource(installation, resource)
    documents = [_document(entry) for entry in batches(installation, found.id)]
    out = [_withdrawn(entry) for entry in withdrawal.withdrawn(installation, found.id)]
    if as_json:
        print_json({"resource": found.id, "batches": documents, "withdrawn": out})
        return
    columns = ["batch", "state", "mode", "read", "rows", "deletes", "files", "landed", "remarks"]
    rows = [[document.get(name) for name in columns] for document in sorted([*documents, *out], key=_by_number)]
    people.print(table(found.id, columns, rows))
    landed, kept = (sum(entry.get("rows") or 0 for entry in entries) for entries in (documents, out))
    people.print(f"{landed:,} rows are read by builds, {kept:,} are withdrawn.", highlight=False)


@batch.command()
def withdraw(
    resource: Name,
    number: Number,
    why: Why,
    hold: Annotated[
        bool, typer.Option("--hold", help="do not take its files again, though they still lie there")
    ] = False,
) -> None:
    """Take a batch out: builds leave it alone from the next one on. It is kept beside and can be put back."""
    installation = Installation.from_env()
    found = _resource(installation, resource)
    with alone(installation, found.connector.connection):
        taken_out = withdrawal.withdraw(installation, found.id, number, why, hold=hold)
        _ensure_empty(installation, found)
    people.print(f"Batch {number} of {found.id} is withdrawn and kept in {taken_out.path}.", highlight=False)
    for words in _consequences(installation, found, taken_out):
        people.print(words, highlight=False)


@batch.command()
def restore(resource: Name, number: Number, why: Why) -> None:
    """Put a withdrawn batch back into its place; the next build reads it."""
    installation = Installation.from_env()
    found = _resource(installation, resource)
    with alone(installation, found.connector.connection):
        withdrawal.restore(installation, found.id, number, why)
        _ensure_empty(installation, found)
    people.print(f"Batch {number} of {found.id} is back. The next build is a full one: govshare run", highlight=False)


def _resource(installation: Installation, name: str) -> Resource:
    found = chosen(load(installation), [name])
    if len(found) != 1:
        raise CollectError(f"{name!r} is a department", remedy="name one resource, as department.resource")
    return found[0]


def _ensure_empty(installation: Installation, resource: Resource) -> None:
    try:
        ensure_empty(installation, resource)
    except DamagedBatch as error:  # another one; it is told, and does not undo what was done
        people.print(str(error), highlight=False, markup=False)


def _consequences(installation: Installation, resource: Resource, taken_out: withdrawal.Withdrawn) -> list[str]:
    words = ["The next build is a full one: govshare run"]
    manifest = taken_out.manifest
    if manifest is None:
        return words
    if manifest.files:
        words.append(
            f"Its files are held: only `govshare collect {resource.id} --again` takes them, or the batch is restored."
            if taken_out.held
            else "Its files count as not taken: what still lies at the source, the next collection takes again "
            "(--hold keeps it out)."
        )
    if manifest.watermark:
        left = [entry for entry in batches(installation, resource.id) if isinstance(entry, Manifest)]
        before = next((entry.watermark for entry in reversed(left) if entry.watermark), None)
        high = before.high if before and before.high else "the beginning"
        words.append(f"The next collection reads from {manifest.watermark.column} = {high} on.")
    if manifest.replaces:
        words.append(
            f"It had taken the place of {', '.join(manifest.replaces)}, which stay withdrawn: `govshare batch restore` "
            "brings them back."
        )
    return words


def _document(entry: Manifest | DamagedBatch) -> dict[str, Any]:
    if isinstance(entry, DamagedBatch):
        return {"batch": entry.batch, "state": "damaged", "remarks": entry.what}
    return {"state": "landed", **_facts(entry)}


def _facts(manifest: Manifest) -> dict[str, Any]:
    return {
        "batch": manifest.batch,
        "mode": manifest.mode,
        "read": manifest.read,
        "rows": manifest.rows,
        "deletes": manifest.deletes,
        "files": ", ".join(file.name for file in manifest.files[:3]) + (" …" if len(manifest.files) > 3 else ""),
        "landed": manifest.finished[:19],
    }


def _withdrawn(entry: withdrawal.Withdrawn) -> dict[str, Any]:
    facts = _facts(entry.manifest) if entry.manifest else {"batch": entry.batch}
    held = ", held" if entry.held else ""
    remarks = f"{entry.at} {entry.who}: {entry.why}"
    return {
        **facts,
        "state": f"withdrawn{held}",
        "remarks": remarks,
        "why": entry.why,
        "who": entry.who,
        "at": entry.at,
    }


def _by_number(document: dict[str, Any]) -> str:
    return str(document["batch"])
