"""XML: no character is dropped, one bad character costs one record, what was not delivered is told."""

from __future__ import annotations

import io
from html.entities import html5
from itertools import chain
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.cases import case

from connectors.files.reader import Content
from connectors.files.text import Unreadable
from connectors.files.xml import Xml

Row = dict[str, Any]


def read(data: bytes | str, **options: Any) -> tuple[list[Row], Content]:
    raw = data.encode() if isinstance(data, str) else data
    content = Content("file", lambda: io.BytesIO(raw), {"records": "row", **options})
    rows = list(chain.from_iterable(batch.to_pylist() for batch in Xml(content).batches()))
    return rows, content


def cells(row: Row) -> dict[str, Any]:
    return {name: value for name, value in row.items() if not name.startswith("_")}


def remarks(content: Content) -> dict[str, tuple[str, ...]]:
    return {finding.what: finding.where for finding in content.report.remarks}


@pytest.mark.parametrize("name", ["06/a.xml", "06/b.xml"])
def test_the_named_characters_of_case_06_are_read(name: str) -> None:
    (row,), content = read(case(name).read_bytes())
    assert cells(row) == {"name": "阿里·木江", "addr": "平原路1号\xa02楼", "addr.@memo": "3×4"}
    assert row["_problem"] is None and not content.report.remarks


@pytest.mark.parametrize(
    "doctype", ["", '<!DOCTYPE d SYSTEM "d.dtd">', '<!DOCTYPE d PUBLIC "x" "d.dtd">', "<!DOCTYPE d>"]
)
@pytest.mark.parametrize("standalone", ["", ' standalone="yes"'])
def test_every_named_character_of_html_is_read_in_text_and_attributes(doctype: str, standalone: str) -> None:
    names = ["eacute", "hellip", "mdash", "Omega", "NotEqualTilde", "AMP", "LT", "nbsp", "ldquo", "bne"]
    text = "".join(f"&{name};" for name in names)
    data = f'<?xml version="1.0"{standalone}?>{doctype}<d><row a="{text}">{text}&lt;&amp;&gt;&quot;&apos;</row></d>'
    (row,), _ = read(data)
    expected = "".join(html5[f"{name};"] for name in names)
    assert cells(row) == {"@a": expected, "text": f"{expected}<&>\"'"}


@pytest.mark.parametrize("doctype", ["", '<!DOCTYPE d SYSTEM "d.dtd">'])
@pytest.mark.parametrize(
    ("bad", "shown"),
    [
        ("<a>甲&company;乙</a>", "甲\ufffdcompany;乙"),
        ("<a>甲&公司;乙</a>", "甲\ufffd公司;乙"),
        ("<a>A&B</a>", "A\ufffdB"),
        ("<a>A & B</a>", "A \ufffd B"),
        ("<a>&#0;</a>", "\ufffd#0;"),
        ("<a>&#xD800;x</a>", "\ufffd#xD800;x"),
        ("<a>&#99999999;</a>", "\ufffd#99999999;"),
        ("<a>x\x01y</a>", "x\ufffdy"),
        ("<a>x\x00y</a>", "x\ufffdy"),
        ("<a>x\ufffey</a>", "x\ufffd\ufffd\ufffdy"),
        ("<a>1 < 2</a>", "1 \ufffd 2"),
        ("<a><![CDATA[x\x02y]]></a>", "x\ufffdy"),
    ],
)
def test_one_bad_character_costs_one_record(doctype: str, bad: str, shown: str) -> None:
    rows, content = read(f"{doctype}<d>\n<row><a>1</a></row>\n<row>{bad}</row>\n<row><a>3</a></row></d>")
    assert [(row["a"], row["_problem"], row["_line"]) for row in rows] == [
        ("1", None, 2),
        (shown, "text_undecodable", 3),
        ("3", None, 4),
    ]
    assert all(places == ("line 3",) * len(places) for places in remarks(content).values()) and content.report.remarks


