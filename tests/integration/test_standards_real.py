"""The standards on real registers and on a simulated city's addresses; the former skip where they are not."""

from __future__ import annotations

import ast
import csv
import json
import re
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from python_calamine import CalamineWorkbook
from stdnum.cn import uscc
from unit.test_standards_harness import SHARED, standards

from catalogue.installation import DBT_PROJECT
from demo_city.geography import Geography

REAL = SHARED / "real"
needs_real = pytest.mark.skipif(not REAL.is_dir(), reason="the shared real data is not on this machine")


def registered() -> Iterator[dict[str, str]]:
    """Rows of the registers by year, of the province and of the workbooks, with one set of names."""
    keys = {"code": "统一社会信用代码", "name": "企业名称", "registrationDay": "注册日期", "character": "企业类型",
            "legalRepresentative": "法人代表", "capital": "注册资金", "address": "注册地址"}  # fmt: skip
    for file in sorted((REAL / "registration" / "csv").rglob("新乡.csv")):
        with file.open(encoding="utf-8", newline="") as lines:
            yield from csv.DictReader(lines)
    for file in sorted((REAL / "registration" / "json").rglob("*.json")):
        for row in json.loads(file.read_text(encoding="utf-8"))["erDataList"]:
            yield {name: row[key] for key, name in keys.items()}
    for file in sorted((REAL / "registration" / "xls").rglob("*.xls")):
        head, *rows = CalamineWorkbook.from_path(file).get_sheet_by_index(0).to_python()
        yield from (dict(zip(head, map(str, row), strict=True)) for row in rows)
    for file in sorted((REAL / "new_registrations_2019").glob("*.txt")):
        for line in filter(str.strip, file.read_text(encoding="utf-8").splitlines()):
            row = ast.literal_eval(line)
            yield {"统一社会信用代码": row["CreditCode"], "企业名称": row["Name"], "注册日期": row["StartDate"], "企业类型": "N/A",
                   "法人代表": row["OperName"], "注册资金": row["RegistCapi"], "注册地址": row["Address"]}  # fmt: skip


@pytest.fixture(scope="module")
def rows() -> list[dict[str, str]]:
    return list(registered())


@needs_real
def test_all_codes_and_dates_of_clean_registers_pass(rows: list[dict[str, str]]) -> None:
    assert len(rows) == 2179 + 2228 + 775 + 1281 + 161
    codes = [row["统一社会信用代码"] for row in rows]
    assert standards().cleaned("credit_code", codes) == [(code, None) for code in codes]
    assert set(standards().macro("credit_code_doubt", codes)) == {None}
    dates = [row["注册日期"] for row in rows]
    assert [str(day) for day, _ in standards().cleaned("date", dates)] == [date[:10] for date in dates]


def capital(text: str) -> tuple[Decimal, str] | None:
    """Amount and currency of a notation of these registers: all of them count 万."""
    if not (number := re.search(r"[\d,.]+", text)):
        return None
    currency = next((code for word, code in (("美元", "USD"), ("港", "HKD"), ("日元", "JPY")) if word in text), "CNY")
    return Decimal(number[0].replace(",", "")) * 10_000, currency


@needs_real
def test_each_notation_of_capital_gives_amount_and_currency(rows: list[dict[str, str]]) -> None:
    texts = [row["注册资金"] for row in rows] + [cells[5] for cells, _ in defect_rows() if capital_like(cells)]
    notations = {re.sub(r"\d+", "#", text) for text in texts}
    assert len(notations) >= 30
    clean = standards().macro("clean_text", texts)
    found = zip(standards().macro("capital_amount", clean), standards().macro("capital_currency", clean), strict=True)
    for text, (amount, currency) in zip(texts, found, strict=True):
        expected = capital(text)
        assert ((amount, currency) if amount is not None else None) == expected, text


@needs_real
def test_words_that_registers_use_are_in_the_tables(rows: list[dict[str, str]]) -> None:
    types = Counter(row["企业类型"] for row in rows)
    found = dict(zip(types, standards().cleaned("", types, "entity_type"), strict=True))
    unknown = {word for word, (_, problem) in found.items() if problem}
    assert unknown <= {"有限责任公司 国有企业", "股份有限公司 国有企业"}  # two types in one field
    assert found["N/A"] == (None, None)


def defect_rows() -> list[tuple[list[str], list[str]]]:
    with (REAL / "defect_rows" / "rows.csv").open(encoding="utf-8", newline="") as lines:
        cells = list(csv.reader(lines))
    with (REAL / "defect_rows" / "rows_index.tsv").open(encoding="utf-8", newline="") as lines:
        index = list(csv.DictReader(lines, delimiter="\t"))
    return [(cells[int(entry["line"]) - 1], re.split(r"[|,;]", entry["measured_defects"])) for entry in index]


def capital_like(cells: list[str]) -> bool:
    return (
        len(cells) == 10
        and "\ufffd" not in "".join(cells)
        and bool(re.fullmatch(r"[\d,.]*[(（]?[万元人民币美港圆]+[)）]?|N/A", cells[5]))
    )


