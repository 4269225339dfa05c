"""What ``make lint`` says of SQL that only one engine has, and that the project itself is SQL for Spark."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("dbt.adapters.spark")
from catalogue.installation import DBT_PROJECT, Installation
from lint.engines import findings, wrong_on_duckdb, wrong_on_spark

PILOT = DBT_PROJECT / "cities" / "xinxiang"


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("select list_transform(names, _one -> upper(_one)) as x from t", {"list_transform"}),
        ("select arg_min(name, age) as x from t", {"arg_min"}),
        ("select cast(name as varchar), cast(age as hugeint) from t", {"varchar", "hugeint"}),
        ("select [1, 2] as x", {"["}),
        ('select "name" from t', {"name"}),
        ("select 姓名 as name from t", {"姓名"}),
        ("select replace(name, '\\N', '') as x from t", {"N"}),
        ("select name from t where where", {"where"}),
        ("select {'a': 1} as x", {":"}),
    ],
)
def test_what_spark_does_not_have_is_found(sql: str, words: set[str]) -> None:
    assert {finding.word for finding in wrong_on_spark(sql)} == words


@pytest.mark.parametrize(
    "sql",
    [
        "select transform(array(1, 2), _v -> _v + 1)[0] as x, r'[0-9]\\d' as pattern, `姓名:text` as text from t",
        "select try_cast(a as decimal(38, 0)), cast(b as varchar(10)), cast(array() as array<struct<a: string>>) from t",
        "select '\\\\N' as x, 'it\\'s' as y",
        "select min_by(a, b) filter (where a is not null) as x, row_number() over (partition by c order by d) as y from t",
        "with a as (select 1 as number) select number as date from a where (number, 1) in (select 1, 1)",
    ],
)
def test_what_spark_has_is_no_finding(sql: str) -> None:
    assert wrong_on_spark(sql) == []


def test_duckdb_is_asked_itself() -> None:
    assert wrong_on_duckdb("select list_transform([1], lambda x: x + 1)") == []
    assert [finding.word for finding in wrong_on_duckdb("select from where")] == ["?"]


def test_the_project_is_sql_for_spark(tmp_path: Path) -> None:
    """For DuckDB every build shows it."""
    assert findings(Installation(tmp_path, tmp_path / "city", PILOT), ["spark"]) == {}
