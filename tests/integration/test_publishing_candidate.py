"""Candidates: the same content gives the same bytes, and the catalogue's words travel in the files."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

from catalogue.installation import Installation
from catalogue.model import BaseTable, Column
from publishing import candidate as module
from publishing.candidate import CandidateError, discard, write_candidate

TABLE = BaseTable(
    name="person",
    title="人口基础信息",
    description="人口基础库:一个公民身份号码一条",
    layer="base",
    version="2",
    primary_key=("id",),
    columns=(
        Column(name="id", type="bigint", description="号码", title="公民身份号码", standard="id_number",
               clause="GB 11643-1999", sensitivity="sensitive_personal"),
        Column(name="sex", type="varchar", description="性别代码", codes="sex", clause="GB/T 2261.1"),
        Column(name="note", type="varchar"),
    ),
)  # fmt: skip


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    return Installation(tmp_path / "data", tmp_path / "city", tmp_path / "content")


def warehouse(rows: str = "range(1000)", order: str = "range") -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute("create schema base")
    columns = "range as id, '1' as sex, 'n' || range as note"
    connection.execute(f"create table base.person as select {columns} from {rows} order by {order}")
    return connection


def test_a_candidate_holds_the_rows_in_the_order_of_the_key(installation: Installation) -> None:
    written = write_candidate(installation, TABLE, warehouse(order="hash(range)"))
    assert written.path == installation.candidate / "person" and written.rows == 1000
    table = pq.read_table(written.path)
    assert table.column("id").to_pylist() == list(range(1000))
    assert [file.name for file in written.files] == [p.name for p in sorted(written.path.iterdir())]


def test_the_same_content_in_another_order_gives_the_same_bytes(installation: Installation) -> None:
    one = write_candidate(installation, TABLE, warehouse(order="hash(range)"))
    other = write_candidate(installation, TABLE, warehouse(order="range desc"))
    changed = write_candidate(installation, TABLE, warehouse("range(999)"))
    assert one.content_hash == other.content_hash != changed.content_hash


def test_descriptions_standards_and_sensitivity_travel_in_the_field_metadata(
    installation: Installation,
) -> None:
    written = write_candidate(installation, TABLE, warehouse())
    schema = pq.read_schema(written.path / written.files[0].name)
    told = {
        field.name: {k.decode(): v.decode() for k, v in (field.metadata or {}).items() if k != b"PARQUET:field_id"}
        for field in schema
    }
    assert told == {
        "id": {"description": "号码", "title": "公民身份号码", "standard": "id_number",
               "clause": "GB 11643-1999", "sensitivity": "sensitive_personal"},
        "sex": {"description": "性别代码", "codes": "sex", "clause": "GB/T 2261.1"},
        "note": {},
    }  # fmt: skip
    of_table = {k.decode(): v.decode() for k, v in schema.metadata.items() if k != b"ARROW:schema"}
    assert of_table == {
        "table": "person", "title": "人口基础信息", "description": "人口基础库:一个公民身份号码一条",
        "standard_version": "2", "primary_key": "id",
    }  # fmt: skip
    assert written.columns[0]["clause"] == "GB 11643-1999" and written.columns[0]["type"] == "int64"


def test_a_large_table_comes_in_parts_of_equal_row_groups(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "ROW_GROUP", 300)
    monkeypatch.setattr(module, "PART_BYTES", 4000)
    written = write_candidate(installation, TABLE, warehouse("range(2000)"))
    assert len(written.files) > 1 and sum(file.rows for file in written.files) == 2000
    groups = []
    for file in written.files:
        with pq.ParquetFile(written.path / file.name) as parquet:
            groups += [parquet.metadata.row_group(n).num_rows for n in range(parquet.num_row_groups)]
            assert file.rows == parquet.metadata.num_rows
    assert groups == [300] * 6 + [200]
    assert pq.read_table(written.path).column("id").to_pylist() == list(range(2000))


def test_an_empty_table_is_one_file_with_the_schema(installation: Installation) -> None:
    written = write_candidate(installation, TABLE, warehouse("range(0)"))
    assert written.rows == 0 and len(written.files) == 1
    assert pq.read_schema(written.path / written.files[0].name).names == ["id", "sex", "note"]


def test_a_new_candidate_replaces_the_last_one_and_what_killed_runs_left(installation: Installation) -> None:
    first = write_candidate(installation, TABLE, warehouse())
    (first.path / "manifest.json").write_text("{}")
    left = installation.candidate / ".tmp-person-1-dead"
    left.mkdir()
    (left / "part-00000.parquet").write_bytes(b"half")
    others = installation.candidate / ".tmp-person_history-1-alive"
    others.mkdir()
    second = write_candidate(installation, TABLE, warehouse("range(5)"))
    assert [path.name for path in second.path.iterdir()] == ["part-00000.parquet"]
    assert not left.exists() and others.exists(), "another table's writer is not disturbed"
    discard(second)
    assert not second.path.exists()


def test_a_missing_warehouse_or_table_is_an_error_with_a_remedy(installation: Installation) -> None:
    with pytest.raises(CandidateError, match="no warehouse") as error:
        write_candidate(installation, TABLE)
    assert error.value.remedy
    with duckdb.connect() as empty, pytest.raises(CandidateError, match="0 tables of this name"):
        write_candidate(installation, TABLE, empty)


def test_the_warehouse_is_only_read(installation: Installation) -> None:
    installation.warehouse.parent.mkdir(parents=True)
    with duckdb.connect(str(installation.warehouse)) as connection:
        connection.execute("create table person as select 1 as id, '1' as sex, 'n' as note")
    installation.warehouse.chmod(0o444)
    before = installation.warehouse.stat().st_mtime_ns
    assert write_candidate(installation, TABLE).rows == 1
    assert installation.warehouse.stat().st_mtime_ns == before
