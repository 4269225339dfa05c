"""A drop folder: every file taken once by its content, unfinished ones wait, archives opened with care."""

from __future__ import annotations

import gzip
import io
import os
import shutil
import stat
import subprocess
import threading
import time
import zipfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from support.collecting import Item, Office, Resource, Spec

from connectors.base import CollectError
from connectors.files import folder as folders
from connectors.files.connector import FileConnector
from connectors.files.zip_archive import member_name
from connectors.landing import committed

ITEMS = (Item("a"), Item("b"))
OLD = 1_600_000_000


def files(kind: str = "delimited", path: str = "*.csv", items: tuple[Item, ...] = ITEMS, **options: Any) -> Resource:
    return Resource("office.files", Spec(kind, "office", ("a",), options={"path": path, **options}), items)


class Drop(Office):
    def __init__(self, folder: Path) -> None:
        super().__init__(folder, 'path = "in"')
        self.folder = folder / "city" / "in"
        self.folder.mkdir()

    def put(self, name: str, data: str | bytes = "a,b\n1,2\n", age: float | None = 3600) -> Path:
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data.encode() if isinstance(data, str) else data)
        if age is not None:
            os.utime(file, (time.time() - age,) * 2)
        return file


@pytest.fixture
def drop(tmp_path: Path) -> Drop:
    return Drop(tmp_path)


