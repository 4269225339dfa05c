"""Hostile workbooks, archives, Parquet files and tables: the rows, or an error with a remedy, or rows and a report.

Whatever is delivered, the collecting process lives, and nothing is lost or made up without a word.
"""

from __future__ import annotations

import io
import random
import struct
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter

from connectors.files.apart import Apart
from connectors.files.archive import parts
from connectors.files.reader import Content
from connectors.files.text import Unreadable
from connectors.read_report import ReadReport

Rows = list[list[Any]]
SHEET, STRINGS, WORKBOOK = "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml", "xl/workbook.xml"
LIMITS = {"memory_mb": 300, "cpu_seconds": 20, "unpacked_limit_mb": 100}
READERS = {"excel": ("excel", "Excel"), "parquet": ("parquet", "Parquet"), "dbf": ("dbf", "Dbf")}


def outcome(kind: str, data: bytes) -> tuple[Rows, bool] | Unreadable:
    """The rows and whether anything is said of them, or why there are none."""
    report = ReadReport()
    content = Content("file", lambda: io.BytesIO(data), LIMITS, report=report)
    try:
        reader = Apart(content, *READERS[kind])
        names = reader.schema.names
        rows, doubts = [], False
        for batch in reader.batches():
            for row in batch.to_pylist():
                rows.append([row[name] for name in names])
                doubts = doubts or row["_problem"] is not None
        return rows, doubts or bool(report.left_out or report.remarks)
    except Unreadable as error:
        assert error.what and error.remedy
        return error


def check(kind: str, data: bytes, right: Rows) -> None:
    got = outcome(kind, data)
    if not isinstance(got, Unreadable):
        rows, told = got
        assert told or rows == right


# --- workbooks


@cache
def workbook() -> bytes:
    made = io.BytesIO()
    with xlsxwriter.Workbook(made, {"in_memory": True}) as book:
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        page = book.add_worksheet()
        page.write_row(0, 0, ["号", "名", "数", "日"])
        for row in range(1, 41):
            page.write_row(row, 0, [f"A{row:03d}", f"甲{row}", row * 1.5])
            page.write_datetime(row, 3, datetime(2020, 1, 1 + row % 28), day)
    return made.getvalue()


@cache
def right() -> Rows:
    got = outcome("excel", workbook())
    assert not isinstance(got, Unreadable) and len(got[0]) == 40 and not got[1]
    return got[0]


def part(name: str) -> str:
    with zipfile.ZipFile(io.BytesIO(workbook())) as archive:
        return archive.read(name).decode()


def with_parts(changes: dict[str, str | bytes | None], more: dict[str, bytes] | None = None) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook())) as source, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            content = changes.get(name, source.read(name))
            if content is not None:
                target.writestr(name, content)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for name, data in (more or {}).items():
                target.writestr(name, data)
    return made.getvalue()


def sheet(old: str, new: str, count: int = 1) -> bytes:
    text = part(SHEET)
    assert old in text
    return with_parts({SHEET: text.replace(old, new, count)})


