"""What everything is called in Dagster, decided once: asset keys, groups, pools.

A group begins with the station of a row's way: 1 collected, 2 cleaned by the standards, both by department;
3 merged, 4 base tables, 5 governance, 6 candidates and the gate, 7 releases. So every list reads in that
order, and the graph, which has room for 17 letters, still tells departments apart. Dagster allows letters,
digits and underscores only; Chinese names go into descriptions and metadata.
"""

from __future__ import annotations

import dagster as dg

WAREHOUSE_POOL = "warehouse"  # one slot (dagster.yaml): DuckDB has one writer
CODES = "0_code_tables"
MERGE = "3_merge"
BASE = "4_base"
GOVERNANCE = "5_governance"
CANDIDATE = "6_candidate"
RELEASE = "7_release"
DBT_GROUPS = {"codes": CODES, "intermediate": MERGE, "base": BASE, "governance": GOVERNANCE}

ACCOUNT = "account"  # the governance table that must balance


def landing_key(resource_id: str) -> dg.AssetKey:
    """``public_security.identity_card`` → ``landing/public_security/identity_card``."""
    return dg.AssetKey(["landing", *resource_id.split(".")])


def candidate_key(table: str) -> dg.AssetKey:
    return dg.AssetKey(["candidate", table])


def release_key(table: str) -> dg.AssetKey:
    return dg.AssetKey(["release", table])


def collect_group(department: str) -> str:
    return f"1_{department}"


def staging_group(department: str) -> str:
    return f"2_{department}"


def connection_pool(connection: str) -> str:
    """One slot: a department's system has one reader, whatever asks for it."""
    return f"connection_{connection}"
