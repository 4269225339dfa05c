"""What was taken is compared with the last state of a file, and how it was read belongs to it."""

from __future__ import annotations

import gzip
import io
import os
import shutil
import zipfile
from pathlib import Path
from typing import Any

import pytest
from support.collecting import Item, Office, Resource, Spec

from catalogue.installation import PROJECT_ROOT
from connectors.base import CollectError
from connectors.landing import committed
from connectors.withdrawal import restore, withdraw, withdrawn

CASES = PROJECT_ROOT.parent / "shared" / "cases"
ITEMS = (Item("id"), Item("name"))


def case(*names: str) -> Path:
    file = CASES.joinpath(*names)
    if not file.exists():
        if os.environ.get("CI") == "true":
            raise FileNotFoundError(file)
        pytest.skip("the shared cases are not on this machine")
    return file


def files(path: str = "*.csv", kind: str = "delimited", items: tuple[Item, ...] = ITEMS, **options: Any) -> Resource:
    contract = options.pop("contract", "evolve")
    spec = Spec(kind, "office", ("id",), options={"path": path, "settle": 0, **options})
    return Resource("office.files", spec, items, contract)


class Drop(Office):
    def __init__(self, folder: Path) -> None:
        super().__init__(folder, 'path = "in"')
        self.folder = folder / "city" / "in"
        self.folder.mkdir()
        self.clock = 1_700_000_000

    def put(self, name: str, text: str | bytes, *, at: int | None = None) -> Path:
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text.encode() if isinstance(text, str) else text)
        self.clock += 60
        os.utime(file, (at or self.clock,) * 2)
        return file

    def current(self, resource: Resource) -> dict[str, str | None]:
        """The newest version of each record that was not withdrawn, as the merge sees it."""
        found: dict[str, str | None] = {}
        for key, name, op in self.landed(resource, "id, name, _op"):
            if op == "delete":
                found.pop(key, None)
            else:
                found[key] = name
        return found


@pytest.fixture
def drop(tmp_path: Path) -> Drop:
    return Drop(tmp_path)


def test_a_snapshot_that_goes_back_to_a_former_state_is_taken_again(drop: Drop) -> None:
    snapshot = files(snapshot=True)
    for letter in "ABABBA":
        drop.put("a.csv", case("17", f"{letter}.csv").read_bytes())
        drop.collect(snapshot)
        expected = {"1": "旧名", "2": "乙"} if letter == "A" else {"1": "新名", "2": "乙", "3": "丙"}
        assert drop.current(snapshot) == expected
        assert drop.collect(snapshot).unchanged


def test_a_file_written_anew_under_its_name_goes_back(drop: Drop) -> None:
    for letter, name in (("A", "旧名"), ("B", "新名"), ("A", "旧名"), ("B", "新名")):
        drop.put("a.csv", case("17", f"{letter}.csv").read_bytes())
        assert drop.collect(files()).rows > 0
        assert drop.current(files())["1"] == name
    assert drop.current(files())["3"] == "丙"  # what one file no longer has may be in another


@pytest.mark.parametrize("wrapped", ["gz", "zip"])
def test_members_of_archives_go_back(drop: Drop, wrapped: str) -> None:
    for letter, name in (("A", "旧名"), ("B", "新名"), ("A", "旧名")):
        data = case("17", f"{letter}.csv").read_bytes()
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w") as archive:
            archive.writestr("a.csv", data)
        drop.put(f"a.{wrapped}", gzip.compress(data) if wrapped == "gz" else stream.getvalue())
        drop.collect(files("a.*"))
        assert drop.current(files("a.*"))["1"] == name


def test_snapshots_of_different_names_go_back_and_the_old_ones_stay_old(drop: Drop) -> None:
    snapshot = files(snapshot=True)
    for day, letter in enumerate("ABBABAA", 1):
        drop.put(f"2026070{day}.csv", case("17", f"{letter}.csv").read_bytes())
        drop.collect(snapshot)
        assert drop.current(snapshot)["1"] == {"A": "旧名", "B": "新名"}[letter]
        assert drop.collect(snapshot).unchanged  # all of them still lie there


