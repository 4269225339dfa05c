"""From the merge's claims to the relations that linking asks for, and from its answer to the merge's links.

The columns are those of ``int_population__claims`` (dbt). What is compared, and how, is none of this module's business.
"""

from __future__ import annotations

import os
from pathlib import Path

import duckdb

from linking.link import link
from linking.records import COLUMNS
from linking.settings import Settings

ADDRESS = "_resource, _batch, _row, _role"
SAID = [name for name in COLUMNS if name != "related"]


def decisions_file() -> Path:
    """What reviewers have decided: claim_key, person_id, verdict (same, different), by, at. May be missing."""
    return Path(os.environ["GOVSHARE_DATA"]) / "decisions" / "population.csv"


def links(connection: duckdb.DuckDBPyConnection, claims: str) -> duckdb.DuckDBPyRelation:
    """One row a claim without a usable number: its address, entity_id (null: none), method, rule, probability and
    ``candidates`` for the clerk, each with person_id, probability and reason."""
    relations(connection, claims)
    link(connection, "linking_loose", "linking_numbered", Settings.load(), _decisions(connection))
    return connection.sql("""
        select claims._resource, claims._batch, claims._row, claims._role,
            links.person_id as entity_id, case when links.person_id is not null then links.method end as method,
            links.rule, links.probability,
            list({'person_id': review.person_id, 'probability': review.probability, 'reason': review.reason}
                order by review.probability desc, review.person_id) filter (review.person_id is not null) as candidates
        from linking_loose as claims
        join links on claims.claim_id = links.claim_id
        left join review on claims.claim_id = review.claim_id
        group by all
    """)


def _decisions(connection: duckdb.DuckDBPyConnection) -> str | None:
    file = decisions_file()
    if not file.exists():
        return None
    types = "{'claim_key': 'varchar', 'person_id': 'varchar', 'verdict': 'varchar', 'by': 'varchar', 'at': 'timestamp'}"
    connection.execute(
        f"create or replace temp table linking_decided as from read_csv('{file}', header = true, columns = {types})"
    )
    return "linking_decided"


def relations(connection: duckdb.DuckDBPyConnection, claims: str) -> None:
    """``linking_loose`` and ``linking_numbered``, each with the other persons of the claim's row as ``related``."""
    columns = ", ".join(SAID)
    connection.execute(f"""
        create or replace temp table linking_rows_of_several as
        select _resource, _batch, _row, _role, id_number, name, birth_date from {claims}
        where _resource in (select _resource from {claims} group by _resource having count(distinct _role) > 1)
    """)
    connection.execute("""
        create or replace temp view linking_related as
        select one._resource, one._batch, one._row, one._role, list({
            'relation': other._role, 'id_number': other.id_number, 'name': other.name, 'birth_date': other.birth_date
        } order by other._role) as related
        from linking_rows_of_several as one
        join linking_rows_of_several as other on one._resource = other._resource and one._batch = other._batch
            and one._row = other._row and one._role <> other._role
        group by all
    """)
    for view, kind, keys, condition in (
        ("linking_loose", "table", f"concat_ws('|', {ADDRESS}) as claim_id, "
         "concat_ws('|', _resource, coalesce(_record_key, concat_ws('|', _batch, _row)), _role) as claim_key",
         "is null"),
        ("linking_numbered", "view", "id_number as person_id, _register as register", "is not null"),
    ):  # fmt: skip
        connection.execute(f"""
            create or replace temp {kind} {view} as
            select {keys}, {ADDRESS}, {columns}, related
            from {claims} left join linking_related using ({ADDRESS})
            where id_number {condition}
        """)
