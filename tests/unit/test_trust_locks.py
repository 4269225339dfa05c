"""What is installed at a site, and what only where it is tested."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PIN = re.compile(r"^([a-z0-9][a-z0-9._-]*)(?:\[[^\]]*\])?==(\S+)", re.MULTILINE)


def pins(name: str) -> dict[str, str]:
    return dict(PIN.findall((ROOT / name).read_text(encoding="utf-8")))


def test_a_site_installs_nothing_that_only_tests_need() -> None:
    site = pins("requirements.lock")
    assert {"dagster", "dbt-core", "duckdb", "paramiko", "s3fs"} <= site.keys()
    assert not {"pytest", "moto", "flask", "asyncssh", "hypothesis", "ruff", "mypy", "uv"} & site.keys()


def test_what_is_tested_is_what_a_site_has() -> None:
    site, tested = pins("requirements.lock"), pins("requirements-dev.lock")
    assert site.items() <= tested.items()
    assert {"pytest", "moto", "uv", "setuptools"} <= tested.keys()


def test_every_file_is_known_by_its_hash_and_no_lock_names_a_host() -> None:
    for name in ("requirements.lock", "requirements-dev.lock"):
        text = (ROOT / name).read_text(encoding="utf-8")
        blocks = re.split(r"(?=^[a-z0-9])", text, flags=re.MULTILINE)
        assert all("--hash=sha256:" in block for block in blocks if PIN.match(block))
        assert "://" not in text and "--index" not in text and "--find-links" not in text
