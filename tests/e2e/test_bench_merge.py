"""The script against which ``benchmarks.merge`` times the dbt build gives the same base tables, or the ratio says nothing."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from installed import Node

from benchmarks.merge.city import installation_of
from benchmarks.merge.compare import KEYS, differing_rows
from benchmarks.merge.ways import day_of_build, run_script


@pytest.fixture(scope="module")
def written(finished: Node, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The script's database over the batches of the finished installation."""
    database = tmp_path_factory.mktemp("script") / "script.duckdb"
    with pytest.MonkeyPatch.context() as patch, duckdb.connect(str(database)) as connection:
        patch.setenv("GOVSHARE_DATA", str(finished.data))
        run_script(connection, finished.data / "landing", day_of_build(installation_of(finished.data)))
    return database


def test_the_hand_written_script_gives_the_base_tables_that_dbt_gives(finished: Node, written: Path) -> None:
    with duckdb.connect(str(written), read_only=True) as script:
        assert all(script.execute(f"select count(*) > 0 from {table}").fetchall() == [(True,)] for table in KEYS)
    assert differing_rows(finished.data / "warehouse" / "warehouse.duckdb", written) == dict.fromkeys(KEYS, 0)


def test_a_row_that_differs_in_a_value_its_origin_or_at_all_is_counted(finished: Node, written: Path) -> None:
    with duckdb.connect(str(written)) as script:
        script.execute("update population set phone = '0' where person_id = (select min(person_id) from population)")
        script.execute("""
            update legal_entity set _provenance = struct_update(_provenance, name := {'resource': 'x', 'batch': '000001', 'row': 1})
            where credit_code in (select credit_code from legal_entity order by credit_code limit 2)
        """)
        script.execute(
            "delete from certificate where certificate_id in (select certificate_id from certificate limit 3)"
        )
    assert differing_rows(finished.data / "warehouse" / "warehouse.duckdb", written) == {
        "population": 1, "legal_entity": 2, "certificate": 3,
    }  # fmt: skip
