"""What everything is called in Dagster, decided once: asset keys, groups, owners, kinds, pools.

The group's leading digit makes every list read in the order of a row's way; Dagster allows letters, digits and
underscores only, so Chinese names go into descriptions and metadata. The parts of dbt have their names in ``dbt``.
"""

from __future__ import annotations

import dagster as dg

WAREHOUSE_POOL = "warehouse"  # one slot (dagster.yaml): DuckDB has one writer
CODES = "2_codes"
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
    return f"1_collect_{department}"


def staging_group(department: str) -> str:
    return f"2_staging_{department}"


def connection_pool(connection: str) -> str:
    """One slot: a department's system has one reader, whatever asks for it."""
    return f"connection_{connection}"
