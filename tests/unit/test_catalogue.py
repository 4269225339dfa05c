"""The catalogue's small parts: places, lines, codes, errors, whole files, and what is read before dbt
parses."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from stdnum.cn import uscc

from catalogue.codes import credit_code_problem
from catalogue.connector_options import OPTIONS, known_options
from catalogue.dbt import code_tables, dbt_command, project_fingerprint, staged_models
from catalogue.errors import GovshareError
from catalogue.files import write_whole
from catalogue.installation import DBT_PROJECT, PROJECT_ROOT, Installation
from catalogue.model import BaseTable, Catalogue, Claim, Column, Connector, Resource
from catalogue.problems import Problem, line_of
from catalogue.vocabulary import ITEM_STANDARDS

CONTENT = DBT_PROJECT / "cities" / "xinxiang"


def write(file: Path, text: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file


# --- where things lie


def test_an_installation_lies_where_the_environment_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, folder in (("DATA", "d"), ("CITY", "c"), ("CATALOGUE", "k")):
        monkeypatch.setenv(f"GOVSHARE_{name}", str(tmp_path / folder))
    found = Installation.from_env()
    assert found == Installation(tmp_path / "d", tmp_path / "c", tmp_path / "k")
    assert Installation.from_env(tmp_path / "other").city == tmp_path / "other"
    assert found.landing_of("police.card") == tmp_path / "d/landing/police/card"
    assert found.settings_file == tmp_path / "c/connections.toml"


def test_without_an_environment_it_is_the_projects_own(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DATA", "CITY", "CATALOGUE"):
        monkeypatch.delenv(f"GOVSHARE_{name}", raising=False)
    assert Installation.from_env() == Installation(PROJECT_ROOT / "data", PROJECT_ROOT / "data/city", CONTENT)


def test_dbt_works_on_the_same_installation(tmp_path: Path) -> None:
    installation = Installation(tmp_path / "d", tmp_path / "c", tmp_path / "k")
    environment = installation.environment()
    assert (DBT_PROJECT / environment["GOVSHARE_CATALOGUE"]).resolve() == (tmp_path / "k").resolve()
    assert environment["GOVSHARE_DATA"] == str(tmp_path / "d")
    assert environment["DBT_SEND_ANONYMOUS_USAGE_STATS"] == "false"
    command = dbt_command(Installation(tmp_path / "d", tmp_path / "c", CONTENT), "build")
    assert "build" in command and '"staged"' in command[-1]


# --- lines and places

YAML = """\
sources:
  - name: office
    tables:
      - name: licence
        config:
          meta: {title: 许可, code: 1}
        columns:
          - {name: 编号, config: {meta: {type: C}}}
      - name: other
        config: {meta: {title: 其他}}
