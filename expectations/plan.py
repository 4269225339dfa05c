"""The factory: from a table's contract to the list of checks that its candidates must pass.

Every published table goes through here and nobody writes checks for one of them: what is checked follows from
the columns' types, constraints, standards, code tables and references in the catalogue. The list is plain
data; how it is run is in ``suite``. Dagster shows the same list before anything has run.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from catalogue.day import day_of_build
from expectations.standards import (
    BLOCK,
    FROM_KEY,
    STANDARDS,
    TEXT_EVERYWHERE,
    WARN,
    Rule,
    literal,
    quoted,
)
from expectations.verdict import ExpectationError

if TYPE_CHECKING:
    from catalogue.model import BaseTable, Catalogue, Column

VOLUME_WARN = 0.2  # a release may differ by this share from the last one without a mark
VOLUME_BLOCK = 0.5  # less than this share of the last release is no growth or loss but an accident


@dataclass(frozen=True)
class Planned:
    """One check to be run. ``kind`` and its ``arguments``:

    ``columns`` {names} · ``types`` {types: column → SQL type} · ``not_null`` · ``complete`` {share} ·
    ``unique`` {columns} · ``rows`` {low, high} (either may be null) · ``breaks`` {condition}: SQL that is
    true for a row that breaks the rule · ``missing`` {tables}: rows whose value is the key of none of the
    tables · ``newest`` {column, low}. ``needs`` are the columns without which it cannot be asked.
    """

    rule: str
    column: str | None
    severity: str
    description: str
    kind: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    needs: Sequence[str] = ()

    @property
    def name(self) -> str:
        return f"{self.column}__{self.rule}" if self.column else self.rule


@dataclass(frozen=True)
class LastRelease:
    """What the gate compares with: rows and the newest ``_updated_at`` (ISO text) of the current release."""

    rows: int
    updated_at: str | None = None


def plan(table: BaseTable, catalogue: Catalogue, last: LastRelease | None = None) -> list[Planned]:
    """All checks of ``table``, blocking and warning, in the order in which people read them."""
    checks = [*_shape(table), *_volume(table, last, expected=bool(catalogue.staged(table.name)))]
    for column in table.columns:
        checks += _column(table, column, catalogue)
    if table.layer == "base":
        checks += [*_across_columns(table), *_freshness(table, last)]
    return checks


def _shape(table: BaseTable) -> Iterator[Planned]:
    names = table.column_names
    yield Planned("columns", None, BLOCK, "列与数据标准一致,次序相同", "columns", {"names": names})
    types = {column.name: column.type for column in table.columns}
    yield Planned("types", None, BLOCK, "各列类型与数据标准一致", "types", {"types": types})
    if table.primary_key:
        key = tuple(table.primary_key)
        words = f"主键 {'、'.join(key)} 唯一"
        yield Planned("primary_key", None, BLOCK, words, "unique", {"columns": key}, key)


def _volume(table: BaseTable, last: LastRelease | None, expected: bool) -> Iterator[Planned]:
    """``expected``: some resource of this city speaks of the table (a node may have a register of firms
    alone)."""
    if table.layer != "base":
        return
    if last is None or last.rows == 0:
        severity = BLOCK if expected else WARN
        yield Planned("volume", None, severity, "首次发布不得为空", "rows", {"low": 1, "high": None})
        return
    low = int(last.rows * VOLUME_BLOCK)
    words = f"行数不低于上一版 {last.rows:,} 行的 {VOLUME_BLOCK:.0%}"
    yield Planned("volume", None, BLOCK, words, "rows", {"low": low, "high": None})
    low, high = int(last.rows * (1 - VOLUME_WARN)), -int(-last.rows * (1 + VOLUME_WARN) // 1)
    words = f"行数与上一版 {last.rows:,} 行相差不超过 {VOLUME_WARN:.0%}"
    yield Planned("volume_change", None, WARN, words, "rows", {"low": low, "high": high})


def _column(table: BaseTable, column: Column, catalogue: Catalogue) -> Iterator[Planned]:
    name = column.name
    x = f"cast({quoted(name)} as varchar)"
    if column.not_null or name in table.primary_key:
        yield Planned("not_null", name, BLOCK, f"{_title(column)}必填", "not_null", {}, (name,))
    if column.completeness is not None:
        words = f"{_title(column)}填写率不低于 {column.completeness:.0%}"
        severity = BLOCK if column.completeness >= 1 else WARN
        yield Planned("completeness", name, severity, words, "complete", {"share": column.completeness}, (name,))
    for rule in _rules_of(table, column):
        condition = f"{x} is not null and {rule.breaks(x)}"
        yield _breaks(rule.name, name, rule.severity, f"{_title(column)}:{rule.title}", condition, (name,))
    if column.codes:
        codes = code_list(catalogue, column.codes, table, column)
        listed = ", ".join(literal(code) for code in codes)
        words = f"{_title(column)}在代码表 {column.codes}({len(codes)} 个代码)内"
        yield _breaks("codes", name, BLOCK, words, f"{x} not in ({listed})", (name,))
    if column.references:
        words = f"{_title(column)}在 {'、'.join(column.references)} 中有对应"
        arguments = {"tables": tuple(column.references)}
        yield Planned("reference", name, WARN, words, "missing", arguments, (name,))
    if column.from_key in FROM_KEY and len(table.primary_key) == 1:
        key = table.identifier or table.primary_key[0]
        rule_name, title, disagrees = FROM_KEY[column.from_key]
        sql = disagrees(f"cast({quoted(key)} as varchar)", x)
        yield _breaks(rule_name, name, WARN, title, sql, (name, key))


def _rules_of(table: BaseTable, column: Column) -> Sequence[Rule]:
    if column.standard:
        if column.standard not in STANDARDS:
            known = ", ".join(sorted(STANDARDS))
            raise ExpectationError(
                f"the gate knows no standard “{column.standard}”",
                where=f"{table.name}.{column.name}",
                remedy=f"one of {known}, or enter its rules in expectations/standards.py",
            )
        return STANDARDS[column.standard]
    plain_text = table.layer == "base" and column.type.lower() in ("varchar", "text", "string")
    return TEXT_EVERYWHERE if plain_text and not column.codes and not column.name.startswith("_") else ()


def _across_columns(table: BaseTable) -> Iterator[Planned]:
    """Rules that follow from the standard's attribute names, whichever table has them."""
    names = set(table.column_names)
    if {"valid_from", "valid_to"} <= names:
        yield _breaks(
            "validity",
            None,
            WARN,
            "有效期起始不晚于截止",
            '"valid_from" > "valid_to"',
            ("valid_from", "valid_to"),
        )
    if "birth_date" in names:
        for column in table.columns:
            if column.standard == "date" and column.name != "birth_date":
                condition = f'{quoted(column.name)} < "birth_date"'
                words = f"{_title(column)}不早于出生日期"
                yield _breaks("not_before_birth", column.name, WARN, words, condition, (column.name, "birth_date"))


