"""dbt's manifest: parsed once for a state of the catalogue, also by two processes at once."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from catalogue import parsed
from catalogue.dbt import DbtError, run_dbt
from catalogue.installation import DBT_PROJECT, Installation
from catalogue.parsed import ensure_manifest

CONTENT = DBT_PROJECT / "cities" / "xinxiang"
ENSURE = """
import sys
from pathlib import Path
from catalogue import parsed
from catalogue.installation import Installation
parse = parsed.run_dbt
def counted(*arguments):
    print("parsed", flush=True)
    return parse(*arguments)
parsed.run_dbt = counted
print(parsed.ensure_manifest(Installation(Path(sys.argv[1]), Path(sys.argv[1]), Path(sys.argv[2]))))
"""


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    folder = tmp_path_factory.mktemp("manifest")
    return Installation(folder / "data", folder / "city", CONTENT)


@pytest.fixture(scope="module")
def two_at_once(installation: Installation) -> list[list[str]]:
    """What two processes said that asked for the manifest at the same moment, before there was one."""
    command = [sys.executable, "-c", ENSURE, str(installation.data), str(installation.content)]
    running = [
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).resolve().parents[2])
        for _ in range(2)
    ]
    said = [process.communicate(timeout=120)[0].split() for process in running]
    assert [process.returncode for process in running] == [0, 0]
    return said


def test_of_two_processes_at_once_one_parses_and_both_get_the_manifest(two_at_once: list[list[str]]) -> None:
    assert sum(said.count("parsed") for said in two_at_once) == 1
    [path] = {said[-1] for said in two_at_once}
    manifest = json.loads(Path(path).read_text(encoding="utf-8"))
    assert "model.govshare.population" in manifest["nodes"]


def test_without_a_change_dbt_is_not_asked_again(
    installation: Installation, two_at_once: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parsed, "run_dbt", lambda *_: pytest.fail("dbt was called"))
    assert str(ensure_manifest(installation)) == two_at_once[0][-1]


def test_another_version_of_dbt_or_another_content_is_parsed_anew_and_old_manifests_go(
    installation: Installation, two_at_once: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def parse(installation: Installation, *_: str) -> None:
        (installation.dbt_target / "manifest.json").write_text("{}")

    monkeypatch.setattr(parsed, "run_dbt", parse)
    made = set()
    for version in range(parsed.KEPT_MANIFESTS + 2):
        monkeypatch.setattr(parsed, "version", lambda _, v=version: f"9.{v}")
        path = ensure_manifest(installation)
        os.utime(path, (version + 1e9, version + 1e9))
        made.add(path)
    assert len(made) == parsed.KEPT_MANIFESTS + 2
    assert len(list(installation.dbt_target.glob("manifest-*.json"))) <= parsed.KEPT_MANIFESTS + 1


@pytest.mark.parametrize("damage", [b"", b"{}", b"\xff\x00\xfe", None], ids=["empty", "other", "garbage", "one bit"])
def test_a_damaged_manifest_is_parsed_anew(
    installation: Installation, two_at_once: list[list[str]], monkeypatch: pytest.MonkeyPatch, damage: bytes | None
) -> None:
    whole = b'{"nodes": {}}'

    def parse(installation: Installation, *_: str) -> None:
        (installation.dbt_target / "manifest.json").write_bytes(whole)

    monkeypatch.setattr(parsed, "run_dbt", parse)
    monkeypatch.setattr(parsed, "version", lambda _: "8.0")
    path = ensure_manifest(installation)
    path.write_bytes(whole.replace(b"nodes", b"nodEs") if damage is None else damage)
    assert ensure_manifest(installation) == path and path.read_bytes() == whole


def test_what_dbt_says_when_it_fails_is_in_the_error_without_colours(installation: Installation) -> None:
    with pytest.raises(DbtError) as error:
        run_dbt(installation, "nonsense")
    assert "nonsense" in error.value.output and "\x1b" not in error.value.output
    assert error.value.where == "dbt" and error.value.remedy


def test_dbt_runs_in_a_process_that_looks_for_garbage_seldom() -> None:
    asked = "import gc; gc.callbacks.append(lambda when, of: when == 'start' and print('looked'))"
    looks = {
        command: subprocess.run(
            [sys.executable, "-c", f"{asked}; from {module} import {command} as dbt; dbt()", "--help"],
            capture_output=True, text=True, check=True,
        ).stdout
        for module, command in (("dbt.cli.main", "cli"), ("catalogue.dbt_process", "main"))
    }  # fmt: skip
    assert all("Usage" in said for said in looks.values())
    assert looks["main"].count("looked") * 20 < looks["cli"].count("looked")


def test_a_project_that_has_moved_is_not_read_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    shutil.copytree(DBT_PROJECT, here, ignore=shutil.ignore_patterns("target", "logs"))

    def seed(project: Path) -> None:
        monkeypatch.setattr(parsed, "DBT_PROJECT", project)
        monkeypatch.setattr("catalogue.installation.DBT_PROJECT", project)
        installation = Installation(tmp_path / "data", tmp_path / "city", project / "cities" / "xinxiang")
        run_dbt(installation, "seed", "--full-refresh", "--select", "sex")

    seed(here)
    here.rename(there)
    seed(there)
