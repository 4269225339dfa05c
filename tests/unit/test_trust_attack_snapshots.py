"""A snapshot withdraws only what it certainly no longer has: not while keys may be in what could not be read."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from openpyxl import Workbook
from support.collecting import Item, Office, Resource, Spec

from connectors.collect import Collected

ROWS = [(str(i), f"甲{i}") for i in range(1, 7)]
LOST = "3"  # the key that cannot be read any more
ID = "41070219900101123"


class Inbox:
    """A folder whose files are the resource ``office.files``, each the whole."""

    def __init__(self, folder: Path, kind: str, **options: object) -> None:
        self.office = Office(folder, 'path = "in"')
        self.folder = self.office.installation.city / "in"
        self.folder.mkdir()
        options = {"path": "*", "settle": 0, "snapshot": True, **options}
        self.resource = Resource(
            "office.files", Spec(kind, "office", key=["id"], options=options), [Item("id"), Item("name")]
        )

    def put(self, data: bytes | str, name: str = "x") -> Collected:
        (self.folder / name).write_bytes(data if isinstance(data, bytes) else data.encode())
        return self.office.collect(self.resource)

    def deleted(self) -> list[str]:
        return [key for (key,) in self.office.landed(self.resource, "id", "_op = 'delete'")]


def text(rows: list[tuple[str, str]]) -> str:
    return "id,name\n" + "".join(f"{key},{name}\n" for key, name in rows)


def json_lines(rows: list[tuple[str, str]]) -> str:
    return "".join(json.dumps({"id": key, "name": name}) + "\n" for key, name in rows)


def xml(rows: list[tuple[str, str]], count: str = "") -> str:
    return f"<d{count}>" + "".join(f"<row><id>{key}</id><name>{name}</name></row>" for key, name in rows) + "</d>"


def workbook(**sheets: list[tuple[object, ...]]) -> bytes:
    book = Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def archive(**members: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        for name, content in members.items():
            packed.writestr(name.replace("_", "."), content)
    return out.getvalue()


HEAD = ("id", "name")
NUMBERS: list[tuple[object, ...]] = [HEAD, *((f"{ID}{i}", "甲") for i in range(1, 5))]
Case = tuple[str, dict[str, object], Callable[[], bytes | str], Callable[[], bytes | str]]
CASES: dict[str, Case] = {
    "a row of another width": ("delimited", {}, lambda: text(ROWS), lambda: text(ROWS).replace("3,甲3", "甲3")),
    "a row with a cell too many": ("delimited", {}, lambda: text(ROWS), lambda: text(ROWS).replace("3,甲3", "0,3,甲3")),
    "a line that breaks off": (
        "json_lines", {}, lambda: json_lines(ROWS), lambda: json_lines(ROWS).replace('"3"', '"3'),
    ),
    "a key that comes twice in an object": (
        "json", {}, lambda: json.dumps([{"id": k, "name": n} for k, n in ROWS]),
        lambda: json.dumps([{"id": k, "name": n} for k, n in ROWS]).replace('"id": "3"', '"id": "3", "id": "9"'),
    ),
    "an entity in the key": (
        "xml", {"records": "row"}, lambda: xml(ROWS), lambda: xml(ROWS).replace("<id>3<", "<id>3&zzz;<"),
    ),
    "fewer records than declared": (
        "xml", {"records": "row"}, lambda: xml(ROWS, ' total="6"'),
        lambda: xml([row for row in ROWS if row[0] != LOST], ' total="6"'),
    ),
    "a number cell beyond fifteen digits": (
        "excel", {}, lambda: workbook(a=NUMBERS), lambda: workbook(a=[*NUMBERS[:2], (int(f"{ID}2"), "甲"), *NUMBERS[3:]]),
    ),
    "a sheet with another heading": (
        "excel", {}, lambda: workbook(a=[HEAD, *ROWS[:3]], b=[HEAD, *ROWS[3:]]),
        lambda: workbook(a=[HEAD, *ROWS[:3]], b=[("编号", "name"), *ROWS[3:]]),
    ),
    "a member that nobody reads": (
        "delimited", {}, lambda: archive(a_csv=text(ROWS[:3]), b_csv=text(ROWS[3:])),
        lambda: archive(a_csv=text(ROWS[:3]), b_pdf=text(ROWS[3:])),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_a_snapshot_in_which_keys_may_be_hidden_withdraws_nothing_and_says_so(case: str, tmp_path: Path) -> None:
    kind, options, before, after = CASES[case]
    inbox = Inbox(tmp_path, kind, **options)
    inbox.put(before())
    result = inbox.put(after())
    assert inbox.deleted() == [] and result.deletes == 0
    assert "nothing_withdrawn" in [finding.what for finding in result.remarks]


@pytest.mark.parametrize("case", CASES)
def test_the_next_snapshot_without_doubt_withdraws_what_is_gone(case: str, tmp_path: Path) -> None:
    kind, options, before, after = CASES[case]
    inbox = Inbox(tmp_path, kind, max_fall=1, **options)
    inbox.put(before())
    inbox.put(after())
    whole = before()
    if isinstance(whole, bytes):
        few: bytes | str = workbook(a=NUMBERS[:2]) if kind == "excel" else archive(a_csv=text(ROWS[:1]))
        inbox.put(few)
        assert "4" in inbox.deleted() or f"{ID}4" in inbox.deleted()
        return
    inbox.put(whole)
    assert LOST not in inbox.deleted()  # what was in doubt is there again


def test_a_value_that_cannot_be_read_beside_a_good_key_hides_no_key(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path, "xml", records="row")
    inbox.put(xml(ROWS))
    inbox.put(xml([(k, "&zzz;" if k == LOST else n) for k, n in ROWS if k != "5"]))
    assert inbox.deleted() == ["5"]


def test_a_sheet_of_notes_that_is_always_left_out_does_not_stop_withdrawals(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path, "excel")
    inbox.put(workbook(a=[HEAD, *ROWS], 说明=[("说明",), ("如实填写",)]))
    inbox.put(workbook(a=[HEAD, *ROWS[:5]], 说明=[("说明",), ("如实填写",)]))
    assert inbox.deleted() == ["6"]


def test_sheets_that_the_options_do_not_name_do_not_stop_withdrawals(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path, "excel", sheet="a")
    inbox.put(workbook(a=[HEAD, *ROWS]))
    inbox.put(workbook(a=[HEAD, *ROWS[:5]], 说明=[("说明",), ("如实填写",)]))
    assert inbox.deleted() == ["6"]


def test_nothing_is_said_of_withdrawing_where_nothing_is_gone(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path, "delimited")
    inbox.put(text(ROWS))
    result = inbox.put(text([*ROWS, ("7", "a,b")]))
    assert result.problems == {"row_width": 1} and result.remarks == ()


def test_a_link_in_a_folder_that_is_one_snapshot_hides_keys(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path, "delimited", snapshot="folder")
    (inbox.folder / "a.csv").write_text(text(ROWS[:4]))
    inbox.put(text(ROWS[4:]), "b.csv")
    (inbox.folder / "b.csv").rename(tmp_path / "b.csv")
    (inbox.folder / "b.csv").symlink_to(tmp_path / "b.csv")
    result = inbox.office.collect(inbox.resource)
    assert inbox.deleted() == [] and [f.count for f in result.left_out] == [1]
    (inbox.folder / "b.csv").unlink()
    inbox.put(text(ROWS[4:5]), "b.csv")
    assert inbox.deleted() == ["6"]


def test_a_corrected_option_that_leaves_rows_unread_withdraws_no_older_key(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path, "delimited", quote="none")
    inbox.put(gzip.compress(text(ROWS).encode()), "x.csv.gz")
    inbox.put(gzip.compress(text(ROWS).replace("3,甲3", '3,"甲3').encode()), "x.csv.gz")
    del inbox.resource.connector.options["quote"]
    result = inbox.office.collect(inbox.resource)
    assert inbox.deleted() == [] and result.problems == {"line_unreadable": 1}


def test_a_file_that_is_late_in_a_folder_that_is_one_snapshot_is_waited_for_once(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path, "delimited", snapshot="folder")
    for place in range(3):
        (inbox.folder / f"{place}.csv").write_text(text(ROWS[2 * place : 2 * place + 2]))
    inbox.office.collect(inbox.resource)
    (inbox.folder / "2.csv").unlink()
    result = inbox.office.collect(inbox.resource)
    assert inbox.deleted() == []
    assert {finding.what: finding.count for finding in result.remarks} == {"file_missing": 1, "nothing_withdrawn": 1}
    result = inbox.put(text([*ROWS[2:4], ("7", "新")]), "1.csv")
    assert inbox.deleted() == ["5", "6"] and result.remarks == ()
