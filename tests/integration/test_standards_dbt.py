"""dbt compiles the standards to the very SQL that the unit tests of the standards run without it."""

from __future__ import annotations

import json

import pytest
from dbt_common.clients.jinja import get_template
from support import parsed
from unit.test_standards_harness import STANDARDS, standards

from catalogue.dbt import run_dbt
from catalogue.installation import DBT_PROJECT, Installation
from catalogue.redaction import without_numbers

MARK = "/* next */"
PROBES = {
    "text": "clean_text('t')",
    "identifier": "certificate_identifier('t', 't', 't')",
    "card": "id_card_validity('t', 't', 't', 't')",
    "capital": "capital_currency('t', kind='t')",
    **{standard: f"standard_of('t', '{standard}', none)" for standard in STANDARDS},
    **{table: f"standard_of('t', none, '{table}')" for table in ("sex", "education_1984", "entity_type")},
}


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("dbt")
    inline = MARK.join(f"{{{{ {probe} }}}}" for probe in PROBES.values())
    installation = parsed.take_over(Installation(folder, folder / "city", DBT_PROJECT / "cities" / "xinxiang"))
    inputs = installation.warehouse.with_name("inputs.json")
    inputs.parent.mkdir(parents=True, exist_ok=True)
    inputs.write_text(json.dumps({"day": standards().macros["graph"]["inputs"]["day"]}), encoding="utf-8")
    said = run_dbt(installation, "--quiet", "compile", "--inline", inline).stdout
    return dict(zip(PROBES, said.split(MARK), strict=True))


@pytest.mark.parametrize("probe", PROBES)
def test_dbt_compiles_the_same_sql(compiled: dict[str, str], probe: str) -> None:
    ours = get_template(f"{{{{ {PROBES[probe]} }}}}", {}).render(standards().macros)
    # what dbt says in words has no long numbers
    assert compiled[probe].split() == without_numbers(ours).split()
