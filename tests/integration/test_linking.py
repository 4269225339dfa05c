"""Linking on small hand-made relations: each rule of behaviour once, and what must not change the result."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from linking.explain import explain
from linking.link import link
from linking.settings import Settings

SETTINGS = Settings.load()
TEXTS = (
    "name", "former_name", "sex", "ethnic_group", "phone", "household_address", "residence_address",
    "household_number", "employer_name", "school_name", "written_number",
)  # fmt: skip
PERSON = pa.struct(
    [("relation", pa.string()), ("id_number", pa.string()), ("name", pa.string()), ("birth_date", pa.date32())]
)
COLUMNS = [(name, pa.string()) for name in TEXTS] + [("birth_date", pa.date32()), ("related", pa.list_(PERSON))]
LOOSE = pa.schema([("claim_id", pa.string()), ("claim_key", pa.string()), *COLUMNS])
KNOWN = pa.schema([("person_id", pa.string()), ("register", pa.string()), *COLUMNS])
DECISIONS = pa.schema(
    [(name, pa.string()) for name in ("claim_key", "person_id", "verdict", "by")] + [("at", pa.timestamp("s"))]
)
DAY = dt.date(1980, 3, 7)


def number(area: str = "410702", day: dt.date = DAY, sequence: int = 123) -> str:
    """A valid identity number."""
    digits = f"{area}{day:%Y%m%d}{sequence:03d}"
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return digits + "10X98765432"[sum(int(d) * w for d, w in zip(digits, weights, strict=True)) % 11]


def person(name: str, day: dt.date = DAY, sequence: int = 123, area: str = "410702", **said: Any) -> dict[str, Any]:
    """A row of ``known``; an odd ``sequence`` is a man's."""
    return {"person_id": number(area, day, sequence), "register": "household", "name": name, "birth_date": day, **said}


def claim(row: str, name: str | None, day: dt.date | None = DAY, role: str = "person", **said: Any) -> dict[str, Any]:
    return {
        "claim_id": f"r.t|000001|{row}|{role}",
        "claim_key": f"r.t|k{row}|{role}",
        "name": name,
        "birth_date": day,
        **said,
    }


def kin(
    relation: str, id_number: str | None = None, name: str | None = None, day: dt.date | None = None
) -> dict[str, Any]:
    return {"relation": relation, "id_number": id_number, "name": name, "birth_date": day}


class Case:
    """Linking of ``loose`` to ``known``; rows of the result by the claim's row and role."""

    def __init__(
        self,
        loose: Iterable[Mapping[str, Any]],
        known: Iterable[Mapping[str, Any]],
        decisions: Iterable[Mapping[str, Any]] = (),
        settings: Settings = SETTINGS,
    ) -> None:
        self.connection = duckdb.connect()
        tables = {"loose": (loose, LOOSE), "known": (known, KNOWN), "decisions": (decisions, DECISIONS)}
        for name, (rows, schema) in tables.items():
            self.connection.register(name, pa.Table.from_pylist([dict(row) for row in rows], schema=schema))
        self.linked = link(self.connection, "loose", "known", settings, "decisions")

    def rows(self, table: str) -> list[dict[str, Any]]:
        return self.connection.sql(f"select * from {table} order by all").to_arrow_table().to_pylist()

    def of(self, row: str, role: str = "person") -> dict[str, Any]:
        [found] = [r for r in self.rows("links") if r["claim_id"] == f"r.t|000001|{row}|{role}"]
        return found


def test_name_birth_date_and_sex_find_the_one_person() -> None:
    case = Case([claim("1", "王建国", sex="1")], [person("王建国"), person("李建国", sequence=125)])
    assert case.of("1") | {"probability": 1} == {
        "claim_id": "r.t|000001|1|person", "person_id": number(), "probability": 1,
        "method": "name, birth date and sex agree", "rule": None,
    }  # fmt: skip
    assert 0.99 < case.of("1")["probability"] < 1


