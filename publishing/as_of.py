"""``population_as_of(moment)`` and its like in the analysts' database: a base table as govshare had it at a moment; and
``population_valid_as_of(moment)``: as, by what is known today, it was at a moment of the registers' own time.

Each is a macro over the base table and the table ``history``, which holds former values only: the value at a moment
is the former one that was given up soonest after it, and where none was, the value of today.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import duckdb

from catalogue.vocabulary import CHINA
from publishing.sql import quoted, text

HISTORY = "history"


def create_as_of_macros(connection: duckdb.DuckDBPyConnection, manifests: Sequence[Mapping[str, Any]]) -> list[str]:
    """The macros for each base table among ``manifests``, whose tables are loaded; gives the macros' names."""
    history = next((manifest for manifest in manifests if manifest["table"] == HISTORY), None)
    if history is None:
        return []
    kinds = {"as_of": (_recorded, "在某一时刻的记载")}
    # A release by a govshare that did not know these times stays until the next one passes the gate.
    if "valid_to" in {column["name"] for column in history["schema"]}:
        kinds["valid_as_of"] = (_valid, "按来源登记时间在某一时刻的情况")
    made = []
    for manifest in manifests:
        if not is_base(manifest):
            continue
        table = manifest["table"]
        for kind, (given_up, meaning) in kinds.items():
            name = f"{table}_{kind}"
            connection.execute(_macro(connection, name, table, manifest["primary_key"][0], given_up(table)))
            words = f"{table} {meaning},如 from {name}('2026-01-01')"
            connection.execute(f"comment on macro table {quoted(name)} is {text(words)}")
            made.append(name)
    return made


def is_base(manifest: Mapping[str, Any]) -> bool:
    """Whether the table's rows are entities with a source for each value."""
    columns = {column["name"] for column in manifest["schema"]}
    return "_provenance" in columns and len(manifest["primary_key"]) == 1


def _recorded(table: str) -> str:
    """Former values that the table gave up after the moment."""
    return f"""
        select entity_id, attribute, value, recorded_to
        from {HISTORY}
        where table_name = {text(table)} and recorded_to > cast(moment as timestamptz)"""


def _valid(table: str) -> str:
    """Former values that ceased to hold after the moment.

    What was recorded later holds from its own time on, whatever had been recorded before: a value ends where the first
    of all those after it begins, and if that is not later than its own beginning, it was an error and never held. Where
    no register gave a time, or the row is older than these times, a value ends when the table gave it up."""
    return f"""
        select entity_id, attribute, value, recorded_to
        from (
            select
                * exclude (valid_from, valid_to),
                coalesce(valid_from, lag(valid_to) over in_order) as valid_from,
                min(valid_to) over (in_order rows between current row and unbounded following) as valid_to
            from (
                select * replace (coalesce(valid_to, timezone('{CHINA}', recorded_to)) as valid_to)
                from {HISTORY}
                where table_name = {text(table)}
            )
            window in_order as (partition by entity_id, attribute order by recorded_to)
        )
        where valid_to > cast(moment as timestamp) and coalesce(valid_from < valid_to, true)"""


def _macro(connection: duckdb.DuckDBPyConnection, name: str, table: str, key: str, given_up: str) -> str:
    """Few rows have a history: all others pass as they are, so that a filter on the key finds one of them fast."""
    described = connection.execute(f"describe {quoted(table)}").fetchall()
    types = {column: type_ for column, type_, *_ in described if not column.startswith("_")}
    # In a struct, for arg_min leaves out null, and null may be what stood there.
    former = ",\n".join(
        f"arg_min({{'value': value}}, recorded_to) filter (where attribute = {text(column)}) as {quoted(column)}"
        for column in types
    )
    overlaid = ",\n".join(
        f"case when former.{quoted(column)} is null then base.{quoted(column)} "
        f"else cast(former.{quoted(column)}.value as {type_}) end as {quoted(column)}"
        for column, type_ in types.items()
        if column != key
    )
    column, today = quoted(key), ", ".join(f"base.{quoted(column)}" for column in types)
    order = ", ".join(quoted(column) for column in types)
    return f"""
        create macro {quoted(name)}(moment) as table
        with former as (
            select entity_id as _entity_id, {former}
            from ({given_up})
            group by entity_id
        )
        select {today}
        from {quoted(table)} as base
        where not exists (select 1 from former where former._entity_id = base.{column})
        union all
        select {order}
        from (
            select former._entity_id as {column}, {overlaid}
            from former
            left join {quoted(table)} as base on base.{column} = former._entity_id
            where case when former.{column} is null then base.{column} else former.{column}.value end is not null
        )
    """
