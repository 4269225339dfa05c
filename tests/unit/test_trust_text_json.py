"""JSON documents, JSON lines, Python literals: names that repeat, digits as written, one bad record costs one."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Callable
from itertools import chain
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.cases import case

from connectors.files import text as text_module
from connectors.files.json_document import JsonDocument
from connectors.files.lines import json_lines, python_literals
from connectors.files.reader import Content
from connectors.files.text import Unreadable

Row = dict[str, Any]
KINDS: dict[str, tuple[Callable[[Content], Any], str]] = {
    "json": (JsonDocument, "[%s]"),
    "json_lines": (json_lines, "%s"),
    "python_literal": (python_literals, "%s"),
}


def read(reader: Callable[[Content], Any], data: bytes | str, **options: Any) -> tuple[list[Row], Content]:
    raw = data.encode() if isinstance(data, str) else data
    content = Content("file", lambda: io.BytesIO(raw), options)
    opened = reader(content)
    return list(chain.from_iterable(batch.to_pylist() for batch in opened.batches())), content


def remarks(content: Content) -> dict[str, tuple[str, ...]]:
    return {finding.what: finding.where for finding in content.report.remarks}


def records(kind: str, *texts: str) -> tuple[list[Row], Content]:
    reader, _ = KINDS[kind]
    return read(reader, "[" + ",\n".join(texts) + "]" if kind == "json" else "\n".join(texts))


@pytest.mark.parametrize(("name", "kind"), [("a.json", "json"), ("a.jsonl", "json_lines"), ("a.txt", "python_literal")])
def test_a_name_twice_sets_the_record_of_case_04_aside(name: str, kind: str) -> None:
    data = case(f"04/{name}").read_bytes()
    (row,), content = read(KINDS[kind][0], data)
    assert row["_problem"] == "line_unreadable" and row["_line"] == 1
    assert row["_raw"] in data.decode() and "13800000001" in row["_raw"] and "13800000002" in row["_raw"]
    assert remarks(content) == {"repeated_name": ("line 1",)}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "bad",
    ['{"a": 1, "b": 2, "a": 1}', '{"a": {"x": 1, "x": 2}}', '{"a": [{"x": [], "x": []}]}', '{"a": 1, "\\u0061": 2}'],
)
def test_a_name_twice_sets_one_record_aside_also_nested_and_escaped(kind: str, bad: str) -> None:
    rows, content = records(kind, '{"a": 7}', bad, '{"a": 8}')
    assert [(row["a"], row["_problem"], row["_line"]) for row in rows] == [
        ("7", None, 1),
        (None, "line_unreadable", 2),
        ("8", None, 3),
    ]
    assert rows[1]["_raw"] == bad and remarks(content) == {"repeated_name": ("line 2",)}


NUMBERS = [
    "1.50",
    "1e400",
    "12345678901234567890",
    "-0",
    "-0.0",
    "0.10",
    "1E5",
    "1.000000000000000000000001",
    "9" * 4301,
]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("number", NUMBERS)
def test_numbers_keep_the_digits_as_written_nested_or_not(kind: str, number: str) -> None:
    (row, other), _ = records(kind, f'{{"a": {number}, "b": {{"c": [{number}]}}}}', '{"a": 1}')
    assert (row["a"], row["b"], row["_problem"]) == (number, f'{{"c": [{number}]}}', None)
    assert other["a"] == "1"


def test_numbers_of_python_keep_their_form() -> None:
    text = "{'a': 0x1F, 'b': 1_000, 'c': (0.10, 0x1F, -1, .5), 'd': True, 'e': [True, None], 'f': {1: 2}, 'g': b'\\xe4\\xb8\\xad'}"
    (row,), _ = read(python_literals, text)
    assert [row[name] for name in "abcdefg"] == [
        "0x1F",
        "1_000",
        '[0.10, "0x1F", -1, ".5"]',
        "True",
        "[true, null]",
        '{"1": 2}',
        "中",
    ]


def test_python_literals_are_read_as_python_reads_their_texts() -> None:
    texts = ["it's", 'a"b', "\\", "\n\t\r", "中\u200b", "\x00", "'\"", "😀", "\\d", ""]
    rows, _ = read(python_literals, "\n".join(repr({"a": text}) for text in texts))
    assert [row["a"] for row in rows] == texts
    rows, _ = read(
        python_literals, "{'a': u'\\u4e2d' 'b'}\n{'a': r'\\d'}\n{'a': 1+2}\n{'a': 007}\n{'a': f'x'}\n{'a': 1} x"
    )
    assert [(row["a"], row["_problem"]) for row in rows] == [
        ("中b", None),
        ("\\d", None),
        *[(None, "line_unreadable")] * 4,
    ]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("bracket", ["[]", "{}", "()"])
def test_a_hundred_thousand_brackets_cost_one_record(kind: str, bracket: str) -> None:
    opening, closing = ('{"a":', "}") if bracket == "{}" else (bracket[0], bracket[1])
    deep = f'{{"a": {opening * 100_000}1{closing * 100_000}}}'

    def run() -> None:  # also with the small stack of a thread
        rows.extend(records(kind, '{"a": 7}', deep, '{"a": 8}')[0])

    rows: list[Row] = []
    threading.stack_size(1 << 20)
    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    threading.stack_size(0)
    assert [(row["a"], row["_problem"]) for row in rows] == [("7", None), (None, "line_unreadable"), ("8", None)]


def test_brackets_within_the_limit_are_read() -> None:
    deep = "[" * 199 + "]" * 199
    for kind in KINDS:
        assert records(kind, f'{{"a": {deep}}}')[0][0]["a"] == deep
        assert records(kind, f'{{"a": [{deep}]}}')[0][0]["_problem"] == "line_unreadable"
        assert records(kind, '{"a": "' + "[" * 500 + '"}')[0][0]["a"] == "[" * 500


BAD = {
    "control character": '{"a": "x\x01y"}',
    "line end in a text": '{"a": "x\ny"}',
    "escape that is none": '{"a": "x\\qy"}',
    "half an escape": '{"a": "x\\u12"}',
    "word that is none": '{"a": undefined}',
    "leading zero": '{"a": 007}',
    "comma too many": '{"a": 1,}',
    "no colon": '{"a" 1}',
    "quote too many": '{"a": "x"y", "b": 1}',
    "quote missing": '{"a": "x, "b": 1}',
    "single quotes": "{'a': 1}",
    "scalar": "nul",
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD.keys())
@pytest.mark.parametrize("block", [5, 64, 4 << 20])
@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize("frame", ["[%s]", '{"code": 0, "data": {"rows": [%s], "page": 1}, "x": [[]]}'])
def test_one_bad_record_costs_one_record_of_a_document(
    bad: str, block: int, place: int, frame: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(text_module, "BLOCK_BYTES", block)
    texts = ['{"a": "one", "c": {"d": ["}"]}}', '{"a": "two\\"", "c": []}']
    texts.insert(place, bad)
    path = "data.rows" if "rows" in frame else ""
    rows, _ = read(JsonDocument, frame % ", ".join(texts), records=path, encoding="utf-8")
    assert len(rows) == 3
    assert [row["a"] for number, row in enumerate(rows) if number != place] == ["one", 'two"']
    assert [row["c"] for number, row in enumerate(rows) if number != place] == ['{"d": ["}"]}', "[]"]
    assert [row["_problem"] for row in rows] == ["line_unreadable" if number == place else None for number in range(3)]
    assert rows[place]["_raw"] == bad


def test_undecodable_bytes_in_a_document_cost_one_record() -> None:
    data = '[{"a": "中"}, {"a": "x'.encode() + b"\xff" + '"}, {"a": "文"}]'.encode()
    rows, _ = read(JsonDocument, data)
    assert [(row["a"], row["_problem"]) for row in rows] == [
        ("中", None),
        ("x\ufffd", "text_undecodable"),
        ("文", None),
    ]


@pytest.mark.parametrize(
    ("text", "what", "place"),
    [
        ('[{"a": 1}, {"a": 2}', "breaks off", "after record 2"),
        ('[{"a": 1}, {"a": "x', "breaks off", "after record 1"),
        ('[{"a": 1} {"a": 2}]', "breaks off or is malformed", "after record 1"),
        ('[{"a": 1}][{"a": 2}]', "second document", "line 1, after record 1"),
        ('[{"a": 1}]\n{"a": 2}', "second document", "line 2, after record 1"),
        ("hello", "not a JSON document", None),
        ('{"a": 1}', "no list at ''; the document has a", None),
        ('{"410702199003070023": 1}', "no list at ''; the document has 1 names, of which some look like data", None),
    ],
)
def test_a_document_that_is_not_whole_lands_nothing_and_says_where(text: str, what: str, place: str | None) -> None:
    with pytest.raises(Unreadable, match=what) as error:
        read(JsonDocument, text)
    assert place is None or error.value.place == place


def test_counts_beside_the_list_are_compared_and_two_lists_are_both_read() -> None:
    text = '{"total": 3, "data": {"size": 1, "rows": [{"a": 1}]}}'
    rows, content = read(JsonDocument, text, records="data.rows")
    assert len(rows) == 1 and remarks(content) == {"record_count": ("3 declared, 1 read",)}
    assert not read(JsonDocument, '{"data": [{"a": 1}], "total": 1}', records="data")[1].report.remarks
    rows, content = read(JsonDocument, '{"data": [{"a": 1}], "data": [{"a": 2}]}', records="data")
    assert [row["a"] for row in rows] == ["1", "2"] and remarks(content) == {"repeated_name": ("line 1",)}
    rows, _ = read(JsonDocument, '{"pages": [{"rows": [{"a": 1}]}, {"rows": [{"a": 2}]}]}', records="pages.item.rows")
    assert [row["a"] for row in rows] == ["1", "2"]


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    st.lists(st.dictionaries(st.sampled_from(["a", "中", "c"]), values, min_size=1), max_size=6),
    st.sampled_from([3, 17, 4 << 20]),
    st.booleans(),
    st.sampled_from([None, 1, 4]),
)
def test_any_document_is_read_as_the_json_module_reads_it(
    data: list[Row], block: int, ascii_only: bool, indent: int | None
) -> None:
    text = json.dumps({"x": {"data": [9]}, "data": data, "y": [1]}, ensure_ascii=ascii_only, indent=indent)
    former = text_module.BLOCK_BYTES
    text_module.BLOCK_BYTES = block
    try:
        rows, _ = read(JsonDocument, text.encode("utf-8", "surrogatepass"), records="data", encoding="utf-8")
    finally:
        text_module.BLOCK_BYTES = former
    assert len(rows) == len(data)
    for row, record in zip(rows, data, strict=True):
        for name, value in record.items():
            cell = row[name]
            if isinstance(value, dict | list) or (value is not None and not isinstance(value, str)):
                assert json.loads(cell) == value
            else:
                assert cell == value