def test_two_equal_candidates_are_ambiguous_and_reviewed() -> None:
    twins = [person("王建国"), person("王建国", sequence=125, area="410703")]
    case = Case([claim("1", "王建国", sex="1")], twins)
    assert case.of("1")["person_id"] is None
    assert case.of("1")["rule"] == "ambiguous_link"
    shown = case.rows("review")
    assert {row["person_id"] for row in shown} == {row["person_id"] for row in twins}
    assert all(row["reason"] == "姓名、出生日期、性别一致；另有相近人选" and row["margin"] == 0 for row in shown)


def test_more_evidence_decides_between_equal_candidates() -> None:
    case = Case(
        [claim("1", "王建国", phone="13800000001")],
        [person("王建国", phone="13800000001"), person("王建国", sequence=125, area="410703", phone="13900000002")],
    )
    assert case.of("1")["person_id"] == number()
    assert case.of("1")["method"] == "name, birth date and telephone agree"


@pytest.mark.parametrize(
    "written",
    [
        pytest.param(number()[:8] + "9" + number()[9:], id="one digit wrong"),
        pytest.param(number()[:10] + number()[11] + number()[10] + number()[12:], id="two exchanged"),
        pytest.param(number()[:9] + number()[10:], id="one left out"),
        pytest.param(number()[:9] + "5" + number()[9:], id="one too many"),
        pytest.param(number()[:17] + "0", id="check character wrong"),
    ],
)
def test_a_slip_in_the_number_finds_its_owner(written: str) -> None:
    assert written != number()
    case = Case(
        [claim("1", "王建国", None, written_number=written)],
        [person("王建国"), person("王建国", sequence=777, area="411002")],
    )
    assert case.of("1")["person_id"] == number()
    assert case.of("1")["method"] == "identity number but for one digit and name agree"


def test_a_slip_in_the_number_of_somebody_with_another_name_goes_to_a_clerk() -> None:
    case = Case([claim("1", "赵春梅", written_number=number()[:17] + "0")], [person("王建国")])
    assert case.of("1")["rule"] == "link_in_review"
    [row] = case.rows("review")
    assert row["reason"] == "出生日期一致，身份号码差一位；姓名不同；须人工核对"


def test_a_relative_s_household_tells_who_is_meant() -> None:
    """A mother on a birth certificate: a name, and the child's father by his number."""
    father = number(sequence=121)
    known = [
        person("王建国", sequence=121, household_number="H1"),
        person("李秀英", dt.date(1982, 5, 1), 222, household_number="H1"),
        person("李秀英", dt.date(1990, 5, 1), 444, household_number="H2"),
    ]
    case = Case([claim("1", "李秀英", None, "mother", related=[kin("father", father, "王建国")])], known)
    assert case.of("1", "mother")["person_id"] == number(day=dt.date(1982, 5, 1), sequence=222)
    assert case.of("1", "mother")["method"] == "name and relatives agree"


def test_a_relative_without_number_is_known_by_name_and_birth_date() -> None:
    known = [
        person("王小明", dt.date(2015, 1, 9), 121, household_number="H1"),
        person("李秀英", dt.date(1982, 5, 1), 222, household_number="H1"),
    ]
    guardian = claim("1", "李秀英", None, "guardian", related=[kin("person", None, "王小明", dt.date(2015, 1, 9))])
    assert Case([guardian], known).of("1", "guardian")["person_id"] == number(day=dt.date(1982, 5, 1), sequence=222)


def test_nobody_is_his_own_relative() -> None:
    """Husband and wife of one name: the row's husband, whose number is known, is not the wife."""
    husband = number(sequence=121)
    case = Case(
        [claim("1", "王小红", None, "wife", related=[kin("husband", husband, "王小红")])],
        [person("王小红", sequence=121, household_number="H1")],
    )
    assert case.of("1", "wife")["person_id"] is None


