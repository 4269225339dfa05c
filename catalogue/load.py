"""From dbt's manifest to the ``Catalogue``: the only code that reads the manifest for what is declared.

Here an entry gets its shape. Whether what it says is right, by the compilation guide, is in ``rules``;
``load`` asks them, so that a ``Catalogue`` which others get to see is a right one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from operator import itemgetter
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from catalogue.installation import DBT_PROJECT, Installation
from catalogue.model import (
    Agreement,
    BaseTable,
    Catalogue,
    Category,
    Claim,
    CodeTable,
    Column,
    Department,
    Entry,
    Format,
    Item,
    Openness,
    Resource,
    Sharing,
)
from catalogue.parsed import read_manifest
from catalogue.problems import CatalogueError, Problem, line_of
from catalogue.rules import problems_of
from catalogue.rules.words import close_to

E = TypeVar("E", bound=Entry)


def load(installation: Installation) -> Catalogue:
    """The installation's catalogue; raises ``CatalogueError`` with all that is wrong (severity error)."""
    reading = read(installation)
    wrong = [p for p in [*reading.problems, *problems_of(reading.catalogue)] if p.severity == "error"]
    if wrong:
        raise CatalogueError(wrong)
    return reading.catalogue


def read(installation: Installation) -> Reading:
    """The catalogue as far as it can be read, with a problem for each entry that has not the right shape."""
    return Reading(read_manifest(installation))


class Reading:
    """One pass over a manifest: ``catalogue``, ``problems``, and the names of all ``macros``."""

    def __init__(self, manifest: Mapping[str, Any]) -> None:
        self.problems: list[Problem] = []
        self.macros = frozenset(macro["name"] for macro in manifest["macros"].values())
        nodes = manifest["nodes"].values()
        departments = _by_name(self._department(group) for group in manifest["groups"].values())
        # dbt has them in the order of the file system.
        models = sorted((node for node in nodes if node["resource_type"] == "model"), key=itemgetter("name"))
        self.catalogue = Catalogue(
            departments=departments,
            resources={
                resource.id: resource
                for source in manifest["sources"].values()
                if (resource := self._resource(source, departments))
            },
            published_tables=_by_name(self._table(model) for model in models if _is_published(model)),
            agreements=_by_name(self._agreement(exposure) for exposure in manifest["exposures"].values()),
            code_tables=_by_name(self._code_table(node) for node in nodes if node["resource_type"] == "seed"),
            models=frozenset(model["name"] for model in models),
        )

    def _department(self, group: Mapping[str, Any]) -> Department | None:
        meta, file = _meta(group), _file(group)
        values = {**meta, "name": group["name"], "email": group["owner"].get("email") or "", "file": file}
        values.setdefault("title", group.get("description") or "")
        self._warn_of_unknown(Department, meta, group["name"], file, ["groups", group["name"], "config", "meta"])
        return self._entry(Department, values, group["name"], file, ["groups", group["name"], "config", "meta"])

    def _resource(self, source: Mapping[str, Any], departments: Mapping[str, Department]) -> Resource | None:
        department, name, file = source["source_name"], source["name"], _file(source)
        entry = f"{department}.{name}"
        path = ["sources", department, "tables", name]
        items = [
            self._entry(
                Item,
                {**_meta(column), "name": column["name"], "description": column["description"]},
                f"{entry}.{column['name']}", file, [*path, "columns", column["name"]],
            )
            for column in source["columns"].values()
        ]  # fmt: skip
        values = {
            **_meta(source),
            "department": department,
            "department_title": departments[department].title if department in departments else "",
            "name": name,
            "description": source["description"],
            "items": tuple(item for item in items if item),
            "schema": source["schema"],
            "file": file,
        }
        self._warn_of_unknown(Resource, _meta(source), entry, file, [*path, "config", "meta"])
        for column in source["columns"].values():
            at = [*path, "columns", column["name"], "config", "meta"]
            self._warn_of_unknown(Item, _meta(column), f"{entry}.{column['name']}", file, at)
        return self._entry(Resource, values, entry, file, [*path, "config", "meta"])

    def _table(self, model: Mapping[str, Any]) -> BaseTable | None:
        name, meta = model["name"], _meta(model)
        file = _file(
            {"original_file_path": (model.get("patch_path") or "").partition("://")[2] or model["original_file_path"]}
        )
        path = ["models", name]
        columns = [
            self._entry(
                Column,
                {**_meta(column), "name": column["name"], "description": column["description"],
                 "type": column["data_type"] or "",
                 "constraints": [c["type"] for c in column["constraints"]]},
                f"{name}.{column['name']}", file, [*path, "columns", column["name"]],
            )
            for column in model["columns"].values()
        ]  # fmt: skip
        key = meta.get("key") or [c["name"] for c in model["columns"].values() if _has_key(c)]
        values = {
            **meta,
            "name": name,
            "description": model["description"],
            "primary_key": (key,) if isinstance(key, str) else tuple(key),
            "columns": tuple(column for column in columns if column),
            "schema": model["schema"],
            "version": str(model.get("version") or 1),
            "file": file,
        }
        return self._entry(BaseTable, values, name, file, path)

    def _agreement(self, exposure: Mapping[str, Any]) -> Agreement | None:
        file, name = _file(exposure), exposure["name"]
        tables = [ref["name"] for ref in exposure.get("refs", [])]
        values = {
            "table": tables[0] if len(tables) == 1 else "",
            **_meta(exposure),
            "name": name,
            "title": exposure.get("label") or exposure.get("description") or "",
            "email": exposure["owner"].get("email") or "",
            "file": file,
        }
        path = ["exposures", name, "config", "meta"]
        self._warn_of_unknown(Agreement, _meta(exposure), f"agreement {name}", file, path)
        return self._entry(Agreement, values, name, file, path)

    def _code_table(self, seed: Mapping[str, Any]) -> CodeTable | None:
        file = _file(seed)
        values = {
            "name": seed["name"],
            "description": seed["description"],
            "columns": tuple(seed["columns"]),
            "file": file,
        }
        return self._entry(CodeTable, values, seed["name"], file, ["seeds", seed["name"]])

    def _entry(self, kind: type[E], values: Mapping[str, Any], entry: str, file: Path, path: list[str]) -> E | None:
        """Give ``values`` their shape, or note for each that has not the right one what it should be."""
        try:
            return kind.model_validate({name: value for name, value in values.items() if value is not None})
        except ValidationError as error:
            for finding in error.errors():
                at = [str(step) for step in finding["loc"]]
                name = ".".join(at) or "the entry"
                self.problems.append(Problem(
                    file=file,
                    line=line_of(file, [*path, *at]),
                    entry=entry,
                    rule="shape",
                    message=f"{name}: {finding['msg'].lower()}, it is {_short(finding['input'])}",
                    remedy=f"write {name} as docs/add-a-resource.md shows it",
                ))  # fmt: skip
            return None

    def _warn_of_unknown(
        self, kind: type[Entry], meta: Mapping[str, Any], entry: str, file: Path, path: list[str]
    ) -> None:
        """A misspelt entry is silence: an item that is not marked as sensitive, a condition that is not
        there."""
        for name, value in meta.items():
            parts = PARTS.get(name) if kind is Resource else None
            if name not in DECLARED[kind]:
                self.problems.append(Problem(
                    file=file,
                    line=line_of(file, [*path, name]),
                    entry=entry,
                    rule="unknown_entry",
                    message=f"nobody reads the entry {name!r}{close_to(name, DECLARED[kind])}",
                    remedy="correct its spelling or remove it; known are " + ", ".join(DECLARED[kind]),
                    severity="warn",
                ))  # fmt: skip
            elif parts:
                for part in value if isinstance(value, list) else [value]:
                    if isinstance(part, Mapping):
                        self._warn_of_unknown(parts, part, entry, file, [*path, name])


