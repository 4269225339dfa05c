"""What a build is told."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from catalogue.installation import Installation
from catalogue.model import Catalogue
from orchestration.increment import Build


@pytest.mark.parametrize("last", [timedelta(hours=-1), timedelta(hours=1)], ids=["clock goes on", "clock was set back"])
def test_a_build_is_always_later_than_the_last_one(tmp_path: Path, last: timedelta) -> None:
    installation = Installation(tmp_path / "data", tmp_path / "city", tmp_path / "content")
    inputs = installation.warehouse.with_name("inputs.json")
    inputs.parent.mkdir(parents=True)
    before = datetime.now(UTC)
    inputs.write_text(json.dumps({"at": (before + last).isoformat()}))
    Build("fingerprint", "project", {}, {}, full=False, done=False).begin(installation, Catalogue())
    at = datetime.fromisoformat(json.loads(inputs.read_text(encoding="utf-8"))["at"])
    assert at > before + last and at >= before
