"""On how many rows of the base tables the script and the dbt build differ: all columns count.

Provenance is compared field by field, so that the order of its fields does not matter. Rows are compared by a hash, as
six million wide rows side by side would not fit into the memory.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

KEYS = {"population": "person_id", "legal_entity": "credit_code", "certificate": "certificate_id"}


def differing_rows(warehouse: Path, script: Path) -> dict[str, int]:
    """Table → rows that only one of the two has, or in which any column differs."""
    with duckdb.connect() as connection:
        connection.execute("set memory_limit = '4GB'; set preserve_insertion_order = false")
        connection.execute(f"set temp_directory = '{script}.compared'")
        connection.execute(f"attach '{warehouse}' as dbt (read_only)")
        connection.execute(f"attach '{script}' as script (read_only)")
        return {table: _differing(connection, table, key) for table, key in KEYS.items()}


def _differing(connection: duckdb.DuckDBPyConnection, table: str, key: str) -> int:
    columns = []
    for name, kind in connection.execute(
        f"select column_name, column_type from (describe dbt.base.{table})"
    ).fetchall():
        if kind.startswith("STRUCT"):
            fields = connection.execute(
                f"select unnest(json_keys(to_json({name}))) from (from dbt.base.{table} limit 1)"
            )
            columns += [f'{name}."{field}"' for (field,) in fields.fetchall()]
        else:
            columns.append(name)
    hashed = f"select {key} as key, hash({', '.join(columns)}) as content from"
    (count,) = connection.execute(f"""
        select count(*)
        from ({hashed} dbt.base.{table}) as built
        full join ({hashed} script.main.{table}) as written on built.key = written.key
        where built.content is distinct from written.content
    """).fetchone() or (0,)
    return int(count)
