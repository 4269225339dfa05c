"""What govshare itself needs of a resource's entry: how it is collected, and of what its rows speak."""

from __future__ import annotations

from collections.abc import Iterator

from catalogue.connector_options import known_options, wrong_options
from catalogue.model import Catalogue, Resource
from catalogue.names import as_engine
from catalogue.problems import Problem
from catalogue.rules.words import close_to, of_resource, one_of
from catalogue.vocabulary import (
    CONNECTOR_KINDS,
    CONNECTOR_MODES,
    CONTRACTS,
    FILE_KINDS,
    OWN_ENDINGS,
)


def resource_rules(resource: Resource, catalogue: Catalogue) -> Iterator[Problem]:
    """All that collecting and merging need of one resource."""
    yield from _connector(resource)
    yield from _names(resource)
    yield from _delivered(resource)
    yield from _watermark(resource)
    yield from _claims(resource, catalogue)
    yield from _references(resource, catalogue)


def _connector(resource: Resource) -> Iterator[Problem]:
    connector, names = resource.connector, resource.item_names
    if resource.contract not in CONTRACTS:
        yield of_resource(resource, "contract", f"contract is {resource.contract}", one_of(CONTRACTS), "contract")
    if not connector.kind:
        return
    if connector.kind not in CONNECTOR_KINDS:
        yield of_resource(
            resource, "connector",
            f"connector.kind is {connector.kind}{close_to(connector.kind, list(CONNECTOR_KINDS))}",
            one_of(list(CONNECTOR_KINDS)), "connector", "kind",
        )  # fmt: skip
    needs = CONNECTOR_KINDS.get(connector.kind, ())
    if needs and not any(connector.options.get(name) for name in needs):
        yield of_resource(
            resource, "connector", f"a {connector.kind} connector without {' or '.join(needs)}",
            f"add connector.{needs[0]}", "connector",
        )  # fmt: skip
    known = known_options(connector.kind)
    for name in connector.options if known else ():
        if name not in known:
            words = ("connection", "key", "watermark", "mode", *known)
            yield of_resource(
                resource, "unknown_entry", f"nobody reads connector.{name}{close_to(name, words)}",
                "correct its spelling or remove it; known are " + ", ".join(words), "connector", name, severity="warn",
            )  # fmt: skip
    for name, message in wrong_options(connector.kind, connector.options):
        yield of_resource(
            resource, "connector", f"connector.{name}: {message}", f"correct connector.{name}", "connector", name
        )
    if not connector.connection:
        yield of_resource(
            resource, "connector", "connector.connection is missing",
            "name an entry of connections.toml", "connector",
        )  # fmt: skip
    if connector.mode not in CONNECTOR_MODES:
        yield of_resource(
            resource,
            "connector",
            f"connector.mode is {connector.mode}",
            one_of(CONNECTOR_MODES),
            "connector",
            "mode",
        )
    if connector.mode in ("incremental", "changes") and not connector.watermark:
        yield of_resource(
            resource, "watermark", f"{connector.mode} without a watermark",
            "add connector.watermark: the column that grows with each change; or mode: full", "connector",
        )  # fmt: skip
    if not connector.key:
        yield of_resource(
            resource,
            "key",
            "no key is declared",
            "add connector.key: the items that name a record",
            "connector",
        )
    for name in connector.key:
        if name not in names:
            yield of_resource(
                resource, "key", f"the key {name} is no item{close_to(name, names)}",
                "declare the item under columns, or correct connector.key", "connector", "key",
            )  # fmt: skip
    # A change table's sequence belongs to the table of changes and is no item of the record.
    if connector.watermark and connector.mode != "changes" and connector.watermark not in names:
        yield of_resource(
            resource, "watermark",
            f"the watermark {connector.watermark} is no item{close_to(connector.watermark, names)}",
            "declare the item under columns, or correct connector.watermark", "connector", "watermark",
        )  # fmt: skip


def _names(resource: Resource) -> Iterator[Problem]:
    """Items that an engine cannot tell apart, from each other or from govshare's own columns."""
    seen: dict[str, str] = {}
    for name in resource.item_names:
        alike = as_engine(name)
        ended = next((ending for ending in OWN_ENDINGS if alike.endswith(ending)), None)
        if ended and name[: -len(ended)] in resource.item_names:
            yield of_resource(
                resource, "item_collision", f"the item {name} has the name of a column of govshare's own",
                "give it another name, through `query` or the names that meta.connector gives to columns", item=name,
            )  # fmt: skip
        elif alike in seen:
            yield of_resource(
                resource, "item_collision",
                f"the items {seen[alike]} and {name} differ in case only: engines take them for one",
                "declare one of them, and have the other renamed at the source", item=name,
            )  # fmt: skip
        seen.setdefault(alike, name)