def test_a_day_s_changes_may_have_the_bytes_of_an_earlier_day(drop: Drop) -> None:
    active, cancelled = "id,name\n1,存续\n", "id,name\n1,注销\n"
    drop.put("1.csv", active)
    drop.put("2.csv", cancelled)
    drop.put("3.csv", active)
    drop.collect(files())
    assert drop.current(files()) == {"1": "存续"}
    drop.put("4.csv", cancelled)
    drop.collect(files())
    drop.put("5.csv", active)
    drop.collect(files())
    assert drop.current(files()) == {"1": "存续"} and drop.collect(files()).unchanged


def test_the_same_bytes_under_another_name_land_nothing_and_never_come_back(drop: Drop) -> None:
    drop.put("a.csv", "id,name\n1,甲\n2,乙\n")
    drop.put("a (1).csv", "id,name\n1,甲\n2,乙\n")
    assert drop.collect(files()).rows == 2
    drop.put("a.csv", "id,name\n1,甲甲\n2,乙\n")
    drop.collect(files())
    assert drop.collect(files()).unchanged and drop.current(files()) == {"1": "甲甲", "2": "乙"}
    assert len(drop.landed(files())) == 3


def test_files_that_are_moved_within_the_folder_say_nothing_new(drop: Drop) -> None:
    everywhere = files("**/*.csv")
    drop.put("1.csv", "id,name\n1,旧\n")
    drop.put("2.csv", "id,name\n1,新\n")
    drop.collect(everywhere)
    (drop.folder / "done").mkdir()
    (drop.folder / "1.csv").rename(drop.folder / "done" / "1.csv")
    assert drop.collect(everywhere).unchanged and drop.current(everywhere) == {"1": "新"}
    (drop.folder / "2.csv").rename(drop.folder / "done" / "2.csv")
    assert drop.collect(everywhere).unchanged and drop.current(everywhere) == {"1": "新"}
    assert drop.collect(everywhere).unchanged


def test_an_old_snapshot_that_is_moved_does_not_become_the_newest(drop: Drop) -> None:
    snapshot = files("**/*.csv", snapshot=True)
    drop.put("1.csv", "id,name\n1,旧\n")
    drop.put("2.csv", "id,name\n1,新\n" + "".join(f"{n},多\n" for n in range(2, 9)))
    drop.collect(snapshot)
    (drop.folder / "done").mkdir()
    (drop.folder / "1.csv").rename(drop.folder / "done" / "1.csv")  # of far fewer rows, and yet no fall
    assert drop.collect(snapshot).unchanged and drop.current(snapshot)["1"] == "新"
    (drop.folder / "2.csv").rename(drop.folder / "done" / "2.csv")
    assert drop.collect(snapshot).unchanged
    drop.put("3.csv", "id,name\n" + "".join(f"{n},三\n" for n in range(1, 8)))
    assert drop.collect(snapshot).deletes == 1


# --- how it was read


def test_a_file_taken_with_a_wrong_option_is_read_again_when_it_is_corrected(drop: Drop) -> None:
    shutil.copyfile(case("18", "a.csv"), drop.folder / "a.csv")
    wrong, right = files(delimiter="|"), files(delimiter="|", quote="none")
    assert drop.collect(wrong).problems
    drop.collect(right)
    assert drop.current(right) == {"1": '"甲', "2": '"乙', "3": '"丙'}
    assert len(drop.landed(right, where="_problem is null")) == 3 == len(drop.landed(right)), (
        "what was read wrongly is not there any more, nor what it set aside"
    )
    assert drop.collect(right).unchanged


@pytest.mark.parametrize(
    ("data", "wrong", "right"),
    [
        ("id,name\n1,甲\n2,乙\n".encode("gb18030"), {"encoding": "latin-1"}, {"encoding": "gb18030"}),
        ("表\nid,name\n1,甲\n2,乙\n".encode(), {"header_row": 1, "columns": ["id"]}, {"header_row": 2}),
        (b"id,name\n1,\xe7\x94\xb2\n2,\xe4\xb9\x99\n", {"delimiter": ";"}, {}),
        (b"id;name\n'1';'\xe7\x94\xb2'\n'2';'\xe4\xb9\x99'\n", {"delimiter": ";"}, {"delimiter": ";", "quote": "'"}),
    ],
    ids=["encoding", "heading", "delimiter", "quote"],
)
def test_whatever_option_is_corrected_leaves_the_right_rows(
    drop: Drop, data: bytes, wrong: dict[str, Any], right: dict[str, Any]
) -> None:
    drop.put("a.csv", data)
    try:
        drop.collect(files(optional=True, **wrong))
    except CollectError:
        drop.collect(files(contract="set_aside", **wrong))  # lands it with a mark
    drop.collect(files(optional=True, **right))
    assert drop.current(files()) == {"1": "甲", "2": "乙"}
    assert len(drop.landed(files(), where="_problem is null and _op = 'upsert'")) == 2


