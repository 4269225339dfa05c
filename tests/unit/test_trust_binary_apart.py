"""The child process in which every format is read: its limits, and what is said when it breaks one."""

from __future__ import annotations

import io
import os
import threading
from pathlib import Path
from typing import Any

import pytest

from connectors.files import child
from connectors.files.apart import Apart, Child
from connectors.files.delimited import Delimited
from connectors.files.reader import Content
from connectors.files.text import Unreadable
from connectors.read_report import ReadReport


def opened(data: bytes, module: str = "delimited", name: str = "Delimited", **options: Any) -> Apart:
    return Apart(Content("file", lambda: io.BytesIO(data), options), module, name)


def values(reader: Apart) -> list[list[Any]]:
    names = reader.schema.names
    return [[row[name] for name in names] for batch in reader.batches() for row in batch.to_pylist()]


def test_a_file_that_needs_more_memory_than_the_limit_is_refused_with_the_option() -> None:
    data = b'a,b\n"' + b"x" * (60 << 20)
    with pytest.raises(Unreadable, match="limit of 100 MB") as error:
        values(opened(data, memory_mb=100, cell_limit_mb=1000))
    assert "`memory_mb`" in error.value.remedy


def test_a_file_that_takes_more_time_than_the_limit_is_refused_with_the_option() -> None:
    data = b"a,b\n" + b'"x""y",1\n2,"z\n' * 400_000
    with pytest.raises(Unreadable, match="limit of 0 CPU seconds") as error:
        values(opened(data, cpu_seconds=0))
    assert "`cpu_seconds`" in error.value.remedy


def test_a_file_that_is_wider_than_the_limit_is_refused_with_the_option() -> None:
    wide = ",".join(f"c{n}" for n in range(30)).encode() + b"\n"
    with pytest.raises(Unreadable, match="30 columns, more than the limit of 20") as error:
        opened(wide, columns_limit=20)
    assert "`columns_limit`" in error.value.remedy
    assert len(opened(wide, columns_limit=30).schema) == 30


def test_a_cell_that_is_longer_than_the_limit_is_refused_with_its_column() -> None:
    data = b"a,b\n1," + b"x" * (1 << 20) + b"y\n"
    with pytest.raises(Unreadable, match="more than 1 MB") as error:
        values(opened(data, cell_limit_mb=1))
    assert error.value.place == "column 2" and "`cell_limit_mb`" in error.value.remedy
    assert values(opened(data, cell_limit_mb=2)) == [["1", "x" * (1 << 20) + "y"]]


def test_a_limit_of_one_file_does_not_stay_for_the_next() -> None:
    small = b"a,b\n1,2\n"
    assert values(opened(small, memory_mb=100)) == [["1", "2"]]
    big = b"a,b\n1," + b"x" * (30 << 20) + b"\n"
    assert len(values(opened(big))[0][1]) == 30 << 20


def test_what_a_parser_fails_with_is_told_without_its_text(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def fail(*_: object) -> None:
        raise ValueError("张三 41070219900101123X")

    monkeypatch.setattr(Delimited, "batches", fail)
    file = tmp_path / "x.csv"
    file.write_bytes(b"a\n1\n")
    with file.open("rb") as source:
        task = {"module": "delimited", "name": "Delimited", "file": "x.csv", "options": {}, "items": [], "siblings": []}
        task |= {"columns_limit": 10, "cell_limit_mb": 1}
        outcome = child.read(task, [source.fileno()], io.BytesIO(), child.Watch())
    assert outcome["what"].startswith("cannot be read: its parser failed (ValueError at test_trust_binary_apart.py")
    assert "张三" not in str(outcome) and outcome["remedy"]


def test_a_child_that_is_killed_is_an_error_and_the_next_file_gets_another() -> None:
    reader = opened(b"a,b\n" + b"1,2\n" * 2_000_000)
    reader._child.process.kill()
    with pytest.raises(Unreadable, match="signal 9"):
        values(reader)
    assert values(opened(b"a\n1\n")) == [["1"]]


def test_what_the_reader_reports_comes_back_from_the_child_once(monkeypatch: pytest.MonkeyPatch) -> None:
    said = ReadReport()
    said.leave_out("row", 2, where="line 3")
    said.remark("error_cell", where="sheet 1")
    report = ReadReport()
    reader = Apart(Content("file", lambda: io.BytesIO(b"a\n1\n"), report=report), "delimited", "Delimited")
    outcome = reader._child.outcome
    monkeypatch.setattr(reader._child, "outcome", lambda: {**(outcome() or {}), "report": said.as_dict()})
    list(reader.batches())
    assert report.as_dict() == said.as_dict()


def test_many_threads_share_the_children_and_each_gets_its_own_rows() -> None:
    wrong = []

    def work(number: int) -> None:
        for turn in range(15):
            mark = f"{number}-{turn}"
            if values(opened(f"a,b\n{mark},x\n".encode())) != [[mark, "x"]]:
                wrong.append(mark)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert len(Child._idle) <= 4 and len(set(map(id, Child._idle))) == len(Child._idle)


def test_the_child_knows_no_secret_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Child, "_idle", [])
    monkeypatch.setenv("POLICE_PASSWORD", "geheim-0001")
    reader = opened(b"a\n1\n")
    environment = Path(f"/proc/{reader._child.process.pid}/environ")
    if not environment.exists():
        pytest.skip("no /proc here")
    assert b"geheim-0001" not in environment.read_bytes()
    del reader


def test_no_descriptor_is_left_open_behind_a_file_good_or_bad() -> None:
    if not Path("/proc/self/fd").exists():
        pytest.skip("no /proc here")
    values(opened(b"a\n1\n"))
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(5):
        values(opened(b"a\n1\n"))
        with pytest.raises(Unreadable):
            opened(b"PK\x03\x04")
    values(opened(b"a\n1\n"))
    assert len(os.listdir("/proc/self/fd")) <= before
