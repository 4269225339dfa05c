"""Whatever lands beside the declared columns, the merge reads the declared ones, and the city builds."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from merge_case import ADDRESS, MergeCase

INSURANCE = "human_resources.social_insurance"


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> MergeCase:
    """Three batches of one resource: plain, with columns that nobody declared, and with other types of these."""
    case = MergeCase(tmp_path_factory.mktemp("city"))
    items = case.items[INSURANCE]
    row = dict.fromkeys(items, "x")
    case.land(INSURANCE, "000001", [{**row, items[0]: "1"}, {**row, items[0]: "2"}])
    for batch, kind in (("000002", pa.string()), ("000003", pa.struct([("k", pa.int64())]))):
        undeclared = [
            "_status",
            "_defects",
            "_build",
            "_record_key",
            "_content",
            "_scope",
            "_recorded_at",
            "额外",
            "Extra",
        ]
        columns = {name: pa.array([batch[-1]], pa.string()) for name in items}
        columns |= {name: pa.nulls(1, kind) for name in undeclared}
        columns |= {name: pa.nulls(1, kind) for name, kind in ADDRESS.items()}
        columns |= {"_batch": pa.array([batch]), "_row": pa.array([1]), "_op": pa.array(["upsert"])}
        part = case.installation.landing_of(INSURANCE) / batch / "part-00000.parquet"
        part.parent.mkdir(parents=True)
        pq.write_table(pa.table(columns), part)
        case.batches[INSURANCE].append(part)
    return case.build()


def test_undeclared_columns_stop_nothing_and_change_nothing(city: MergeCase) -> None:
    staged = city.rows(f"select _batch, _row from staging.stg_{INSURANCE.replace('.', '__')} order by all")
    assert staged == [("000001", 1), ("000001", 2), ("000002", 1), ("000003", 1)]


def test_the_landing_view_has_the_declared_columns_and_the_address(city: MergeCase) -> None:
    department, name = INSURANCE.split(".")
    columns = city.rows(
        f"select column_name from duckdb_columns() where table_name = '{name}' and schema_name like '%{department}%'"
    )
    assert {column for (column,) in columns} == {*city.items[INSURANCE], *ADDRESS}


def test_the_account_balances_over_all_of_them(city: MergeCase) -> None:
    [(landed, balanced)] = city.rows(f"select landed, balanced from governance.account where resource = '{INSURANCE}'")
    assert landed == 4 and balanced