def test_a_twin_is_not_the_other_twin() -> None:
    """All but the given name is the same, and the twin meant is not known: a clerk looks at it."""
    born, mother = dt.date(2024, 5, 6), number(sequence=222)
    known = [
        person("王一鸣", born, 121, household_number="H1", sex="1"),
        person("李秀英", sequence=222, household_number="H1"),
    ]
    for name in ("王浩宇", "王一诺"):
        case = Case([claim("1", name, born, "child", sex="1", related=[kin("mother", mother, "李秀英")])], known)
        assert case.of("1", "child")["person_id"] != known[0]["person_id"], name


def test_a_name_alone_is_not_linked() -> None:
    case = Case([claim("1", "王建国", None)], [person("王建国")])
    assert (case.of("1")["person_id"], case.of("1")["rule"]) == (None, "not_linked")


def test_whom_nobody_knows_makes_a_person_of_his_own() -> None:
    case = Case([claim("1", "王小宝", dt.date(2026, 10, 1)), claim("2", "王小宝", None)], [person("李建国")])
    assert case.of("1")["person_id"].startswith("U") and len(case.of("1")["person_id"]) == 17
    assert (case.of("2")["person_id"], case.of("2")["rule"]) == (None, "not_linked")
    assert case.rows("clusters") == [{"claim_id": case.of("1")["claim_id"], "person_id": case.of("1")["person_id"]}]


def test_claims_without_a_known_person_come_together_on_real_evidence() -> None:
    born, mother = dt.date(2026, 10, 1), number(sequence=222)
    known = [person("李秀英", sequence=222, household_number="H1")]
    newborn = claim("1", "王小宝", born, "child", sex="1", related=[kin("mother", mother, "李秀英")])
    registered = claim("2", "王小宝", born, sex="1", household_number="H1")
    namesake = claim("3", "王小宝", born, sex="1", household_number="H9")
    case = Case([newborn, registered, namesake], known)
    assert case.of("1", "child")["person_id"] == case.of("2")["person_id"] != case.of("3")["person_id"]


def test_two_roles_of_one_row_are_two_persons() -> None:
    pair = [
        claim("1", "艾力", role="husband", phone="13800000001"),
        claim("1", "艾力", role="wife", phone="13800000001"),
    ]
    case = Case(pair, [])
    assert case.of("1", "husband")["person_id"] != case.of("1", "wife")["person_id"]


def test_a_foreigner_s_passport_number_holds_the_claims_together() -> None:
    passports = {"1": "E12345678", "2": "E12345678", "3": "K99999999"}
    case = Case([claim(row, "ANNA SMITH", written_number=passport) for row, passport in passports.items()], [])
    assert case.of("1")["person_id"] == case.of("2")["person_id"] != case.of("3")["person_id"]


def decided(row: str, person_id: str | None, verdict: str, hour: int = 1) -> dict[str, Any]:
    return {
        "claim_key": f"r.t|k{row}|person",
        "person_id": person_id,
        "verdict": verdict,
        "by": "clerk",
        "at": dt.datetime(2026, 1, 1, hour),
    }


def test_a_reviewer_decides_before_any_weight() -> None:
    known = [person("王建国"), person("赵春梅", sequence=125)]
    other = known[1]["person_id"]
    claims = [claim("1", "王建国", sex="1")]
    assert Case(claims, known, [decided("1", other, "same")]).of("1") == {
        "claim_id": "r.t|000001|1|person", "person_id": other, "probability": 1.0,
        "method": "decided by a reviewer", "rule": None,
    }  # fmt: skip
    refused = Case(claims, known, [decided("1", number(), "different")])
    assert refused.of("1")["person_id"].startswith("U")
    nobody = Case(claims, known, [decided("1", None, "different")])
    assert nobody.of("1")["person_id"].startswith("U")


