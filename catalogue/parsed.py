"""What dbt has parsed of an installation: its manifest, kept under the fingerprint of what was parsed."""

from __future__ import annotations

import hashlib
import json
import os
from importlib.metadata import version
from pathlib import Path
from typing import Any

from filelock import FileLock

from catalogue.checksums import intact, write_sealed
from catalogue.dbt import project_fingerprint, run_dbt
from catalogue.installation import DBT_PROJECT, Installation

KEPT_MANIFESTS = 4  # another process may just be about to read one


def manifest_file(installation: Installation) -> Path:
    """Where dbt's manifest of this installation lies, once it is parsed: its name says what was parsed."""
    parts = (project_fingerprint(installation), os.path.relpath(installation.content, DBT_PROJECT),
             version("dbt-core"), version("dbt-duckdb"))  # fmt: skip
    fingerprint = hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]
    return installation.dbt_target / f"manifest-{fingerprint}.json"


def ensure_manifest(installation: Installation) -> Path:
    """dbt's manifest of this installation; dbt parses (3 s) only if project, content or its version changed, or what
    it parsed is damaged.

    The file's name carries the fingerprint and the file comes by rename: two processes do not disturb each
    other.
    """
    manifest = manifest_file(installation)
    if intact(manifest):
        return manifest
    installation.dbt_target.mkdir(parents=True, exist_ok=True)
    with FileLock(installation.dbt_target / "parse.lock"):
        if not intact(manifest):
            run_dbt(installation, "--quiet", "parse")
            write_sealed(manifest, (installation.dbt_target / "manifest.json").read_text(encoding="utf-8"))
    others = sorted(installation.dbt_target.glob("manifest-*.json"), key=lambda path: path.stat().st_mtime)
    for old in others[:-KEPT_MANIFESTS]:
        old.unlink(missing_ok=True)
        old.with_name(f"{old.name}.sha256").unlink(missing_ok=True)
    return manifest


def read_manifest(installation: Installation) -> Any:
    """What ``ensure_manifest`` leads to."""
    return json.loads(ensure_manifest(installation).read_bytes())
