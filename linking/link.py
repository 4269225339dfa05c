"""Linking as one call: claims without a usable number, known persons, weights, and what reviewers have decided.

Each step makes temporary tables ``linking_…`` that can be looked at; this module says only in which order the steps
go, and drops what is not needed any more.
"""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from catalogue.secret import Secret
from linking import candidates, clusters, decide, evidence, functions, records, relatives
from linking.marks import Marks, asked
from linking.settings import Settings
from linking.weigh import weigh

LOOSE_KEYS, KNOWN_KEYS = ("claim_id", "claim_key"), ("person_id", "register")
BEFORE_WEIGHING = (
    "linking_person_rows", "linking_person_kin", "linking_relatives", "linking_relative_rows", "linking_homes",
    "linking_claim_kin", "linking_neighbours", "linking_pairs_of_numbers", "linking_pairs_of_relatives",
    "linking_asked", "linking_met", "linking_marked", "linking_known_rows", "linking_known_kin_rows",
)  # fmt: skip
STEPS = (
    "linking_keys", "linking_pairs", "linking_claim_records", "linking_person_records", "linking_scores",
    "linking_ranked", "linking_judged", "linking_claim_pairs", "linking_claim_scores", "linking_edges",
    "linking_components", "linking_clusters", "linking_decisions",
)  # fmt: skip


@dataclass(frozen=True)
class Linked:
    """Names of the result's tables, and how many claims there were, were linked, wait for a clerk, made persons."""

    claims: int
    linked: int
    in_review: int
    without_number: int
    links: str = "links"
    review: str = "review"
    clusters: str = "clusters"


def link(
    connection: duckdb.DuckDBPyConnection,
    loose: str,
    known: str,
    settings: Settings,
    decisions: str | None = None,
    related: str | None = None,
    temporary: bool = True,
    keep: bool = False,
    marks: Marks | None = None,
    secret: Secret | None = None,
) -> Linked:
    """Make the tables ``links``, ``review`` and ``clusters`` in the connection.

    ``loose``: relation of claims (claim_id, claim_key, and any of ``records.COLUMNS``); ``known``: relation of what
    any record says of a known person (person_id, register, the same columns), as many rows a person as there are
    records. ``related``: relation (person_id, id_number, name, birth_date) of whom the records of known persons name
    beside them, in place of a column of that name. ``decisions``: relation (claim_key, person_id, verdict, by, at);
    a `person_id` may also be the key of another claim without a known person. ``keep``: leave the steps' tables.
    ``secret``: by which persons without a number are named; without, by what everybody can compute.
    ``marks``, of all that is known, are for few claims: then only persons are read whom these may concern.

    Example: ``link(duckdb.connect(), "loose", "known", Settings.load())``
    """
    prepare(connection, loose, known, related)
    candidates.slips(connection)
    if marks:
        asked(connection, marks)
        records.only(connection, "linking_known", "linking_near")
    relatives.resolve(connection)
    records.claim_records(connection)
    candidates.find(connection, settings)
    evidence.gather(connection)
    drop(connection, BEFORE_WEIGHING, keep)
    weigh(connection, settings, "linking_records", "linking_person_pairs", "linking_scores")
    kind = "temp table" if temporary else "table"
    decide.decisions(connection, decisions)
    decide.judge(connection, settings)
    decide.review(connection, settings, f"{kind} review")
    clusters.cluster(connection, settings, f"{kind} clusters", secret or Secret.none())
    decide.links(connection, settings, f"{kind} links")
    row = connection.execute("""
        select
            count(*),
            count(person_id) filter (person_id not like 'U%'),
            count(*) filter (rule in ('link_in_review', 'ambiguous_link')),
            count(person_id) filter (person_id like 'U%')
        from links
    """).fetchall()[0]  # all: a result with rows left would keep the connection
    drop(connection, STEPS, keep)
    return Linked(*row)


def drop(connection: duckdb.DuckDBPyConnection, tables: tuple[str, ...], keep: bool) -> None:
    """What is not needed any more: at city scale each is hundreds of megabytes."""
    for table in () if keep else tables:
        connection.execute(f"drop table if exists {table}")


def prepare(connection: duckdb.DuckDBPyConnection, loose: str, known: str, related: str | None = None) -> None:
    """The functions, and both relations in their standard shape (``linking_claims``, ``linking_known``)."""
    functions.install(connection)
    records.standardise(connection, loose, "linking_claims", LOOSE_KEYS)
    records.standardise(connection, known, "linking_known", KNOWN_KEYS, related)
