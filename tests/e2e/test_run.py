"""A run from the departments' systems to the published tables, as a person makes it and looks at it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import duckdb
import pandas
import pyarrow.parquet as pq
import pytest
from installed import DEAD, MARRIED, MOVED, Node, note

TABLES = (
    "account", "certificate", "certificate_sync", "confidence", "conflicts", "defects", "differences", "disposition", "history",
    "legal_entity", "population", "review", "set_aside", "shareholding", "supply", "suspicions",
)  # fmt: skip
CHINESE = re.compile(r"[\u4e00-\u9fff]")


@pytest.fixture
def changing(finished: Node, tmp_path: Path) -> Node:
    return finished.copy(tmp_path / "copy")


def test_a_run_says_what_it_did_and_where_things_lie(finished: Node) -> None:
    said = note(finished)["out"]
    assert re.search(r"collect +public_security\.household_registration +[\d,]+ rows", said)
    assert re.search(r"[\d,]+ rows collected, of [\d,]+ landed in all [\d,]+ are merged, [\d,]+ set aside", said)
    assert f"{len(TABLES)} of {len(TABLES)} tables published anew" in said
    for place in (finished.data / "published", finished.data / "data_docs" / "index.html"):
        assert str(place) in said
    assert "Next: govshare account" in said
    assert (finished.data / "data_docs" / "index.html").exists()


@pytest.mark.parametrize("city", ["finished", "heavy"])
def test_the_account_balances(city: str, request: pytest.FixtureRequest) -> None:
    document = request.getfixturevalue(city).document("account")
    assert document["balanced"] is True
    assert len(document["resources"]) == 15
    for line in document["resources"]:
        assert line["delivered"] == line["landed"] + line["left_out"]
        assert line["landed"] == line["merged"] + line["superseded"] + line["duplicate"] + line["set_aside"]
        assert line["landed"] > 0
        assert bool(line["reasons"]) == bool(line["set_aside"])


@pytest.mark.parametrize("city", ["finished", "heavy"])
def test_nobody_with_a_usable_number_is_lost_or_split(city: str, request: pytest.FixtureRequest) -> None:
    found = request.getfixturevalue(city).document("score")["people"]
    assert found["entities"]["lost"] == found["entities"]["split"] == 0
    records = found["usable_number"]
    assert records["records"] > 1000
    assert records["right"] >= 0.999 * records["records"]  # a usable number may be somebody else's by a slip


def test_releases_queries_and_traces_for_programs(finished: Node) -> None:
    releases = finished.document("releases")
    assert [release["table"] for release in releases] == list(TABLES)
    assert all(release["current"] and release["gate"].startswith("passed") for release in releases)
    assert finished.document("check") == []

    [first] = finished.document("query", "select id_number, name from population where name is not null limit 1")
    traced = finished.document("trace", "population", first["id_number"], "name")
    [attribute] = traced["attributes"]
    assert attribute["value"] == first["name"]
    assert {"department", "resource", "batch", "row", "others"} <= attribute.keys()
    address = (attribute["resource"], attribute["batch"], attribute["row"])
    source = next(s for s in traced["sources"] if (s["resource"], s["batch"], s["row"]) == address)
    assert any(first["name"] in str(value) for value in source["record"].values())


def test_people_are_shown_what_they_can_read_and_told_how_to_get_the_rest(finished: Node, tmp_path: Path) -> None:
    sql = "select resource, row, outcome from disposition"
    shown = finished.call("query", sql)
    assert shown.stdout.count("\n") < 300
    rows = len(finished.rows("disposition"))
    assert f"The first 200 of {rows:,} rows" in shown.stderr
    assert finished.call("query", sql, "--all").stdout.count("\n") > rows

    csv = finished.call("query", sql, "--csv", "-").stdout
    assert csv.splitlines()[0] == "resource,row,outcome" and len(csv.splitlines()) == rows + 1
    finished.call("query", sql, "--csv", str(tmp_path / "rows.csv"))
    assert len(pandas.read_csv(tmp_path / "rows.csv")) == rows
    finished.call("query", sql, "--parquet", str(tmp_path / "rows.parquet"))
    assert pq.read_metadata(tmp_path / "rows.parquet").num_rows == rows


def test_what_went_wrong_is_one_message_with_a_remedy(finished: Node, tmp_path: Path) -> None:
    empty = Node(tmp_path)
    for arguments, words in (
        (("run",), "there is no connections.toml"),
        (("account",), "no account has been published yet"),
        (("query", "select 1"), "there is no analysts' database yet"),
        (("trace", "population", "x"), "this table has no release"),
    ):
        said = empty.call(*arguments, code=1)
        assert said.stdout == "" and words in said.stderr and "Remedy: " in said.stderr, said
    assert "Nothing has been published yet" in empty.call("releases").stdout
    assert empty.document("releases") == []
    assert "no entity with this key" in finished.call("trace", "population", "nobody", code=1).stderr
    assert "Parser Error" in finished.call("query", "selec 1", code=1).stderr
    for usage in (("nonsense",), ("run", "--nonsense"), ("query",), ("query", "select 1", "--json", "--csv", "-")):
        finished.call(*usage, code=2)


def test_published_files_open_elsewhere_with_their_chinese_words(finished: Node) -> None:
    folder = finished.data / "published" / "population" / "current"
    frame = pandas.read_parquet(sorted(folder.glob("*.parquet")))
    assert len(frame) == len(finished.rows("population")) and frame["name"].notna().mean() > 0.9
    schema = pq.read_schema(next(folder.glob("*.parquet")))
    assert CHINESE.search(schema.metadata[b"description"].decode())
    for field in schema:
        if not field.name.startswith("_"):
            assert CHINESE.search(field.metadata[b"description"].decode()), field.name
    with duckdb.connect(str(finished.data / "published" / "analyst.duckdb"), read_only=True) as database:
        comments = database.execute("select comment from duckdb_columns() where table_name = 'population'").fetchall()
    assert any(comment and CHINESE.search(comment) for (comment,) in comments)


def test_a_second_run_finds_nothing_to_do_and_says_so(changing: Node) -> None:
    batches, releases = changing.batches(), changing.document("releases")
    warehouse = (changing.data / "warehouse" / "warehouse.duckdb").stat().st_mtime_ns
    said = changing.call("run").stdout
    assert "Nothing new" in said and "build" not in said.partition("Nothing new")[0]
    assert (changing.batches(), changing.document("releases")) == (batches, releases)
    assert (changing.data / "warehouse" / "warehouse.duckdb").stat().st_mtime_ns == warehouse


def test_only_one_run_works_on_an_installation(changing: Node) -> None:
    holder = "import time; from catalogue.installation import Installation as I; import orchestration.instance as i"
    holder += "\nwith i.command_line_instance(I.from_env()): print('held', flush=True); time.sleep(600)\n"
    other = changing.start(patched=holder)
    try:
        assert other.stdout is not None and other.stdout.readline() == "held\n"
        said = changing.call("run", code=1)
        assert "another `govshare run` works on this installation" in said.stderr
    finally:
        other.kill()
        other.communicate()
    assert "Nothing new" in changing.call("run").stdout  # the lock went with its process


def test_a_run_asks_nothing_of_the_internet(finished: Node) -> None:
    assert note(finished)["asked the internet"] is False


def test_a_dead_database_fails_its_department_and_the_rest_is_published(second: Node, finished: Node) -> None:
    said = note(second)
    assert said["code"] == 1
    assert f"failed: {DEAD}." in said["err"] and "Remedy" in said["err"]
    assert second.document("account")["balanced"] is True
    assert second.batches() - finished.batches() == {
        "civil_affairs/marriage/000012",
        "public_security/household_registration/000002",
    }
    former, now = finished.released(), second.released()
    assert {table for table in TABLES if now[table] != former[table]} >= {"account", "disposition", "population"}
    # What it delivered before is still there.
    assert _landed(second, DEAD) == _landed(finished, DEAD) > 0


def _landed(node: Node, department: str) -> int:
    lines = node.document("account")["resources"]
    return sum(line["landed"] for line in lines if line["resource"].startswith(f"{department}."))


def test_the_second_delivery_is_merged_into_what_was_there(second: Node, finished: Node) -> None:
    manifest = json.loads(
        (second.data / "landing/civil_affairs/marriage/000012/manifest.json").read_text(encoding="utf-8")
    )
    assert [file["name"] for file in manifest["files"]] == [MARRIED]
    outcomes = "select distinct outcome from disposition where resource = 'civil_affairs.marriage' and batch = '000012'"
    assert second.document("query", outcomes) == [{"outcome": "merged"}]
    moved = "select count(*) as n from population where household_address like '%新'"
    [before], [after] = finished.document("query", moved), second.document("query", moved)
    assert (before["n"], after["n"]) == (0, MOVED)


def test_an_analyst_never_waits_for_a_run(second: Node) -> None:
    asked = json.loads((second.folder / "analyst.json").read_text(encoding="utf-8"))
    assert asked["errors"] == []
    assert len(asked["answers"]) > 50
    assert len(set(asked["answers"])) == 2  # the former release, then the new one, never anything between
