"""A drop folder gives its own files and nothing else of the machine, and names never get in each other's way."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.collecting import Item, Office, Resource, Spec, database_resource

from connectors.base import CollectError, colliding
from connectors.connections import Connections
from connectors.drift import compare
from connectors.files.connector import FileConnector
from connectors.files.folder import LocalFolder
from connectors.landing import Landing, committed
from connectors.manifest import DamagedBatch, damaged_batches
from connectors.shown import shown_file

SECRET = "id,name\n1,机密\n"


def files(path: str = "*.csv", contract: str = "evolve", kind: str = "delimited", **options: Any) -> Resource:
    spec = Spec(kind, "office", ("id",), options={"path": path, "settle": 0, **options})
    return Resource("office.files", spec, (Item("id"), Item("name")), contract)


@pytest.fixture
def office(tmp_path: Path) -> Office:
    (tmp_path / "secret.csv").write_text(SECRET, encoding="utf-8")
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "b.csv").write_text(SECRET, encoding="utf-8")
    office = Office(tmp_path, 'path = "in"')
    (tmp_path / "city" / "in").mkdir()
    return office


def drop(office: Office) -> Path:
    return office.installation.city / "in"


@pytest.mark.parametrize("pattern", ["*.csv", "**/*.csv", "*/*.csv", "x/b.csv", "x/*"])
def test_links_are_not_followed_and_are_told(office: Office, pattern: str) -> None:
    outside = office.installation.city.parent
    (drop(office) / "a.csv").symlink_to(outside / "secret.csv")
    (drop(office) / "x").symlink_to(outside / "secrets")
    with pytest.raises(CollectError, match=r"no file matches \(left alone: \d × link in the drop folder"):
        office.collect(files(pattern))
    (drop(office) / "d").mkdir()
    (drop(office) / "own.csv").write_text("id,name\n2,自己\n", encoding="utf-8")
    (drop(office) / "d" / "own.csv").write_text("id,name\n3,自己\n", encoding="utf-8")
    if pattern.startswith("*"):
        collected = office.collect(files(pattern))
        assert "机密" not in {name for (name,) in office.landed(files(), "name")}
        assert [finding.what for finding in collected.left_out] == ["link"] and "link" in collected.message


def test_a_file_that_becomes_a_link_between_listing_and_reading_is_not_read(office: Office) -> None:
    file = drop(office) / "a.csv"
    file.write_text("id,name\n2,自己\n", encoding="utf-8")
    connector = FileConnector(files(), Connections.load(office.installation).get(files()), [])
    [found] = connector.folder.find("*.csv")
    (delivery,) = connector.deliveries()
    file.unlink()
    file.symlink_to(office.installation.city.parent / "secret.csv")
    with pytest.raises(CollectError, match="changed while"):
        _ = delivery.schema
    with pytest.raises(Exception, match="changed while"):
        connector.folder.open(found)
    assert connector.folder.stamp("a.csv") is None


def test_a_folder_that_becomes_a_link_is_not_entered(office: Office) -> None:
    folder = LocalFolder(drop(office))
    (drop(office) / "d").mkdir()
    (drop(office) / "d" / "b.csv").write_text("id,name\n2,自己\n", encoding="utf-8")
    [found] = folder.find("d/*.csv")
    (drop(office) / "d").rename(drop(office).parent / "away")
    (drop(office) / "d").symlink_to(office.installation.city.parent / "secrets")
    with pytest.raises(Exception, match="changed while"):
        folder.open(found)
    assert folder.beside("d/b.dbf", ".csv") is None


@pytest.mark.parametrize("name", ["../secret.csv", "d/../../secret.csv", "/etc/passwd", "./../secret.csv"])
def test_no_name_leads_out_of_the_folder(office: Office, name: str) -> None:
    (drop(office) / "d").mkdir()
    assert LocalFolder(drop(office)).stamp(name) is None


def test_pipes_and_devices_are_not_opened(office: Office) -> None:
    os.mkfifo(drop(office) / "a.csv")
    with pytest.raises(CollectError, match="no file matches"):
        office.collect(files())


def test_a_file_that_may_not_be_read_is_told(office: Office) -> None:
    file = drop(office) / "a.csv"
    file.write_text("id,name\n1,甲\n", encoding="utf-8")
    if os.geteuid() == 0:
        pytest.skip("root may read every file")
    file.chmod(0)
    with pytest.raises(CollectError, match="Permission denied"):
        office.collect(files())


def test_a_name_in_another_encoding_is_told_and_keeps_no_other_back(office: Office) -> None:
    (drop(office) / "a.csv").write_text("id,name\n1,甲\n", encoding="utf-8")
    with open(os.fsencode(drop(office)) + b"/" + "人口.csv".encode("gbk"), "wb") as file:
        file.write(b"id,name\n2,x\n")
    collected = office.collect(files())
    assert collected.rows == 1 and [finding.what for finding in collected.left_out] == ["file_name"]


def test_no_descriptor_stays_open(office: Office) -> None:
    for number in range(5):
        (drop(office) / f"{number}.csv").write_text(f"id,name\n{number},甲\n", encoding="utf-8")
    office.collect(files("**/*.csv"))
    before = len(os.listdir("/proc/self/fd"))
    (drop(office) / "9.csv").write_text("id,name\n9,甲\n", encoding="utf-8")
    office.collect(files("**/*.csv"))
    assert len(os.listdir("/proc/self/fd")) <= before


def test_an_error_names_the_file_without_what_may_be_somebody_s_number(office: Office) -> None:
    (drop(office) / "410702199003070021_20260701.csv").write_bytes(b"PK\x03\x04broken")
    with pytest.raises(CollectError) as error:
        office.collect(files())
    assert "<18 digits>_20260701.csv" in str(error.value) and "410702" not in str(error.value)
    assert shown_file("19900307.csv") == "<8 digits>.csv"


# --- names


@pytest.mark.parametrize("name", ["_Op", "_PROBLEM", "_Row", "_batch"])
def test_columns_named_like_govshare_s_own_are_refused_with_their_names(office: Office, name: str) -> None:
    names = ["id", "name", name]
    pq.write_table(pa.table([pa.array(["1"])] * 3, names), drop(office) / "a.parquet")
    for contract in ("evolve", "set_aside"):
        with pytest.raises(CollectError, match=f"named like govshare's own: {name}"):
            office.collect(files("*.parquet", contract, "parquet"))
    assert committed(office.installation, "office.files") == []


def test_of_names_that_engines_take_for_one_each_keeps_its_value(office: Office) -> None:
    names = ["id", "name", "e\u0301", "é"]
    pq.write_table(pa.table([pa.array([str(place)]) for place in range(4)], names), drop(office) / "a.parquet")
    office.collect(files("*.parquet", kind="parquet"))
    assert office.landed(files("*.parquet", kind="parquet"), "* exclude (_batch, _row, _op, _file)")[0][:4] == (
        "0",
        "1",
        "2",
        "3",
    )


@pytest.mark.parametrize("names", [("id", "name", "NAME"), ("ID", "id"), ("e\u0301", "é")])
def test_a_table_s_columns_that_differ_in_case_only_are_refused(office: Office, names: tuple[str, ...]) -> None:
    with Landing(office.installation, files(), 1) as landing, pytest.raises(CollectError, match="differ in case only"):
        landing.begin(pa.schema([(name, pa.string()) for name in names]))


def test_names_collide_as_engines_compare_them() -> None:
    assert colliding(["a", "b", "_status"]) == []
    assert colliding(["Straße", "STRASSE", "A", "a"]) == [["A", "a"]]


def test_what_the_contract_leaves_out_is_told(office: Office) -> None:
    (drop(office) / "a.csv").write_text("id,name,more,most\n1,甲,x,y\n", encoding="utf-8")
    [finding] = office.collect(files(contract="set_aside")).left_out
    assert (finding.what, finding.count, finding.rows) == ("column", 2, 0)


def test_a_declared_column_that_marks_a_change_is_not_missing() -> None:
    resource = database_resource(items=(Item("id"), Item("seq"), Item("op")))
    schema = pa.schema([(name, pa.string()) for name in ("id", "seq", "op")])
    assert not compare(resource, schema, [], ("op", "seq"))
    assert compare(resource, schema.remove(2), [], ("op", "seq")).missing == ("op",)


def test_drift_shows_no_name_that_looks_like_data() -> None:
    resource = database_resource(items=(Item("id"),))
    drift = compare(resource, pa.schema([("410702199003070021", pa.string()), ("张三", pa.string())]), [])
    assert "410702" not in drift.sentence() + str(drift.facts())


# --- damage


@pytest.mark.parametrize(
    "damage",
    ["{", "[]", "null", "{}", "[" * 100_000, '{"columns": 5}', ""],
    ids=["cut", "list", "null", "empty", "deep", "type", "nothing"],
)
def test_a_damaged_manifest_stops_its_resource_and_says_how_to_go_on(office: Office, damage: str) -> None:
    (drop(office) / "a.csv").write_text("id,name\n1,甲\n", encoding="utf-8")
    office.collect(files())
    other = Resource("office.other", files().connector, files().items)
    office.collect(other)
    batch = office.installation.landing_of("office.files") / "000001"
    (batch / "manifest.json").write_text(damage, encoding="utf-8")
    with pytest.raises(DamagedBatch, match=r"batch 000001 is damaged.*govshare batch withdraw office.files 000001"):
        office.collect(files())
    assert office.collect(other).unchanged
    assert set(damaged_batches(office.installation, [files(), other])) == {"office.files"}


@pytest.mark.parametrize("change", ["cut", "gone", "rows", "other"])
def test_a_damaged_part_or_a_manifest_of_another_batch_is_noticed(office: Office, change: str) -> None:
    (drop(office) / "a.csv").write_text("id,name\n1,甲\n", encoding="utf-8")
    office.collect(files())
    folder = office.installation.landing_of("office.files") / "000001"
    [part] = folder.glob("*.parquet")
    manifest = folder / "manifest.json"
    if change == "cut":
        part.write_bytes(part.read_bytes()[:-1])
    elif change == "gone":
        part.unlink()
    elif change == "rows":
        manifest.write_text(manifest.read_text().replace('"rows": 1', '"rows": 2', 1))
    else:
        manifest.write_text(manifest.read_text().replace('"000001"', '"000002"'))
    with pytest.raises(DamagedBatch):
        committed(office.installation, "office.files")


def test_a_damaged_empty_batch_is_made_anew(office: Office) -> None:
    (drop(office) / "a.csv").write_text("id,name\n1,甲\n", encoding="utf-8")
    office.collect(files())
    (office.installation.landing_of("office.files") / "000000" / "manifest.json").write_text("{")
    office.collect(files())
    assert len(committed(office.installation, "office.files", with_empty=True)) == 2


# --- one reader of a connection


def test_two_processes_do_not_read_one_connection_at_once(office: Office, tmp_path: Path) -> None:
    for number in range(3):
        (drop(office) / f"{number}.csv").write_text(f"id,name\n{number},甲\n", encoding="utf-8")
    script = textwrap.dedent(f"""
        import sys
        sys.path[:0] = {[str(Path(__file__).parents[1])]!r}
        from pathlib import Path
        from support.collecting import Item, Office, Resource, Spec
        office = Office(Path({str(tmp_path)!r}), 'path = "in"')
        spec = Spec("delimited", "office", ("id",), options={{"path": "*.csv", "settle": 0}})
        print(office.collect(Resource("office.files", spec, (Item("id"), Item("name")))).rows)
    """)
    processes = [subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) for _ in range(3)]
    given = [process.communicate(timeout=120)[0].strip() for process in processes]
    assert sorted(given) == ["0", "0", "3"], "the others wait, and then find nothing new"
    assert len(office.landed(files())) == 3