"""


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (["sources", "office"], 2),
        (["sources", "office", "tables", "licence", "config", "meta", "code"], 6),
        (["sources", "office", "tables", "licence", "columns", "编号"], 8),
        (["sources", "office", "tables", "other", "config", "meta", "title"], 10),
        (["sources", "office", "tables", "other", "config", "meta", "summary"], 10),
        (["models"], None),
    ],
)
def test_the_line_of_an_entry_is_found_and_for_a_missing_one_that_of_its_parent(
    tmp_path: Path, path: list[str], line: int | None
) -> None:
    assert line_of(write(tmp_path / "a.yml", YAML), path) == line


def test_there_is_no_line_in_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    assert line_of(tmp_path / "none.yml", ["sources"]) is None
    assert line_of(write(tmp_path / "a.yml", "a: [b"), ["a"]) is None


def test_a_place_is_told_as_seen_from_where_the_reader_stands(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert Problem(tmp_path / "a/b.yml", "x", "r", "m", "r", line=3).place == "a/b.yml:3"
    assert Problem(PROJECT_ROOT / "docs/x.md", "x", "r", "m", "r").place == "docs/x.md"
    problem = Problem(Path("/elsewhere/x.yml"), "office.licence", "key", "no key", "add one", line=3)
    assert str(problem) == "error: /elsewhere/x.yml:3: office.licence [key]\n  no key\n  → add one"


def test_an_error_says_where_what_and_the_remedy() -> None:
    error = GovshareError("there is no such file.", where="office.licence", remedy="look for it")
    assert str(error) == "office.licence: there is no such file. Remedy: look for it."


# --- codes


@settings(max_examples=300, deadline=None)
@given(st.text(uscc._alphabet, min_size=9, max_size=9), st.text(uscc._alphabet, min_size=1, max_size=1))
def test_credit_codes_are_right_where_stdnum_says_so(rest: str, check: str) -> None:
    code = f"11410700{rest}{check}"
    assert (credit_code_problem(code) == "") == uscc.is_valid(code)


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("", "0 characters"),
        ("1141070000900007", "16 characters"),
        ("11410700OO9000074A", "O, which"),
        ("11410700009000074a", "a, which"),
        ("11410700009000075A", "check character should be"),
    ],
)
def test_a_wrong_credit_code_is_told_why(code: str, why: str) -> None:
    assert why in credit_code_problem(code)


# --- whole files


def test_a_file_is_there_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "deep" / "a.json"
    write_whole(file, "一")
    monkeypatch.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        write_whole(file, "二")
    assert file.read_text(encoding="utf-8") == "一" and list(file.parent.iterdir()) == [file]


# --- the typed objects


def test_a_claims_columns_begin_with_its_role_unless_it_says_otherwise() -> None:
    assert Claim(table="population", role="holder").prefix == "holder_"
    assert Claim(table="population", role="holder", prefix="").prefix == ""


def test_what_a_connector_needs_beyond_the_common_entries_is_in_its_options() -> None:
    connector = Connector.model_validate({"kind": "delimited", "key": "编号", "path": "*.csv", "encoding": "gb18030"})
    assert connector.key == ("编号",) and connector.options == {"path": "*.csv", "encoding": "gb18030"}


def test_a_resource_is_its_register_unless_it_names_one_and_nothing_can_be_changed() -> None:
    resource = Resource(department="office", name="licence")
    assert (resource.id, resource.register, resource.staging_model) == (
        "office.licence", "licence", "stg_office__licence",
    )  # fmt: skip
    assert Resource.model_validate({**resource.model_dump(), "register": "food"}).register == "food"
    with pytest.raises(ValidationError):
        resource.title = "x"  # type: ignore[misc]


def test_a_table_knows_its_registers_and_a_catalogue_who_speaks_of_it() -> None:
    table = BaseTable(name="person", layer="base", columns=(
        Column(name="id", constraints=("primary_key",)),
        Column(name="name", authority="card", sensitivity="personal"),
    ))  # fmt: skip
    resource = Resource(department="police", name="card", claims=(Claim(table="person", role="person"),))
    catalogue = Catalogue(resources={resource.id: resource}, published_tables={"person": table})
    assert table.registers == {"card"} and table.column("id").not_null and table.column("name").personal
    assert catalogue.staged("person") == ("stg_police__card",) and catalogue.staged("firm") == ()
    assert catalogue.base_tables == {"person": table}
    assert catalogue.resources_of("police") == (resource,)


def test_the_standards_of_items_are_those_that_the_macros_clean_by() -> None:
    macro = (DBT_PROJECT / "macros" / "standards" / "defect.sql").read_text(encoding="utf-8")
    body = macro.partition("macro standard_of(")[2].partition("endmacro")[0]
    named = {name for name in ITEM_STANDARDS if f"'{name}'" in body}
    quoted = {word for word in body.replace("(", " ").replace(",", " ").split() if word.startswith("'")}
    assert named | {"currency"} == set(ITEM_STANDARDS), "currency has its own macro"
    assert {"'id_number'", "'credit_code'"} <= quoted


# --- before dbt parses


def test_staging_models_are_listed_under_the_tables_that_their_resources_claim(tmp_path: Path) -> None:
    write(
        tmp_path / "sources/a.yml",
        """\
