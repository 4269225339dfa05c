"""The gate: judges a candidate's files, as they would be published, and says in one verdict whether they may
be.

Works in an in-memory DuckDB over the Parquet files; the warehouse stays closed. What is asked is decided in
``plan``; here it is found out what can be asked, the questions are put, and the report is written.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from catalogue.installation import Installation
from catalogue.secret import Secret
from expectations.plan import LastRelease, Planned, plan
from expectations.standards import BLOCK, WARN, quoted
from expectations.verdict import Check, Verdict

if TYPE_CHECKING:
    from catalogue.model import BaseTable, Catalogue
    from expectations.session import Session


Released = Callable[[str], Sequence[str]]


class CandidateLike(Protocol):
    """What the gate needs of a candidate: a folder of Parquet files and how many rows they have."""

    @property
    def path(self) -> Path: ...

    @property
    def rows(self) -> int: ...


def judge(
    installation: Installation,
    table: BaseTable,
    candidate: CandidateLike,
    catalogue: Catalogue,
    *,
    accept_volume: bool = False,
    released: Released | None = None,
) -> Verdict:
    """Judge ``candidate`` by the standard of ``table`` and write its page of Data Docs.

    ``accept_volume``: a fall in rows only warns, for the day on which an operator knows that it is right. ``released``:
    the Parquet files of a table's current release, as far as they may be read; by default those that lie there.
    """
    from expectations.report import write_report
    from expectations.session import Session

    started = time.monotonic()
    with Session(candidate.path, Secret.of(installation)) as session:
        released = released or partial(_lying_there, installation)
        planned = plan(table, catalogue, _last_release(released(table.name), session))
        if accept_volume:
            planned = [replace(c, severity=WARN) if c.rule == "volume" else c for c in planned]
        present = set(session.columns())
        asked: list[Planned] = []
        checks: dict[str, Check] = {}
        for check in planned:
            if missing := [name for name in check.needs if name not in present]:
                checks[check.name] = _not_asked(check, candidate, False, f"column {', '.join(missing)} is missing")
            elif check.kind == "complete" and candidate.rows == 0:
                checks[check.name] = _not_asked(check, candidate, True, "not asked: there is no row")
            elif check.kind != "missing":
                asked.append(check)
            elif (views := _known_keys(installation, table, check, catalogue, session, released)) is not None:
                asked.append(replace(check, arguments={**check.arguments, "views": views}))
            else:
                words = "not asked: a table that it refers to has no candidate or release yet"
                checks[check.name] = _not_asked(check, candidate, True, words)
        answered, document = session.run(table.name, asked, table.primary_key, candidate.rows)
        checks |= {check.name: check for check in answered}
    ordered = [checks[check.name] for check in planned]
    passed = not any(check.severity == BLOCK and not check.passed for check in ordered)
    verdict = Verdict(table.name, passed, ordered, candidate.rows, time.monotonic() - started)
    write_report(installation, table, verdict, document)
    return verdict


def _not_asked(check: Planned, candidate: CandidateLike, passed: bool, words: str) -> Check:
    rows = 0 if passed else candidate.rows
    return Check(
        name=check.name,
        column=check.column,
        rule=check.rule,
        severity=check.severity,
        passed=passed,
        observed=words,
        unexpected_count=rows,
        total=candidate.rows,
        description=check.description,
    )


def _lying_there(installation: Installation, table: str) -> list[str]:
    return sorted(map(str, (installation.published / table / "current").glob("*.parquet")))


def _known_keys(
    installation: Installation,
    table: BaseTable,
    check: Planned,
    catalogue: Catalogue,
    session: Session,
    released: Released,
) -> list[str] | None:
    """Names of views with the keys (column ``known``) of each table that ``check`` refers to; null when one
    of them has no rows to look at yet."""
    from expectations.rules import BATCH
    from expectations.session import parquet

    views = []
    for name in check.arguments["tables"]:
        key = quoted(catalogue.published_tables[name].primary_key[0])
        # The rows that will be current after this run: the table's candidate, else its current release.
        files = sorted(map(str, (installation.candidate / name).glob("*.parquet"))) or released(name)
        if name == table.name:
            rows = quoted(BATCH)
        elif files:
            rows = parquet(files)
        else:
            return None
        views.append(f"known_{name}")
        session.ask(f"create or replace view {quoted(views[-1])} as select {key} as known from {rows}")
    return views


def _last_release(files: Sequence[str], session: Session) -> LastRelease | None:
    from expectations.session import parquet

    if not files:
        return None
    rows = session.ask(f"select count(*) from {parquet(files)}")[0][0]
    names = [row[0] for row in session.ask(f"describe select * from {parquet(files)}")]
    newest = None
    if "_updated_at" in names:
        newest = session.ask(f"select cast(max(_updated_at) as varchar) from {parquet(files)}")[0][0]
    return LastRelease(rows, newest)
