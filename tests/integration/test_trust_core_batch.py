"""``govshare batch``: a batch is taken out and put back by its number, and everybody sees it."""

from __future__ import annotations

import io
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import typer
from rich.console import Console
from typer.testing import CliRunner

from catalogue.installation import Installation
from catalogue.model import Connector, Department, Item, Resource
from connectors.manifest import committed
from orchestration.cli import batch as batch_module
from orchestration.cli import collect as collect_module

PERSON = Resource(
    department="office",
    name="person",
    title="人员",
    items=(Item(name="id", type="C"), Item(name="name", type="C")),
    connector=Connector(kind="delimited", connection="files", key=("id",), options={"path": "*.csv", "settle": 0}),
)


@pytest.fixture
def drop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    city = tmp_path / "city"
    (city / "in").mkdir(parents=True)
    (city / "connections.toml").write_text('[connections.files]\npath = "in"\n', encoding="utf-8")
    monkeypatch.setenv("GOVSHARE_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("GOVSHARE_CITY", str(city))
    made = SimpleNamespace(resources={PERSON.id: PERSON}, departments={"office": Department(name="office")})
    for module in (collect_module, batch_module):
        monkeypatch.setattr(module, "load", lambda installation: made)
    return city / "in"


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    stream = io.StringIO()
    for module in (collect_module, batch_module):
        monkeypatch.setattr(module, "people", Console(file=stream, width=300))
    return stream


def run(*arguments: str) -> Any:
    app = typer.Typer()
    app.command("collect")(collect_module.collect)
    app.add_typer(batch_module.batch, name="batch")
    return CliRunner().invoke(app, list(arguments))


def listed() -> dict[str, Any]:
    document: dict[str, Any] = json.loads(run("batch", "list", PERSON.id, "--json").stdout)
    return document


def test_a_batch_is_withdrawn_listed_and_put_back(drop: Path, shown: io.StringIO) -> None:
    (drop / "a.csv").write_text("id,name\n1,甲\n2,乙\n", encoding="utf-8")
    (drop / "b.csv").write_text("id,name\n3,丙\n", encoding="utf-8")
    assert run("collect", PERSON.id).exit_code == 0
    done = run("batch", "withdraw", PERSON.id, "000001", "--why", "the wrong district")
    said = shown.getvalue()
    assert done.exit_code == 0 and "--hold" in said and "full one" in said
    document = listed()
    assert [entry["batch"] for entry in document["batches"]] == ["000002"]
    [gone] = document["withdrawn"]
    assert (
        (gone["batch"], gone["rows"], gone["why"]) == ("000001", 2, "the wrong district") and gone["who"] and gone["at"]
    )
    assert run("batch", "restore", PERSON.id, "000001", "--why", "it was right").exit_code == 0
    assert [entry["batch"] for entry in listed()["batches"]] == ["000001", "000002"] and not listed()["withdrawn"]
    assert run("collect", PERSON.id, "--json").exit_code == 0
    notes = json.loads((Installation.from_env().landing_of(PERSON.id) / ".withdrawn" / "000001.json").read_text())
    assert [note["what"] for note in notes] == ["withdrawn", "restored"]


def test_a_damaged_batch_is_told_and_can_be_taken_out(drop: Path) -> None:
    (drop / "a.csv").write_text("id,name\n1,甲\n", encoding="utf-8")
    run("collect", PERSON.id)
    (Installation.from_env().landing_of(PERSON.id) / "000001" / "manifest.json").write_text("{")
    assert run("collect", PERSON.id).exit_code == 1
    assert [entry["state"] for entry in listed()["batches"]] == ["damaged"]
    assert run("batch", "withdraw", PERSON.id, "000001", "--why", "damaged").exit_code == 0
    assert run("collect", PERSON.id).exit_code == 0
    assert [m.batch for m in committed(Installation.from_env(), PERSON.id)] == ["000002"]


def test_what_is_held_does_not_come_back_unless_asked_for(drop: Path) -> None:
    (drop / "a.csv").write_text("id,name\n1,甲\n", encoding="utf-8")
    run("collect", PERSON.id)
    run("batch", "withdraw", PERSON.id, "000001", "--why", "wrong", "--hold")
    run("collect", PERSON.id)
    assert listed()["batches"] == []
    [document] = json.loads(run("collect", PERSON.id, "--again", "--json").stdout)
    assert document["batches"] == ["000002"] and document["rows"] == 1


@pytest.mark.parametrize("number", ["000009", "000000", "../..", "1", ".withdrawn"])
def test_only_a_batch_that_is_there_can_be_taken_out(drop: Path, number: str) -> None:
    (drop / "a.csv").write_text("id,name\n1,甲\n", encoding="utf-8")
    run("collect", PERSON.id)
    failed = run("batch", "withdraw", PERSON.id, number, "--why", "x")
    assert failed.exit_code == 1 and "there is no batch" in str(failed.exception)
    assert run("batch", "withdraw", PERSON.id, "000001", "--why", " ").exit_code == 1


def test_the_table_of_collect_says_what_was_left_out(drop: Path, shown: io.StringIO) -> None:
    (drop / "a.csv").write_text("id,name\n1,甲\n", encoding="utf-8")
    (drop / "b.csv").symlink_to(drop / "a.csv")
    run("collect", PERSON.id)
    assert "not known how many rows: 1 × link" in " ".join(shown.getvalue().split())
    [document] = json.loads(run("collect", PERSON.id, "--json").stdout)
    assert [(entry["what"], entry["count"]) for entry in document["left_out"]] == [("link", 1)]
