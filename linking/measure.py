"""How right linking is on a simulated city, and what it costs: ``python -m linking.measure <data> …``.

A claim is right when it is put to the person it means: by number where any record tells it, else when all claims on
the person, and no others, are put together (as ``demo_city.scoring`` counts what is published). Nothing is published
here and no pipeline runs: the warehouse of the installation ``<data>`` is read.
"""

from __future__ import annotations

import argparse
import resource
import time
from dataclasses import dataclass
from pathlib import Path

import duckdb

from linking import sample
from linking.link import link
from linking.settings import Settings


@dataclass(frozen=True)
class Score:
    """Current records without a usable number that mean a true person; of these linked, and linked rightly."""

    records: int
    linked: int
    right: int

    @property
    def precision(self) -> float:
        return self.right / self.linked if self.linked else 1.0

    @property
    def recall(self) -> float:
        return self.right / self.records if self.records else 1.0


def judge(connection: duckdb.DuckDBPyConnection) -> Score:
    """The table ``judged`` (truth with person_id, rule, method, is_right) out of ``truth`` and ``links``."""
    connection.execute("""
        create or replace temp table judged as
        with placed as (
            select truth.*, links.person_id, links.rule, links.method
            from truth left join links on truth.claim_id = links.claim_id
        ),
        pure as (
            select person_id from placed where person_id like 'U%'
            group by person_id having count(distinct person) = 1
        ),
        whole as (
            select person from placed where not known
            group by person having count(distinct person_id) = 1 and count(*) = count(person_id)
        )
        select placed.*, coalesce(
            person_id = person or person_id in (from pure) and not known and person in (from whole), false
        ) as is_right
        from placed
    """)
    rows = connection.execute("select count(*), count(person_id), count(*) filter (is_right) from judged").fetchall()
    return Score(*rows[0])


def measure(data: Path, settings: Settings) -> tuple[duckdb.DuckDBPyConnection, Score, float]:
    """The connection with all tables of the run, the score, and the seconds that linking took."""
    connection = duckdb.connect()
    sample.read(connection, data)
    started = time.monotonic()
    link(connection, "loose", "known", settings, related="known_kin")
    seconds = time.monotonic() - started
    return connection, judge(connection), seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", nargs="+", type=Path, help="data folders of installations with a demo city")
    parser.add_argument("--by", choices=["role", "defect", "rule"], help="a table by resource and role, and so on")
    arguments = parser.parse_args()
    settings = Settings.load()
    for data in arguments.data:
        connection, score, seconds = measure(data, settings)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        print(f"{data}  records {score.records:,}  linked {score.linked:,}  precision {score.precision:.3%}  "
              f"recall {score.recall:.2%}  {seconds:.1f} s  {peak:,} MB  version {settings.version}")  # fmt: skip
        if arguments.by:
            columns = {"role": "resource, role, known", "defect": "defect, known", "rule": "rule, method"}
            connection.sql(f"""
                select {columns[arguments.by]}, count(*) as records, count(person_id) as linked,
                    count(*) filter (is_right) as "right", count(person_id) - count(*) filter (is_right) as wrong
                from judged group by all order by all
            """).show(max_rows=100, max_width=160)


if __name__ == "__main__":
    main()