@needs_real
def test_codes_with_a_measured_defect_break_the_rule_for_it() -> None:
    whole = [
        (cells, defects) for cells, defects in defect_rows() if len(cells) == 10 and "\ufffd" not in "".join(cells)
    ]
    problems = standards().broken("credit_code", [cells[1] for cells, _ in whole])
    rules = {"code_len": {"credit_code_length", "registration_number_only"}, "code_check": {"credit_code_check_digit"},
             "code_char": {"credit_code_character", "credit_code_check_digit"}}  # fmt: skip
    for (cells, defects), problem in zip(whole, problems, strict=True):
        for word in defects:
            lower = word == "code_char" and uscc.is_valid(cells[1].upper())  # repaired, and noted by stage
            assert problem in rules.get(word, {problem}) or lower, (cells[1], word)


@needs_real
def test_old_numbers_in_place_of_codes_are_numbers_of_their_kind() -> None:
    """Most are fifteen digits; those of 2007 and later have a check digit, which tells them from mistyped ones."""
    numbers = [
        cells[1] for cells, defects in defect_rows() if "code_len" in defects and re.fullmatch(r"\d{15}", cells[1])
    ]
    checked = Counter(problem for _, problem in standards().of("registration_number", numbers))
    assert len(numbers) > 500 and set(checked) <= {None, "registration_number_check"}
    assert checked[None] > 0.9 * len(numbers)


# --- addresses


@pytest.fixture(scope="module")
def places() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    for table in ("place", "division"):
        connection.execute(
            f"create table {table} as from read_csv('{DBT_PROJECT}/seeds/{table}.csv', all_varchar = true)"
        )
    return connection


def located(
    places: duckdb.DuckDBPyConnection, addresses: list[str | None], within: list[str] | None = None
) -> list[tuple]:
    given = pa.table({"n": range(len(addresses)), "address": pa.array(addresses, pa.string()),
                      "near": pa.array(within or [None] * len(addresses), pa.string())})  # fmt: skip
    places.register("given", given)
    query = standards().sql("address_parts", "given", ["n"], "address", within="near")
    return places.execute(f"select * exclude (n) from ({query}) order by n").fetchall()


ADDRESSES = [
    ("河南省新乡市红旗区西街街道曙光社区3号楼", ("410702", "410702001", "410702001016", "3号楼")),
    ("红旗区西街办事处曙光3号", ("410702", "410702001", "410702001016", "3号")),
    ("封丘县城关镇南街村12号", ("410727", "410727100", "410727100003", "12号")),
    ("新乡县七里营镇刘庄村", ("410721", "410721103", "410721103231", None)),
    ("新乡县七里营镇刘庄1号", ("410721", "410721103", "410721103231", "1号")),
    ("新乡县七里营镇刘庄路1号", ("410721", "410721103", None, "刘庄路1号")),
    ("辉县市孟庄镇", ("410782", "410782104", None, None)),
    ("长垣县魏庄街道", ("410728", "410783005", None, None)),  # as it was called, and where it is
    ("新乡市平原示范区桥北乡大张庄村", ("410773", "410773204", "410773204205", None)),
    ("新乡市平原路1号", ("410700", None, None, "平原路1号")),
    ("河南省郑州市", ("410000", None, None, "郑州市")),
    ("济宁市任城区", (None, None, None, "济宁市任城区")),
    ("", (None, None, None, None)),
    (None, (None, None, None, None)),
]


@pytest.mark.parametrize(("address", "parts"), ADDRESSES)
def test_parts_of_an_address(places: duckdb.DuckDBPyConnection, address: str | None, parts: tuple) -> None:
    assert located(places, [address]) == [parts]


def test_an_address_that_begins_with_the_town_needs_the_county(places: duckdb.DuckDBPyConnection) -> None:
    addresses = ["七里营镇刘庄村1号", "新乡市七里营镇刘庄村1号", "封丘县李庄镇"]
    assert located(places, addresses, ["410721", "410721103000", "410721"]) == [
        ("410721", "410721103", "410721103231", "1号"), ("410721", "410721103", "410721103231", "1号"),
        ("410727", "410727108", None, None),
    ]  # fmt: skip
    assert located(places, addresses)[0] == (None, None, None, "七里营镇刘庄村1号")


def test_addresses_of_a_city_are_found_and_none_is_found_wrong(places: duckdb.DuckDBPyConnection) -> None:
    geography, rng = Geography.load(), np.random.default_rng(7)
    villages = geography.draw(rng, 20_000)
    addresses = geography.addresses(rng, villages).to_pylist()
    codes = geography.village_code.take(pa.array(villages)).to_pylist()
    found = located(places, addresses)
    assert [(county, town) for county, town, *_ in found] == [(code[:6], code[:9]) for code in codes]
    named = [(village, code) for (_, _, village, _), code in zip(found, codes, strict=True) if village]
    assert all(village == code for village, code in named)
    assert len(named) > 0.95 * len(codes)  # 东街12号 may be the street


@needs_real
def test_addresses_of_real_registers(places: duckdb.DuckDBPyConnection, rows: list[dict[str, str]]) -> None:
    """The county is in six of ten; where the town is named with it, it lies in the county."""
    local = [row["注册地址"] for row in rows[:2179]]
    found = located(places, standards().macro("clean_text", local))
    assert sum(county is not None and county[4:] != "00" for county, *_ in found) > 1400
    towns = [(county, town) for county, town, *_ in found if town]
    assert len(towns) > 500 and all(town.startswith(county[:4]) for county, town in towns)
    assert sum(village is not None for *_, village, _ in found) > 250
