"""``govshare connect`` and ``govshare collect``: what they show, what they never show, what they answer."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest
import typer
import yaml
from rich.console import Console
from support.servers import mariadb, mariadb_database, postgresql, postgresql_database
from typer.testing import CliRunner

from catalogue.errors import GovshareError
from catalogue.model import Connector, Department, Item, Resource
from connectors.survey import masked
from orchestration.cli import bars
from orchestration.cli import collect as collect_module
from orchestration.cli import connect as connect_module

NAME, NUMBER, PHONE = "张三丰", "410702199003071234", "13803730001"


class Answer(NamedTuple):
    exit_code: int
    stdout: str
    output: str
    exception: BaseException | None


class City:
    """A city's folder with connections, and the commands on it."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.city, self.data, self.monkeypatch = folder / "city", folder / "data", monkeypatch
        self.city.mkdir()
        monkeypatch.setenv("GOVSHARE_DATA", str(self.data))
        monkeypatch.setenv("GOVSHARE_CITY", str(self.city))

    def connections(self, **entries: str) -> None:
        text = "".join(f"[connections.{name}]\n{lines}\n" for name, lines in entries.items())
        (self.city / "connections.toml").write_text(text, encoding="utf-8")

    def declare(self, *resources: Resource) -> None:
        """A catalogue of these resources (what dbt's manifest says is tested with the catalogue)."""
        made = SimpleNamespace(
            resources={r.id: r for r in resources},
            departments={r.department: Department(name=r.department) for r in resources},
        )
        for module in (collect_module, connect_module):
            self.monkeypatch.setattr(module, "load", lambda installation: made)

    def run(self, command: Callable[..., None], *arguments: str) -> Answer:
        shown = io.StringIO()
        console = Console(file=shown, width=160)
        for module in (connect_module, collect_module, bars):
            for name in ("people", "errors"):
                self.monkeypatch.setattr(module, name, console, raising=False)
        app = typer.Typer()
        app.command()(command)
        result = CliRunner().invoke(app, list(arguments))
        return Answer(result.exit_code, result.stdout, result.output + shown.getvalue(), result.exception)


