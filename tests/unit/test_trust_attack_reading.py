"""What stands beside the records of a file, and headings among its rows."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import pytest
from openpyxl import Workbook
from support.collecting import Item, Office, Resource, Spec

from connectors.base import CollectError
from connectors.collect import Collected


def collect(folder: Path, kind: str, data: str | bytes, **options: object) -> tuple[Office, Resource, Collected]:
    office = Office(folder, 'path = "in"')
    inbox = office.installation.city / "in"
    inbox.mkdir()
    (inbox / "x").write_bytes(data if isinstance(data, bytes) else data.encode())
    spec = Spec(kind, "office", ("id",), options={"path": "*", "settle": 0, **options})
    resource = Resource("office.files", spec, [Item("id"), Item("name")])
    return office, resource, office.collect(resource)


def counts(result: Collected) -> dict[str, tuple[int, int | None]]:
    return {finding.what: (finding.count, finding.rows) for finding in result.left_out}


@pytest.mark.parametrize(
    "again", ["id,name", "\ufeffid,name", '"id","name"', "id, name"], ids=["same", "with a mark", "quoted", "blank"]
)
def test_a_heading_among_the_rows_is_set_aside(tmp_path: Path, again: str) -> None:
    office, resource, result = collect(tmp_path, "delimited", f"id,name\n1,甲\n{again}\n2,乙\n")
    assert result.problems == {"heading_again": 1}
    assert [finding.what for finding in result.remarks] == ["heading_again"]
    assert office.landed(resource, "id, name", "_problem is null") == [("1", "甲"), ("2", "乙")]


def test_a_second_heading_in_another_order_is_refused_for_its_rows_stand_in_other_columns(tmp_path: Path) -> None:
    with pytest.raises(CollectError, match="line 3: a second heading with the columns in another order"):
        collect(tmp_path, "delimited", "id,name\n1,甲\nname,id\n乙,2\n")


def test_a_value_that_is_a_column_s_name_is_a_value(tmp_path: Path) -> None:
    result = collect(tmp_path, "delimited", "id,name\n1,id\nid,甲\nname,\n")[2]
    assert result.problems == {}


def test_a_file_without_a_heading_has_none_among_its_rows(tmp_path: Path) -> None:
    result = collect(tmp_path, "delimited", "1,甲\nid,name\n", header_row=0, columns=["id", "name"])[2]
    assert result.problems == {}


def book(*sheets: list[list[str]]) -> bytes:
    workbook = Workbook()
    workbook.remove(workbook.active)
    for rows in sheets:
        sheet = workbook.create_sheet()
        for row in rows:
            sheet.append(row)
    out = io.BytesIO()
    workbook.save(out)
    return out.getvalue()


def test_a_sheet_that_has_its_heading_on_every_page_lands_its_rows(tmp_path: Path) -> None:
    rows = [["id", "name"], ["1", "甲"], ["id", "name"], ["2", "乙"]]
    office, resource, result = collect(tmp_path, "excel", book(rows))
    assert result.problems == {"heading_again": 1}
    assert office.landed(resource, "id, name", "_problem is null") == [("1", "甲"), ("2", "乙")]


def test_the_only_line_of_a_sheet_without_a_heading_is_told(tmp_path: Path) -> None:
    sheets = [["id", "name"], ["1", "甲"]], [["2", "乙"]], [["id", "name"]], [[]]
    assert counts(collect(tmp_path, "excel", book(*sheets))[2]) == {"sheet": (1, 1)}


def test_lines_of_a_sheet_that_ends_above_the_heading_s_line_are_told(tmp_path: Path) -> None:
    sheets = [["标题"], ["id", "name"], ["1", "甲"]], [["2"]]
    assert counts(collect(tmp_path, "excel", book(*sheets), header_row=2)[2]) == {
        "sheet": (1, 1),
        "header_line": (1, 0),
    }


@pytest.mark.parametrize(
    ("document", "left"),
    [
        ('{"rows": [{"id": 1, "name": "a"}], "more": [{"id": 2, "name": "b"}, {"name": "c", "id": 3}]}', 2),
        ('{"more": [{"id": 2, "name": "b", "x": {}}], "rows": [{"id": 1, "name": "a"}]}', 1),
        ('{"columns": ["id", "name"], "rows": [{"id": 1, "name": "a"}]}', 0),
        ('{"columns": [{"name": "id", "title": "b"}], "rows": [{"id": 1, "name": "a"}]}', 0),
        ('{"rows": [{"id": 1, "name": "a"}], "odd": [1,,2], "words": "a\nb", "more": {"id": 1, "name": 2}}', 0),
    ],
)
def test_records_in_another_list_of_a_document_are_told(tmp_path: Path, document: str, left: int) -> None:
    result = collect(tmp_path, "json", document, records="rows")[2]
    assert result.rows == 1
    assert counts(result) == ({"record": (left, left)} if left else {})


@pytest.mark.parametrize(("total", "told"), [('"5"', 1), ('"1"', 0), ('"1 "', 0), ('"x5"', 0), ("5", 1)])
def test_a_declared_count_may_be_written_as_a_text(tmp_path: Path, total: str, told: int) -> None:
    document = f'{{"total": {total}, "rows": [{{"id": 1, "name": "a"}}]}}'
    result = collect(tmp_path, "json", document, records="rows")[2]
    assert [finding.what for finding in result.remarks] == ["record_count"] * told


@pytest.mark.parametrize(
    ("beside", "left"),
    [
        ("<Row><id>2</id><name>b</name></Row>", 1),
        ("<more><item><id>2</id><name>b</name><x/></item><item><name>c</name><id>3</id></item></more>", 2),
        ('<item id="2" name="b"/>', 1),
        ("<head><id>7</id><time>x</time></head>", 0),
        ("<head><time>x</time><unit>y</unit></head>", 0),
    ],
)
def test_elements_beside_the_records_that_look_like_records_are_told(tmp_path: Path, beside: str, left: int) -> None:
    result = collect(tmp_path, "xml", f"<d>{beside}<row><id>1</id><name>a</name></row></d>", records="row")[2]
    assert result.rows == 1
    assert counts(result) == ({"record": (left, left)} if left else {})


@pytest.mark.parametrize("name", ["张三", "平原路十二号", "欧阳娜娜", "新乡市红旗区平原路", "李䶮"])
def test_a_line_of_utf_8_that_lost_a_byte_is_set_aside_and_not_read_as_another_encoding(
    tmp_path: Path, name: str
) -> None:
    """What is left may be valid GB18030: other characters, of which nobody would know."""
    line = name.encode()
    for lost in range(len(line)):
        rows = b"id,name\n1,\xe5\xbc\xa0\xe4\xb8\x89\n2," + line[:lost] + line[lost + 1 :] + b"\n"
        office, resource, result = collect(tmp_path / str(lost), "delimited", rows)
        assert result.problems == {"text_undecodable": 1}
        assert office.landed(resource, "id", "_problem is null") == [("1",)]


@pytest.mark.parametrize("name", ["张三", "平原路十二号", "李䶮", "（空）", "王"])
def test_a_line_of_gb18030_in_a_file_of_utf_8_is_read(tmp_path: Path, name: str) -> None:
    rows = b"id,name\n1,\xe5\xbc\xa0\xe4\xb8\x89\n2," + name.encode("gb18030") + b"\n"
    office, resource, _ = collect(tmp_path, "delimited", rows, encoding="utf-8")
    assert office.landed(resource, "id, name", "_problem is null") == [("1", "张三"), ("2", name)]


def test_of_one_damaged_character_that_may_be_another_encoding_its_owner_is_told(tmp_path: Path) -> None:
    result = collect(tmp_path, "delimited", b"id,name\n1,\xe5\xbc\xa0\xe4\xb8\x89\n2,\xe7\xb2\n")[2]
    assert [finding.what for finding in result.remarks] == ["other_encoding"]


@pytest.mark.parametrize(("mark", "problems"), [(b" ", {}), (b"\0", {}), (b"?", {"line_unreadable": 1})])
def test_a_dbf_record_with_an_unknown_mark_is_set_aside(tmp_path: Path, mark: bytes, problems: dict[str, int]) -> None:
    fields = b"".join(struct.pack("<11sc4xBB14x", name, b"C", 4, 0) for name in (b"id", b"name"))
    head = struct.pack("<B3BIHH20x", 3, 126, 1, 1, 2, 32 + len(fields) + 1, 9) + fields + b"\r"
    result = collect(tmp_path, "dbf", head + b" 1   a   " + mark + b"2   b   \x1a")[2]
    assert result.rows == 2 and result.problems == problems
