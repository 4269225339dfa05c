"""Every file of the shared real data: each physical line is a landed row or the header."""

from __future__ import annotations

import csv
import os
from pathlib import Path
from typing import Any

import pytest
from support.collecting import Office, Resource, Spec

from connectors.landing import committed

SHARED = Path(os.environ.get("GOVSHARE_SHARED") or Path(__file__).parents[2].parent / "shared")
REAL = SHARED / "real"
pytestmark = pytest.mark.skipif(not REAL.is_dir(), reason="the shared real data is not here")

TEXT_FILES = (
    "registration/csv/*/*.csv",
    "defect_rows/rows.csv",
    "defect_rows/*.tsv",
    "divisions/*.csv",
    "divisions/*.tsv",
)


class Register(Office):
    def __init__(self, folder: Path) -> None:
        super().__init__(folder, f'path = "{REAL}"')

    def take(self, kind: str, path: str, **options: Any) -> Resource:
        name = f"{kind}_{len(list(self.installation.landing.glob('office/*')))}"
        resource = Resource(f"office.{name}", Spec(kind, "office", options={"path": path, **options}))
        self.collect(resource)
        return resource

    def files(self, resource: Resource) -> list[str]:
        return [manifest.files[0].name for manifest in committed(self.installation, resource.id)]


@pytest.fixture
def register(tmp_path: Path) -> Register:
    return Register(tmp_path)


@pytest.mark.parametrize("path", TEXT_FILES)
def test_every_physical_line_is_accounted_for(register: Register, path: str) -> None:
    resource = register.take("delimited", path)
    files = register.files(resource)
    assert sorted(files) == sorted(str(file.relative_to(REAL)) for file in REAL.glob(path))
    for name in files:
        lines = (REAL / name).read_text(encoding="utf-8-sig").split("\n")
        written = {number for number, line in enumerate(lines, 1) if line}
        landed = [line for (line,) in register.landed(resource, "_line", f"_file = '{name}'")]
        assert written == {1, *landed}  # no line ends inside a cell in any of them
        assert len(landed) == len(written) - 1


def test_the_defect_rows_carry_the_reason_that_the_index_names(register: Register) -> None:
    resource = register.take("delimited", "defect_rows/rows.csv", encoding="utf-8")
    with (REAL / "defect_rows" / "rows_index.tsv").open(encoding="utf-8") as file:
        named = {int(row["line"]): row["measured_defects"].split("|") for row in csv.DictReader(file, delimiter="\t")}
    landed = {row[0]: row[1:] for row in register.landed(resource, "_line, _problem, _raw")}
    assert landed.keys() == named.keys()
    assert {line for line, (problem, _) in landed.items() if problem == "row_width"} == {
        line for line, defects in named.items() if "width" in defects
    }
    assert {problem for problem, _ in landed.values()} == {None, "row_width"}  # U+FFFD of the file is text
    text = (REAL / "defect_rows" / "rows.csv").read_text(encoding="utf-8").split("\n")
    assert all(raw == text[line - 1] for line, (problem, raw) in landed.items() if problem)


def test_cells_are_those_of_the_csv_module(register: Register) -> None:
    resource = register.take("delimited", "registration/csv/*/新乡.csv")
    expected = []
    for name in register.files(resource):
        with (REAL / name).open(encoding="utf-8", newline="") as file:
            expected += [tuple(row) for row in list(csv.reader(file))[1:]]
    landed = register.landed(resource, "* exclude (_batch, _row, _op, _file, _line, _problem, _raw)")
    assert landed == expected
    assert len(expected) == 2179


def test_the_row_of_another_width(register: Register) -> None:
    resource = register.take("delimited", "registration/csv/2001/河南_列数不符行.csv")
    ((problem, line, raw),) = register.landed(resource, "_problem, _line, _raw")
    assert (problem, line, len(next(csv.reader([raw])))) == ("row_width", 2, 13)


def test_json_workbooks_and_dictionary_lines(register: Register) -> None:
    document = register.take("json", "registration/json/*/*.json", records="erDataList")
    assert len(register.landed(document)) == 2228
    workbooks = register.take("excel", "registration/xls/*/*.xls")
    assert [m.rows for m in committed(register.installation, workbooks.id)] == [775, 1281]
    assert [line for (line,) in register.landed(workbooks, "_line")] == [*range(2, 777), *range(2, 1283)]
    literals = register.take("python_literal", "new_registrations_2019/*.txt")
    lines = [
        line for file in sorted(REAL.glob("new_registrations_2019/*.txt")) for line in file.read_text().splitlines()
    ]
    assert len(register.landed(literals)) == len([line for line in lines if line.strip()]) == 161
    assert register.landed(literals, "_line", "_problem is not null") == []
    universities = register.take("json_lines", "universities/*.jsonl")
    assert len(register.landed(universities)) == 9


def test_a_second_collection_lands_nothing(register: Register) -> None:
    resource = register.take("delimited", "registration/csv/*/*.csv")
    assert register.collect(resource).unchanged


def test_rows_of_two_formats_are_the_same_text(register: Register) -> None:
    """Xinxiang's rows of 1997 came as CSV and within the province's JSON."""
    document = register.take("json", "registration/json/1997/*.json", records="erDataList")
    lines = register.take("delimited", "registration/csv/1997/新乡.csv")
    by_code = {row[0]: row for row in register.landed(document, "code, name, registrationDay, capital, address")}
    rows = register.landed(lines, "统一社会信用代码, 企业名称, 注册日期, 注册资金, 注册地址")
    assert len(rows) == 165
    assert all(by_code[row[0]] == row for row in rows)