def _delivered(resource: Resource) -> Iterator[Problem]:
    """Resources that come by day or month, and snapshots."""
    connector = resource.connector
    by, snapshot = connector.options.get("delivered"), connector.options.get("snapshot")
    file = connector.kind in FILE_KINDS
    if by is not None and (snapshot if file else connector.mode != "period"):
        yield of_resource(
            resource, "connector",
            f"it is delivered by {by}, but each delivery counts as the whole: another {by} would be withdrawn",
            "remove connector.snapshot" if file else "write connector.mode: period", "connector", "delivered",
        )  # fmt: skip
    elif by is None and connector.mode == "period":
        yield of_resource(
            resource, "connector", "connector.mode is period, but no period is declared",
            "add connector.delivered: day or month, or write mode: full", "connector", "mode",
        )  # fmt: skip


def _watermark(resource: Resource) -> Iterator[Problem]:
    """Whether the rows can be put in order by what is declared, without a look at the source."""
    connector = resource.connector
    if connector.kind != "database" or connector.mode not in ("incremental", "changes") or not connector.watermark:
        return
    declared = connector.options.get("watermark_type")
    item = next((item.type for item in resource.items if item.name == connector.watermark), None)
    if connector.mode == "incremental":
        if declared is None and item in ("C", "M"):
            yield of_resource(
                resource, "watermark", f"the watermark {connector.watermark} is text of no declared type",
                "add connector.watermark_type: timestamp, date or integer (text only where its values sort as they "
                "were written)", "connector", "watermark",
            )  # fmt: skip
        return
    numbered = declared == "integer" or (declared is None and item in ("I", "N"))
    if not connector.options.get("sequence") and not numbered:
        yield of_resource(
            resource, "watermark", f"the order of the changes by {connector.watermark} is not total: several can have "
            "one time", "add connector.sequence, the column that numbers the changes; or watermark_type: integer where "
            "the watermark is that number", "connector", "watermark",
        )  # fmt: skip


def _claims(resource: Resource, catalogue: Catalogue) -> Iterator[Problem]:
    tables = catalogue.base_tables
    if not resource.claims:
        yield of_resource(
            resource, "claims", "no claims are declared: its rows would speak of nothing",
            "add meta.claims, e.g. - {table: population, role: person}",
        )  # fmt: skip
    roles: set[str] = set()
    for claim in resource.claims:
        if claim.table not in tables:
            yield of_resource(
                resource, "claims", f"claims on {claim.table or 'no table'}, which is no base table"
                f"{close_to(claim.table, list(tables))}", one_of(list(tables)), "claims",
            )  # fmt: skip
        elif tables[claim.table].registers and resource.register not in tables[claim.table].registers:
            yield of_resource(
                resource, "register",
                f"no attribute of {claim.table} names the register {resource.register} as an authority"
                f"{close_to(resource.register, sorted(tables[claim.table].registers))}",
                f"correct meta.register, or enter it in models/base/{claim.table}.yml; now it ranks last",
                "register", severity="warn",
            )  # fmt: skip
        if not claim.role or claim.role in roles:
            yield of_resource(
                resource, "claims",
                f"the role {claim.role} occurs twice" if claim.role else "a claim without a role",
                "give every claim of the resource a role of its own, e.g. husband and wife", "claims",
            )  # fmt: skip
        roles.add(claim.role)
    if resource.claims and resource.staging_model not in catalogue.models:
        yield of_resource(
            resource, "staging", f"there is no staging model {resource.staging_model}.sql",
            f"write staging/{resource.staging_model}.sql; docs/add-a-resource.md shows one",
        )  # fmt: skip


def _references(resource: Resource, catalogue: Catalogue) -> Iterator[Problem]:
    codes = {other.code for other in catalogue.resources.values()}
    for code in resource.related:
        if code not in codes or code == resource.code:
            yield of_resource(
                resource, "related", f"the related resource {code} is not in the catalogue",
                "related lists codes of other resources (关联资源代码)", "related",
            )  # fmt: skip
    for item in resource.items:
        if item.codes and item.codes not in catalogue.code_tables:
            tables = sorted(catalogue.code_tables)
            yield of_resource(
                resource, "item_codes", f"there is no code table {item.codes}{close_to(item.codes, tables)}",
                "codes names a seed: " + ", ".join(tables), item=item.name,
            )  # fmt: skip
    if resource.department not in catalogue.departments:
        yield of_resource(
            resource, "provider", f"the department {resource.department} is not declared",
            "add a group of that name to departments.yml",
        )  # fmt: skip