def test_an_entity_in_an_attribute_is_not_dropped_either() -> None:
    (row,), content = read('<!DOCTYPE d SYSTEM "d.dtd"><d><row a="甲&company;乙"/></d>')
    assert (row["@a"], row["_problem"]) == ("甲\ufffdcompany;乙", "text_undecodable")
    assert remarks(content) == {"entity": ("line 1",)}


def test_a_byte_that_is_no_text_costs_one_record() -> None:
    data = b"<?xml version='1.0' encoding='GB2312'?><d>" + b"".join(
        b"<row><a>" + name + b"</a></row>" for name in ("张".encode("gbk"), b"\xd5\xff", "李".encode("gbk"))
    )
    rows, _ = read(data + b"</d>")
    assert [(row["a"], row["_problem"]) for row in rows][::2] == [("张", None), ("李", None)]
    assert rows[1]["_problem"] == "text_undecodable"


def test_what_looks_like_markup_in_cdata_and_comments_stays_what_it_is() -> None:
    data = "<d><row><a><![CDATA[A&B &middot; &nobody; 1 < 2 &#0;]]></a></row><!-- & &nobody; < --><?x & <?><row><a>2</a></row></d>"
    rows, _ = read(data)
    assert [(row["a"], row["_problem"]) for row in rows] == [("A&B &middot; &nobody; 1 < 2 &#0;", None), ("2", None)]


def test_comments_cdata_and_instructions_inside_a_value_lose_nothing() -> None:
    (row,), content = read("<d><row><a>平<!-- x -->原<![CDATA[<路>]]><?pi?>1&#21495;</a></row></d>")
    assert row["a"] == "平原<路>1号" and not content.report.remarks


def test_mixed_content_and_declared_counts_are_told() -> None:
    rows, content = read("<d total='3'>\n<row><a>平原路<b>1号</b>内</a></row>\n<row><a>x</a></row></d>")
    assert rows[0]["a"] == "平原路内" and rows[0]["a.b"] == "1号"
    assert remarks(content) == {"mixed_content": ("line 2",), "record_count": ("3 declared, 2 read",)}
    assert remarks(read("<d><total_count>2</total_count><row/><row/></d>")[1]) == {}
    assert remarks(read("<d><row/><count>5</count></d>")[1]) == {"record_count": ("5 declared, 1 read",)}


def test_a_hundred_thousand_elements_in_each_other_cost_one_record() -> None:
    deep = "<x>" * 100_000 + "</x>" * 100_000
    rows, _ = read(f"<d><row><a>1</a></row><row><a>2</a>{deep}</row><row><a>3</a></row></d>")
    assert [(row["a"], row["_problem"]) for row in rows] == [("1", None), ("2", "line_unreadable"), ("3", None)]


@pytest.mark.parametrize(
    "head",
    [
        '<!DOCTYPE d [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]>',
        '<!DOCTYPE d [<!ENTITY middot "x">]>',
        '<!DOCTYPE d SYSTEM "d.dtd" [<!ENTITY % p SYSTEM "file:///etc/passwd"> %p;]>',
        '<!DOCTYPE d [<!ENTITY a SYSTEM "file:///etc/passwd">]>',
    ],
)
def test_entities_of_the_document_itself_are_refused_also_beside_named_characters(head: str) -> None:
    with pytest.raises(Unreadable, match="entities of its own"):
        read(f"{head}<d><row>&middot;&a;&b;</row></d>")


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.lists(st.text(alphabet="&;#<>a中middot0x1 \x01'\"", max_size=12), min_size=1, max_size=5))
def test_whatever_a_text_holds_the_other_records_are_read(texts: list[str]) -> None:
    """Each text stands in a record of its own between two good ones: no good one is lost, or the document refused."""
    body = "".join(f"<row><a>good</a></row><row><a>{text}</a></row>" for text in texts)
    try:
        rows, _ = read(f"<d>{body}<row><a>good</a></row></d>")
    except Unreadable as error:
        assert error.place and any("<" in text for text in texts)
    else:
        assert sum(row["a"] == "good" for row in rows) == len(texts) + 1
