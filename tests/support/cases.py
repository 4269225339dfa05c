"""The inputs of ``../shared/cases``: what people who do this job have met, with the right answers in its README."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

SHARED = Path(__file__).parents[3] / "shared"


def case(name: str) -> Path:
    """The file of a case, as ``01/a.csv``; the test is skipped where the folder is missing, and fails in CI."""
    return shared(f"cases/{name}")


def shared(name: str) -> Path:
    path = SHARED / name
    if not path.exists():
        if os.environ.get("CI") == "true":
            pytest.fail(f"../shared/{name} is missing")
        pytest.skip(f"../shared/{name} is not there")
    return path
