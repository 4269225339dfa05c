"""From weights to what becomes of each claim: linked, in review, ambiguous, or left to make a person of its own.

A candidate's chance is weighed against all others and against nobody: two equally good ones have less than a half
each. Reviewers' decisions come before any weight. Each claim is judged by its own candidates alone.
"""

from __future__ import annotations

import duckdb

from linking.settings import Settings
from linking.words import cautioned, method, reason

REVIEWED = 3  # candidates that a clerk is shown of one claim


def decisions(connection: duckdb.DuckDBPyConnection, relation: str | None) -> None:
    """``linking_decisions`` (claim_id, person_id, other_claim_id, verdict, decided_at): the last word on each pair.

    ``other_claim_id``: the claim that `person_id` names by its key, where it names no person.
    """
    source = relation or (
        "(select null::varchar as claim_key, null::varchar as person_id, null::varchar as verdict, "
        'null::timestamp as "at" where false)'
    )
    connection.execute(f"""
        create or replace temp table linking_decisions as
        with last as (
            select claim_key, person_id, arg_max(verdict, ("at", verdict)) as verdict, max("at") as decided_at
            from {source} where verdict in ('same', 'different')
            group by claim_key, person_id
        )
        select claims.claim_id, last.person_id, others.claim_id as other_claim_id, last.verdict, last.decided_at
        from last
        join linking_claims as claims on last.claim_key = claims.claim_key
        left join linking_claims as others on last.person_id = others.claim_key
        where not (last.verdict = 'same' and last.person_id is null)
    """)


def judge(connection: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    """``linking_judged``: one row a claim with its state (decided, linked, ambiguous, review, possible or alone)."""
    limits = settings.thresholds
    _rank(connection, settings)
    connection.execute(f"""
        create or replace temp table linking_judged as
        with decided as (
            select claim_id, arg_max(person_id, (decided_at, person_id)) as person_id
            from linking_decisions where verdict = 'same' and other_claim_id is null group by claim_id
        ),
        best as (from linking_ranked where place = 1)
        select
            claims.claim_id,
            case when decided.person_id is not null then decided.person_id else best.person_id end as person_id,
            case when decided.person_id is not null then 1.0 else coalesce(best.chance, 0.0) end as probability,
            case
                when decided.person_id is not null then 'decided'
                when best.chance >= {limits.link} and not best.cautioned then 'linked'
                when best.single >= {limits.link} and best.chance < {limits.link} then 'ambiguous'
                when best.single >= {limits.review} then 'review'
                when best.single >= {limits.possible} then 'possible'
                else 'alone'
            end as state
        from linking_claims as claims
        left join decided on claims.claim_id = decided.claim_id
        left join best on claims.claim_id = best.claim_id
    """)


def _rank(connection: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    """``linking_ranked``: the candidates that no reviewer refused, with their chance against all others and nobody.

    ``single``: the chance as if there were no other candidate. ``margin``: bits ahead of the next, or behind the best.
    Sums are taken in a fixed order, so that they are the same to the last digit in every run.
    """
    connection.execute(f"""
        create or replace temp table linking_ranked as
        with candidates as (
            select one as claim_id, other as person_id, weight, {cautioned(settings)} as cautioned
            from linking_scores as scores
            where not exists (
                select 1 from linking_decisions as decisions
                where decisions.claim_id = scores.one and decisions.verdict = 'different'
                    and coalesce(decisions.person_id = scores.other, true)
            )
        ),
        totals as (
            select claim_id, max(weight) as best, list_sum(list(pow(2, weight) order by weight, person_id)) as total
            from candidates group by claim_id
        )
        select
            candidates.*,
            pow(2, weight) / (1 + total) as chance,
            pow(2, weight) / (1 + pow(2, weight)) as single,
            row_number() over in_order as place,
            case
                when row_number() over in_order = 1 then weight - lead(weight) over in_order
                else weight - best
            end as margin
        from candidates join totals using (claim_id)
        window in_order as (partition by claim_id order by weight desc, person_id)
    """)


def review(connection: duckdb.DuckDBPyConnection, settings: Settings, into: str) -> None:
    """The list for the clerks: the best candidates of each claim that is ambiguous or in review, with the reason."""
    connection.execute(f"""
        create or replace {into} as
        select ranked.claim_id, ranked.person_id, ranked.chance as probability, ranked.margin,
            {reason(settings)} || case when judged.state = 'ambiguous' then '；另有相近人选' else '' end as reason
        from linking_ranked as ranked
        join linking_judged as judged on ranked.claim_id = judged.claim_id
        join linking_scores as scores on scores.one = ranked.claim_id and scores.other = ranked.person_id
        where judged.state in ('ambiguous', 'review') and place <= {REVIEWED}
            and (place = 1 or ranked.chance >= {settings.thresholds.possible})
    """)


def links(connection: duckdb.DuckDBPyConnection, settings: Settings, into: str) -> None:
    """Every claim once: its person, how sure, why in words; or the rule that says why it has none."""
    connection.execute(f"""
        create or replace {into} as
        select
            judged.claim_id,
            case
                when judged.state in ('decided', 'linked') then judged.person_id
                else clusters.person_id
            end as person_id,
            case when clusters.person_id is null then judged.probability else 1 - judged.probability end
                as probability,
            case
                when judged.state = 'decided' then 'decided by a reviewer'
                when judged.state = 'linked' then {method(settings)}
                when clusters.person_id is not null then clusters.method
            end as method,
            case
                when judged.state in ('decided', 'linked') or clusters.person_id is not null then null
                when judged.state = 'ambiguous' or clusters.conflict then 'ambiguous_link'
                when judged.state = 'review' then 'link_in_review'
                else 'not_linked'
            end as rule
        from linking_judged as judged
        left join linking_scores as scores
            on judged.state = 'linked' and scores.one = judged.claim_id and scores.other = judged.person_id
        left join linking_clusters as clusters on judged.claim_id = clusters.claim_id
    """)
