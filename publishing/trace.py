"""Where a published value came from: department, resource, batch and row, and what the others said.

Follows ``_provenance`` of the current release back to the landed row and shows that row as its department
sent it. This shows personal data, to the operator who asked for one entity; so it is returned and never
logged.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb

from catalogue.checksums import Checksums
from catalogue.installation import Installation
from publishing.as_of import HISTORY, is_base
from publishing.confidence import TABLE as CONFIDENCE
from publishing.confidence import levels_of
from publishing.released import ReleaseError, current_release, parquet_files, release_of
from publishing.sql import quoted
from publishing.verify import batch_files

ADDRESS = {"_batch", "_row", "_op", "_file", "_line", "_problem", "_raw"}
FORMER = ("attribute", "value", "recorded_from", "recorded_to", "valid_from", "valid_to")


def trace(installation: Installation, table: str, key: str, attribute: str | None = None) -> dict[str, Any]:
    """Explain one entity of a base table, or one ``attribute`` of it.

    Gives ``table``, ``key``, ``release``, ``attributes`` and ``sources``. Each attribute has ``attribute``,
    ``description``, ``value`` and, where a source record supplied it, ``department``, ``resource``,
    ``batch``, ``row``, ``file``, ``line`` and ``confidence`` (high, medium, low); ``others`` lists the claims that
    disagreed. ``sources`` are the
    landed rows that are named, each with ``record``: the department's own columns and text, and ``damaged``: null, or
    what is wrong with their batch.

    ``history`` lists what the table said before, newest first: ``attribute``, ``value``, ``recorded_from``,
    ``recorded_to``, ``valid_from``, ``valid_to`` (the registers' own times, where they give any) and the address of the
    row that had supplied it. An entity that is no longer there has no attributes: ``retired`` is since when,
    ``successor`` the id that its records name now, where that is known.
    """
    manifest = release_of(installation, table)
    columns = [column["name"] for column in manifest["schema"]]
    if not is_base(manifest):
        raise ReleaseError("only base tables can be traced", where=table, remedy="ask for a base table")
    asked = [name for name in columns if not name.startswith("_")]
    if attribute is not None:
        if attribute not in asked:
            raise ReleaseError(f"there is no attribute {attribute}", where=table, remedy=f"one of: {', '.join(asked)}")
        asked = [attribute]

    with duckdb.connect() as connection:
        column = manifest["primary_key"][0]
        entity = _entity(connection, manifest, key)
        history = _history(connection, installation, table, str(entity[column]) if entity else key)
        retired = None if entity else next((former for former in history if former["attribute"] == column), None)
        if entity is None:
            if retired is None:
                raise _unknown(manifest)
            entity, asked = {column: retired["entity_id"], "_provenance": None}, []
        others = _others(connection, installation, table, str(entity[column]))
        provenance = entity["_provenance"] or {}
        descriptions = {column["name"]: column.get("description", "") for column in manifest["schema"]}
        known = current_release(installation, CONFIDENCE)
        levels = levels_of(connection, parquet_files(known), table) if known else {}
        sources: dict[tuple[str, str, int], dict[str, Any]] = {}
        attributes = []
        for name in asked:
            found = {"attribute": name, "description": descriptions[name], "value": entity[name]}
            claims = others.get(name, [])
            if supplier := provenance.get(name):
                found |= _address(supplier)
                found["confidence"] = levels.get((name, found["resource"], name in others))
                claims = [claim for claim in claims if _key(claim) != _key(found)]
            for address in ([found] if supplier else []) + claims:
                if _key(address) not in sources:
                    sources[_key(address)] = _landed(connection, installation, address)
                landed = sources[_key(address)]
                address |= {"file": landed["file"], "line": landed["line"]}
            attributes.append({**found, "others": claims})
    return {
        "table": table,
        "key": key,
        "release": manifest["release"],
        "retired": retired and retired["recorded_to"],
        "successor": retired and retired["successor_id"],
        "attributes": attributes,
        "history": [
            # A release may be older than a column.
            {name: former.get(name) for name in FORMER} | _address_if_any(former)
            for former in history
            if attribute is None or former["attribute"] in (attribute, column)
        ],
        "sources": list(sources.values()),
    }


def _entity(connection: duckdb.DuckDBPyConnection, manifest: dict[str, Any], key: str) -> dict[str, Any] | None:
    column = quoted(manifest["primary_key"][0])
    found = _rows(
        connection,
        f"select * from read_parquet(?) where {column} in (?, upper(trim(?)))",
        [parquet_files(manifest), key, key],
    )
    return found[0] if found else None


def _unknown(manifest: dict[str, Any]) -> ReleaseError:
    return ReleaseError(
        f"release {manifest['release']} has no entity with this key",
        where=manifest["table"],
        remedy="check the number; a record that was set aside is listed in the table set_aside",
    )


def _history(
    connection: duckdb.DuckDBPyConnection, installation: Installation, table: str, key: str
) -> list[dict[str, Any]]:
    """The entity's rows in the published history, newest first."""
    manifest = current_release(installation, HISTORY)
    if manifest is None:
        return []
    return _rows(
        connection,
        "select * from read_parquet(?) where table_name = ? and entity_id in (?, upper(trim(?))) "
        "order by recorded_to desc, attribute",
        [parquet_files(manifest), table, key, key],
    )


def _others(
    connection: duckdb.DuckDBPyConnection, installation: Installation, table: str, entity: str
) -> dict[str, list[dict[str, Any]]]:
    """Attribute → the claims that disagree with one another about it."""
    manifest = current_release(installation, "conflicts")
    if manifest is None:
        return {}
    found = _rows(
        connection,
        "select attribute, claims from read_parquet(?) where table_name = ? and entity_id = ?",
        [parquet_files(manifest), table, entity],
    )
    return {
        row["attribute"]: [{**_address(claim), "value": claim["value"]} for claim in row["claims"]] for row in found
    }


def _address(source: dict[str, Any]) -> dict[str, Any]:
    resource = source["resource"]
    return {
        "department": resource.partition(".")[0],
        "resource": resource,
        "batch": source["batch"],
        "row": source["row"],
    }


def _address_if_any(former: dict[str, Any]) -> dict[str, Any]:
    return _address(former) if former["resource"] else {}


def _key(address: dict[str, Any]) -> tuple[str, str, int]:
    return address["resource"], address["batch"], address["row"]


def _landed(
    connection: duckdb.DuckDBPyConnection, installation: Installation, address: dict[str, Any]
) -> dict[str, Any]:
    """The landed row at an address: file, line and ``record``, the source's own columns that are not
    empty. Of a batch whose bytes are not those that landed nothing is shown but ``damaged``, what is wrong with it."""
    parts, damaged = _whole(installation, address)
    sql = "select * from read_parquet(?, union_by_name = true) where _row = ?"
    found = [] if damaged else _rows(connection, sql, [parts, address["row"]])
    row = found[0] if found else {}
    return {
        **{name: address[name] for name in ("department", "resource", "batch", "row")},
        "file": row.get("_file"),
        "line": row.get("_line"),
        "damaged": damaged,
        "record": {name: value for name, value in row.items() if name not in ADDRESS and value is not None},
    }


def _whole(installation: Installation, address: dict[str, Any]) -> tuple[list[str], str | None]:
    """The parts of a batch, also of one that was withdrawn since, and what is wrong with them."""
    here: Path = installation.landing_of(address["resource"]) / address["batch"]
    files = batch_files(here if here.exists() else here.parent / ".withdrawn" / here.name)
    if files is None:
        return [], "its manifest cannot be read" if here.exists() else "it is not there"
    checksums = Checksums(installation.landing / ".checksums.json")
    wrong = [f"{expected.path.name} {words}" for expected in files if (words := checksums.wrong(expected))]
    checksums.save()
    return [str(expected.path) for expected in files], "; ".join(wrong) or None


def _rows(connection: duckdb.DuckDBPyConnection, sql: str, arguments: list[Any]) -> list[dict[str, Any]]:
    answer = connection.execute(sql, arguments)
    names = [column[0] for column in answer.description]
    return [dict(zip(names, row, strict=True)) for row in answer.fetchall()]
