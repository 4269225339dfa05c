"""The real enterprise register through the whole pipeline, declared as a city of its own in
``tests/real_register``.

Skipped where ``../shared/real`` is not (``GOVSHARE_SHARED`` names another place). What must come out is
computed here from the files themselves, with Python's own readers and python-stdnum: nothing of govshare's
cleaning is used for it.
"""

from __future__ import annotations

import ast
import csv
import json
import os
import re
import subprocess
import sys
import unicodedata
from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from python_calamine import CalamineWorkbook
from stdnum.cn import uscc

from catalogue.check import check
from catalogue.installation import PROJECT_ROOT, Installation
from publishing.account import account
from publishing.query import query
from publishing.trace import trace

SHARED = Path(os.environ.get("GOVSHARE_SHARED") or PROJECT_ROOT.parent / "shared")
REAL = SHARED / "real"
CONTENT = PROJECT_ROOT / "tests" / "real_register"
OFFICE = "register_office"
DOUBTFUL = f"{OFFICE}.doubtful_register"

pytestmark = pytest.mark.skipif(not REAL.is_dir(), reason="the shared real data is not on this machine")


# --- what the files say, read without govshare


@dataclass
class Row:
    """One row of a register; ``cells`` as in the registers: name, code, date, type, person, capital, …"""

    resource: str
    line: int
    cells: list[str]
    width: int = 10

    @property
    def readable(self) -> bool:
        return len(self.cells) == self.width and "\ufffd" not in "".join(self.cells)

    @property
    def code(self) -> str:
        """The credit code after normalisation that anybody can follow: half-width, no white space,
        capitals."""
        return "".join(unicodedata.normalize("NFKC", self.cells[1]).split()).upper()

    @property
    def valid(self) -> bool:
        return self.readable and uscc.compact(self.code) == self.code and uscc.is_valid(self.code)


def rows_of_csv(resource: str, pattern: str) -> list[Row]:
    rows = []
    for file in sorted(REAL.glob(pattern)):
        with file.open(encoding="utf-8", newline="") as lines:
            reader = csv.reader(lines)
            next(reader)
            rows += [Row(resource, reader.line_num, cells) for cells in reader]
    return rows


@dataclass
class Register:
    rows: list[Row] = field(default_factory=list)

    @classmethod
    def read(cls) -> Register:
        rows = rows_of_csv(f"{OFFICE}.register_by_year", "registration/csv/*/*.csv")
        rows += rows_of_csv(DOUBTFUL, "defect_rows/rows.csv")
        for file in sorted(REAL.glob("registration/json/*/*.json")):
            listed = json.loads(file.read_text(encoding="utf-8"))["erDataList"]
            rows += [Row(f"{OFFICE}.register_of_province", n, list(row.values())) for n, row in enumerate(listed)]
        for file in sorted(REAL.glob("registration/xls/*/*.xls")):
            sheet = CalamineWorkbook.from_path(file).get_sheet_by_index(0).to_python()
            rows += [Row(f"{OFFICE}.register_workbook", n, row) for n, row in enumerate(sheet[1:])]
        for file in sorted(REAL.glob("new_registrations_2019/*.txt")):
            for n, line in enumerate(filter(str.strip, file.read_text(encoding="utf-8").splitlines())):
                said = ast.literal_eval(line)
                names = ("Name", "CreditCode", "StartDate", "", "OperName", "RegistCapi")
                cells = [said.get(name, "") for name in names]
                rows.append(Row(f"{OFFICE}.new_registration", n, cells, width=6))
        return cls(rows)

    def by_code(self) -> dict[str, list[Row]]:
        """Rows that are readable and have a valid code, by it."""
        found: dict[str, list[Row]] = defaultdict(list)
        for row in self.rows:
            if row.valid:
                found[row.code].append(row)
        return found


def says_nothing(text: str) -> bool:
    return unicodedata.normalize("NFKC", text).strip().upper() in (
        "",
        "N/A",
        "----",
        "--",
        "-",
        "NULL",
        "\\N",
    )


CURRENCIES = {"美元": "USD", "港": "HKD", "日元": "JPY", "欧元": "EUR"}
TENS_OF_THOUSANDS = re.compile(r"([\d,]+(?:\.\d+)?)\s*\(?(万?)")


def capital_of(text: str) -> tuple[Decimal, str]:
    """Amount in units of the currency, and the currency. All notations of these registers count 万 or say
    so."""
    found = TENS_OF_THOUSANDS.match(text)
    assert found, text
    currency = next((code for word, code in CURRENCIES.items() if word in text), "CNY")
    return Decimal(found[1].replace(",", "")) * 10_000, currency


# --- what govshare made of them


