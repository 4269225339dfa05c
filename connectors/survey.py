"""Survey: what a source looks like to whoever is about to declare it, without a readable personal value.

Its columns with the guide's type letters, the database's own comments and key, a few masked rows, and the
catalogue entry that follows. Nothing is landed. How it is shown is for the command line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

import pyarrow as pa

from connectors import drift
from connectors.base import CollectError, ItemLike, ResourceLike, where
from connectors.connections import Connection, Connections
from connectors.registry import KINDS, factory

LONGEST_SHOWN = 40
SENSITIVE = re.compile(r"身份证|证件号|公民身份|护照|id_?card|id_?no|id_?number|sfzh|zjhm|病|死亡原因|银行", re.I)
PERSONAL = re.compile(
    r"姓名|电话|手机|住址|地址|出生|性别|民族|代表人|联系人|配偶|父|母|name$|phone|mobile|addr|birth|sex|xm$|dh$|csrq",
    re.I,
)
CHANGED = re.compile(r"更新|修改|变更|updat|modif|chang|gxsj|xgsj|last_", re.I)
LONG_TEXT = re.compile(r"\btext|clob|long\b", re.I)
DAY = re.compile(r"\d{4}([-/.年])\d{1,2}\1?月?\d{1,2}日?|(19|20)\d{6}")
MOMENT = re.compile(r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}[ T]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?")
ENDINGS = {
    ".csv": "delimited", ".tsv": "delimited", ".txt": "delimited", ".xls": "excel", ".xlsx": "excel",
    ".dbf": "dbf", ".xml": "xml", ".json": "json", ".jsonl": "json_lines", ".parquet": "parquet",
}  # fmt: skip


@dataclass(frozen=True)
class Spec:
    """``meta.connector`` of a source that is not declared yet."""

    kind: str
    connection: str
    options: Mapping[str, Any]
    key: Sequence[str] = ()
    watermark: str | None = None
    mode: str = "full"


@dataclass(frozen=True)
class Undeclared:
    """A source that is no resource yet: what was asked for stands in place of a name."""

    connector: Spec
    title: str
    department: str = "undeclared"
    department_title: str = "not declared yet"
    items: Sequence[ItemLike] = ()
    contract: str = "evolve"

    @property
    def id(self) -> str:
        return f"{self.department}.{re.sub(r'[^a-z0-9_]+', '_', self.title.lower()).strip('_') or 'resource'}"


@dataclass(frozen=True)
class Surveyed:
    """A column: ``type`` is the guide's letter, ``declared`` the database's type, ``landed`` the batch's."""

    name: str
    type: str
    declared: str
    landed: str
    comment: str
    key: bool
    sensitivity: str


@dataclass(frozen=True)
class Survey:
    """A source as it is now. ``rows`` are masked; ``drift`` is how it differs from what is declared."""

    resource: ResourceLike
    columns: tuple[Surveyed, ...]
    rows: tuple[Mapping[str, str | None], ...]
    drift: str = ""
    comment: str = ""


def undeclared(connections: Connections, name: str, options: Mapping[str, Any], kind: str | None) -> Undeclared:
    """A resource made of a connection's name and what to read there; the kind is found out if not given."""
    entry = connections.entries.get(name, {})
    path = str(options.get("path", ""))
    if kind is None:
        url = str(entry.get("url", ""))
        ending = PurePosixPath(path.lower().removesuffix(".gz")).suffix.rstrip("*")
        kind = "http" if url.startswith("http") else "database" if url else ENDINGS.get(ending, "delimited")
    if kind not in KINDS:
        raise CollectError(
            f"unknown kind {kind!r}", where=f"connection {name!r}", remedy=f"use one of {', '.join(KINDS)}"
        )
    title = str(options.get("table") or PurePosixPath(path).stem.strip("*_-") or name)
    return Undeclared(Spec(kind, name, dict(options)), title)


