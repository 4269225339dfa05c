"""The gate on hand-made candidates: a good one passes, and each check is shown to fail on a row that breaks
it.

The rules on single values are in ``tests/unit/test_gate_rules.py``.
"""

from __future__ import annotations

import csv
import functools
import json
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import pytest

from catalogue.installation import Installation
from catalogue.model import BaseTable, Catalogue, Claim, CodeTable, Column, Resource
from expectations.gate import judge
from expectations.plan import LastRelease, plan
from expectations.verdict import Verdict

PROVENANCE = 'map(varchar, struct(resource varchar, batch varchar, "row" bigint))'


def column(name: str, type_: str = "varchar", **meta: object) -> Column:
    return Column(name=name, type=type_, title=name, **meta)


PERSON = BaseTable(
    name="person",
    title="人口",
    layer="base",
    primary_key=("id_number",),
    columns=(
        column("id_number", standard="id_number", constraints=("not_null",), completeness=1.0),
        column("name", standard="name", completeness=0.6),
        column("sex", codes="sex", from_key="id_number_sex"),
        column("birth_date", "date", standard="date", from_key="id_number_birth_date"),
        column("death_date", "date", standard="date"),
        column("spouse_id_number", standard="id_number", references="person"),
        column("employer_code", standard="credit_code", references=("employer",)),
        column("division", standard="division"),
        column("currency", standard="currency"),
        column("phone", standard="phone"),
        column("organisation_code", standard="organisation_code"),
        column("registration_number", standard="registration_number"),
        column("tax_number", standard="tax_number"),
        column("address"),
        column("valid_from", "date", standard="date"),
        column("valid_to", "date", standard="date"),
        column("alive", "boolean", standard="always_true"),
        column("_provenance", PROVENANCE),
        column("_updated_at", "timestamp"),
    ),
)
EMPLOYER = BaseTable(
    name="employer", layer="base", primary_key=("code",), columns=(column("code", standard="credit_code"),)
)


def right_code(first17: str) -> str:
    alphabet, weights = (
        "0123456789ABCDEFGHJKLMNPQRTUWXY",
        (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28),
    )
    total = sum(w * alphabet.index(c) for w, c in zip(weights, first17, strict=True))
    return first17 + alphabet[-total % 31]


def right_organisation(first8: str) -> str:
    alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    total = sum(w * alphabet.index(c) for w, c in zip((3, 7, 9, 10, 5, 8, 4, 2), first8, strict=True))
    return first8 + "0X987654321"[total % 11]


ORGANISATION = right_organisation("MA3X0000")
CODE = right_code("91410700" + ORGANISATION)


def another_last(number: str) -> str:
    return number[:-1] + ("1" if number[-1] != "1" else "2")


WRONG_INSIDE = right_code("91410700" + another_last(ORGANISATION))


def right_id(first17: str) -> str:
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return first17 + "10X98765432"[sum(w * int(d) for w, d in zip(weights, first17, strict=True)) % 11]


def person(id_number: str, **other: object) -> dict[str, object]:
    return {
        "id_number": id_number,
        "name": "王·小明",
        "sex": "1" if int(id_number[16]) % 2 else "2",
        "birth_date": None if "0231" in id_number else f"{id_number[6:10]}-{id_number[10:12]}-{id_number[12:14]}",
        "death_date": None,
        "spouse_id_number": None,
        "employer_code": CODE,
        "division": "410702",
        "currency": "CNY",
        "phone": "13803730001",
        "organisation_code": ORGANISATION,
        "registration_number": "410700000012345",
        "tax_number": "410702MA3X00001",
        "address": "平原路 1 号",
        "valid_from": "2020-01-01",
        "valid_to": None,
        "alive": True,
        "_provenance": None,
        "_updated_at": "2026-01-02 03:04:05",
        **other,
    }


PEOPLE = [person(right_id(f"4107021980010112{n}")) for n in range(8)]


class Gate:
    """An installation with a candidate that can be spoilt and judged."""

    def __init__(self, folder: Path) -> None:
        self.installation = Installation(folder / "data", folder / "city", folder / "content")
        sex = folder / "sex.csv"
        with sex.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([("code", "name"), ("1", "男"), ("2", "女")])
        police = Resource(department="police", name="card", claims=(Claim(table="person", role="person"),))
        self.catalogue = Catalogue(
            resources={police.id: police},
            published_tables={"person": PERSON, "employer": EMPLOYER},
            code_tables={"sex": CodeTable(name="sex", columns=("code", "name"), file=sex)},
        )
        self.put(self.installation.candidate / "employer", EMPLOYER, [{"code": CODE}])

    def put(self, folder: Path, table: BaseTable, rows: list[dict[str, object]]) -> SimpleNamespace:
        folder.mkdir(parents=True, exist_ok=True)
        with duckdb.connect() as connection:
            columns = ", ".join(f'"{c.name}" {c.type}' for c in table.columns)
            connection.execute(f"create table t ({columns})")
            marks = ", ".join("?" for _ in table.columns)
            if rows:
                connection.executemany(
                    f"insert into t values ({marks})", [[row[c.name] for c in table.columns] for row in rows]
                )
            connection.execute(f"copy t to '{folder}/part-00000.parquet'")
        return SimpleNamespace(path=folder, rows=len(rows))

    def judge(self, rows: list[dict[str, object]], table: BaseTable = PERSON, **options: Any) -> Verdict:
        candidate = self.put(self.installation.candidate / "person", table, rows)
        return judge(self.installation, PERSON, candidate, self.catalogue, **options)

    def shown(self) -> str:
        """Everything that people get to see of the last judgement."""
        return "".join(path.read_text(encoding="utf-8") for path in self.installation.data_docs.iterdir())

    def publish(self, rows: list[dict[str, object]]) -> None:
        release = self.installation.published / "person" / "000001"
        self.put(release, PERSON, rows)
        (release.parent / "current").symlink_to("000001")