def test_an_option_that_changes_no_row_lands_none_and_is_asked_once(drop: Drop) -> None:
    drop.put("a.csv", "id,name\n1,甲\n")
    drop.collect(files())
    noted = drop.collect(files(delimiter=","))
    assert noted.unchanged and len(noted.batches) == 1
    assert drop.collect(files(delimiter=",")).batches == ()
    assert drop.collect(files(delimiter=",", settle=0.1, max_fall=0.9)).batches == ()  # says nothing of reading


def test_what_other_files_and_former_contents_said_stays_when_an_option_is_corrected(drop: Drop) -> None:
    drop.put("a.csv", "id,name\n7,以前\n")
    drop.collect(files())
    drop.put("a.csv", "id|name\n1|'甲'\n")  # a day's changes, written over yesterday's
    drop.put("b.csv", "id|name\n2|'乙'\n")
    drop.collect(files(delimiter="|"))
    drop.collect(files(delimiter="|", quote="'"))
    assert drop.current(files()) == {"7": "以前", "1": "甲", "2": "乙"}


def test_a_snapshot_is_read_again_and_its_wrong_rows_withdrawn(drop: Drop) -> None:
    drop.put("1.csv", "id|name\n0|'零'\n1|'旧'\n")
    drop.put("2.csv", "id|name\n1|'新'\n'x'|'丙'\n")
    drop.collect(files(delimiter="|", snapshot=True))
    drop.collect(files(delimiter="|", quote="'", snapshot=True))
    assert drop.current(files()) == {"1": "新", "x": "丙"}
    assert drop.collect(files(delimiter="|", quote="'", snapshot=True)).unchanged


def test_a_file_that_was_set_aside_as_a_whole_is_taken_once_its_columns_are_declared(drop: Drop) -> None:
    drop.put("a.csv", "id,name\n1,甲\n")
    more = (*ITEMS, Item("born"))
    assert drop.collect(files(items=more, contract="set_aside")).problems == {"column_missing": 1}
    assert drop.collect(files(contract="set_aside")).rows == 1
    assert drop.landed(files(), "id, _problem") == [("1", None)]


def test_taking_again_lands_no_row_twice_and_repairs_what_is_wrong(drop: Drop) -> None:
    drop.put("a.csv", "id,name\n1,甲\n2,乙\n")
    drop.put("b.csv", "id,name\n1,甲\n2,乙\n")
    drop.put("c.csv", "id,name\n1,丙\n")
    drop.collect(files())
    again = drop.collect_again(files())
    assert again.unchanged and again.batches == () and again.read == 5
    assert drop.current(files()) == {"1": "丙", "2": "乙"}


def test_a_replacement_that_was_killed_in_between_is_made_whole_by_the_next_collection(
    drop: Drop, monkeypatch: pytest.MonkeyPatch
) -> None:
    drop.put("a.csv", "id|name\n'9'|'甲'\n")
    drop.collect(files(delimiter="|"))
    with monkeypatch.context() as patch:
        patch.setattr("connectors.collect.finish_replacing", lambda installation, resource, past: past)
        drop.collect(files(delimiter="|", quote="'"))
    assert len(committed(drop.installation, "office.files")) == 2
    drop.collect(files(delimiter="|", quote="'"))
    assert drop.current(files()) == {"9": "甲"}
    [taken_out] = withdrawn(drop.installation, "office.files")
    assert taken_out.batch == "000001" and "000002" in taken_out.why
    with pytest.raises(CollectError, match="000002 has taken its place"):
        restore(drop.installation, "office.files", "000001", "by mistake")


# --- deliveries of several files


