"""What a build is told."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from catalogue.installation import Installation
from catalogue.model import Catalogue
from orchestration.increment import Build, next_build


@pytest.mark.parametrize("last", [timedelta(hours=-1), timedelta(hours=1)], ids=["clock goes on", "clock was set back"])
def test_a_build_is_always_later_than_the_last_one(tmp_path: Path, last: timedelta) -> None:
    installation = Installation(tmp_path / "data", tmp_path / "city", tmp_path / "content")
    inputs = installation.warehouse.with_name("inputs.json")
    inputs.parent.mkdir(parents=True)
    before = datetime.now(UTC)
    inputs.write_text(json.dumps({"at": (before + last).isoformat()}))
    Build("fingerprint", "project", {}, {}, {}, full=False, done=False).begin(installation, Catalogue())
    at = datetime.fromisoformat(json.loads(inputs.read_text(encoding="utf-8"))["at"])
    assert at > before + last and at >= before


@pytest.mark.parametrize("added", ["", "4,5,same,b,2026-01-02\n", None], ids=["as it was", "one more", "one less"])
def test_a_decision_taken_back_makes_a_full_build(tmp_path: Path, added: str | None) -> None:
    installation = Installation(tmp_path / "data", tmp_path / "city", tmp_path / "content")
    file = tmp_path / "data" / "decisions" / "population.csv"
    file.parent.mkdir(parents=True)
    installation.warehouse.parent.mkdir()
    installation.warehouse.touch()
    installation.content.mkdir()
    lines = "claim_key,person_id,verdict,by,at\n1,2,same,a,2026-01-01\n"
    file.write_text(lines)
    next_build(installation, Catalogue()).finish(installation)
    file.write_text(lines[:-24] if added is None else lines + added)
    build = next_build(installation, Catalogue())
    assert build.full == (added is None)
    assert build.done == (added == "")