def survey(resource: ResourceLike, connections: Connections, rows: int = 5) -> Survey:
    """Open the source, look at its columns and its first rows, close it."""
    with connections.open(resource) as connection:
        connector = factory(resource)(resource, connection, [])
        try:
            schema, head = connector.schema(), connector.head(rows)
            known = {column.name: column for column in getattr(connector, "columns", ())}
        finally:
            connector.close()
    samples = head.to_pydict() if head is not None else {}
    items = {item.name: item for item in resource.items}
    columns = []
    for entry in schema:
        column, item = known.get(entry.name), items.get(entry.name)
        declared = column.declared if column else ""
        letter = letter_of(entry.type, declared, samples.get(entry.name, []))
        columns.append(
            Surveyed(
                name=entry.name,
                type=letter,
                declared=declared,
                landed=str(entry.type),
                comment=(column.comment if column else None) or getattr(item, "description", "") or "",
                key=column.key if column else False,
                sensitivity=getattr(item, "sensitivity", "") or sensitivity_of(entry.name, column),
            )
        )
    found = drift.compare(resource, schema, [])
    return Survey(
        resource, tuple(columns), tuple(_masked_rows(head, schema.names, columns)), found.sentence(),
        _table_comment(resource, connection),
    )  # fmt: skip


def letter_of(kind: pa.DataType, declared: str, samples: Sequence[Any]) -> str:
    """The guide's type letter: C N Y D T L M G B I F."""
    if pa.types.is_boolean(kind):
        return "L"
    if pa.types.is_integer(kind):
        return "I"
    if pa.types.is_float32(kind):
        return "F"
    if pa.types.is_floating(kind):
        return "B"
    if pa.types.is_decimal(kind):
        return "N"
    if pa.types.is_date(kind):
        return "D"
    if pa.types.is_timestamp(kind):
        return "T"
    if pa.types.is_binary(kind):
        return "G"
    if "money" in declared.lower():
        return "Y"
    if LONG_TEXT.search(declared):
        return "M"
    if re.match(r"numeric|decimal|number", declared, re.I):
        return "N"
    texts = [str(value).strip() for value in samples if value not in (None, "")]
    if texts and not declared:  # a file says nothing of types, its cells do
        if all(DAY.fullmatch(text) for text in texts):
            return "D"
        if all(MOMENT.fullmatch(text) for text in texts):
            return "T"
    return "C"


def sensitivity_of(name: str, column: Any) -> str:
    """A guess by the column's name and comment, for a person to confirm; empty: nothing personal seen."""
    words = f"{name} {getattr(column, 'comment', None) or ''}"
    if SENSITIVE.search(words):
        return "sensitive_personal"
    return "personal" if PERSONAL.search(name) or PERSONAL.search(words.split()[-1]) else ""


def masked(value: Any) -> str | None:
    """The shape of a value: every letter, digit and Chinese character replaced by one of its kind.

    >>> masked("张三 410702X"), masked(12.5), masked(b"abc"), masked(None)
    ('＊＊ 999999A', '99.9', '<3 bytes>', None)
    """
    if value is None:
        return None
    if isinstance(value, bytes):
        return f"<{len(value)} bytes>"
    text = str(value)
    shape = "".join(_shape(character) for character in text[:LONGEST_SHOWN])
    return shape + "…" if len(text) > LONGEST_SHOWN else shape


def _shape(character: str) -> str:
    if character.isdigit() or character.isnumeric():
        return "9" if character.isascii() else "＊"
    if character.isalpha():
        return ("A" if character.isupper() else "a") if character.isascii() else "＊"
    return character if character.isascii() or character.isspace() else "＊"


def _masked_rows(
    head: pa.RecordBatch | None, names: Sequence[str], columns: Sequence[Surveyed]
) -> Iterator[Mapping[str, str | None]]:
    """What is declared ``public`` is shown as it is, everything else as its shape."""
    if head is None:
        return
    public = {column.name for column in columns if column.sensitivity == "public"}
    for row in head.select([name for name in names if name in head.schema.names]).to_pylist():
        yield {k: (str(v) if v is not None and k in public else masked(v)) for k, v in row.items()}


def _table_comment(resource: ResourceLike, connection: Connection) -> str:
    if resource.connector.kind != "database":
        return ""
    from connectors.databases.listing import comment_of

    return comment_of(resource, connection)


def tables(resource: ResourceLike, connections: Connections) -> tuple[str, ...]:
    """The tables and views behind a database connection, for whoever has not said which one."""
    if resource.connector.kind != "database":
        raise CollectError(
            "which files or interface to look at is not said",
            where=where(resource, f"connection {resource.connector.connection!r}"),
            remedy="add --path PATTERN (and --kind KIND)",
        )
    from connectors.databases.listing import tables_of

    return tables_of(resource, connections.get(resource))


def watermark_of(columns: Sequence[Surveyed]) -> str | None:
    """The column that looks as if it told when a row changed."""
    for column in columns:
        if column.type == "T" and CHANGED.search(f"{column.name} {column.comment}"):
            return column.name
    return None
