"""Persons that nobody knows by a number: claims that mean no known person, put together among themselves.

Two claims are one person by the same weights as a claim and a known person. A claim that is alone makes a person
if it says a name and a birth date. The person's id comes from its smallest claim key, so that it is the same in
whatever order the claims are read; it is a keyed hash, for such a key may be somebody's number. A reviewer puts two
claims together, or parts them, by naming the one's key as the other's person.
"""

from __future__ import annotations

import duckdb
from splink import DuckDBAPI
from splink.clustering import cluster_pairwise_predictions_at_threshold

from catalogue.secret import Secret, keyed
from linking.settings import Settings
from linking.weigh import weigh
from linking.words import cautioned, method

SAME_ROW = "regexp_replace({}, '\\|[^|]*$', '')"  # a claim's address without its role


def cluster(connection: duckdb.DuckDBPyConnection, settings: Settings, into: str, secret: Secret) -> None:
    """``linking_clusters`` (claim_id, person_id or null, method, conflict), and ``into`` with those that have one."""
    secret.hand_to(connection)
    _pairs(connection)
    weigh(connection, settings, "linking_claim_records", "linking_claim_pairs", "linking_claim_scores")
    _edges(connection, settings)
    _components(connection)
    connection.execute(f"""
        create or replace temp table linking_clusters as
        with members as (
            select components.component, claims.claim_id, claims.claim_key,
                claims.name is not null and claims.birth_date is not null as enough
            from linking_components as components
            join linking_claims as claims on components.claim_id = claims.claim_id
        ),
        parted as (
            select distinct one.component
            from linking_decisions as decisions
            join linking_components as one on decisions.claim_id = one.claim_id
            join linking_components as other on decisions.other_claim_id = other.claim_id
            where decisions.verdict = 'different' and one.component = other.component
        ),
        persons as (
            select component, 'U' || left({keyed("min(claim_key)")}, 16) as person_id, count(*) as claims,
                count(distinct {SAME_ROW.format("claim_id")}) < count(*) or component in (from parted) as conflict,
                bool_or(enough) as enough
            from members group by component
        ),
        evidence as (
            select claim_id, arg_max(method, (weight, method)) as method
            from (
                select one as claim_id, weight, method from linking_edges
                union all
                select other, weight, method from linking_edges
            )
            group by claim_id
        )
        select
            members.claim_id,
            case when not persons.conflict and persons.enough then persons.person_id end as person_id,
            case
                when persons.claims > 1 then 'person without number: ' || evidence.method
                else 'person without number: name and birth date are said'
            end as method,
            persons.conflict
        from members
        join persons on members.component = persons.component
        left join evidence on members.claim_id = evidence.claim_id
    """)
    connection.execute(f"""
        create or replace {into} as select claim_id, person_id from linking_clusters where person_id is not null
    """)


def _pairs(connection: duckdb.DuckDBPyConnection) -> None:
    """Claims alone that share a key, the number they write, or a relative together with name or birth date."""
    connection.execute("""
        create or replace temp table linking_claim_pairs as
        with alone as (select claim_id from linking_judged where state = 'alone'),
        records as (
            select records.* from linking_claim_records as records join alone on records.unique_id = alone.claim_id
        ),
        keys as (
            select claim_id, key from linking_keys where claim_id in (from alone)
            union all
            select unique_id, hash('number', number) from records where number is not null
            union all
            select unique_id, hash('paper', unnest(papers)) from records
            union all
            select claims.claim_id, unnest([hash('kin', kin, claims.name), hash('kin', kin, claims.birth)])
            from (
                select unique_id, unnest(list_concat(coalesce(kin_numbers, []), coalesce(kin_births, []))) as kin
                from records
            ) as relatives
            join linking_claims as claims on relatives.unique_id = claims.claim_id
            where claims.name is not null
        )
        select distinct one.claim_id as one, other.claim_id as other
        from keys as one join keys as other on one.key = other.key and one.claim_id < other.claim_id
    """)


def _edges(connection: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    """Pairs that are one person; not two persons of one row, nor what a reviewer has parted."""
    connection.execute(f"""
        create or replace temp table linking_edges as
        with decided as (
            select distinct least(claim_id, other_claim_id) as one, greatest(claim_id, other_claim_id) as other, verdict
            from linking_decisions
            where other_claim_id is not null and claim_id <> other_claim_id
                and claim_id in (select claim_id from linking_judged where state = 'alone')
                and other_claim_id in (select claim_id from linking_judged where state = 'alone')
        )
        select one, other, weight, {method(settings)} as method, 1.0 as match_probability
        from linking_claim_scores as scores
        where pow(2, weight) / (1 + pow(2, weight)) >= {settings.thresholds.cluster}
            and not ({cautioned(settings)})
            and {SAME_ROW.format("one")} <> {SAME_ROW.format("other")}
            and not exists (select 1 from decided where decided.one = scores.one and decided.other = scores.other)
        union all
        select one, other, 1000.0, 'decided by a reviewer', 1.0 from decided where verdict = 'same'
    """)


def _components(connection: duckdb.DuckDBPyConnection) -> None:
    api = DuckDBAPI(connection)
    nodes = "select claim_id from linking_judged where state = 'alone'"
    connection.execute(f"create or replace temp view linking_nodes as {nodes}")
    found = cluster_pairwise_predictions_at_threshold(
        "linking_nodes",
        "linking_edges",
        api,
        node_id_column_name="claim_id",
        edge_id_column_name_left="one",
        edge_id_column_name_right="other",
        threshold_match_probability=0.0,
    )
    connection.execute(f"""
        create or replace temp table linking_components as
        select claim_id, cluster_id as component from {found.physical_name}
    """)
    found.drop_table_from_database_and_remove_from_cache()
