"""``govshare demo``: what it writes, when it has nothing to do, and what it refuses to touch."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from demo_city import city
from orchestration.cli import app, output


def run(*arguments: str) -> Any:
    """Consoles keep the stream they began with: what they say is in ``said``."""
    with output.people.capture() as shown, output.errors.capture() as errors:
        result = CliRunner().invoke(app, ["demo", "--people", "600", *arguments])
    result.said = " ".join((shown.get() + errors.get()).split())
    return result


def stamps(folder: Path) -> dict[str, tuple[int, int]]:
    return {str(p): (p.stat().st_ino, p.stat().st_mtime_ns) for p in folder.rglob("*") if p.is_file()}


def test_a_city_and_nothing_to_do_the_second_time(tmp_path: Path) -> None:
    out = tmp_path / "city"
    first = run("--out", str(out), "--json")
    assert first.exit_code == 0, first.said
    document = json.loads(first.stdout)
    assert document["made"] and document["rows"] == sum(r["rows"] for r in document["resources"])
    assert len(document["resources"]) == 15
    before = stamps(out)
    second = run("--out", str(out), "--json")
    assert second.exit_code == 0 and not json.loads(second.stdout)["made"]
    assert stamps(out) == before
    assert [p.name for p in tmp_path.iterdir()] == ["city"], "nothing is left beside it"


@pytest.mark.parametrize("changed", [["--seed", "2"], ["--defects", "heavy"], ["--people", "700"]])
def test_another_order_makes_another_city(tmp_path: Path, changed: list[str]) -> None:
    out = tmp_path / "city"
    run("--out", str(out))
    before = stamps(out)
    result = run("--out", str(out), *changed, "--json")
    assert result.exit_code == 0 and json.loads(result.stdout)["made"]
    assert not set(before.values()) & set(stamps(out).values())


def test_another_version_makes_the_city_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "city"
    run("--out", str(out))
    monkeypatch.setattr(city, "code_version", lambda: "other")
    assert json.loads(run("--out", str(out), "--json").stdout)["made"]
    monkeypatch.undo()
    result = run("--out", str(out), "--day", "2")
    assert result.exit_code == 2 and "another version" in result.said


def test_a_folder_that_is_no_city_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "important").write_text("x")
    result = run("--out", str(tmp_path))
    assert result.exit_code == 2 and "no demo city" in result.said
    assert [p.name for p in tmp_path.iterdir()] == ["important"]
    assert run("--out", str(tmp_path), "--day", "2").exit_code == 2
    assert run("--out", str(tmp_path / "important")).exit_code == 2


def test_an_empty_folder_may_be_filled(tmp_path: Path) -> None:
    assert run("--out", str(tmp_path / "city")).exit_code == 0
    empty = tmp_path / "empty"
    empty.mkdir()
    assert run("--out", str(empty)).exit_code == 0
    assert (empty / city.MARKER).is_file()


def test_a_failure_leaves_the_former_city(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "city"
    run("--out", str(out))
    before = stamps(out)

    def fail(*_: object, **__: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(city, "write_register", fail)
    result = run("--out", str(out), "--seed", "9")
    assert result.exit_code != 0
    assert stamps(out) == before and os.listdir(tmp_path) == ["city"]


def test_tables_for_people(tmp_path: Path) -> None:
    said = run("--out", str(tmp_path / "city")).said
    assert "public_security" in said and "Defects put in" in said and "placeholder" in said