def zipped(**members: str | bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return stream.getvalue()


def test_every_file_is_a_batch_and_is_taken_once(drop: Drop) -> None:
    drop.put("二.csv", "a,b\n3,4\n5\n")
    drop.put("一.csv", "a,b\n1,2\n")
    assert drop.collect(files()).batches == ("000001", "000002")
    assert drop.landed(files(), "a, b, _batch, _row, _file, _line, _problem, _raw") == [
        ("1", "2", "000001", 1, "一.csv", 2, None, None),
        ("3", "4", "000002", 1, "二.csv", 2, None, None),
        ("5", None, "000002", 2, "二.csv", 3, "row_width", "5"),
    ]
    assert drop.collect(files()).unchanged
    drop.put("三.csv", "a,b\n1,2\n")  # the same content under another name
    assert drop.collect(files()).unchanged
    drop.put("一.csv", "a,b\n1,2\n7,8\n")
    assert drop.collect(files()).batches == ("000004",)  # an empty one notes the copy
    manifest = committed(drop.installation, "office.files")[-1]
    assert (manifest.files[0].name, manifest.read, manifest.rows, manifest.mode) == ("一.csv", 2, 1, "file")
    assert drop.landed(files(), "a, b, _line", "_batch = '000004'") == [("7", "8", 3)]


def test_a_file_written_anew_lands_what_is_new_in_it(drop: Drop) -> None:
    drop.put("一.csv", "a,b\n1,2\n1,2\n3,4\n5\n")
    drop.put("二.csv", "a,b\n3,5\n")
    drop.collect(files())
    # Changed, gone, new and as before; what stands in another file is that file's business.
    for text, landed in (
        ("a,b\n1,2\n1,2\n3,4\n5\n7,8\n", [("7", "8", "upsert")]),
        ("a,b\n1,3\n3,4\n5\n7,8\n", [("1", "3", "upsert")]),
        ("a,b\n1,2\n5\n6\n", [("1", "2", "upsert"), ("6", None, "upsert")]),
    ):
        drop.put("一.csv", text)
        [batch] = drop.collect(files()).batches
        assert drop.landed(files(), "a, b, _op", f"_batch = '{batch}'") == landed


def test_a_snapshot_lands_only_what_changed(drop: Drop) -> None:
    drop.put("20260101.csv", "a,b\n1,2\n3,4\n5,6\n")
    drop.collect(files(snapshot=True))
    drop.put("20260102.csv", "a,b\n1,2\n3,9\n")
    assert drop.collect(files(snapshot=True)).rows == 2
    assert drop.landed(files(), "a, b, _op", "_batch = '000002'") == [
        ("3", "9", "upsert"),
        ("5", None, "delete"),
    ]


def test_unfinished_files_wait(drop: Drop, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a.csv.part", "b.csv.tmp", "~$c.csv", ".d.csv"):
        drop.put(name)
    with pytest.raises(CollectError, match="no file matches"):
        drop.collect(files(path="*"))
    growing = drop.put("e.csv", "a,b\n1", age=0)
    drop.put("f.csv", "a,b\n3,4\n")
    done = threading.Event()

    def write_on() -> None:
        while not done.wait(0.05):
            with growing.open("a") as file:
                file.write("\n1,2")

    writer = threading.Thread(target=write_on)
    writer.start()
    try:
        result = drop.collect(files(settle=0.3))
    finally:
        done.set()
        writer.join()
    assert (result.rows, len(result.batches)) == (1, 1)
    os.utime(growing, (OLD, OLD))
    assert drop.collect(files(settle=0.3)).batches == ("000002",)


def test_nothing_but_growing_files_is_told_and_is_no_error(drop: Drop, monkeypatch: pytest.MonkeyPatch) -> None:
    drop.put("a.csv", age=0)
    seen = iter(range(100))
    stamp = folders.LocalFolder.stamp
    monkeypatch.setattr(
        folders.LocalFolder,
        "stamp",
        lambda self, name: folders.Stamp(next(seen), time.time()) if stamp(self, name) else None,
    )
    result = drop.collect(files(settle=0.05))
    assert result.unchanged and "still being written" in result.message


def test_a_flag_file_says_that_a_file_is_ready(drop: Drop) -> None:
    drop.put("a.csv")
    assert drop.collect(files(ready=".ok")).unchanged
    drop.put("a.csv.ok", "")
    assert drop.collect(files(ready=".ok")).rows == 1


def test_a_file_that_changes_while_it_is_read_lands_nothing(drop: Drop) -> None:
    file = drop.put("a.csv", "a,b\n" + "1,2\n" * 10)
    connector = FileConnector(files(), _connection(drop), [])
    (delivery,) = connector.deliveries()
    batches = delivery.batches()
    next(batches)
    file.write_text("a,b\n3,4\n")
    with pytest.raises(CollectError, match=r"a\.csv: the file changed while"):
        list(batches)


def _connection(drop: Drop) -> Any:
    from connectors.connections import Connections

    return Connections.load(drop.installation).get(files())


@pytest.mark.parametrize(
    ("resource", "message"),
    [
        (files(path="nothing*.csv"), "no file matches"),
        (files(path="../*.csv"), "outside the connection's folder"),
        (files(path="/etc/passwd"), "outside the connection's folder"),
        (files(encoding="klingon"), "there is no encoding"),
        (files(header_row=9), "no line 9"),
        (files("excel"), "not a workbook"),
        (files("json"), "not a JSON document|malformed"),
        (files("xml", records="r"), "not well-formed XML"),
        (files("xml"), "`records` is not declared"),
        (files("dbf"), "not a DBF"),
        (files("parquet"), "not a whole Parquet"),
        (files("fixed_width"), "`fields` is missing"),
    ],
)
def test_errors_name_department_resource_connection_and_file(drop: Drop, resource: Resource, message: str) -> None:
    drop.put("x.csv")
    with pytest.raises(CollectError, match=message) as error:
        drop.collect(resource)
    text = str(error.value)
    assert "测试局 · 测试资源 (office.files), connection office, file " in text and "Remedy: " in text
    assert committed(drop.installation, "office.files") == []


def test_a_missing_folder_is_told_with_its_path(drop: Drop) -> None:
    drop.folder.rmdir()
    with pytest.raises(CollectError, match=r"there is no folder .*/in"):
        drop.collect(files())


def test_items_that_a_file_may_leave_out(drop: Drop) -> None:
    items = (Item("a"), Item("b"), Item("c"))
    drop.put("x.jsonl", '{"a": 1, "b": 2}\n')
    with pytest.raises(CollectError, match="column c is missing"):
        drop.collect(files("json_lines", "*.jsonl", items))
    assert drop.collect(files("json_lines", "*.jsonl", items, optional=["c"])).rows == 1
    drop.put("y.json", "[]")
    assert drop.collect(files("json", "*.json", items)).batches == ("000002",)


# --- archives


def test_members_of_archives_are_deliveries(drop: Drop) -> None:
    drop.put(
        "月报.zip",
        zipped(**{"d/二月.csv": "a,b\n3,4\n", "一月.csv": "a,b\n1,2\n", "说明.doc": "x", "__MACOSX/一月.csv": ""}),
    )
    drop.put("z.csv.gz", gzip.compress(b"a,b\n5,6\n"))
    resource = files(path="*")
    assert drop.collect(resource).batches == ("000001", "000002", "000003")
    assert drop.landed(resource, "a, _file") == [
        ("5", "z.csv"),
        ("3", "月报.zip!d/二月.csv"),
        ("1", "月报.zip!一月.csv"),
    ]
    assert drop.collect(resource).unchanged
    drop.put("z.csv.gz", gzip.compress(b"a,b\n5,6\n", mtime=7))  # packed again
    assert drop.collect(resource).unchanged


def test_a_workbook_is_no_archive_and_may_lie_in_one(drop: Drop) -> None:
    import xlsxwriter

    with xlsxwriter.Workbook(drop.folder / "a.xlsx") as book:
        book.add_worksheet().write_row(0, 0, ["a", "b"])
        book.worksheets()[0].write_row(1, 0, ["1", "2"])
    data = (drop.folder / "a.xlsx").read_bytes()
    drop.put("b.zip", zipped(**{"表.xlsx": data, "other.txt": "x"}))
    assert drop.collect(files("excel", "*", settle=0)).rows == 1  # both are the same content
    assert drop.landed(files(), "a, _file") == [("1", "a.xlsx")]


def test_member_names_in_gbk(drop: Drop) -> None:
    info = zipfile.ZipInfo("婚姻登记.csv".encode("gb18030").decode("cp437"))
    info.flag_bits = 0
    assert member_name(info) == "婚姻登记.csv"
    info = zipfile.ZipInfo("一.csv")
    info.flag_bits = 0x800
    assert member_name(info) == "一.csv"


def renamed(data: bytes, old: str, new: str) -> bytes:
    assert len(old) == len(new)
    return data.replace(old.encode(), new.encode())


@pytest.mark.parametrize("name", ["../../x.csv", "/etc/cr.csv", "C:\\xxx.csv", "a/../../b.csv"])
def test_names_that_lead_elsewhere_are_refused(drop: Drop, name: str) -> None:
    drop.put("x.zip", renamed(zipped(**{"n" * len(name): "a,b\n1,2\n"}), "n" * len(name), name))
    with pytest.raises(CollectError, match=r"leads out of the archive") as error:
        drop.collect(files(path="*.zip"))
    assert "x.zip" in str(error.value)


def test_links_in_archives_are_refused(drop: Drop) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        info = zipfile.ZipInfo("a.csv")
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(info, "/etc/passwd")
    drop.put("x.zip", stream.getvalue())
    with pytest.raises(CollectError, match="a member that is a link"):
        drop.collect(files(path="*.zip"))


def test_bombs_stop_at_the_limit(drop: Drop) -> None:
    bomb = zipped(**{"a.csv": b"a,b\n" + b"1,2\n" * 1_000_000})
    drop.put("x.zip", bomb)
    drop.put("y.csv.gz", gzip.compress(b"0" * (3 << 20)))
    for path in ("*.zip", "*.gz"):
        with pytest.raises(CollectError, match="unpacks to more than the limit of 2 MB"):
            drop.collect(files(path=path, unpacked_limit_mb=2))
    lying = renamed(bomb, "x", "x")
    place = lying.rindex(b"PK\x01\x02")
    drop.put("x.zip", lying[: place + 24] + (10).to_bytes(4, "little") + lying[place + 28 :])
    with pytest.raises(CollectError, match=r"broken or incomplete|more than the limit"):
        drop.collect(files(path="*.zip", unpacked_limit_mb=2))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (zipped(**{"a.csv": "a,b\n1,2\n"})[:-10], "broken or incomplete"),
        (gzip.compress(b"a,b\n" * 1000)[:-20], "broken or incomplete"),
        (b"\x1f\x8bxxxxxxxxxxx", "broken"),
        (zipped(**{"a.doc": "x"}), "none of the 1 members matches"),
        (zipped(**{"a.csv": zipped(**{"b.csv": "a,b\n"})}), "no text but a zip archive"),
    ],
    ids=["short zip", "short gz", "no gz", "no member", "zip in zip"],  # the bytes themselves hold a time
)
def test_broken_archives(drop: Drop, data: bytes, message: str) -> None:
    drop.put("x.bin", data)
    with pytest.raises(CollectError, match=message):
        drop.collect(files(path="*.bin"))


