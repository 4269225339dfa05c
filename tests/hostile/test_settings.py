"""Hostile settings: every option of every kind of file with values of every wrong kind.

What must show: the rows as they are (the option does not matter for this file), rows with what was left out,
or an error that names the resource, says what is wrong and how to mend it. Never a bug's own words, never a row
that is changed, never rows that are missing without a word.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from support.collecting import Item, Office, Resource, Spec

from catalogue.connector_options import known_options
from connectors.base import CollectError

NAMES = ("号码", "姓名")
ROWS = [("41079919900101123X", "张三"), ("410799199001011248", "李四"), ("410799199001011256", "王五")]
BUG = "could not be collected ("  # how an error begins that nobody thought of

FILES: dict[str, tuple[str, bytes, dict[str, Any]]] = {
    "delimited": ("a.csv", "\n".join(map(",".join, [NAMES, *ROWS])).encode(), {}),
    "json_lines": (
        "a.jsonl",
        "\n".join(json.dumps(dict(zip(NAMES, row, strict=True)), ensure_ascii=False) for row in ROWS).encode(),
        {},
    ),
    "json": (
        "a.json",
        json.dumps({"data": [dict(zip(NAMES, row, strict=True)) for row in ROWS]}, ensure_ascii=False).encode(),
        {"records": "data"},
    ),
    "xml": (
        "a.xml",
        ("<d>" + "".join(f"<row><号码>{n}</号码><姓名>{name}</姓名></row>" for n, name in ROWS) + "</d>").encode(),
        {"records": "row"},
    ),
    "fixed_width": (
        "a.txt",
        b"\n".join(b"".join(cell.encode("gb18030").ljust(20) for cell in row) for row in ROWS),
        {"fields": [{"name": name, "width": 20} for name in NAMES]},
    ),
    "python_literal": ("a.txt", "\n".join(repr(dict(zip(NAMES, row, strict=True))) for row in ROWS).encode(), {}),
}
WRONG: list[Any] = [
    "", " ", 0, -1, 10**30, True, False, [], ["x"], {}, {"x": 1}, "\0", "x" * 3000, "../..", "号码", "${X}",
]  # fmt: skip
# Options of the connector itself that decide what is taken at all.
OF_NO_ROWS = {"member", "max_fall", "ready", "may_be_empty", "settle", "path"}


def collected(folder: Path, kind: str, option: str, value: Any) -> tuple[str, list[tuple[Any, ...]]]:
    """The message and the landed rows; the message is the error's where there was one."""
    name, data, options = FILES[kind]
    office = Office(folder, 'path = "in"')
    inbox = office.installation.city / "in"
    inbox.mkdir()
    (inbox / name).write_bytes(data)
    spec = Spec(kind, "office", options={"path": name, "settle": 0, **options, option: value})
    resource = Resource("office.files", spec, items=[Item(name) for name in NAMES])
    try:
        result = office.collect(resource)
    except CollectError as error:
        assert "(office.files)" in str(error) and "Remedy: " in str(error), str(error)
        return str(error), []
    rows = office.landed(resource, ", ".join(f'"{name}"' for name in NAMES), "_problem is null")
    return result.message, rows


# What all kinds of files share is tried with one of them.
SHARED = set(known_options("delimited")) & set(known_options("parquet"))
TRIED = [
    (kind, option) for kind in FILES for option in known_options(kind) if kind == "delimited" or option not in SHARED
]


@pytest.mark.parametrize(("kind", "option"), TRIED)
def test_a_wrong_setting_is_refused_in_plain_words_or_changes_no_row(kind: str, option: str, tmp_path: Path) -> None:
    for number, value in enumerate(WRONG):
        message, rows = collected(tmp_path / str(number), kind, option, value)
        assert BUG not in message, (option, value, message)
        assert not any(digits in message for row in ROWS for digits in row[:1]), "an error shows a number"
        if rows and option not in OF_NO_ROWS:
            unchanged = set(rows) <= set(ROWS)
            assert unchanged or "note" in message or option in ("delimiter", "fields", "columns"), (option, value, rows)
