"""What was withdrawn by hand, the order of files, and what of a drop folder is left alone."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.collecting import Item, Office, Resource, Spec

from connectors.withdrawal import restore, withdraw

NAME = "office.files"


class Drop(Office):
    def __init__(self, folder: Path) -> None:
        super().__init__(folder, 'path = "in"')
        self.folder = self.installation.city / "in"
        self.folder.mkdir()

    def put(self, name: str, *rows: str) -> Path:
        file = self.folder / name
        file.write_text("id,name\n" + "".join(f"{row}\n" for row in rows), encoding="utf-8")
        return file

    def current(self, resource: Resource) -> dict[str, str]:
        found: dict[str, str] = {}
        for key, name, op in self.landed(resource, "id, name, _op"):
            found.pop(key, None)
            if op == "upsert":
                found[key] = name
        return found


def files(path: str = "*.csv", **options: object) -> Resource:
    spec = Spec("delimited", "office", ("id",), options={"path": path, "settle": 0, **options})
    return Resource(NAME, spec, [Item("id"), Item("name")])


@pytest.fixture
def drop(tmp_path: Path) -> Iterator[Drop]:
    yield Drop(tmp_path)


@pytest.mark.parametrize("snapshot", [True, False])
@pytest.mark.parametrize("hold", [True, False])
def test_what_a_file_has_in_common_with_a_withdrawn_batch_lands_again(drop: Drop, snapshot: bool, hold: bool) -> None:
    resource = files(snapshot=snapshot)
    drop.put("x.csv", "1,甲", "2,乙")
    drop.collect(resource)
    drop.put("x.csv", "1,甲", "2,乙", "3,丙")
    assert drop.collect(resource).rows == 1  # the others had landed
    withdraw(drop.installation, NAME, "000001", "damaged", hold=hold)
    assert drop.current(resource) == {"3": "丙"}
    drop.collect(resource)
    assert drop.current(resource) == {"1": "甲", "2": "乙", "3": "丙"}
    assert drop.collect(resource).batches == ()  # once is enough


def test_a_batch_that_is_put_back_does_not_bring_back_what_a_later_snapshot_no_longer_has(drop: Drop) -> None:
    resource = files(snapshot=True)
    drop.put("x.csv", "1,甲", "2,乙", "3,丙")
    drop.collect(resource)
    withdraw(drop.installation, NAME, "000001", "perhaps wrong")
    drop.put("x.csv", "1,甲", "2,乙")
    drop.collect(resource)
    restore(drop.installation, NAME, "000001", "it was right")
    drop.collect(resource)
    assert drop.current(resource) == {"1": "甲", "2": "乙"}
    assert drop.collect(resource).batches == ()


def test_a_held_file_does_not_come_back_by_a_copy_that_was_moved(drop: Drop) -> None:
    resource = files("**/*.csv")
    file = drop.put("x.csv", "1,甲")
    drop.collect(resource)
    (drop.folder / "old").mkdir()
    os.rename(file, drop.folder / "old" / "x.csv")
    drop.collect(resource)
    withdraw(drop.installation, NAME, "000001", "the wrong file", hold=True)
    drop.collect(resource)
    assert drop.current(resource) == {}


def test_of_several_snapshots_an_old_one_is_not_taken_for_the_newest_after_a_withdrawal(drop: Drop) -> None:
    resource = files(snapshot=True, max_fall=1)
    for name, rows in (("d1.csv", ["1,甲"]), ("d2.csv", ["1,甲", "2,乙"]), ("d3.csv", ["1,甲", "3,丙"])):
        drop.put(name, *rows)
        drop.collect(resource)
    withdraw(drop.installation, NAME, "000002", "wrong", hold=True)
    drop.collect(resource)
    assert drop.current(resource) == {"1": "甲", "3": "丙"}


@pytest.mark.parametrize(
    ("older", "newer"), [("d9.csv", "d10.csv"), ("2026-9-30.csv", "2026-10-1.csv"), ("9月.csv", "10月.csv")]
)
def test_files_that_come_together_are_taken_in_the_order_of_their_numbers(drop: Drop, older: str, newer: str) -> None:
    drop.put(newer, "1,新")
    drop.put(older, "1,旧")
    drop.collect(files())
    assert drop.current(files()) == {"1": "新"}


def test_pipes_and_names_in_other_case_are_told_and_not_read(drop: Drop) -> None:
    drop.put("a.csv", "1,甲")
    drop.put("B.CSV", "2,乙")
    drop.put("c.txt", "3,丙")
    (drop.folder / "d.csv").mkdir()
    os.mkfifo(drop.folder / "e.csv")
    with socket.socket(socket.AF_UNIX) as open_socket:
        here = os.getcwd()
        os.chdir(drop.folder)  # the whole path may be longer than a socket's address
        open_socket.bind("f.csv")
        os.chdir(here)
    result = drop.collect(files())
    assert result.rows == 1
    assert {finding.what: finding.count for finding in result.left_out} == {"special_file": 2, "file_case": 1}
