"""Estimate the weights once, on simulated cities whose truth is known: ``python -m linking.train <data> … [--write]``.

`m` is counted over pairs of a claim and the known person it means, `u` over claims and persons drawn at random. What
was seen too seldom to be a share stays as it is declared, and so does what a level lists as ``by_hand``: simulated
cities are smaller and tidier than a real one. Without ``--write`` the estimates are only shown beside what is
declared. Nothing in a city's run reads this: weights come from the file, and the file has a version.
"""

from __future__ import annotations

import argparse
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import duckdb

from linking import evidence, records, relatives, sample
from linking.link import prepare
from linking.settings import FILE, Settings
from linking.weigh import weigh

RANDOM_PAIRS = 3_000_000  # a city
SEEN = 20  # a share of fewer sightings is not worth the name
Counts = Counter[tuple[str, int, bool]]  # comparison, level, whether the pairs are of one person


def count(data: Path, settings: Settings, seed: int = 1) -> Counts:
    """How often each level holds among true pairs and among random ones."""
    connection = duckdb.connect()
    sample.read(connection, data)
    prepare(connection, "loose", "known", "known_kin")
    relatives.resolve(connection)
    records.claim_records(connection)
    found: Counts = Counter()
    for same, pairs in ((True, _true_pairs()), (False, _random_pairs(seed))):
        connection.execute(f"create or replace temp table linking_pairs as {pairs}")
        connection.execute(
            "create or replace temp view pairs as select claim_id as one, person_id as other from linking_pairs"
        )
        evidence.gather(connection)
        weigh(connection, settings, "linking_records", "pairs", "scores")
        for comparison in settings.comparisons:
            rows = connection.execute(f"select {comparison.name}, count(*) from scores group by 1").fetchall()
            found.update({(comparison.name, level, same): n for level, n in rows})
    return found


def _true_pairs() -> str:
    return "select claim_id, person as person_id from truth where known and claim_id is not null"


def _random_pairs(seed: int) -> str:
    """Claims and persons in two orders that have nothing to do with each other."""
    return f"""
        with claims as (
            select claim_id, row_number() over (order by hash(claim_id, {seed})) - 1 as place from linking_claims
        ),
        persons as (
            select person_id, row_number() over (order by hash(person_id, {seed})) - 1 as place
            from (select distinct person_id from linking_known)
        ),
        draws as (
            select place % (select count(*) from claims) as claim,
                hash(place, {seed}) % (select count(*) from persons) as person
            from range({RANDOM_PAIRS}) as draw(place)
        )
        select distinct claims.claim_id, persons.person_id
        from draws join claims on draws.claim = claims.place join persons on draws.person = persons.place
        where not exists (
            select 1 from truth where truth.claim_id = claims.claim_id and truth.person = persons.person_id
        )
    """


def estimates(settings: Settings, counts: Counts) -> Iterator[tuple[str, str, str, float, float, int]]:
    """(comparison, level, 'm' or 'u', declared, estimated, sightings)."""
    for comparison in settings.comparisons:
        for same in (True, False):
            seen = [counts[comparison.name, n, same] for n in range(len(comparison.levels))]
            for level, sightings in zip(comparison.levels, seen, strict=True):
                declared = level.m if same else level.u
                estimated = sightings / sum(seen) if sightings >= SEEN else declared
                yield comparison.name, level.name, "m" if same else "u", declared, estimated, sightings


def rewritten(text: str, found: dict[tuple[str, str, str], float]) -> str:
    """The file with new values of m and u, all else as it is; what a level lists as by_hand is left alone."""
    comparison, lines = "", []
    for block in re.split(r"(?m)^(?=\[\[)", text):
        name = re.search(r'(?m)^name = "([^"]+)"', block)
        if block.startswith("[[comparison]]") and name:
            comparison = name[1]
        if block.startswith("[[comparison.level]]") and name:
            level, by_hand = name[1], re.search(r'(?m)^by_hand = "([mu ]+)"', block)
            for share in ("m", "u"):
                value = found.get((comparison, level, share))
                if value is not None and not (by_hand and share in by_hand[1]):
                    block = re.sub(rf"(?m)^{share} = .*$", f"{share} = {value:.2g}", block)
        lines.append(block)
    return "".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", nargs="+", type=Path, help="data folders of installations with a demo city")
    parser.add_argument("--write", action="store_true", help="write the estimates into population.toml")
    arguments = parser.parse_args()
    settings = Settings.load()
    counts: Counts = Counter()
    for data in arguments.data:
        counts += count(data, settings)
    found = list(estimates(settings, counts))
    for comparison, level, share, declared, estimated, sightings in found:
        shares = f"declared {declared:<9.3g} estimated {estimated:<9.3g}"
        print(f"{comparison:<13} {level:<14} {share} {shares} seen {sightings}")
    if arguments.write:
        values = {(comparison, level, share): value for comparison, level, share, _, value, _ in found}
        FILE.write_text(rewritten(FILE.read_text(encoding="utf-8"), values), encoding="utf-8")
        print(f"written to {FILE}: give it a new version")


if __name__ == "__main__":
    main()