def test_a_snapshot_is_the_whole_archive(drop: Drop) -> None:
    shutil.copyfile(case("22", "snap.zip"), drop.folder / "snap.zip")
    snapshot = files("*.zip", snapshot=True)
    drop.collect(snapshot)
    with zipfile.ZipFile(case("22", "snap.zip")) as archive:
        rows = [row for name in archive.namelist() for row in archive.read(name).decode().split()[1:]]
    assert drop.current(snapshot) == dict(row.split(",") for row in rows) and len(rows) > 1
    assert [m.mode for m in committed(drop.installation, "office.files")] == ["full"]
    assert drop.collect(snapshot).batches == ()


def zipped(**members: str) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, text in members.items():
            archive.writestr(f"{name}.csv", text)
    return stream.getvalue()


def test_an_archive_withdraws_what_none_of_its_members_has(drop: Drop) -> None:
    snapshot = files("*.zip", snapshot=True)
    drop.put("a.zip", zipped(红旗区="id,name\n1,甲\n", 卫滨区="id,name\n2,乙\n3,丙\n", 牧野区="id,name\n4,丁\n"))
    drop.collect(snapshot)
    drop.put("a.zip", zipped(红旗区="id,name\n1,甲\n", 卫滨区="id,name\n2,乙\n", 牧野区="id,name\n4,戊\n"))
    collected = drop.collect(snapshot)
    assert (collected.rows, collected.deletes) == (2, 1)
    assert drop.current(snapshot) == {"1": "甲", "2": "乙", "4": "戊"}


def test_a_member_that_lacks_a_declared_column_stops_the_whole(drop: Drop) -> None:
    drop.put("a.zip", zipped(红旗区="id,name\n1,甲\n", 卫滨区="id\n2\n"))
    with pytest.raises(CollectError, match="column name is missing"):
        drop.collect(files("*.zip", snapshot=True))
    assert drop.collect(files("*.zip", snapshot=True, optional=["name"])).rows == 2


def test_all_files_of_a_folder_may_be_one_snapshot(drop: Drop) -> None:
    folder = files(snapshot="folder")
    drop.put("红旗区.csv", "id,name\n1,甲\n")
    drop.put("卫滨区.csv", "id,name\n2,乙\n")
    assert drop.collect(folder).rows == 2
    assert drop.collect(folder).batches == ()
    drop.put("卫滨区.csv", "id,name\n3,丙\n")
    drop.collect(folder)
    assert drop.current(folder) == {"1": "甲", "3": "丙"}
    drop.put("牧野区.csv.gz", gzip.compress("id,name\n4,丁\n".encode()))
    (drop.folder / "红旗区.csv").unlink()
    drop.collect(files("*.csv*", snapshot="folder"))
    assert drop.current(folder) == {"3": "丙", "4": "丁"}


def test_files_that_came_together_do_not_withdraw_each_other(drop: Drop) -> None:
    drop.put("红旗区.csv", "id,name\n1,甲\n2,乙\n")
    drop.put("卫滨区.csv", "id,name\n3,丙\n4,丁\n")
    with pytest.raises(CollectError, match="would withdraw 2 of the 2 rows") as error:
        drop.collect(files(snapshot=True))
    assert "snapshot: folder" in str(error.value)
    assert len(drop.current(files())) == 2  # nothing was withdrawn
    drop.collect(files(snapshot="folder"))
    assert len(drop.current(files())) == 4


def test_an_unknown_kind_of_snapshot_is_refused(drop: Drop) -> None:
    drop.put("a.csv", "id,name\n1,甲\n")
    with pytest.raises(CollectError, match=r"meta.connector cannot be used: `snapshot`"):
        drop.collect(files(snapshot="archive"))


# --- withdrawn by hand


def test_a_withdrawn_batch_s_file_counts_as_not_taken_unless_it_is_held(drop: Drop) -> None:
    drop.put("a.csv", "id,name\n1,甲\n")
    drop.collect(files())
    withdraw(drop.installation, "office.files", "000001", "the wrong file", hold=True)
    assert drop.collect(files()).unchanged and committed(drop.installation, "office.files") == []
    restore(drop.installation, "office.files", "000001", "it was right")
    assert drop.current(files()) == {"1": "甲"} and drop.collect(files()).unchanged
    withdraw(drop.installation, "office.files", "000001", "damaged")
    assert drop.collect(files()).batches == ("000002",), "a number is never given twice"