@pytest.mark.skipif(not shutil.which("zip"), reason="no zip program makes an encrypted archive here")
def test_a_password(drop: Drop) -> None:
    drop.put("a.csv")
    subprocess.run(["zip", "-q", "-P", "geheim", "x.zip", "a.csv"], cwd=drop.folder, check=True)
    with pytest.raises(CollectError, match="protected by a password") as error:
        drop.collect(files(path="*.zip", settle=0))
    assert "zip_password" in str(error.value)
    settings = drop.installation.settings_file
    settings.write_text(settings.read_text() + 'zip_password = "falsch"\n')
    with pytest.raises(CollectError, match="not the declared one"):
        drop.collect(files(path="*.zip", settle=0))
    settings.write_text(settings.read_text().replace("falsch", "geheim"))
    assert drop.collect(files(path="*.zip", settle=0)).rows == 1


def test_bounded_memory(drop: Drop) -> None:
    """Batches of a large file hold some thousand rows each, whatever the size of the file."""
    drop.put("a.csv", "a,b\n" + "12345678901234567890,中文\n" * 400_000)
    before = pa.total_allocated_bytes()
    connector = FileConnector(files(), _connection(drop), [])
    (delivery,) = connector.deliveries()
    most = 0
    for batch in delivery.batches():
        most = max(most, pa.total_allocated_bytes() - before)
        assert batch.num_rows < 300_000
    assert most < 64 << 20
