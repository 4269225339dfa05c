"""The factory: which checks a contract leads to, without running one of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from catalogue.model import BaseTable, Catalogue, Claim, CodeTable, Column, Resource
from expectations.plan import LastRelease, plan
from expectations.standards import BLOCK, WARN
from expectations.verdict import Check, ExpectationError, Verdict


def table(*columns: Column, layer: str = "base", key: tuple[str, ...] = ("id",)) -> BaseTable:
    return BaseTable(name="person", layer=layer, primary_key=key, columns=(Column(name="id"), *columns))


def planned(
    *columns: Column, last: LastRelease | None = None, catalogue: Catalogue | None = None, layer: str = "base"
) -> dict[str, str]:
    """Name → severity of the planned checks."""
    checks = plan(table(*columns, layer=layer), catalogue or Catalogue(), last)
    assert all(check.description for check in checks)
    return {check.name: check.severity for check in checks}


def test_every_table_is_asked_for_its_shape_and_its_key() -> None:
    assert planned(layer="governance") == {
        "columns": BLOCK, "types": BLOCK, "primary_key": BLOCK, "id__not_null": BLOCK,
    }  # fmt: skip


def test_a_first_release_must_not_be_empty_if_any_resource_speaks_of_the_table() -> None:
    claim = Claim(table="person", role="person")
    resource = Resource(department="police", name="card", claims=(claim,))
    assert planned(catalogue=Catalogue(resources={resource.id: resource}))["volume"] == BLOCK
    assert planned()["volume"] == WARN, "a node may have a register of firms alone"


def test_a_base_table_is_compared_with_its_last_release() -> None:
    compared = planned(Column(name="_updated_at", type="timestamp"), last=LastRelease(1000, "2026-01-01"))
    assert compared["volume"] == BLOCK and compared["volume_change"] == WARN
    assert compared["_updated_at__freshness"] == WARN
    limits = {
        check.name: (check.arguments["low"], check.arguments["high"])
        for check in plan(table(), Catalogue(), LastRelease(1001))
        if check.kind == "rows"
    }
    assert limits == {"volume": (500, None), "volume_change": (800, 1202)}


def test_completeness_blocks_only_where_all_must_be_filled() -> None:
    checks = planned(Column(name="a", completeness=1.0), Column(name="b", completeness=0.98))
    assert (checks["a__completeness"], checks["b__completeness"]) == (BLOCK, WARN)


def test_a_text_without_a_standard_is_looked_at_for_dirt_but_nested_and_coded_columns_are_not() -> None:
    checks = planned(
        Column(name="address", type="varchar"),
        Column(name="_sources", type="varchar[]"),
        Column(name="amount", type="decimal(22,2)"),
    )
    assert checks["address__text"] == WARN and checks["address__placeholder"] == WARN
    assert not [name for name in checks if name.startswith(("_sources", "amount"))]
    assert not [name for name in planned(Column(name="x", type="varchar"), layer="governance") if "x__" in name]


def test_dates_are_compared_across_columns_by_the_standards_names() -> None:
    dates = [Column(name=n, standard="date") for n in ("birth_date", "death_date", "valid_from", "valid_to")]
    checks = planned(*dates)
    assert checks["validity"] == WARN and checks["death_date__not_before_birth"] == WARN
    assert "birth_date__not_before_birth" not in checks


@pytest.mark.parametrize(
    ("column", "message"),
    [
        (Column(name="name", standard="id_nummer"), "no standard “id_nummer”"),
        (Column(name="name", codes="sexes"), "no code table “sexes”"),
    ],
)
def test_a_contract_that_the_gate_does_not_understand_names_the_column(column: Column, message: str) -> None:
    with pytest.raises(ExpectationError, match=message) as error:
        plan(table(column), Catalogue())
    assert error.value.where == "person.name" and error.value.remedy


def test_the_codes_are_those_of_the_seed_and_an_empty_seed_is_no_open_door(tmp_path: Path) -> None:
    seed = tmp_path / "sex.csv"
    catalogue = Catalogue(code_tables={"sex": CodeTable(name="sex", file=seed)})
    column = Column(name="sex", codes="sex")
    seed.write_text("\ufeffcode,name\n1,男\n2,女\n", encoding="utf-8")
    check = next(c for c in plan(table(column), catalogue) if c.rule == "codes")
    assert "not in ('1', '2')" in check.arguments["condition"] and check.severity == BLOCK
    seed.write_text("code,name\n", encoding="utf-8")
    with pytest.raises(ExpectationError, match="is empty"):
        plan(table(column), catalogue)


def test_the_verdict_is_one_word() -> None:
    def verdict(**failed: str) -> Verdict:
        checks = [Check(name, None, name, severity, False, "1", 1, 1, name) for name, severity in failed.items()]
        return Verdict("person", BLOCK not in failed.values(), checks, 1, 0.1)

    assert verdict().word == "passed"
    assert verdict(a=WARN).word == "passed with warnings"
    assert verdict(a=WARN, b=BLOCK).word == "failed"
    assert [check.name for check in verdict(a=WARN, b=BLOCK).blocked_by] == ["b"]