BOMB = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">' + "".join(
    f'<!ENTITY {chr(98 + n)} "{("&" + chr(97 + n) + ";") * 10}">' for n in range(9)
)
WORKBOOKS: dict[str, Callable[[], bytes]] = {
    "the sheet breaks off": lambda: with_parts({SHEET: part(SHEET)[:-300]}),
    "a sheet of nothing": lambda: with_parts({SHEET: ""}),
    "a sheet that is no XML": lambda: with_parts({SHEET: "\0\1\2" * 99}),
    "no sheet": lambda: with_parts({SHEET: None}),
    "no texts": lambda: with_parts({STRINGS: None}),
    "no workbook": lambda: with_parts({WORKBOOK: None}),
    "a sheet twice": lambda: with_parts({}, {SHEET: part(SHEET).replace("<v>1.5</v>", "<v>7</v>").encode()}),
    "a sheet from elsewhere": lambda: with_parts(
        {
            "xl/_rels/workbook.xml.rels": part("xl/_rels/workbook.xml.rels").replace(
                "worksheets/sheet1.xml", "/etc/passwd"
            )
        }
    ),
    "a text that is not there": lambda: sheet("<v>4</v>", "<v>4444</v>"),
    "a place beyond the last": lambda: sheet('r="A2"', 'r="ZZZZZZZ99999999999"'),
    "a place that is none": lambda: sheet('r="A2"', 'r="?"'),
    "the last place of all": lambda: sheet('r="D41"', 'r="XFD1048576"'),
    "a row beyond the last": lambda: sheet('<row r="41"', '<row r="99999999999"'),
    "a row before the first": lambda: sheet('<row r="41"', '<row r="-3"'),
    "a row that is none": lambda: sheet('<row r="41"', '<row r="x"'),
    "a row twice": lambda: sheet('<row r="41"', '<row r="40"'),
    "a style that is not there": lambda: sheet('r="C41"', 'r="C41" s="999999"'),
    "a kind that is not known": lambda: sheet('r="C41"', 'r="C41" t="zz"'),
    "a number of 5,000 digits": lambda: sheet("<v>1.5</v>", f"<v>{'7' * 5000}</v>"),
    "a number beyond all": lambda: sheet("<v>1.5</v>", "<v>1e999</v>"),
    "a number that is none": lambda: sheet("<v>1.5</v>", "<v>NaN</v>"),
    "an entity bomb in a sheet": lambda: sheet("<worksheet", f"{BOMB}]><worksheet"),
    "an entity bomb in the texts": lambda: with_parts(
        {STRINGS: part(STRINGS).replace("<sst", f"{BOMB}]><sst", 1).replace("甲1<", "&j;<", 1)}
    ),
    "an entity bomb in the workbook": lambda: with_parts(
        {WORKBOOK: part(WORKBOOK).replace("<workbook", f"{BOMB}]><workbook", 1)}
    ),
    "nested elements": lambda: sheet("<sheetData>", "<sheetData>" + "<row>" * 60_000),
    "a dimension that lies": lambda: sheet('ref="A1:D41"', 'ref="A1:XFD1048576"'),
    "a text of 120 MB": lambda: with_parts({STRINGS: part(STRINGS).replace("甲1<", "x" * (120 << 20) + "<", 1)}),
    "a text of 80 MB": lambda: with_parts({STRINGS: part(STRINGS).replace("甲1<", "x" * (80 << 20) + "<", 1)}),
    "a million empty rows": lambda: sheet("</sheetData>", "<row/>" * 1_000_000 + "</sheetData>"),
    "UTF-16": lambda: with_parts({SHEET: part(SHEET).replace("UTF-8", "UTF-16").encode("utf-16")}),
    "a sheet's name twice": lambda: with_parts(
        {WORKBOOK: part(WORKBOOK).replace("</sheets>", '<sheet name="Sheet1" sheetId="2" r:id="rId1"/></sheets>')}
    ),
    "a merge over everything": lambda: sheet(
        "</sheetData>", '</sheetData><mergeCells count="1"><mergeCell ref="A1:XFD1048576"/></mergeCells>'
    ),
    "hidden columns without end": lambda: sheet(
        "<sheetData>", '<cols><col min="1" max="999999999" hidden="1"/></cols><sheetData>'
    ),
    "a format without end": lambda: with_parts(
        {"xl/styles.xml": part("xl/styles.xml").replace("yyyy\\-mm\\-dd", "[" * 5000).replace("yyyy-mm-dd", '"' * 4999)}
    ),
}


@pytest.mark.parametrize("case", WORKBOOKS)
def test_a_hostile_workbook(case: str) -> None:
    check("excel", WORKBOOKS[case](), right())


@pytest.mark.parametrize("seed", range(12))
def test_a_workbook_with_flipped_bits(seed: int) -> None:
    check("excel", flipped(workbook(), seed), right())


def flipped(data: bytes, seed: int, first: int = 0) -> bytes:
    source = random.Random(seed)
    changed = bytearray(data)
    changed[source.randrange(first, len(data))] ^= 1 << source.randrange(8)
    return bytes(changed)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_a_workbook_that_breaks_off(share: float) -> None:
    assert isinstance(outcome("excel", workbook()[: int(len(workbook()) * share)]), Unreadable)


# --- Parquet


@cache
def parquet() -> tuple[bytes, Rows]:
    table = pa.table({"a": [f"行{n}" for n in range(900)], "n": list(range(900))})
    made = io.BytesIO()
    pq.write_table(table, made, row_group_size=300, write_page_checksum=True)
    return made.getvalue(), [list(row.values()) for row in table.to_pylist()]


@pytest.mark.parametrize("seed", range(12))
def test_parquet_with_flipped_bits_in_its_pages(seed: int) -> None:
    data, rows = parquet()
    footer = int.from_bytes(data[-8:-4], "little") + 8
    check("parquet", flipped(data[:-footer], seed, 4) + data[-footer:], rows)


@pytest.mark.parametrize("size", [0, 2**31 - 1, 2**32 - 1, 9])
def test_parquet_with_a_footer_that_lies_of_its_length(size: int) -> None:
    data, _ = parquet()
    assert isinstance(outcome("parquet", data[:-8] + struct.pack("<I", size) + b"PAR1"), Unreadable)