sources:
  - name: office
    tables:
      - {name: b, config: {meta: {claims: [{table: person, role: x}, {table: firm, role: y}]}}}
      - {name: a, meta: {claims: [{table: person, role: x}]}}
      - {name: unwritten, config: {meta: {claims: [{table: person, role: x}]}}}
      - {name: malformed, config: {meta: {claims: person}}}
      - {name: none}
""",
    )
    write(tmp_path / "sources/broken.yml", "sources: [")
    write(tmp_path / ".hidden/c.yml", (tmp_path / "sources/a.yml").read_text(encoding="utf-8"))
    for name in ("a", "b", "malformed", "none"):
        write(tmp_path / f"staging/deep/stg_office__{name}.sql", "select 1")
    assert staged_models(tmp_path) == {
        "firm": ["stg_office__b"], "person": ["stg_office__a", "stg_office__b"],
    }  # fmt: skip


def test_code_tables_bring_words_and_names_of_the_seeds() -> None:
    tables = code_tables()
    assert tables["sex"]["words"]["男"] == "1" and tables["sex"]["words"]["1"] == "1"
    assert tables["sex"]["names"]["2"] in ("女", "女性")
    seeds = {path.stem for path in (DBT_PROJECT / "seeds").glob("*.csv")}
    assert set(tables) <= seeds


def test_the_fingerprint_changes_with_every_file_of_the_content_and_with_nothing_else(tmp_path: Path) -> None:
    installation = Installation(tmp_path / "d", tmp_path / "c", tmp_path / "k")
    source = write(tmp_path / "k/sources/a.yml", "sources: []")
    first = project_fingerprint(installation)
    write(tmp_path / "k/.editor/a.yml", "x")
    write(tmp_path / "k/sources/.a.yml.swp.yml", "x")
    write(tmp_path / "k/staging/.ipynb_checkpoints/stg_a__b.sql", "x")
    write(tmp_path / "k/notes.txt", "x")
    os.utime(source)
    assert project_fingerprint(installation) == first
    seen = {first}
    for change in (
        lambda: write(source, "sources: [] # 注"),
        lambda: write(tmp_path / "k/staging/stg_a__b.sql", "select 1"),
        lambda: write(tmp_path / "k/staging/int_a.py", "def model(dbt, session): ..."),
        lambda: write(tmp_path / "k/staging/int_a.py", "def model(dbt, session): return None"),
        lambda: source.rename(source.with_name("b.yml")),
    ):
        change()
        seen.add(project_fingerprint(installation))
    assert len(seen) == 6
    assert project_fingerprint(Installation(tmp_path / "x", tmp_path / "y", tmp_path / "k")) in seen


def test_every_option_that_a_connector_reads_is_known_to_the_check() -> None:
    reads = re.compile(r'(?:option\(|limit\(|options(?:"\])?\.get\(|options\[)"([a-z_]+)"')
    settings = (PROJECT_ROOT / "connectors/databases/settings.py").read_text(encoding="utf-8")
    read = set(re.findall(r'settings\.get\("([a-z_]+)"', settings))
    for room in ("connectors", "orchestration"):
        for file in (PROJECT_ROOT / room).rglob("*.py"):
            read |= set(reads.findall(file.read_text(encoding="utf-8")))
    known = {name for kind in OPTIONS for name in known_options(kind)}
    assert {"table", "header_row", "paging", "memory_mb", "delivered"} <= read
    assert known == read


def test_more_registers_than_are_listed_cannot_agree() -> None:
    assert Column(name="phone", authority=("card", "household"), agreement=2).agreement == 2
    with pytest.raises(ValidationError, match="agreement: 3 registers cannot agree, authority lists 2"):
        Column(name="phone", authority=("card", "household"), agreement=3)
    with pytest.raises(ValidationError, match="agreement"):  # one alone does not agree with anybody
        Column(name="phone", authority=("card", "household"), agreement=1)
