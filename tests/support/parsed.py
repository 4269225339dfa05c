"""dbt's parse of the project, taken over from one test installation to the next.

dbt parses anew (six seconds) wherever the warehouse lies elsewhere, though nothing that it parses depends on the place.
Here its state file is copied with the hash of the new place; dbt itself checks all the rest, and parses what differs.
If a version of dbt counts in another way, it just parses everything. The manifest that govshare keeps goes the same
way: its name says what was parsed.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from functools import cache
from pathlib import Path
from pprint import pformat

import yaml

from catalogue.checksums import seal
from catalogue.installation import DBT_PROJECT, Installation
from catalogue.parsed import KEPT_MANIFESTS, manifest_file

STATE = "partial_parse.msgpack"
SHELF = DBT_PROJECT / "target" / "tests"
NOWHERE = Path("/nowhere/warehouse.duckdb")  # for which the state is kept


def take_over(installation: Installation) -> Installation:
    """The installation, beginning with what an earlier test has parsed of the same content, if any has."""
    kept, state, manifest = _kept(installation), installation.dbt_target / STATE, manifest_file(installation)
    state.parent.mkdir(parents=True, exist_ok=True)
    if kept.exists() and not state.exists():
        state.write_bytes(_moved(kept.read_bytes(), NOWHERE, installation.warehouse))
        seal(state)
    if (SHELF / manifest.name).exists() and not manifest.exists():
        shutil.copyfile(SHELF / manifest.name, manifest)  # without its mode: the installation's own decides
        seal(manifest)
    return installation


def moved(was: Installation, now: Installation) -> None:
    """``now`` is a copy of ``was`` in another folder."""
    state = now.dbt_target / STATE
    if state.exists():
        state.write_bytes(_moved(state.read_bytes(), was.warehouse, now.warehouse))
        seal(state)


def keep(installation: Installation) -> None:
    """Let later tests begin with what dbt has parsed here."""
    kept, state, manifest = _kept(installation), installation.dbt_target / STATE, manifest_file(installation)
    if not kept.exists() and state.exists():
        _put(_moved(state.read_bytes(), installation.warehouse, NOWHERE), kept)
    if not (SHELF / manifest.name).exists() and manifest.exists():
        for old in sorted(SHELF.glob("manifest-*.json"), key=lambda path: path.stat().st_mtime)[:-KEPT_MANIFESTS]:
            old.unlink(missing_ok=True)
        _put(manifest.read_bytes(), SHELF / manifest.name)


def _put(content: bytes, file: Path) -> None:
    """By one rename: several processes test at a time."""
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_suffix(f".{os.getpid()}")
    part.write_bytes(content)
    part.replace(file)


def _kept(installation: Installation) -> Path:
    content = os.path.relpath(installation.content, DBT_PROJECT)
    return SHELF / f"{hashlib.sha256(content.encode()).hexdigest()[:8]}.msgpack"


def _moved(state: bytes, was: Path, now: Path) -> bytes:
    return state.replace(_hash_of_profile(was).encode(), _hash_of_profile(now).encode())


def _hash_of_profile(warehouse: Path) -> str:
    """As dbt.parser.manifest.ManifestLoader.build_manifest_state_check."""
    return hashlib.sha256(pformat(sorted(_credentials()(str(warehouse)).connection_info())).encode()).hexdigest()


@cache
def _credentials():
    from dbt.adapters.duckdb.credentials import DuckDBCredentials

    text = (DBT_PROJECT / "profiles.yml").read_text(encoding="utf-8")

    def of(warehouse: str) -> DuckDBCredentials:
        rendered = text.replace("{{ env_var('GOVSHARE_WAREHOUSE', 'target/warehouse.duckdb') }}", warehouse)
        rendered = rendered.replace("{{ env_var('GOVSHARE_MEMORY', '4GB') }}", os.environ.get("GOVSHARE_MEMORY", "4GB"))
        output = yaml.safe_load(rendered)["govshare"]["outputs"]["duckdb"]
        return DuckDBCredentials.from_dict(DuckDBCredentials.translate_aliases(output))

    return of
