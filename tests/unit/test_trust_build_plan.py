"""What a build reads, keeps and leaves out when a batch is damaged, gone or refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from catalogue.installation import Installation
from connectors.manifest import Manifest, Part
from orchestration.batches import Batch, missing
from orchestration.held import DAMAGED, REFUSED, hold_now
from orchestration.increment import Build
from orchestration.inputs import _to_read

DAY = date(2026, 11, 25)
A, B = "office.a", "office.b"
STAGING_A = "stg_office__a"


def batch(resource: str, name: str, wrong: str | None = None) -> Batch:
    parts = (Part("part-00000.parquet", 10, 5, f"sum of {resource} {name}"),)
    rows = 0 if name == "000000" else 10
    folder = Path("/landing") / resource.replace(".", "/") / name
    return Batch(name, Manifest(resource, name, "file", (), rows, folder, parts=parts), wrong)


def build(past: dict[str, list[str]], *, full: bool, wrong: dict[str, str] | None = None, names: int = 3) -> Build:
    """Two resources of three batches each, of which ``past`` are built."""
    found = {
        r: {n: batch(r, n, (wrong or {}).get(n) if r == A else None) for n in (f"{i:06d}" for i in range(names + 1))}
        for r in (A, B)
    }
    return Build("project", found, past, {}, DAY, full)


def held(work: Build, *names: str, kind: str = DAMAGED) -> Build:
    return replace(work, held={A: hold_now(kind, "why", {n: work.found[A][n].mark for n in names}, "project")})


OLD = {A: ["000001", "000002"], B: ["000001", "000002"]}
ROWS = {"000001": 10, "000002": 10}


def files(work: Build, resource: str) -> list[str]:
    return [Path(p).parent.name for p in _to_read(work)["parts"][resource]]


def test_a_damaged_new_batch_waits_and_the_other_resource_goes_on() -> None:
    work = held(build(OLD, full=False, wrong={"000003": "is missing"}), "000003")
    assert work.new == {B: ["000003"]} and work.batches == {A: ["000001", "000002"], B: ["000001", "000002", "000003"]}
    assert STAGING_A in work.arguments and "stg_office__b" not in work.arguments
    assert files(work, A) == ["000000", "000001", "000002"] and work.kept == {}
    assert _to_read(work)["delivered"][A]["rows"] == 20


def test_where_an_old_batch_is_damaged_what_is_staged_stays_also_in_a_full_build() -> None:
    work = replace(held(build(OLD, full=True, wrong={"000001": "is missing"}), "000001"), staged={A: ROWS})
    assert work.kept == {A: ROWS} and work.batches[A] == ["000001", "000002"]
    assert work.arguments[-2:] == ["--exclude", STAGING_A] and "--full-refresh" in work.arguments
    assert files(work, A) == ["000000"] and _to_read(work)["kept"] == {A: 20}
    assert files(work, B) == ["000000", "000001", "000002", "000003"]


def test_of_a_batch_without_a_manifest_counts_what_is_staged() -> None:
    work = held(build(OLD, full=True), "000001")
    found = {**work.found[A], "000001": Batch("000001", None, "its manifest cannot be read")}
    work = replace(work, found={**work.found, A: found}, staged={A: {"000001": 7, "000002": 10}})
    assert _to_read(work)["kept"] == {A: 17} and _to_read(work)["delivered"][A]["rows"] == 17


def test_without_a_staging_table_all_that_is_whole_is_built() -> None:
    work = held(build({}, full=True, wrong={"000002": "is missing"}), "000002")
    assert work.batches[A] == ["000001", "000003"] and work.kept == {} and STAGING_A not in work.arguments


@pytest.mark.parametrize("full", [True, False])
def test_what_was_refused_as_new_leaves_what_was_staged(full: bool) -> None:
    work = replace(held(build(OLD, full=full), "000003", kind=REFUSED), staged={A: ROWS})
    assert work.batches[A] == ["000001", "000002"] and work.kept == {} and A not in work.new
    assert files(work, A) == ["000000", "000001", "000002"]


def test_what_was_refused_in_a_full_build_keeps_its_staging_table() -> None:
    work = held(build(OLD, full=True), "000001", "000002", "000003", kind=REFUSED)
    assert replace(work, staged={A: ROWS}).kept == {A: ROWS}
    assert work.batches[A] == [] and files(work, A) == ["000000"], "never staged: no rows, and all else stands"


def test_what_is_done_already_is_left_out_of_the_next_call() -> None:
    work = held(build(OLD, full=False), "000003", kind=REFUSED)
    assert work.again_without(["stg_office__b"])[-2:] == ["--exclude", "stg_office__b"]


def test_a_hold_is_part_of_the_fingerprint_and_its_age_is_not() -> None:
    free = build(OLD, full=False)
    work = held(free, "000003")
    assert work.fingerprint != free.fingerprint
    older = replace(work, held={A: replace(work.held[A], since="2020-01-01T00:00:00+00:00")})
    assert older.fingerprint == work.fingerprint
    assert work.fingerprint != held(free, "000002").fingerprint


def test_a_refusal_ends_with_another_project_or_with_the_batch() -> None:
    work = held(build(OLD, full=False), "000003", kind=REFUSED)
    entry, found = work.held[A], work.found[A]
    assert entry.in_force(A, found, "project")
    assert not entry.in_force(A, found, "another project")
    assert not entry.in_force(A, {n: b for n, b in found.items() if n != "000003"}, "project")
    assert not entry.in_force(A, {**found, "000003": batch(A, "000003", "another")}, "project")


def test_a_batch_that_is_gone_is_missed_unless_somebody_withdrew_it(tmp_path: Path) -> None:
    installation = Installation(tmp_path, tmp_path, tmp_path)
    assert missing(installation, A, ["000001", "000002"], {"000002": batch(A, "000002")}) == ["000001"]
    (installation.landing_of(A) / ".withdrawn" / "000001").mkdir(parents=True)
    assert missing(installation, A, ["000001"], {}) == []


def test_the_sentence_says_since_when_why_and_what_to_do() -> None:
    entry = replace(held(build(OLD, full=False), "000003").held[A], since="2026-11-24T20:30:00+00:00")
    assert entry.sentence(A) == (
        "held at its last good state since 2026-11-25 04:30: why. Remedy: restore the batch from a backup, or "
        "`govshare batch withdraw office.a 000003 --why TEXT`"
    )
