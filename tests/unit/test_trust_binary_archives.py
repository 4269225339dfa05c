"""Archives: every member is read or named, and nothing lies in an archive that nobody speaks of."""

from __future__ import annotations

import gzip
import io
import tarfile
import warnings
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from support.collecting import Office, Resource, Spec

from connectors.base import CollectError
from connectors.files.archive import parts
from connectors.files.text import Unreadable
from connectors.read_report import ReadReport

CSV = b"a,b\n1,2\n"


def packed(*members: tuple[str, bytes], comment: bytes = b"") -> bytes:
    made = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        warnings.simplefilter("ignore")
        for name, data in members:
            archive.writestr(name, data)
        archive.comment = comment
    return made.getvalue()


def opened(
    data: bytes, tmp_path: Path, kind: str = "delimited", **options: Any
) -> tuple[list[tuple[str, bytes]], ReadReport]:
    file = tmp_path / "sent.zip"
    file.write_bytes(data)
    report = ReadReport()
    read = []
    for part in parts(file, "sent.zip", kind, options, tmp_path):
        with part.open() as source:
            read.append((part.name, source.read()))
        report.add(part.report)
    return read, report


def told(report: ReadReport) -> Sequence[tuple[str, int, tuple[str, ...]]]:
    return [(finding.what, finding.count, finding.where) for finding in report.left_out]


def test_members_that_are_not_read_are_named_by_their_place_and_ending(tmp_path: Path) -> None:
    data = packed(
        ("张三410702199003070023.doc", b"x"), ("a.csv", CSV), ("b.zip", packed(("c.csv", CSV))), ("空.csv", b""),
        ("__MACOSX/._a.csv", b"x"), ("Thumbs.db", b"x"), ("leer.doc", b""), ("说明", b"x"), (".hidden.csv", CSV),
    )  # fmt: skip
    read, report = opened(data, tmp_path)
    assert [name for name, _ in read] == ["sent.zip!a.csv", "sent.zip!空.csv"]
    assert told(report) == [
        ("member", 4, ("member 1 (.doc)", "member 3 (an archive, .zip)", "member 8", "member 9 (.csv)"))
    ]
    assert "410702199003070023" not in str(report.as_dict())


def test_the_memo_file_of_a_table_is_read_with_it_and_is_no_member_left_out(tmp_path: Path) -> None:
    _, report = opened(packed(("a.dbf", b"x"), ("A.FPT", b"y"), ("b.fpt", b"z")), tmp_path, "dbf")
    assert told(report) == [("member", 1, ("member 3 (.fpt)",))]


def test_two_members_of_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match=r"several members of one name \(a\.csv\)"):
        opened(packed(("a.csv", CSV), ("a.csv", b"a,b\n3,4\n")), tmp_path)


def test_an_archive_behind_another_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="bytes before the first member"):
        opened(packed(("a.csv", CSV)) + packed(("b.csv", CSV)), tmp_path)


def test_bytes_behind_an_archive_are_told_and_its_comment_is_none(tmp_path: Path) -> None:
    _, report = opened(packed(("a.csv", CSV), comment=b"c" * 50), tmp_path)
    assert told(report) == []
    _, report = opened(packed(("a.csv", CSV), comment=b"c" * 50) + b"more", tmp_path)
    assert told(report) == [("trailing_data", 4, ("after the archive",))]


def test_a_member_that_the_directory_does_not_list_is_told(tmp_path: Path) -> None:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("a.csv", CSV)
        archive.writestr("gone.csv", b"a,b\n" * 500)
        archive.writestr("b.csv", CSV)
        archive.filelist = [info for info in archive.filelist if info.filename != "gone.csv"]
    read, report = opened(made.getvalue(), tmp_path)
    assert len(read) == 2
    ((what, count, where),) = told(report)
    assert (what, where) == ("trailing_data", ("after member 1",)) and count >= 2000


def test_an_archive_in_an_archive_is_refused_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="1 of them are archives themselves") as error:
        opened(packed(("inner.zip", packed(("a.csv", CSV)))), tmp_path)
    assert "packed once" in error.value.remedy


def tar(mode: str) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode=mode) as archive:  # type: ignore[call-overload]
        info = tarfile.TarInfo("a.csv")
        info.size = len(CSV)
        archive.addfile(info, io.BytesIO(CSV))
    return made.getvalue()


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"7z\xbc\xaf\x27\x1c" + b"\0" * 20, "7-Zip"),
        (b"Rar!\x1a\x07\x01\0" + b"\0" * 20, "RAR"),
        (tar("w"), "tar archive"),
        (tar("w:gz"), "tar archive"),
        (tar("w:bz2"), "bzip2"),
        (tar("w:xz"), "xz file"),
        (b"\x28\xb5\x2f\xfd" + b"\0" * 20, "zstd"),
        (b"MZ\x90\0" + b"\0" * 20, "unpacks itself"),
        (b"PK\x07\x08PK\x03\x04" + b"\0" * 20, "split"),
    ],
)
def test_other_archives_are_refused_by_their_kind(data: bytes, kind: str, tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match=kind) as error:
        opened(data, tmp_path)
    assert "zip or gz" in error.value.remedy


def test_a_gz_of_several_members_is_read_whole_and_one_with_a_tail_is_refused(tmp_path: Path) -> None:
    read, _ = opened(gzip.compress(CSV) + gzip.compress(b"3,4\n") + b"\0" * 100, tmp_path)
    assert read == [("sent.zip", CSV + b"3,4\n")]
    with pytest.raises(Unreadable, match="behind its end"):
        opened(gzip.compress(CSV) + b"3,4\n", tmp_path)


def test_what_an_archive_held_and_nobody_read_stands_in_the_batch(tmp_path: Path) -> None:
    office = Office(tmp_path, f'path = "{tmp_path / "in"}"')
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "x.zip").write_bytes(packed(("a.csv", CSV), ("b.csv", b"a,b\n3,4\n"), ("c.xls", b"x")))
    resource = Resource("office.x", Spec("delimited", "office", options={"path": "*.zip", "settle": 0}))
    collected = office.collect(resource)
    assert collected.rows == 2
    assert [(f.what, f.count, f.where) for f in collected.left_out] == [("member", 1, ("member 3 (.xls)",))]
    (tmp_path / "in" / "y.zip").write_bytes(tar("w"))
    with pytest.raises(CollectError, match=r"file y\.zip: a tar archive"):
        office.collect(resource)