def test_parquet_of_many_columns_is_refused_with_the_option() -> None:
    made = io.BytesIO()
    pq.write_table(pa.table({f"c{n}": pa.array([1], pa.int8()) for n in range(5001)}), made)
    got = outcome("parquet", made.getvalue())
    assert isinstance(got, Unreadable) and "columns_limit" in got.remedy


def test_parquet_whose_values_are_short_and_whose_rows_are_not_is_refused_or_read() -> None:
    made = io.BytesIO()
    pq.write_table(pa.table({"a": pa.array(["x" * (8 << 20)] * 40).dictionary_encode()}), made)
    got = outcome("parquet", made.getvalue())  # 320 MB of text in some kilobytes
    assert isinstance(got, Unreadable) or len(got[0]) == 40


# --- DBF


@cache
def table() -> tuple[bytes, Rows]:
    fields = [("A", b"C", 6), ("B", b"N", 5)]
    records = [f" A{n:05d}{n:>5}".encode() for n in range(30)]
    head = struct.pack("<B3BIHH16xBBxx", 3, 126, 1, 1, len(records), 32 + 64 + 1, 12, 0, 0x4D)[:32].ljust(32, b"\0")
    body = b"".join(
        name.encode().ljust(11, b"\0") + kind + b"\0" * 4 + bytes([width, 0]) + b"\0" * 14
        for name, kind, width in fields
    )
    return head + body + b"\r" + b"".join(records) + b"\x1a", [[f"A{n:05d}", str(n)] for n in range(30)]


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (4, struct.pack("<I", 0)), (4, struct.pack("<I", 29)), (4, struct.pack("<I", 31)),
        (4, struct.pack("<I", 2**32 - 1)), (8, struct.pack("<H", 0)), (8, struct.pack("<H", 65535)),
        (10, struct.pack("<H", 0)), (10, struct.pack("<H", 1)), (10, struct.pack("<H", 65535)),
        (0, b"\xff"), (43, b"M"), (43, b"\0"), (48, b"\xff"), (75, b"G"),
    ],
)  # fmt: skip
def test_a_table_whose_head_lies(place: int, value: bytes) -> None:
    data, rows = table()
    check("dbf", data[:place] + value + data[place + len(value) :], rows)


# --- archives


def packed(*members: tuple[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return made.getvalue()


CSV = b"a,b\n" + b"".join(b"%d,x\n" % n for n in range(500))


def lying(data: bytes) -> bytes:
    """The archive with sizes that say 10 bytes in both places."""
    size, ten = struct.pack("<I", len(CSV)), struct.pack("<I", 10)
    return data.replace(size, ten)


ARCHIVES: dict[str, Callable[[], bytes]] = {
    "breaks off": lambda: packed(("a.csv", CSV))[:-60],
    "breaks off early": lambda: packed(("a.csv", CSV))[:40],
    "a wrong checksum": lambda: packed(("a.csv", CSV)).replace(struct.pack("<I", zlib.crc32(CSV)), b"\1\2\3\4"),
    "sizes that lie": lambda: lying(packed(("a.csv", CSV))),
    "a bomb": lambda: packed(("a.csv", b"\0" * (120 << 20))),
    "too many members": lambda: packed(*((f"{n}.csv", b"") for n in range(10_001))),
    "a way out": lambda: packed(("../a.csv", CSV)),
    "a way out of Windows": lambda: packed(("..\\a.csv", CSV)),
    "an absolute name": lambda: packed(("/etc/a.csv", CSV)),
    "a drive": lambda: packed(("C:\\a.csv", CSV)),
    "nothing": lambda: packed(),
    "no data": lambda: b"PK\3\4",
    "an archive in an archive": lambda: packed(("a.zip", packed(("a.csv", CSV)))),
    "two archives": lambda: packed(("a.csv", CSV)) + packed(("b.csv", CSV)),
}


def unpacked(data: bytes, folder: Path) -> Iterator[bytes]:
    file = folder / "x.zip"
    file.write_bytes(data)
    for one in parts(file, "x.zip", "delimited", LIMITS, folder):
        yield one.path.read_bytes()


@pytest.mark.parametrize("case", ARCHIVES)
def test_a_hostile_archive(case: str, tmp_path: Path) -> None:
    with pytest.raises(Unreadable) as error:
        list(unpacked(ARCHIVES[case](), tmp_path))
    assert error.value.what and error.value.remedy


@pytest.mark.parametrize("seed", range(20))
def test_an_archive_with_flipped_bits(seed: int, tmp_path: Path) -> None:
    try:
        got = list(unpacked(flipped(packed(("a.csv", CSV)), seed), tmp_path))
    except Unreadable as error:
        assert error.what and error.remedy
    else:
        assert got == [CSV]