@pytest.fixture(scope="module")
def register() -> Register:
    return Register.read()


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """After ``govshare run``, as a city would call it."""
    folder = tmp_path_factory.mktemp("register")
    made = Installation(folder / "data", folder / "city", CONTENT)
    made.city.mkdir()
    made.settings_file.write_text(f'[connections.registers]\npath = "{REAL}"\n', encoding="utf-8")
    govshare = str(Path(sys.executable).with_name("govshare"))
    environment = {**os.environ, "GOVSHARE_DATA": str(made.data), "GOVSHARE_CATALOGUE": str(CONTENT)}
    done = subprocess.run(
        [govshare, "run", "--city", str(made.city)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return made


@pytest.fixture(scope="module")
def entities(installation: Installation) -> dict[str, dict[str, Any]]:
    """The published legal entities by credit code."""
    columns, rows = query(installation, "select * from legal_entity")
    listed = [dict(zip(columns, row, strict=True)) for row in rows]
    assert len({entity["credit_code"] for entity in listed}) == len(listed)
    return {entity["credit_code"]: entity for entity in listed}


@pytest.fixture(scope="module")
def outcomes(installation: Installation) -> dict[int, tuple[str, set[str]]]:
    """Line of the doubtful register → outcome, and every rule that set it aside, repaired or marked it."""
    landed = duckdb.read_parquet(str(installation.landing / OFFICE / "doubtful_register" / "*" / "*.parquet"))
    lines = {(batch, row): line for batch, row, line in landed.select("_batch, _row, _line").fetchall()}
    of = f"where resource = '{DOUBTFUL}'"
    _, rows = query(installation, f'select batch, "row", outcome from disposition {of}')
    found: dict[int, tuple[str, set[str]]] = {lines[b, r]: (outcome, set()) for b, r, outcome in rows}
    for table in ("set_aside", "defects"):
        for batch, row, rule in query(installation, f'select batch, "row", rule from {table} {of}')[1]:
            found[lines[batch, row]][1].add(rule)
    return found


@pytest.fixture(scope="module")
def index() -> dict[int, list[str]]:
    """Line of the doubtful register → the defects that were measured in it before there was a govshare."""
    with (REAL / "defect_rows" / "rows_index.tsv").open(encoding="utf-8") as file:
        listed = csv.DictReader(file, delimiter="\t")
        return {int(row["line"]): row["measured_defects"].split("|") for row in listed}


def test_the_overlay_is_in_order_by_the_catalogues_rules(installation: Installation) -> None:
    assert check(installation) == []


def test_the_account_balances_to_the_rows_in_the_files(installation: Installation, register: Register) -> None:
    document = account(installation)
    assert document["balanced"]
    counted: dict[str, int] = defaultdict(int)
    for row in register.rows:
        counted[row.resource] += 1
    landed = {r["resource"]: r["landed"] for r in document["resources"]}
    assert landed == {**counted, f"{OFFICE}.university": 9}
    assert sum(counted.values()) == 2179 + 1 + 2228 + 2056 + 161 + 1790


def test_there_is_one_entity_for_each_valid_code_and_no_more(
    entities: dict[str, dict[str, Any]], register: Register
) -> None:
    assert entities.keys() == register.by_code().keys()


def test_what_came_in_two_formats_is_one_entity_that_names_both(
    entities: dict[str, dict[str, Any]], register: Register
) -> None:
    several = 0
    for code, rows in register.by_code().items():
        resources = sorted({row.resource for row in rows})
        assert sorted(entities[code]["_sources"]) == resources
        several += len(resources) > 1
    assert several >= 165 + 146 + 84, "Xinxiang's rows of 1990, 1996 and 1997"


def test_capital_in_every_notation_is_a_number_with_a_currency_and_nothing_said_is_null(
    entities: dict[str, dict[str, Any]], register: Register
) -> None:
    notations = set()
    for code, rows in register.by_code().items():
        said = {row.cells[5] for row in rows if not says_nothing(row.cells[5])}
        found = (entities[code]["capital_amount"], entities[code]["capital_currency"])
        assert found in {capital_of(text) for text in said} if said else found == (None, None), (code, said)
        notations |= {re.sub(r"[\d,.]+", "#", text) for text in said}
    assert len(notations) >= 8, notations


def test_people_and_types_that_say_nothing_are_null_and_the_others_are_not(
    entities: dict[str, dict[str, Any]], register: Register
) -> None:
    nothing = 0
    for code, rows in register.by_code().items():
        people = {row.cells[4] for row in rows if not says_nothing(row.cells[4])}
        assert bool(people) == (entities[code]["representative_name"] is not None), people
        nothing += not people
        if all(says_nothing(row.cells[3]) for row in rows):
            assert entities[code]["entity_type"] is None
    assert nothing > 30


def test_dates_are_those_of_the_files(entities: dict[str, dict[str, Any]], register: Register) -> None:
    for code, rows in register.by_code().items():
        assert str(entities[code]["establishment_date"]) in {row.cells[2].strip() for row in rows}


# A word of the index → the rules of which one must stand at a row that has it.
ACCOUNTS_FOR = {
    # Most are registration numbers of before 2015; in a destroyed row the columns stand in another order.
    "code_len": {"credit_code_length", "registration_number_only", "text_undecodable"},
    "code_check": {"credit_code_check_digit"},
    "code_char": {"credit_code_character", "credit_code_case", "text_undecodable"},
    "width": {"row_width"},
    "fffd": {"text_undecodable"},
    "date_fmt": {"date_unreadable", "text_undecodable"},
    "ws": {"space_in_text"},
    "html": {"html_entity"},
    "rep_multi": {"several_people"},
    "rep_digits": {"digits_in_name"},
}
LATIN_NAME = re.compile(r"[A-Za-z＊ .]+")


def test_every_row_with_a_measured_defect_is_set_aside_or_repaired_for_that_reason(
    outcomes: dict[int, tuple[str, set[str]]], index: dict[int, list[str]], register: Register
) -> None:
    cells = {row.line: row.cells for row in register.rows if row.resource == DOUBTFUL}
    assert outcomes.keys() == index.keys() == cells.keys()
    unexplained = []
    for line, words in index.items():
        _, rules = outcomes[line]
        for word in words:
            accounts = set(ACCOUNTS_FOR.get(word, ()))
            if "html" in words and word.startswith("rep_"):
                accounts = {"html_entity"}  # its digits and its semicolon are the entity's
            if word == "rep_multi" and LATIN_NAME.fullmatch(cells[line][4]):
                continue  # a foreigner's name in several words is one person
            if word != "dup_code" and not accounts & rules:
                unexplained.append((line, word, sorted(rules)))
    assert unexplained == []


def test_no_row_with_a_wrong_code_or_destroyed_text_was_merged(
    outcomes: dict[int, tuple[str, set[str]]], index: dict[int, list[str]]
) -> None:
    out = {"code_len", "code_check", "code_char", "width", "fffd", "date_fmt"}
    assert {outcomes[line][0] for line, words in index.items() if out & set(words)} == {"set_aside"}
    kept = {"ws", "html", "rep_digits"}
    assert {outcomes[line][0] for line, words in index.items() if kept >= set(words)} == {"merged"}


def test_of_the_rows_with_a_repeated_code_one_is_merged(
    outcomes: dict[int, tuple[str, set[str]]], index: dict[int, list[str]], register: Register
) -> None:
    repeated: dict[str, list[Row]] = defaultdict(list)
    for row in register.rows:
        if row.resource == DOUBTFUL and "dup_code" in index[row.line]:
            repeated[row.code].append(row)
    assert sum(map(len, repeated.values())) == 128
    for code, rows in repeated.items():
        same = len({tuple(row.cells) for row in rows}) == 1
        found = sorted(outcomes[row.line][0] for row in rows)
        assert found == (["duplicate", "merged"] if same else ["merged", "superseded"]), code
        marked = {rule for row in rows for rule in outcomes[row.line][1]}
        assert ("repeated_key" in marked) == (not same), code


def test_the_row_of_another_width_is_set_aside_with_its_address(installation: Installation) -> None:
    asked = f"select scope, rule from set_aside where resource = '{OFFICE}.register_by_year'"
    assert query(installation, asked)[1] == [("row", "row_width")]


def test_universities_without_a_code_wait_and_are_tied_to_no_enterprise_of_a_similar_name(
    installation: Installation, entities: dict[str, dict[str, Any]]
) -> None:
    resource = f"{OFFICE}.university"
    _, rows = query(installation, f"select outcome, reasons from disposition where resource = '{resource}'")
    assert [outcome for outcome, _ in rows] == ["set_aside"] * 9
    assert all("not_linked" in reasons for _, reasons in rows)
    assert not [code for code, entity in entities.items() if resource in entity["_sources"]]


def test_a_value_leads_back_to_the_line_of_the_file(
    installation: Installation, entities: dict[str, dict[str, Any]], register: Register
) -> None:
    code, [row] = next((c, rows) for c, rows in register.by_code().items() if len(rows) == 1)
    [name] = trace(installation, "legal_entity", code, "name")["attributes"]
    assert (name["department"], name["resource"]) == (OFFICE, row.resource)
    assert name["file"].startswith("registration/csv/") and name["line"] == row.line
    assert entities[code]["name"] == name["value"]


def test_tables_that_no_resource_speaks_of_are_published_empty(installation: Installation) -> None:
    _, rows = query(installation, "select table_name, rows, gate from releases order by 1")
    published = {table: (count, gate) for table, count, gate in rows}
    assert published["population"] == (0, "passed with warnings")
    assert {"account", "certificate", "conflicts", "defects", "disposition", "legal_entity"} <= set(published)