@pytest.fixture
def city(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> City:
    made = City(tmp_path, monkeypatch)
    made.connections(files='path = "in"')
    folder = made.city / "in"
    folder.mkdir()
    rows = "".join(f"{NAME},{NUMBER},{PHONE},2020-01-0{n},{n}\n" for n in range(1, 8))
    (folder / "人员_1.csv").write_text(f"姓名,身份证号,电话,登记日期,序号\n{rows}", encoding="gb18030")
    return made


def person(name: str = "person", path: str = "人员*.csv", **more: Any) -> Resource:
    spec = Connector(kind="delimited", connection="files", key=("序号",), options={"path": path, "settle": 0})
    items = tuple(Item(name=n, type="C") for n in ("姓名", "身份证号", "电话", "登记日期", "序号"))
    given = {"department": "office", "department_title": "测试局", "title": "人员", "items": items, **more}
    return Resource(name=name, connector=spec, **given)


def test_files_that_are_not_declared_yet(city: City) -> None:
    result = city.run(connect_module.connect, "files", "--path", "人员*.csv", "-o", "settle=0", "--json")
    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    assert [(c["name"], c["type"], c["sensitivity"]) for c in document["columns"]] == [
        ("姓名", "C", "personal"),
        ("身份证号", "C", "sensitive_personal"),
        ("电话", "C", "personal"),
        ("登记日期", "D", ""),
        ("序号", "C", ""),
    ]
    assert len(document["rows"]) == 5
    assert document["rows"][0] == {
        "姓名": "＊＊＊", "身份证号": "9" * 18, "电话": "9" * 11, "登记日期": "9999-99-99", "序号": "9",
    }  # fmt: skip
    (entry,) = yaml.safe_load(document["entry"])
    assert entry["config"]["meta"]["connector"] == {
        "kind": "delimited", "connection": "files", "path": "人员*.csv", "settle": 0,
        "key": ["待填"], "mode": "full",
    }  # fmt: skip
    assert entry["columns"][3] == {
        "name": "登记日期",
        "description": "登记日期",
        "config": {"meta": {"type": "D"}},
    }


def test_no_value_of_a_person_is_shown_anywhere(city: City) -> None:
    city.declare(person())
    for arguments in (("files", "--path", "人员*.csv", "-o", "settle=0"), ("office.person",)):
        for more in ((), ("--json",)):
            result = city.run(connect_module.connect, *arguments, *more)
            assert result.exit_code == 0
            assert NAME not in result.output and "三" not in result.output
            assert NUMBER not in result.output and PHONE not in result.output
            assert not re.search(r"\d{11}", result.output.replace("9", ""))
    assert city.data.exists() is False  # nothing was landed


@pytest.mark.parametrize("text", [NAME, NUMBER, "Ann-Marie O'Hara", "ａ１Ⅷ②", "𠮷野", "éü", "x" * 90])
def test_a_mask_hides_every_character_but_marks(text: str) -> None:
    shown = masked(text)
    assert shown is not None and len(shown) <= 41
    assert not set(shown) - set("9Aa＊ -'…")
    assert masked(shown.rstrip("…")) == shown.rstrip("…")


def test_a_declared_resource_shows_how_it_drifted(city: City) -> None:
    items = (*person().items, Item(name="民族", type="C"))
    city.declare(person(items=items))
    result = city.run(connect_module.connect, "office.person")
    assert "column 民族 is missing" in result.output


@pytest.mark.server
def test_a_postgresql_table_with_comments_and_key(city: City) -> None:
    with postgresql_database() as url:
        postgresql(
            url,
            "create table ry (xh int primary key, xm varchar(20), sfzh char(18), csrq date, "
            "je numeric(10,2), zp bytea, bz text, yx bool, bl float8, gxsj timestamp)",
            "comment on table ry is '人员登记'",
            "comment on column ry.xm is '姓名'",
            "comment on column ry.gxsj is '更新时间'",
            f"insert into ry values (1, '{NAME}', '{NUMBER}', '1990-03-07', 12.50, 'x', 'b', true, 1, now())",
        )
        city.connections(office=f'url = "{url}"')
        listed = json.loads(city.run(connect_module.connect, "office", "--json").stdout)
        assert listed["tables"] == ["ry"]
        document = json.loads(city.run(connect_module.connect, "office", "--table", "ry", "--json").stdout)
    assert "".join(c["type"] for c in document["columns"]) == "ICCDNGMLBT"
    assert document["rows"][0]["xm"] == "＊＊＊" and document["rows"][0]["je"] == "99.99"
    (entry,) = yaml.safe_load(document["entry"])
    assert entry["description"] == "人员登记"
    meta = entry["config"]["meta"]
    assert meta["connector"] == {
        "kind": "database", "connection": "office", "table": "ry", "key": ["xh"],
        "mode": "incremental", "watermark": "gxsj",
    }  # fmt: skip
    assert entry["columns"][1] == {
        "name": "xm", "description": "姓名", "config": {"meta": {"type": "C", "sensitivity": "personal"}},
    }  # fmt: skip
    assert document["columns"][2]["sensitivity"] == "sensitive_personal"


@pytest.mark.server
def test_a_mariadb_table_with_comments_and_key(city: City) -> None:
    with mariadb_database() as url:
        mariadb(
            url,
            "create table ry (xh int primary key, xm varchar(20) comment '姓名', d datetime) comment '登记'",
            f"insert into ry values (1, '{NAME}', '2020-01-01'), (2, null, '0000-00-00')",
        )
        city.connections(office=f'url = "{url}"')
        assert "ry" in city.run(connect_module.connect, "office").output
        result = city.run(connect_module.connect, "office", "--table", "ry", "--json")
        assert result.exit_code == 0, result.output
        document = json.loads(result.stdout)
    assert [(c["type"], c["comment"], c["key"]) for c in document["columns"]] == [
        ("I", "", True), ("C", "姓名", False), ("T", "", False),
    ]  # fmt: skip
    assert document["comment"] == "登记" and document["rows"][1]["xm"] is None


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nobody.nothing"], "no resource and no connection 'nobody.nothing'.*files"),
        (["files"], "which files.*--path"),
        (["files", "--path", "x*.csv"], "no file matches"),
        (["files", "--path", "人员*.csv", "--kind", "magic"], "unknown kind 'magic'"),
        (["files", "--path", "a", "-o", "records"], "no NAME=VALUE"),
        (["nothing", "--table", "x"], "'nothing' is not declared"),
    ],
)
def test_what_cannot_be_connected_is_said(city: City, arguments: list[str], words: str) -> None:
    city.declare(person())
    result = city.run(connect_module.connect, *arguments)
    assert isinstance(result.exception, GovshareError)
    assert re.search(words, str(result.exception)) and "Remedy" in str(result.exception)


def test_collect_takes_what_is_named_and_tells_all_failures(city: City) -> None:
    city.declare(person(), person("broken", "nothing*.csv"), person("other", department="tax"))
    result = city.run(collect_module.collect, "office", "--json")
    assert result.exit_code == 1
    taken, failed = json.loads(result.stdout)
    assert (taken["resource"], taken["rows"], taken["batches"]) == ("office.person", 7, ["000001"])
    assert failed["resource"] == "office.broken" and "no file matches" in failed["error"]
    people = city.run(collect_module.collect, "office.person", "tax")
    assert people.exit_code == 0
    assert "office.person" in people.output and "tax.other" in people.output and "7" in people.output
    nobody = city.run(collect_module.collect, "nobody")
    assert isinstance(nobody.exception, GovshareError) and "office, tax" in str(nobody.exception)
