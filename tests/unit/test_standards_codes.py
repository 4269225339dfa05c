"""Code tables in all their words, divisions, industries and capital; against the tables of ``../shared/codes`` where
they are."""

from __future__ import annotations

import csv
from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_standards_harness import RANDOM, SHARED, standards

from catalogue.dbt import code_tables
from catalogue.installation import DBT_PROJECT

SEEDS = DBT_PROJECT / "seeds"
TABLES = code_tables()
CODES = SHARED / "codes"
needs_codes = pytest.mark.skipif(not CODES.is_dir(), reason="the shared code tables are not on this machine")
needs_divisions = pytest.mark.skipif(
    not (SHARED / "real" / "divisions").is_dir(), reason="the shared divisions are not on this machine"
)


def seed(table: str) -> list[dict[str, str]]:
    with (SEEDS / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def shared(name: str) -> list[dict[str, str]]:
    with (CODES / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("table", TABLES)
def test_every_word_of_a_table_is_known_and_only_those(table: str) -> None:
    words = TABLES[table]["words"]
    assert standards().of("", words, table) == [(code, None) for code in words.values()]
    unknown = ["一个没有的词", "99999", "", "'"]
    assert standards().of("", unknown, table) == [(None, "code_unknown")] * 4
    assert standards().of("", [None], table) == [(None, None)]


@pytest.mark.parametrize(
    "table", [table for table in TABLES if table not in ("area_history", "division", "county_codes")]
)
def test_no_word_means_two_codes(table: str) -> None:
    """The first entry would win without a word."""
    meanings: dict[str, set[str]] = {}
    for row in seed(table):
        for word in filter(None, [row["code"], row["name"], *(row.get("words") or "").split("|")]):
            meanings.setdefault(word, set()).add(row.get("means") or row["code"])
    # GB/T's own: 3500 and 4600 are both 联营, a legal person and none; the former is the rule.
    allowed = {"联营"} if table == "entity_type" else set()
    assert {word for word, codes in meanings.items() if len(codes) > 1} <= allowed


@pytest.mark.parametrize(
    "table",
    [
        "sex",
        "marital_status",
        "ethnic_group",
        "education",
        "education_1984",
        "education_2006",
        "entity_type",
        "industry",
    ],
)
def test_a_code_stays_when_it_is_decoded_again(table: str) -> None:
    codes = sorted(set(TABLES[table]["words"].values()))
    assert standards().of("", codes, table) == [(code, None) for code in codes]


@needs_codes
@pytest.mark.parametrize(
    ("table", "file"),
    [("sex", "gbt2261_1_sex.csv"), ("marital_status", "gbt2261_2_marital.csv"), ("ethnic_group", "gbt3304_ethnic.csv"),
     ("education_1984", "gbt4658_1984_education.csv"), ("education", "gbt4658_2006_education_top.csv"),
     ("entity_type", "samr_enterprise_type.csv")],
)  # fmt: skip
def test_tables_are_those_of_the_standards(table: str, file: str) -> None:
    rows = shared(file)
    assert {row["code"]: row["name"] for row in rows} == TABLES[table]["names"]
    for row in rows:
        if row.get("alpha"):
            assert TABLES[table]["words"][row["alpha"]] == row["code"]


@needs_codes
def test_certificate_types_that_are_known_have_their_national_code() -> None:
    known = {
        row["cert_type_code"]: row["name"] for row in shared("cert_type_codes.csv") if "verified" in row["confidence"]
    }
    assert known.items() <= TABLES["certificate_types"]["names"].items()


@needs_codes
def test_authorities_of_credit_codes_have_a_kind() -> None:
    kinds = {row["code"] for row in seed("entity_kind")}
    heads = [f"{row['code']}{row['category_code']}" for row in shared("uscc_register_authority.csv")]
    found = standards().macro("credit_code_kind", [f"{head}410702MA44T12345" for head in heads])
    assert set(found) <= kinds
    assert dict(zip(heads, found, strict=True))["N2"] == "collective"


# --- education: two editions, and marital status: a local table


def test_editions_of_education_agree_but_for_two_codes() -> None:
    """62 and 63 are vocational schools in 1984 and ordinary ones in 2006; a column of both cannot tell them apart."""
    old, new = (TABLES[f"education_{year}"]["words"] for year in (1984, 2006))
    codes = [f"{n}" for n in range(10, 100) if f"{n}" in old and f"{n}" in new]
    differ = {code for code in codes if old[code] != new[code]}
    assert differ == {"62", "63"} and len(codes) > 30
    assert {code[0] + "0" for code in new if code.isdigit()} == set(new.values())


def test_a_code_of_the_other_edition_in_a_column_of_1984() -> None:
    found = standards().of("", ["14", "44", "46", "47", "本科", "99"], "education_1984")
    assert found == [("10", None), ("40", None), ("40", None), ("40", None), ("20", None), (None, "code_unknown")]


def test_a_local_table_of_marital_status_is_one_of_its_own() -> None:
    """20 to 24 mean other things there; 39 and 41 in a column of the standard show that it is the wrong table."""
    local = standards().of(
        "", ["10", "19", "20", "21", "22", "23", "24", "30", "39", "40", "41"], "marital_status_local"
    )
    assert [code for code, _ in local] == ["10", "20", "20", "20", "21", "22", "23", "30", "40", "40", "40"]
    assert standards().of("", ["39", "41", "19", "24"], "marital_status") == [(None, "code_unknown")] * 4
    assert standards().of("", ["离婚有子女", "丧偶", "已婚"], "marital_status") == [
        ("40", None),
        ("30", None),
        ("20", None),
    ]


# --- industry, divisions


@needs_codes
def test_divisions_of_industry_lie_in_their_sections() -> None:
    names = TABLES["industry"]["names"]
    sections = {row["section"]: row for row in shared("gbt4754_2017_sections.csv")}
    assert {code: name for code, name in names.items() if len(code) == 1} == {s: r["name"] for s, r in sections.items()}
    for section, row in sections.items():
        low, high = map(int, row["divisions"].split("-"))
        assert [c for c in names if c[0] == section and len(c) == 3] == [
            f"{section}{n:02}" for n in range(low, high + 1)
        ]


def test_industry_in_every_form() -> None:
    forms = {"A01": "A01", "01": "A01", "011": "A01", "0111": "A01", "A0111": "A01", "c1311": "C13", "13": "C13", "C": "C",
             "制造业": "C", "批发业": "F51", "农林牧渔业": "A", "K": "K70", "房地产业": "K70", "教育": "P83", "97": "T97"}  # fmt: skip
    assert standards().of("industry", forms) == [(code, None) for code in forms.values()]
    assert standards().of("industry", ["B01", "98", "1", "Z", "C131100"]) == [(None, "code_unknown")] * 5
    again = sorted(set(forms.values()))
    assert standards().of("industry", again) == [(code, None) for code in again]


def test_divisions_in_every_form() -> None:
    forms = {"410702": "410702", "410702000": "410702", "410702000000": "410702", "410702001": "410702001",
             "410702001000": "410702001", "410702001016": "410702001016", "41": "410000", "4107": "410700", "370802": "370802",
             "红旗区": "410702", "新乡市红旗区": "410702", "河南省新乡市红旗区": "410702", "新乡": "410700", "辉县市": "410782",
             "辉县": "410723", "高新区": "410771", "北站区": "410704", " 4107 02 ": "410702"}  # fmt: skip
    assert standards().cleaned("division", forms) == [(code, None) for code in forms.values()]
    none = ["041070", "4107020", "410702001016000", "某区", "abc123"]
    assert standards().of("division", none) == [(None, "code_unknown")] * len(none)


@needs_codes
def test_divisions_of_the_city_are_those_of_the_standard_with_their_successors() -> None:
    ours = {row["code"]: row for row in seed("division")}
    for row in shared("cn_div_4107.csv"):
        known = ours[row["code"]]
        assert row["name"] in (known["name"], *known["words"].split("|"))
    assert {code: row["successor"] for code, row in ours.items() if row["successor"]} == {
        "410722": "410781", "410723": "410782", "410728": "410783",
    }  # fmt: skip


@needs_divisions
def test_all_areas_that_ever_were_in_the_province_are_known() -> None:
    with (SHARED / "real" / "divisions" / "gb2260_mca_history_henan.tsv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    ours = {(row["code"], row["name"]): row for row in seed("area_history")}
    for row in rows:
        known, year = ours[row["Code"], row["Name"]], int(row["Revision"][:4])
        assert int(known["first_year"]) <= year <= int(known["last_year"] or 9999)
    # 410783 and others came after the lists end
    assert {code for code, _ in ours if code.startswith("41")} - {row["Code"] for row in rows} == {
        "410783", "411603", "410307", "410308",
    }  # fmt: skip


@needs_divisions
def test_places_are_those_of_the_statistical_office() -> None:
    listed = {}
    for name in ("nbs_2022_streets_4107.csv", "nbs_2022_villages_4107.csv"):
        with (SHARED / "real" / "divisions" / name).open(encoding="utf-8", newline="") as file:
            listed |= {row["code"]: row["name"] for row in csv.DictReader(file)}
    assert {row["place_code"]: row["place_name"] for row in seed("place")} == listed


# --- capital


AMOUNTS = st.decimals(min_value=0, max_value=99_999, places=4)
NOTATIONS = [  # as they stand in real registers
    ("{}(万元)", 10_000, "CNY"), ("{}万人民币", 10_000, "CNY"), ("{}(万)", 10_000, "CNY"), ("{}(万人民币元)", 10_000, "CNY"),
    ("{}(万元人民币)", 10_000, "CNY"), ("{}万元人民币", 10_000, "CNY"), ("{}万人民币元", 10_000, "CNY"), ("{}万元", 10_000, "CNY"),
    ("{}（万元）", 10_000, "CNY"), ("{}万", 10_000, "CNY"), ("{}", 10_000, "CNY"), ("{}(万美元)", 10_000, "USD"),
    ("{}(万香港元)", 10_000, "HKD"), ("{}(万日元)", 10_000, "JPY"), ("{}万港币", 10_000, "HKD"),
    ("{} 万元", 10_000, "CNY"), ("人民币{}万元", 10_000, "CNY"), ("{}元", 1, "CNY"), ("{}亿元", 10**8, "CNY"), ("{}美元", 1, "USD"),
    ("{}千元", 1000, "CNY"), ("{}百万元", 10**6, "CNY"), ("{}(万欧元)", 10_000, "EUR"), ("{}万新加坡元", 10_000, "SGD"),
    ("{}(万瑞士法郎)", 10_000, "CHF"), ("{} CNY", 1, "CNY"), ("USD {}", 1, "USD"), ("约{}万元", 10_000, "CNY"),
]  # fmt: skip


@RANDOM
@given(st.lists(AMOUNTS, min_size=2, max_size=4))
def test_capital_in_every_notation(amounts: list[Decimal]) -> None:
    cases = [(form, number, unit, currency) for number in amounts for form, unit, currency in NOTATIONS]
    for spell in ("{:f}".format, "{:,f}".format):
        written = [form.format(spell(number)) for form, number, _, _ in cases]
        expected = [(number * unit).quantize(Decimal("0.01"), ROUND_HALF_UP) for _, number, unit, _ in cases]
        assert standards().macro("capital_amount", written) == expected
        assert standards().macro("capital_currency", written) == [currency for *_, currency in cases]


def test_a_number_too_large_for_a_capital_breaks_nothing() -> None:
    large = ["9" * n for n in (9, 12, 13, 18, 22, 40)] + ["99999999999万亿元"]
    assert standards().macro("capital_amount", large)[0] == Decimal(999_999_999) * 10_000
    assert standards().macro("capital_amount", large)[3:] == [None] * 4


def test_what_is_no_capital() -> None:
    given = ["N/A", "abc", "注册资金", "100(万比索)", "1.5E7", "无", "电话0373-3029999", None, "13800000001号"]
    assert standards().macro("capital_amount", given) == [None] * len(given)
    assert standards().macro("capital_currency", given) == [None] * len(given)


def test_the_currency_may_stand_in_a_column_of_its_own() -> None:
    kinds = {
        "156": "CNY",
        "840": "USD",
        "美元": "USD",
        "人民币": "CNY",
        "036": "AUD",
        "HKD": "HKD",
        "港元": "HKD",
        "澳门元": "MOP",
    }
    sql = standards().sql("capital_currency", "'100'", kind="t")
    assert standards().each(sql, [*kinds, None]) == [*kinds.values(), "CNY"]
    assert standards().of("currency", kinds) == [(code, None) for code in kinds.values()]
    assert standards().of("currency", ["比索", None]) == [(None, "code_unknown"), (None, None)]
