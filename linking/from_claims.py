"""From the merge's claims to the relations that linking asks for, and from its answer to the merge's links.

The columns are those of ``int_population__claims`` (dbt). What is compared, and how, is none of this module's business.
"""

from __future__ import annotations

import os
from pathlib import Path

import duckdb

from linking import decisions
from linking.link import link
from linking.records import COLUMNS
from linking.settings import Settings
from linking.suspicions import suspect

ADDRESS = "_resource, _batch, _row, _role"
KIN = "linking_numbered_kin"


def links(connection: duckdb.DuckDBPyConnection, claims: str) -> duckdb.DuckDBPyRelation:
    """One row a claim without a usable number: its address and keys, entity_id (null: none), method, rule, probability
    and ``candidates`` for the clerk, each with entity_id, probability and reason."""
    relations(connection, claims)
    decided = decisions.relation(connection, Path(os.environ["GOVSHARE_DATA"]))
    link(connection, "linking_loose", "linking_numbered", Settings.load(), decided, KIN)
    return connection.sql("""
        select claims._resource, claims._batch, claims._row, claims._role, claims._record_key, claims._claim_key,
            links.person_id as entity_id, case when links.person_id is not null then links.method end as method,
            links.rule, links.probability,
            list({'entity_id': review.person_id, 'probability': review.probability, 'reason': review.reason}
                order by review.probability desc, review.person_id) filter (review.person_id is not null) as candidates
        from linking_loose as claims
        join links on claims.claim_id = links.claim_id
        left join review on claims.claim_id = review.claim_id
        group by all
    """)


def suspicions(connection: duckdb.DuckDBPyConnection, claims: str) -> duckdb.DuckDBPyRelation:
    """Known persons whose number is doubtful: person_id, kind, other_person_id and reason (``suspect``)."""
    _numbered(connection, claims)
    suspect(connection, "linking_numbered")
    return connection.sql("from suspicions")


def _numbered(connection: duckdb.DuckDBPyConnection, claims: str) -> None:
    connection.execute(f"""
        create or replace temp view linking_numbered as
        select id_number as person_id, _register as register, {", ".join(COLUMNS)}
        from {claims} where id_number is not null
    """)


def relations(connection: duckdb.DuckDBPyConnection, claims: str) -> None:
    """``linking_loose`` with the other persons of the claim's row as ``related``, ``linking_numbered``, and whom the
    rows of those name (``KIN``): apart, since it is a join that few steps of linking need."""
    columns = ", ".join(COLUMNS)
    connection.execute(f"""
        create or replace temp table linking_rows_of_several as
        select {ADDRESS}, id_number, name, birth_date from {claims}
        where _resource in (select _resource from {claims} group by _resource having count(distinct _role) > 1)
    """)
    connection.execute("""
        create or replace temp view linking_beside as
        select one._resource, one._batch, one._row, one._role, one.id_number as person_id,
            other._role as relation, other.id_number, other.name, other.birth_date
        from linking_rows_of_several as one
        join linking_rows_of_several as other on one._resource = other._resource and one._batch = other._batch
            and one._row = other._row and one._role <> other._role
    """)
    connection.execute(f"""
        create or replace temp table linking_loose as
        with beside as (
            select {ADDRESS}, list({{
                'relation': relation, 'id_number': id_number, 'name': name, 'birth_date': birth_date
            }} order by relation) as related
            from linking_beside where person_id is null group by all
        )
        select concat_ws('|', {ADDRESS}) as claim_id,
            _claim_key as claim_key, _claim_key, _record_key, {ADDRESS}, {columns}, related
        from {claims} left join beside using ({ADDRESS})
        where id_number is null
    """)
    _numbered(connection, claims)
    connection.execute(f"""
        create or replace temp view {KIN} as
        select person_id, id_number, name, birth_date from linking_beside where person_id is not null
    """)
