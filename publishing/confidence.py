"""How sure a published value is: the level that the table ``confidence`` has for its attribute, its source and whether
anybody says otherwise. ``population_confidence(id)`` and its like in the analysts' database tell it of one entity.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import duckdb

from publishing.as_of import is_base
from publishing.sql import quoted, text

TABLE, CONFLICTS = "confidence", "conflicts"


def levels_of(
    connection: duckdb.DuckDBPyConnection, files: Sequence[str], table: str
) -> dict[tuple[str, str, bool], str]:
    """(attribute, resource, contested) → level, from the files of the published table."""
    rows = connection.execute(
        "select attribute, resource, contested, level from read_parquet(?) where table_name = ?", [list(files), table]
    ).fetchall()
    return {(attribute, resource, contested): level for attribute, resource, contested, level in rows}


def create_confidence_macros(
    connection: duckdb.DuckDBPyConnection, manifests: Sequence[Mapping[str, Any]]
) -> list[str]:
    """A macro for each base table among ``manifests``, whose tables are loaded; gives the macros' names."""
    if not {TABLE, CONFLICTS} <= {manifest["table"] for manifest in manifests}:
        return []
    made = []
    for manifest in filter(is_base, manifests):
        table, name = manifest["table"], f"{manifest['table']}_confidence"
        provenance = connection.sql(f"select _provenance from {quoted(table)} limit 0").types[0]
        if provenance.id == "struct":
            attributes = [attribute for attribute, _ in provenance.children]
            connection.execute(_macro(name, table, manifest["primary_key"][0], attributes))
            words = f"{table} 中一个实体各属性值的来源和可信程度,如 from {name}('…')"
            connection.execute(f"comment on macro table {quoted(name)} is {text(words)}")
            made.append(name)
    return made


def _macro(name: str, table: str, key: str, attributes: Sequence[str]) -> str:
    said = ", ".join(
        f"{{'attribute': {text(attribute)}, 'value': cast({quoted(attribute)} as varchar), "
        f"'resource': _provenance.{quoted(attribute)}.resource}}"
        for attribute in attributes
    )
    return f"""
        create macro {quoted(name)}(_of) as table
        with said as (
            select unnest([{said}]) as said from {quoted(table)} where {quoted(key)} = _of
        )
        select said.attribute, said.value, said.resource, conflicts.attribute is not null as contested, confidence.level
        from said
        left join {CONFLICTS} as conflicts
            on conflicts.table_name = {text(table)} and conflicts.entity_id = _of
            and conflicts.attribute = said.attribute
        left join {TABLE} as confidence
            on confidence.table_name = {text(table)} and confidence.attribute = said.attribute
            and confidence.resource = said.resource and confidence.contested = (conflicts.attribute is not null)
        where said.value is not null
    """
