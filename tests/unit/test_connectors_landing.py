"""Landing: a batch is whole or absent, never changed, and its manifest says everything."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.collecting import Item, Office, Resource, Spec

from connectors.base import CollectError
from connectors.landing import Landing, committed, damaged, ensure_empty, sweep

RESOURCE = Resource("office.people", Spec("database", "office"), (Item("id"), Item("姓名")))


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path, 'url = "sqlite:///x.db"')


def land(office: Office, number: int, names: list[str]) -> None:
    batch = pa.record_batch({"id": [str(i) for i in range(len(names))], "姓名": names})
    with Landing(office.installation, RESOURCE, number) as landing:
        landing.begin(batch.schema)
        landing.write(batch)
        landing.commit(mode="delta")


def test_a_batch_has_addresses_and_a_manifest(office: Office) -> None:
    land(office, 1, ["甲", "乙"])
    (manifest,) = committed(office.installation, "office.people")
    table = pq.read_table(manifest.part_paths()[0])
    assert table.column_names == ["id", "姓名", "_batch", "_row", "_op", "_file", "_line", "_problem", "_raw"]
    assert table.column("_batch").to_pylist() == ["000001"] * 2
    assert table.column("_row").to_pylist() == [1, 2]
    assert set(table.column("_op").to_pylist()) == {"upsert"}
    document = json.loads((manifest.path / "manifest.json").read_text(encoding="utf-8"))
    assert document["rows"] == 2 and document["parts"][0]["rows"] == 2 and document["finished"]
    assert damaged(manifest) == []


def test_rows_are_numbered_across_batches_and_parts(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.parts.ROW_GROUP_ROWS", 4)
    monkeypatch.setattr("connectors.parts.PART_ROWS", 8)
    schema = pa.schema([("id", pa.int64())])
    with Landing(office.installation, RESOURCE, 1) as landing:
        landing.begin(schema)
        for start in range(0, 30, 3):
            landing.write(pa.record_batch([pa.array(range(start, start + 3))], schema=schema))
        manifest = landing.commit(mode="full")
    tables = [pq.read_table(path) for path in manifest.part_paths()]
    assert len(tables) > 1
    assert [n for t in tables for n in t.column("_row").to_pylist()] == list(range(1, 31))
    assert [n for t in tables for n in t.column("id").to_pylist()] == list(range(30))


def test_a_damaged_part_is_noticed(office: Office) -> None:
    land(office, 1, ["甲"])
    (manifest,) = committed(office.installation, "office.people")
    part = manifest.part_paths()[0]
    part.write_bytes(part.read_bytes()[:-1] + b"x")
    assert damaged(manifest) == [part.name]


def test_of_two_collectors_the_first_rename_wins(office: Office) -> None:
    schema = pa.schema([("id", pa.string())])
    with (
        Landing(office.installation, RESOURCE, 1) as first,
        Landing(office.installation, RESOURCE, 1) as second,
    ):
        for landing in (first, second):
            landing.begin(schema)
        first.commit(mode="delta")
        with pytest.raises(CollectError, match=r"office\.people.*another collector"):
            second.commit(mode="delta")
    assert len(committed(office.installation, "office.people")) == 1
    assert list((office.installation.landing / ".tmp").iterdir()) == []


def test_a_batch_that_is_not_committed_leaves_nothing(office: Office) -> None:
    with pytest.raises(RuntimeError), Landing(office.installation, RESOURCE, 1) as landing:
        landing.begin(pa.schema([("id", pa.string())]))
        landing.write(pa.record_batch({"id": ["1"]}))
        raise RuntimeError
    assert committed(office.installation, "office.people") == []
    assert list((office.installation.landing / ".tmp").iterdir()) == []


def test_sweep_removes_leftovers_but_not_the_work_of_the_living(office: Office) -> None:
    dead = office.installation.landing / ".tmp" / "dead"
    dead.mkdir(parents=True)
    (dead / "part-00000.parquet").write_bytes(b"half")
    with Landing(office.installation, RESOURCE, 1) as landing:
        landing.begin(pa.schema([("id", pa.string())]))
        assert sweep(office.installation) == 1
        assert not dead.exists()
        landing.commit(mode="delta")
    assert len(committed(office.installation, "office.people")) == 1


def test_the_empty_batch_follows_what_has_landed(office: Office) -> None:
    ensure_empty(office.installation, RESOURCE)
    path = office.installation.landing_of(RESOURCE.id) / "000000" / "part-00000.parquet"
    assert pq.read_table(path).num_rows == 0
    assert pq.read_schema(path).field("姓名").type == pa.string()
    with Landing(office.installation, RESOURCE, 1) as landing:
        landing.begin(pa.schema([("id", pa.int64()), ("new", pa.date32())]))
        landing.commit(mode="delta")
    ensure_empty(office.installation, RESOURCE)
    schema = pq.read_schema(path)
    assert schema.field("id").type == pa.int64() and schema.field("new").type == pa.date32()
    assert schema.field("姓名").type == pa.string()
    before = path.stat()
    ensure_empty(office.installation, RESOURCE)
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_a_source_column_may_not_look_like_an_address(office: Office) -> None:
    with (
        Landing(office.installation, RESOURCE, 1) as landing,
        pytest.raises(CollectError, match=r"_row.*Remedy"),
    ):
        landing.begin(pa.schema([("_row", pa.int64())]))


def test_an_unreadable_manifest_names_its_place(office: Office) -> None:
    land(office, 1, ["甲"])
    (manifest,) = committed(office.installation, "office.people")
    (manifest.path / "manifest.json").write_text("{", encoding="utf-8")
    with pytest.raises(CollectError, match="000001"):
        committed(office.installation, "office.people")
