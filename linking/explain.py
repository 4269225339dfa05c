"""Why a claim was, or was not, put to a person: the weight of each comparison, in words.

The pair is compared anew from the same relations and with the same weights as in a run, so that the account is the
run's own. Showing it is for the command line (`govshare trace`).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log2

import duckdb

from linking import evidence, records, relatives
from linking.link import prepare
from linking.settings import Settings
from linking.weigh import weigh
from linking.words import quoted, reason


@dataclass(frozen=True)
class Part:
    """One comparison. ``level`` is None where one side says nothing. ``bits``: the weight; above 0 speaks for it."""

    comparison: str
    title: str
    level: str | None
    says: str
    bits: float


@dataclass(frozen=True)
class Explanation:
    """``bits``: the sum of all parts and of ``prior``; ``probability`` as if there were no other candidate."""

    claim_id: str
    person_id: str
    version: str
    prior: float
    parts: tuple[Part, ...]
    reason: str

    @property
    def bits(self) -> float:
        return self.prior + sum(part.bits for part in self.parts)

    @property
    def probability(self) -> float:
        return 1 / (1 + 2**-self.bits)


def explain(
    connection: duckdb.DuckDBPyConnection,
    loose: str,
    known: str,
    settings: Settings,
    claim_id: str,
    person_id: str,
    related: str | None = None,
) -> Explanation:
    """Example: ``explain(connection, "loose", "known", settings, claim_id, person_id).parts``"""
    prepare(connection, f"(select * from {loose} where claim_id = {quoted(claim_id)})", known, related)
    relatives.resolve(connection)
    records.claim_records(connection)
    connection.execute(
        "create or replace temp table linking_pairs as select ? as claim_id, ? as person_id", [claim_id, person_id]
    )
    connection.execute(
        "create or replace temp view linking_person_pairs as "
        "select claim_id as one, person_id as other from linking_pairs"
    )
    evidence.gather(connection)
    weigh(connection, settings, "linking_records", "linking_person_pairs", "linking_scores")
    names = [comparison.name for comparison in settings.comparisons]
    row = connection.execute(f"select {reason(settings)}, {', '.join(names)} from linking_scores").fetchone()
    if row is None:
        raise LookupError(f"there is no claim {claim_id} or no person {person_id} to compare")
    parts = tuple(_part(settings, position, level) for position, level in enumerate(row[1:]) if level is not None)
    prior = log2(settings.prior / (1 - settings.prior))
    return Explanation(claim_id, person_id, settings.version, prior, parts, row[0])


def _part(settings: Settings, position: int, level: int) -> Part:
    comparison = settings.comparisons[position]
    if level < 0:
        return Part(comparison.name, comparison.title, None, "silent", 0.0)
    found = comparison.levels[level]
    return Part(comparison.name, comparison.title, found.name, found.says, found.weight)
