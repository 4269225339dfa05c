"""``govshare check`` where the catalogue cannot even be read: files, YAML, dbt's refusal, macros; and the
pilot's."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from catalogue.check import check
from catalogue.installation import DBT_PROJECT, Installation
from catalogue.load import load
from catalogue.problems import CatalogueError, Problem

SOURCE = """\
version: 2
sources:
  - name: office
    schema: landing_office
    tables:
      - name: licence
        description: 许可证
        config:
          meta:
            title: 许可证信息
            code: 307016070399/000001
            category: {class: 部门, item: "省(区、市)及以下"}
            summary: 编号
            format: {category: 电子表格, type: csv}
            sharing: {type: 无条件共享, mode: 共享平台方式, method: 文件}
            open: {open: true}
            update_cycle: 每月
            published_on: 2026-11-01
            register: food_licence
            claims: [{table: legal_entity, role: entity}]
            connector: {kind: delimited, connection: files, path: "*.csv", key: [编号]}
        columns:
          - {name: 编号, description: 编号, config: {meta: {type: C}}}
"""
GROUPS = """\
version: 2
groups:
  - name: office
    owner: {name: 某某局, email: office@city.example}
    config: {meta: {title: 某某局, code: "11410700009000074A"}}
"""
STAGING = "with {{ stage('office', 'licence') }}\n\nselect {{ row_columns() }}\nfrom landed\n"


class Content:
    """A small good content folder in which something can be broken."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "content"
        self.installation = Installation(folder / "data", folder / "city", self.folder)
        self.write("sources/office.yml", SOURCE)
        self.write("departments.yml", GROUPS)
        self.write("staging/stg_office__licence.sql", STAGING)

    def write(self, name: str, text: str, encoding: str = "utf-8") -> Path:
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding=encoding)
        return file

    def check(self) -> list[Problem]:
        return check(self.installation)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("catalogue")


@pytest.fixture
def content(folder: Path) -> Content:
    """Fresh for each test, in one place: dbt then parses only what has changed."""
    shutil.rmtree(folder / "content", ignore_errors=True)
    return Content(folder)


def test_the_pilots_catalogue_has_no_finding_of_any_kind(tmp_path: Path) -> None:
    installation = Installation(tmp_path / "data", tmp_path / "city", DBT_PROJECT / "cities" / "xinxiang")
    assert check(installation) == []
    catalogue = load(installation)
    assert len(catalogue.resources) >= 15 and catalogue.agreements and catalogue.code_tables
    assert set(catalogue.base_tables) == {"population", "legal_entity", "certificate"}
    assert {r.department for r in catalogue.resources.values()} <= set(catalogue.departments)


def test_a_small_good_folder_has_no_finding(content: Content) -> None:
    assert content.check() == []


def test_files_that_are_no_yaml_are_told_with_their_lines_before_all_else(content: Content) -> None:
    tabs = content.write("sources/b.yml", "version: 2\nsources:\n\t- name: x\n")
    quote = content.write("sources/c.yml", 'version: 2\nsources:\n  - {name: "x}\n')
    local = content.write("sources/d.yml", "# 登记\nversion: 2\n", encoding="gb18030")
    content.write("staging/stg_office__licence.sql", "select {{ nonsense( }}")
    problems = {problem.file: problem for problem in content.check()}
    assert set(problems) == {tabs, quote, local}
    assert problems[tabs].line == 3 and problems[quote].line in (3, 4)
    assert "not UTF-8" in problems[local].message and problems[local].remedy == "save it as UTF-8"
    assert {problem.rule for problem in problems.values()} == {"yaml"}


def test_a_missing_content_folder_is_told_with_the_variable_that_names_it(tmp_path: Path) -> None:
    [problem] = check(Installation(tmp_path, tmp_path, tmp_path / "nowhere"))
    assert (problem.rule, problem.file) == ("content", tmp_path / "nowhere")
    assert "GOVSHARE_CATALOGUE" in problem.remedy


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        ("staging/stg_office__licence.sql", "select {{ source('offic', 'licence') }}", "offic.licence"),
        ("sources/office.yml", SOURCE.replace("columns:\n", "columns: 3\n        x:\n"), "array"),
    ],
)
def test_what_dbt_refuses_is_one_finding_with_dbts_words_and_the_file(
    content: Content, file: str, text: str, said: str
) -> None:
    broken = content.write(file, text)
    [problem] = content.check()
    assert (problem.rule, problem.file, problem.severity) == ("dbt", broken.resolve(), "error")
    assert said in problem.message and len(problem.message) < 700


def test_a_slip_in_a_jinja_expression_is_told_with_its_line(content: Content) -> None:
    file = content.write("staging/stg_office__licence.sql", "\nselect {{ source('office', 'licence' }}")
    [problem] = content.check()
    assert (problem.rule, problem.file) == ("dbt", file.resolve())
    assert "expected ')'" in problem.message and problem.line is not None


def test_warnings_do_not_keep_the_catalogue_from_being_used(content: Content) -> None:
    content.write("sources/office.yml", SOURCE.replace("summary: 编号", "summary: 编号\n            abstract: 无"))
    assert [problem.severity for problem in content.check()] == ["warn"]
    assert list(load(content.installation).resources) == ["office.licence"]


@pytest.fixture(scope="module")
def wrong(folder: Path) -> Content:
    """A folder that dbt can parse, with two wrong entries and a misspelt macro."""
    shutil.rmtree(folder / "content", ignore_errors=True)
    content = Content(folder)
    text = SOURCE.replace("update_cycle: 每月", "update_cycle: 有时").replace("summary: 编号", 'summary: ""')
    content.write("sources/office.yml", text)
    content.write("staging/stg_office__licence.sql", STAGING.replace("row_columns", "row_colums"))
    return content


def test_a_macro_that_is_not_there_is_told_with_file_line_and_the_nearest_name(wrong: Content) -> None:
    [problem] = [p for p in wrong.check() if p.rule == "macro"]
    assert problem.file == wrong.folder / "staging/stg_office__licence.sql" and problem.line == 3
    assert "did you mean row_columns?" in problem.message


def test_whoever_loads_a_wrong_catalogue_gets_all_that_is_wrong(wrong: Content) -> None:
    with pytest.raises(CatalogueError) as error:
        load(wrong.installation)
    assert {problem.rule for problem in error.value.problems} == {"mandatory", "update_cycle"}
    assert "first of 2 problems" in str(error.value) and "govshare check" in str(error.value)
    assert "sources/office.yml:" in str(error.value)


def test_a_finding_is_plain_data_for_programs(wrong: Content) -> None:
    [problem] = [p for p in wrong.check() if p.rule == "update_cycle"]
    assert json.loads(json.dumps(problem.as_dict(), ensure_ascii=False)) == {
        "severity": "error", "file": str(wrong.folder / "sources/office.yml"), "line": 17,
        "entry": "office.licence", "rule": "update_cycle", "message": "update_cycle is 有时",
        "remedy": problem.remedy,
    }  # fmt: skip
    assert problem.place.endswith("sources/office.yml:17")