@pytest.fixture
def gate(tmp_path: Path) -> Gate:
    return Gate(tmp_path)


def failed(verdict: Verdict) -> set[str]:
    return {check.name for check in verdict.checks if not check.passed}


def test_a_good_candidate_passes_every_check(gate: Gate) -> None:
    verdict = gate.judge(PEOPLE)
    assert failed(verdict) == set()
    assert verdict.passed and verdict.word == "passed"
    assert {check.rule for check in verdict.checks} >= {"columns", "types", "primary_key", "volume", "codes"}
    json.dumps(verdict.as_dict())


WRONG = {
    "id_number__id_number_form": {"id_number": PEOPLE[0]["id_number"][:17] + "x"},
    "id_number__id_number_birth_date": {"id_number": right_id("41070219800231123")},
    "id_number__id_number_check_digit": {"id_number": "11010519491231002" + "1"},
    "spouse_id_number__id_number_check_digit": {"spouse_id_number": "110105194912310021"},
    "spouse_id_number__reference": {"spouse_id_number": right_id("41070219700101123")},
    "employer_code__credit_code_form": {"employer_code": CODE.lower()},
    "employer_code__credit_code_check_digit": {"employer_code": another_last(CODE)},
    "employer_code__credit_code_inner_check": {"employer_code": WRONG_INSIDE},
    "employer_code__reference": {"employer_code": right_code("91410700" + right_organisation("MA3X0009"))},
    "name__text": {"name": " 王小明"},
    "name__placeholder": {"name": "----"},
    "name__digits_in_name": {"name": "王2"},
    "sex__codes": {"sex": "男"},
    "sex__sex_disagrees_with_id": {"sex": "1", "id_number": right_id("41070219800101124")},
    "birth_date__birth_date_disagrees_with_id": {"birth_date": "1980-01-02"},
    "birth_date__date_range": {"birth_date": "1780-01-02"},
    "valid_to__date_range": {"valid_to": "9999-09-09"},
    "death_date__not_before_birth": {"death_date": "1979-12-31"},
    "validity": {"valid_from": "2021-01-01", "valid_to": "2020-01-01"},
    "division__division_form": {"division": "红旗区"},
    "currency__currency_form": {"currency": "人民币"},
    "phone__phone_form": {"phone": "见备注"},
    "organisation_code__organisation_code_form": {"organisation_code": "MA3X-0000-1"},
    "organisation_code__organisation_code_check": {"organisation_code": another_last(ORGANISATION)},
    "registration_number__registration_number_form": {"registration_number": "4107"},
    "tax_number__tax_number_form": {"tax_number": "4107-1"},
    "address__text": {"address": "平原路&nbsp;1 号"},
    "address__placeholder": {"address": "N/A"},
    "alive__true": {"alive": False},
    "_updated_at__not_from_the_future": {"_updated_at": "2199-01-01"},
}  # fmt: skip


def test_each_rule_fails_on_a_row_that_breaks_it(gate: Gate) -> None:
    """One wrong row a rule, judged together; each rule must count its own row and show no value of it."""
    numbers = (right_id(f"410702198101{day:02d}12{n}") for day in range(1, 29) for n in (1, 3, 5, 7, 9))
    rows = [{**person(str(wrong.get("id_number") or next(numbers))), **wrong} for wrong in WRONG.values()]
    verdict = gate.judge(rows)
    checks = {check.name: check for check in verdict.checks}
    assert not verdict.passed
    for name in WRONG:
        assert not checks[name].passed, name
        assert checks[name].unexpected_count >= 1
        assert checks[name].examples, name
    text = json.dumps(verdict.as_dict(), ensure_ascii=False) + gate.shown()
    for row in rows:
        assert str(row["id_number"]) not in text
    assert not [value for value in ("王小明", "9999-09-09", "见备注", "红旗区", CODE.lower()) if value in text]


def test_every_rule_that_the_factory_plans_has_a_wrong_row_above(gate: Gate) -> None:
    planned = plan(PERSON, gate.catalogue, LastRelease(1, "2026-01-01"))
    on_rows = {check.rule for check in planned if check.kind in ("breaks", "missing")}
    assert on_rows == {name.rpartition("__")[2] for name in WRONG}
    assert len({check.name for check in planned}) == len(planned)