def _freshness(table: BaseTable, last: LastRelease | None) -> Iterator[Planned]:
    if "_updated_at" not in table.column_names:
        return
    condition = f"\"_updated_at\" > timestamp '{day_of_build()}' + interval 2 day"  # a day that ends, and one more
    yield _breaks("not_from_the_future", "_updated_at", WARN, "最近更新时间不晚于今日", condition, ("_updated_at",))
    if last is not None and last.updated_at:
        words = "最新一条的更新时间不早于上一版"
        arguments = {"column": "_updated_at", "low": last.updated_at}
        yield Planned("freshness", "_updated_at", WARN, words, "newest", arguments, ("_updated_at",))


def _breaks(rule: str, column: str | None, severity: str, words: str, condition: str, needs: Sequence[str]) -> Planned:
    """A null breaks no rule of form: whether it may be null is asked by ``not_null`` and ``completeness``."""
    return Planned(rule, column, severity, words, "breaks", {"condition": f"coalesce({condition}, false)"}, needs)


def code_list(catalogue: Catalogue, name: str, table: BaseTable, column: Column) -> list[str]:
    """The codes of a code table, read from its seed: column ``code``, or the first one."""
    where = f"{table.name}.{column.name}"
    if name not in catalogue.code_tables:
        raise ExpectationError(
            f"there is no code table “{name}”", where=where, remedy="add the seed, or correct meta.codes"
        )
    path = Path(catalogue.code_tables[name].file)
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    if not rows:
        raise ExpectationError(f"the code table “{name}” is empty", where=where, remedy=f"fill {path.name}")
    code = "code" if "code" in rows[0] else next(iter(rows[0]))
    return sorted({row[code] for row in rows if row[code]})


def _title(column: Column) -> str:
    return column.title or column.name
