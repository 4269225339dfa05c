"""A delivery is compared only with landed parts that have the bytes that were committed."""

from __future__ import annotations

import random
import sqlite3
from pathlib import Path

import pytest
from support.collecting import Office, database_resource

from connectors.manifest import DamagedBatch


@pytest.fixture
def office(tmp_path: Path) -> Office:
    path = tmp_path / "people.sqlite"
    with sqlite3.connect(path) as people:
        people.execute("create table people (id integer, name text)")
        people.executemany("insert into people values (?, ?)", [(n, f"person {n}") for n in range(500)])
    return Office(tmp_path, f'kind = "database"\nurl = "sqlite:///{path}"')


def change(office: Office, tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "people.sqlite") as people:
        people.execute("update people set name = 'changed' where id = 7")


@pytest.mark.parametrize("seed", range(6))
def test_a_difference_is_not_taken_from_a_part_with_a_flipped_bit(office: Office, tmp_path: Path, seed: int) -> None:
    resource = database_resource(mode="full", watermark=None)
    office.collect(resource)
    [part] = office.installation.landing_of(resource.id).glob("000001/*.parquet")
    whole, bit = part.read_bytes(), random.Random(seed).randrange(part.stat().st_size * 8)
    content = bytearray(whole)
    content[bit // 8] ^= 1 << bit % 8
    part.write_bytes(content)
    change(office, tmp_path)
    with pytest.raises(DamagedBatch, match="batch 000001 is damaged"):
        office.collect(resource)
    part.write_bytes(whole)
    assert office.collect(resource).rows == 1
    assert [row for row in office.landed(resource, "id, name", "_batch = '000002'")] == [(7, "changed")]


def test_parts_that_were_found_intact_are_not_read_again(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    resource = database_resource(mode="full", watermark=None)
    office.collect(resource)
    change(office, tmp_path)
    office.collect(resource)
    monkeypatch.setattr("catalogue.checksums.sha256_of", lambda path: pytest.fail(f"{path} is hashed again"))
    with pytest.raises(pytest.fail.Exception, match="000002"):  # the one that is new
        office.collect(resource)