def test_what_is_wrong_with_the_shape_is_named(gate: Gate) -> None:
    """A missing column, another type, another order: blocking, and the checks that need the column say so."""
    columns = [c for c in PERSON.columns if c.name != "phone"]
    columns[2] = column("sex", "integer")
    table = PERSON.model_copy(update={"columns": tuple(columns)})
    rows = [{**row, "sex": int(str(row["sex"]))} for row in PEOPLE]
    verdict = gate.judge(rows, table)
    checks = {check.name: check for check in verdict.checks}
    assert failed(verdict) >= {"columns", "types", "phone__phone_form"}
    assert not verdict.passed
    assert "sex: INTEGER instead of VARCHAR" in checks["types"].observed
    assert "phone: missing" in checks["types"].observed
    assert "phone is missing" in checks["phone__phone_form"].observed
    assert checks["name__text"].passed


def test_nulls_doubles_and_gaps(gate: Gate) -> None:
    rows = [{**row, "name": None if n < 5 else row["name"]} for n, row in enumerate(PEOPLE)]
    verdict = gate.judge([*rows, PEOPLE[7]])
    checks = {check.name: check for check in verdict.checks}
    assert checks["primary_key"].unexpected_count == 2 and not verdict.passed
    assert not checks["name__completeness"].passed and checks["name__completeness"].severity == "warn"
    assert checks["name__completeness"].observed == "44.44%"
    verdict = gate.judge([*PEOPLE[:7], {**PEOPLE[7], "id_number": None}])
    assert {"id_number__not_null", "id_number__completeness"} <= failed(verdict) and not verdict.passed


def test_volume_is_compared_with_the_last_release(gate: Gate) -> None:
    many = [person(right_id(f"410702198{y}0101{n:03d}")) for y in range(10) for n in range(1, 21)]
    assert "volume" in failed(gate.judge([])), "a first release must not be empty"
    gate.publish(many)
    assert not failed(gate.judge(many)) & {"volume", "volume_change"}
    fewer = gate.judge(many[:150])
    assert failed(fewer) == {"volume_change"} and fewer.word == "passed with warnings"
    half = gate.judge(many[:99])
    assert failed(half) == {"volume", "volume_change"} and not half.passed
    assert gate.judge(many[:99], accept_volume=True).passed


def test_the_newest_record_must_not_be_older_than_before(gate: Gate) -> None:
    gate.publish(PEOPLE)
    verdict = gate.judge([{**row, "_updated_at": "2025-01-01"} for row in PEOPLE])
    assert failed(verdict) == {"_updated_at__freshness"} and verdict.passed


def test_a_reference_to_a_table_without_rows_is_not_held_against_the_candidate(gate: Gate) -> None:
    for file in (gate.installation.candidate / "employer").iterdir():
        file.unlink()
    checks = {check.name: check for check in gate.judge(PEOPLE).checks}
    assert checks["employer_code__reference"].passed
    assert "no candidate or release yet" in checks["employer_code__reference"].observed


def test_governance_tables_get_the_generic_part(gate: Gate) -> None:
    """A column called ``row``, several key columns and nested types; an empty table is a good one."""
    table = BaseTable(
        name="disposition",
        layer="governance",
        primary_key=("resource", "row"),
        columns=(
            column("resource", constraints=("not_null",)),
            column("row", "bigint", constraints=("not_null",)),
            column("claims", "struct(role varchar, entity_id varchar)[]"),
        ),
    )
    folder = gate.installation.candidate / "disposition"
    row = {"resource": "a.b", "row": 1, "claims": None}
    for rows, expected in (
        ([], set()),
        ([row], set()),
        ([row, row], {"primary_key"}),
        ([{**row, "row": None}], {"row__not_null"}),
    ):
        candidate = gate.put(folder, table, rows)
        assert failed(judge(gate.installation, table, candidate, gate.catalogue)) == expected


def test_data_docs_need_no_other_host(gate: Gate) -> None:
    gate.judge([*PEOPLE, PEOPLE[0]])
    pages = sorted(gate.installation.data_docs.glob("*.html"))
    assert [page.name for page in pages] == ["index.html", "person.html"]
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert "http://" not in text and "https://" not in text and "<script" not in text
        linked = set(re.findall(r"""(?:href|src|url)\s*[=(]\s*["']?([^"')\s>]+)""", text))
        assert linked <= {"index.html", "person.html"} | {link for link in linked if link.startswith("#")}
    assert "主键 id_number 唯一" in pages[0].read_text(encoding="utf-8")


def test_a_damaged_last_release_stops_no_table(gate: Gate) -> None:
    """Nothing to compare with is better than a table that is never published again."""
    from orchestration.publish import _readable

    folder = gate.installation.published / PERSON.name
    (folder / "000001").mkdir(parents=True)
    (folder / "000001" / "part-00000.parquet").write_bytes(b"PAR1 no more")
    (folder / "000001" / "manifest.json").write_text("{")
    (folder / "current").symlink_to("000001")
    released = functools.partial(_readable, gate.installation)
    assert gate.judge(PEOPLE, released=released).passed
