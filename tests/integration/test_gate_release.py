"""Candidate, gate and release together: what the gate stops is never current, and what it lets pass is."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pytest

from catalogue.installation import Installation
from catalogue.model import BaseTable, Catalogue, Claim, Column, Resource
from expectations.gate import judge
from publishing.candidate import Candidate, write_candidate
from publishing.release import GateFailed, Release, publish, releases
from publishing.released import current_release

GOOD = [("91350100M000100Y43", "新乡一号"), ("11410700005483005B", "新乡二号"), ("11410700009000074A", None)]
WRONG_CODE = "91350100M000100Y44"

TABLE = BaseTable(
    name="entity",
    title="单位",
    description="单位基础信息",
    layer="base",
    primary_key=("credit_code",),
    columns=(
        Column(name="credit_code", type="varchar", standard="credit_code", constraints=("not_null",)),
        Column(name="name", type="varchar", standard="organisation_name", completeness=0.9),
    ),
)


class City:
    """An installation with one table that is filled, judged and published."""

    def __init__(self, folder: Path) -> None:
        self.installation = Installation(folder / "data", folder / "city", folder / "content")
        register = Resource(department="office", name="register", claims=(Claim(table="entity", role="it"),))
        self.catalogue = Catalogue(resources={register.id: register}, published_tables={"entity": TABLE})

    def candidate(self, rows: list[tuple[str, str | None]]) -> Candidate:
        with duckdb.connect() as warehouse:
            warehouse.execute("create table entity (credit_code varchar, name varchar)")
            for row in rows:
                warehouse.execute("insert into entity values (?, ?)", row)
            return write_candidate(self.installation, TABLE, warehouse)

    def run(self, rows: list[tuple[str, str | None]]) -> Release:
        candidate = self.candidate(rows)
        verdict = judge(self.installation, TABLE, candidate, self.catalogue)
        return publish(self.installation, candidate, verdict, {"fingerprint": str(rows)})


@pytest.fixture
def city(tmp_path: Path) -> City:
    return City(tmp_path)


def test_what_passes_is_released_with_its_verdict_and_warnings(city: City) -> None:
    release = city.run(GOOD)
    manifest = json.loads((release.path / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["gate"]["verdict"] == "passed with warnings"
    failed = {c["name"]: c["severity"] for c in manifest["gate"]["checks"] if not c["passed"]}
    assert failed == {"name__completeness": "warn"}
    assert [r["gate"] for r in releases(city.installation)] == ["passed with warnings"]


def test_a_failed_gate_leaves_the_former_release_as_it_was(city: City) -> None:
    first = city.run(GOOD)
    before = {path: path.read_bytes() for path in first.path.iterdir()}
    with pytest.raises(GateFailed) as error:
        city.run([*GOOD, (WRONG_CODE, "新乡三号")])
    current = current_release(city.installation, "entity")
    assert current is not None and current["release"] == "000001" and current["rows"] == 3
    assert {path: path.read_bytes() for path in current["path"].iterdir()} == before
    assert "credit_code__credit_code_check_digit" in str(error.value)
    assert "former release stays current" in str(error.value)
    assert WRONG_CODE not in str(error.value), "an error shows no value"


def test_a_failed_first_gate_leaves_no_release_at_all(city: City) -> None:
    with pytest.raises(GateFailed):
        city.run([(WRONG_CODE, "新乡三号")])
    assert current_release(city.installation, "entity") is None and releases(city.installation) == []


def test_after_a_failed_gate_the_corrected_candidate_is_released(city: City) -> None:
    city.run(GOOD)
    with pytest.raises(GateFailed):
        city.run([])  # an accident: everything is gone
    assert city.run(GOOD).state == "unchanged"
    release = city.run([GOOD[0], GOOD[1], ("11410700009000074A", "新乡三号")])
    assert (release.state, release.number) == ("new", "000002")


def test_data_docs_keep_the_last_judgement_of_each_table(city: City) -> None:
    city.run(GOOD)
    with pytest.raises(GateFailed):
        city.run([])
    facts = json.loads((city.installation.data_docs / "entity.json").read_text(encoding="utf-8"))
    assert facts["verdict"] == "failed" and facts["rows"] == 0
    index = (city.installation.data_docs / "index.html").read_text(encoding="utf-8")
    assert "failed" in index and "volume" in index and "单位" in index
