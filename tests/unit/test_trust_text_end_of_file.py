"""Ctrl-Z at the end of a text is the end that DOS programs write, also behind the last cell; elsewhere it is text."""

from __future__ import annotations

from pathlib import Path

from support.collecting import Item, Office, Resource, Spec


def landed(tmp_path: Path, kind: str, file: str, text: str) -> list[tuple[str | None, ...]]:
    office = Office(tmp_path, 'path = "in"')
    inbox = office.installation.city / "in"
    inbox.mkdir(parents=True, exist_ok=True)
    (inbox / file).write_bytes(text.encode("gb18030"))
    resource = Resource(
        "office.files",
        Spec(kind, "office", key=["id"], options={"path": "*", "settle": 0}),
        items=[Item("id"), Item("name")],
    )
    office.collect(resource)
    return office.landed(resource, "id, name")


def test_the_end_of_a_text_of_dos_is_no_part_of_its_last_cell(tmp_path: Path) -> None:
    wanted = [("1", "李\x1a"), ("2", "王伟")]
    for n, end in enumerate(["\r\n\x1a", "\x1a", "\r\n", ""]):
        assert landed(tmp_path / str(n), "delimited", "a.csv", f"id,name\r\n1,李\x1a\r\n2,王伟{end}") == wanted
    lines = '{"id": "1", "name": "李明"}\n{"id": "2", "name": "王伟"}'
    for n, end in enumerate(["\n\x1a", "\x1a"]):
        assert landed(tmp_path / f"json{n}", "json_lines", "a.jsonl", lines + end) == [("1", "李明"), ("2", "王伟")]
