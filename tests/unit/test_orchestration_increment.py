"""What a build is told."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from catalogue.errors import GovshareError
from catalogue.installation import Installation
from catalogue.model import Catalogue
from orchestration.increment import Build, next_build
from orchestration.inputs import begin, finish


@pytest.mark.parametrize("last", [timedelta(hours=-1), timedelta(hours=1)], ids=["clock goes on", "clock was set back"])
def test_a_build_is_always_later_than_the_last_one(tmp_path: Path, last: timedelta) -> None:
    installation = Installation(tmp_path / "data", tmp_path / "city", tmp_path / "content")
    inputs = installation.warehouse.with_name("inputs.json")
    inputs.parent.mkdir(parents=True)
    before = datetime.now(UTC)
    inputs.write_text(json.dumps({"at": (before + last).isoformat()}))
    begin(Build("project", {}, {}, {}, before.date(), full=False), installation)
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
    build = next_build(installation, Catalogue())
    begin(build, installation)
    finish(build, installation)
    file.write_text(lines[:-24] if added is None else lines + added)
    build = next_build(installation, Catalogue())
    assert build.full == (added is None)
    assert build.done == (added == "")


def test_another_day_is_another_build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installation = Installation(tmp_path / "data", tmp_path / "city", tmp_path / "content")
    installation.content.mkdir()
    installation.warehouse.parent.mkdir(parents=True)
    installation.warehouse.touch()
    monkeypatch.setenv("GOVSHARE_DAY", "2026-11-24")
    build = next_build(installation, Catalogue())
    begin(build, installation)
    assert (
        json.loads(installation.warehouse.with_name("inputs.json").read_text(encoding="utf-8"))["day"] == "2026-11-24"
    )
    finish(build, installation)
    assert next_build(installation, Catalogue()).done
    monkeypatch.setenv("GOVSHARE_DAY", "2026-11-25")
    assert not next_build(installation, Catalogue()).done
    monkeypatch.setenv("GOVSHARE_DAY", "25.11.2026")
    with pytest.raises(GovshareError, match=r"GOVSHARE_DAY is '25.11.2026', which is no date.*Remedy"):
        next_build(installation, Catalogue())
    monkeypatch.delenv("GOVSHARE_DAY")
    assert next_build(installation, Catalogue()).day == datetime.now(UTC).astimezone(ZoneInfo("Asia/Shanghai")).date()
