"""A built city as material to train on, to measure with and to test against: claims and what is true of them.

Reads an installation's warehouse (read-only) and the demo city's truth; the relations are made as in a run. Nothing
here links.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from linking.from_claims import KIN, Claims, relations


def read(connection: duckdb.DuckDBPyConnection, data: Path, city: Path | None = None) -> None:
    """Make ``loose``, ``known``, ``known_kin`` (whom rows of the known name), and ``truth``.

    Truth: claim_id, person (the true number), known (whether any usable number tells it).
    ``data``: the installation's folder; ``city``: the demo city's, if it does not lie there.
    """
    connection.execute(f"attach if not exists '{data}/warehouse/warehouse.duckdb' as warehouse (read_only)")
    relations(connection, Claims("warehouse.intermediate.int_population__claims"))
    connection.execute("create or replace table loose as from linking_loose")
    connection.execute("create or replace table known as from linking_numbered")
    connection.execute(f"create or replace table known_kin as from {KIN}")
    connection.execute(f"""
        create or replace table truth as
        select loose.claim_id, records.entity as person,
            records.entity in (select person_id from known) as known,
            records.resource, records.role, records.number, records.defect
        from read_parquet('{city or data / "city"}/truth/records/*.parquet') as records
        left join loose on loose.claim_key = concat_ws('|', records.resource, records.record_key, records.role)
        where records.table_name = 'population' and records.number = 'none'
    """)