def test_the_last_decision_counts() -> None:
    known = [person("王建国"), person("李建国", sequence=125)]
    changed = [decided("1", known[1]["person_id"], "same", 1), decided("1", known[1]["person_id"], "different", 2)]
    assert Case([claim("1", "王建国", sex="1")], known, changed).of("1")["person_id"] == number()


def test_a_refused_candidate_does_not_make_the_other_ambiguous() -> None:
    known = [person("王建国"), person("王建国", sequence=125, area="410703")]
    case = Case([claim("1", "王建国", sex="1")], known, [decided("1", known[1]["person_id"], "different")])
    assert case.of("1")["person_id"] == number()
    assert case.rows("review") == []


def test_an_account_of_the_weights() -> None:
    case = Case([claim("1", "王建国", sex="1", phone="1")], [person("王建国", phone="2")])
    account = explain(case.connection, "loose", "known", SETTINGS, "r.t|000001|1|person", number())
    bits = {part.comparison: part.bits for part in account.parts}
    assert bits["name"] > 10 and bits["birth"] > 10 and bits["phone"] < 0 and bits["kin"] == 0
    assert account.reason == "姓名、出生日期、性别一致；电话不同"
    [weight] = case.connection.execute("select weight from linking_scores").fetchone()
    assert account.bits == pytest.approx(weight)
    with pytest.raises(LookupError):
        explain(case.connection, "loose", "known", SETTINGS, "r.t|000001|1|person", "nobody")


def test_columns_that_a_relation_does_not_have_are_silence() -> None:
    connection = duckdb.connect()
    connection.execute(
        "create table loose as select 'r|1|1|p' as claim_id, 'r|k|p' as claim_key, "
        f"'王建国' as name, date '{DAY}' as birth_date"
    )
    connection.execute(f"create table known as select '{number()}' as person_id, '王建国' as name")
    assert link(connection, "loose", "known", SETTINGS).linked == 1


def test_no_claims_and_nobody_known() -> None:
    case = Case([], [])
    assert case.linked.claims == 0 and case.rows("links") == [] and case.rows("review") == []


def test_a_reviewer_puts_claims_without_a_known_person_together_or_parts_them() -> None:
    """By the key of the other claim: an id of a person without number changes with its members, a key does not."""
    born = dt.date(2026, 10, 1)
    alike = [claim("1", "王小宝宝", born, sex="1", phone="1"), claim("2", "王小宝宝", born, sex="1", phone="1")]
    assert Case(alike, []).of("1")["person_id"] == Case(alike, []).of("2")["person_id"]
    parted = Case(alike, [], [decided("1", "r.t|k2|person", "different")])
    assert parted.of("1")["person_id"] != parted.of("2")["person_id"]
    unlike = [claim("1", "王小宝宝", born, sex="1"), claim("2", "李大海", born, sex="1")]
    assert Case(unlike, []).of("1")["person_id"] != Case(unlike, []).of("2")["person_id"]
    together = Case(unlike, [], [decided("2", "r.t|k1|person", "same")])
    assert together.of("1")["person_id"] == together.of("2")["person_id"]
    assert together.of("1")["method"] == "person without number: decided by a reviewer"


def test_claims_that_a_reviewer_parted_but_others_join_wait() -> None:
    born = dt.date(2026, 10, 1)
    chain = [claim(row, "王小宝宝", born, sex="1", phone="1") for row in ("1", "2", "3")]
    case = Case(chain, [], [decided("1", "r.t|k2|person", "different")])
    assert {case.of(row)["rule"] for row in ("1", "2", "3")} == {"ambiguous_link"}


def test_steps_are_dropped_unless_they_are_to_be_kept() -> None:
    case = Case([claim("1", "王建国", sex="1")], [person("王建国")])
    tables = {row[0] for row in case.connection.execute("select table_name from duckdb_tables()").fetchall()}
    assert {name for name in tables if name.startswith(("linking", "__splink"))} == set()
    assert {"links", "review", "clusters"} <= tables
