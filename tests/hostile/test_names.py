"""Hostile names: headings, keys of JSON, tags, names of files, as sources have them and as an attacker would.

What must show: the declared items have their own values, whatever stands beside them; govshare's own columns
say what govshare wrote; or an error that names the resource and the remedy and shows nothing that looks like data.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from support.collecting import Item, Office, Resource, Spec

from connectors.base import CollectError

ITEMS = ("号码", "name", "备注")
ROWS = [("A1", "张三", "x"), ("A2", "李四", ""), ("A3", "王五", "y")]
NUMBER = "410702199003070023"
OWN = ("_batch", "_row", "_op", "_file", "_line", "_problem", "_raw", "_part", "_status", "_defects", "_build",
       "_record_key", "_recorded_at", "_content", "_record", "_order", "_number", "_resource", "_role", "_staged",
       "_h", "_g", "_k0", "_n", "_s")  # fmt: skip


def hostile_names() -> Iterator[str]:
    for name in OWN:
        yield from (name, name.upper(), name.title(), f" {name}", f"{name}\u200b")
    yield from ("NAME", "Name", "ｎａｍｅ", "name ", " name", "name\u200b", "\ufeffname", "na\u0301me", "name\u00a0")
    yield from ("号码 ", "号 码", "号码\u200b", "号碼", "", " ", "\t", "0", "1", NUMBER, f"张三{NUMBER}", "13837312345")
    yield from ('a"b', "a'b", "a;b", "a--b", "a/*b*/", "a\\b", "a`b", "a]b", "a.b", "a{{b}}", "{% raw %}", "${HOME}")
    yield from (
        "select",
        "from",
        "drop table x",
        "rowid",
        "rowid ",
        "row",
        "order",
        "null",
        "count(*)",
        "*",
        "__proto__",
    )
    yield from (
        "x" * 5000,
        "😀",
        "\u202eabc",
        "a\u0000b",
        "a\nb",
        "a\rb",
        "=1+1",
        "@x",
        "@号码",
        "号码.1",
        "%s",
        "../x",
    )


CASES = list(dict.fromkeys(hostile_names()))


def collected(folder: Path, kind: str, file: str, data: bytes, **options: Any) -> tuple[Office, Resource, str | None]:
    office = Office(folder, 'path = "in"')
    inbox = office.installation.city / "in"
    inbox.mkdir()
    (inbox / file).write_bytes(data)
    spec = Spec(kind, "office", key=(ITEMS[0],), options={"path": "*", "settle": 0, **options})
    resource = Resource("office.files", spec, items=[Item(name) for name in ITEMS])
    try:
        office.collect(resource)
    except CollectError as error:
        return office, resource, str(error)
    return office, resource, None


def must_be_right(office: Office, resource: Resource, error: str | None) -> None:
    if error is not None:
        assert "测试局 · 测试资源 (office.files)" in error and "Remedy: " in error
        assert "could not be collected (" not in error, error
        assert NUMBER not in error and "13837312345" not in error and "张三" not in error, error
        assert len(error) < 2000
        return
    landed = office.landed(resource, ", ".join(f'"{name}"' for name in ITEMS))
    assert [tuple(cell or "" for cell in row) for row in landed] == ROWS
    addresses = office.landed(resource, "_batch, _row, _op, _file is not null, _problem, _raw")
    assert addresses == [("000001", n, "upsert", True, None, None) for n in (1, 2, 3)]


def as_csv(name: str) -> bytes:
    stream = io.StringIO()
    writer = csv.writer(stream)
    writer.writerow([*ITEMS, name])
    writer.writerows([*row, f"delete{n}"] for n, row in enumerate(ROWS))
    return stream.getvalue().encode("utf-8", "surrogatepass")


def as_json(name: str) -> bytes:
    records = [{**dict(zip(ITEMS, row, strict=True)), name: "delete"} for row in ROWS]
    return json.dumps(records, ensure_ascii=False).encode()


def as_json_lines(name: str) -> bytes:
    records = [{name: {"x": 1}, **dict(zip(ITEMS, row, strict=True))} for row in ROWS]
    return "\n".join(json.dumps(record) for record in records).encode()


WAYS = (("delimited", as_csv), ("json", as_json), ("json_lines", as_json_lines))


@pytest.mark.parametrize("number", range(len(CASES)))
def test_an_undeclared_name_takes_nothing_from_a_declared_one(number: int, tmp_path: Path) -> None:
    kind, written = WAYS[number % len(WAYS)]
    must_be_right(*collected(tmp_path, kind, "a.txt", written(CASES[number])))


def test_of_names_that_differ_in_case_the_declared_one_keeps_its_own_in_a_workbook_too(tmp_path: Path) -> None:
    stream = io.BytesIO()
    with xlsxwriter.Workbook(stream, {"in_memory": True}) as book:
        page = book.add_worksheet()
        for number, row in enumerate([("NAME", *ITEMS), *(("x", *row) for row in ROWS)]):
            page.write_row(number, 0, row)
    office, resource, error = collected(tmp_path, "excel", "a.xlsx", stream.getvalue())
    assert error is None
    must_be_right(office, resource, error)


FILES = ["a b.csv", "a'b.csv", 'a"b.csv', "a;b.csv", "a*b.csv", "a[1].csv", "{a}.csv", "a\\b.csv", "a\nb.csv", "é.csv",
         "e\u0301.csv", "%41.csv", "a#b.csv", "a!b.csv", "~a.csv", "-rf.csv", "张三" + NUMBER + ".csv", "x" * 240 + ".csv",
         "\u202ea.csv", "a\u200b.csv", "$HOME.csv", "con.csv", ".a.csv"]  # fmt: skip


@pytest.mark.parametrize("file", FILES, ids=range(len(FILES)))
@pytest.mark.parametrize("good", [True, False])
def test_a_files_name_is_only_a_name(file: str, good: bool, tmp_path: Path) -> None:
    data = "\n".join(map(",".join, [ITEMS, *ROWS])).encode() if good else b"\x00\x01\x02"
    office, resource, error = collected(tmp_path, "delimited", file, data, path="**/*.csv")
    if good and error is None and not file.startswith((".", "~")):
        must_be_right(office, resource, error)
        assert {name for (name,) in office.landed(resource, "_file")} == {file}
    elif error is not None:
        assert NUMBER not in error