# What each kind of entry may say; its other fields come from elsewhere in dbt's YAML.
DECLARED: dict[type[Entry], tuple[str, ...]] = {
    Resource: (
        "title", "code", "category", "summary", "format", "sharing", "open", "update_cycle", "published_on",
        "related", "register", "claims", "connector", "contract",
    ),
    Item: ("type", "sensitivity", "standard", "codes", "excel_day"),
    Department: ("title", "code"),
    Agreement: ("consumer", "table", "columns", "row_filter", "purpose", "legal_basis", "form", "expiry"),
    Category: ("class", "item", "subject"),
    Format: ("category", "type"),
    Sharing: ("type", "condition", "legal_basis", "mode", "method"),
    Openness: ("open", "condition"),
    Claim: ("table", "role", "prefix"),
}  # fmt: skip
PARTS: dict[str, type[Entry]] = {
    "category": Category, "format": Format, "sharing": Sharing, "open": Openness, "claims": Claim,
}  # fmt: skip


def _by_name(entries: Iterable[E | None]) -> dict[str, E]:
    return {entry.name: entry for entry in entries if entry is not None}  # type: ignore[attr-defined]


def _meta(node: Mapping[str, Any]) -> Mapping[str, Any]:
    return (node.get("config") or {}).get("meta") or node.get("meta") or {}


def _file(node: Mapping[str, Any]) -> Path:
    return (DBT_PROJECT / node["original_file_path"]).resolve()


def _is_published(model: Mapping[str, Any]) -> bool:
    return model["contract"]["enforced"] and _meta(model).get("layer") in ("base", "governance")


def _has_key(column: Mapping[str, Any]) -> bool:
    return any(constraint["type"] == "primary_key" for constraint in column["constraints"])


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
