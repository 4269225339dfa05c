"""Splink at work: the weight of the evidence for each pair, by the declared weights and nothing else.

The pairs are ours (``candidates``), so that Splink neither blocks nor trains: it compares and adds up. What the
weights mean for a claim is decided in ``decide``.
"""

from __future__ import annotations

import duckdb
from splink import DuckDBAPI, Linker

from linking.settings import Comparison, Settings


def weigh(connection: duckdb.DuckDBPyConnection, settings: Settings, records: str, pairs: str, into: str) -> None:
    """The table ``into``: ``pairs`` (left, right) with weight and, for each comparison, the level that holds.

    A comparison's column is the position of the level in its list, -1 for silence. Splink gives the levels only
    together with all compared columns, which at city scale is too much; a level's weight says which one it was.

    Example: ``weigh(connection, settings, "linking_records", "linking_pairs", "linking_scores")``
    """
    connection.execute(f"""
        create or replace temp view linking_blocked as
        select one as join_key_l, other as join_key_r, '0' as match_key from {pairs}
    """)
    api = DuckDBAPI(connection)
    linker = Linker(
        api.register(records, dataset_display_name="records"),
        settings.for_splink(),
        log_level=None,
        validate_settings=False,
    )
    linker.table_management.register_blocked_pairs_for_predict(
        api.register("linking_blocked", dataset_display_name="blocked")
    )
    scored = linker.inference.predict(warning_mode="never")
    levels = ", ".join(_level(comparison) for comparison in settings.comparisons)
    connection.execute(f"""
        create or replace temp table {into} as
        select unique_id_l as one, unique_id_r as other, match_weight as weight, {levels}
        from {scored.physical_name}
    """)
    linker.table_management.delete_tables_created_by_splink_from_db()


def _level(comparison: Comparison) -> str:
    branches = " ".join(
        f"when abs(mw_{comparison.name} - ({level.weight!r})) < 1e-6 then {position}"
        for position, level in enumerate(comparison.levels)
    )
    return f"cast(case when mw_{comparison.name} = 0 then -1 {branches} end as tinyint) as {comparison.name}"
