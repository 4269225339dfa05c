"""The account: where every landed row went, read from the published table ``account``."""

from __future__ import annotations

from typing import Any

import duckdb

from catalogue.installation import Installation
from publishing.release import ReleaseError, current_release, parquet_files

COUNTS = ("landed", "merged", "superseded", "duplicate", "set_aside")


def account(installation: Installation) -> dict[str, Any]:
    """``{"balanced", "resources": [{"resource", "landed", "merged", "superseded", "duplicate", "set_aside",
    "reasons": {rule: rows}}]}``, sorted by resource.

    Whether it balances is added up here again: a table that merely says so proves nothing.
    """
    manifest = current_release(installation, "account")
    if manifest is None:
        raise ReleaseError("no account has been published yet", remedy="govshare run")
    with duckdb.connect() as connection:
        rows = connection.execute(
            f"select resource, {', '.join(COUNTS)}, reasons, balanced from read_parquet(?) order by resource",
            [parquet_files(manifest)],
        ).fetchall()
    resources, balanced = [], True
    for resource, *counts, reasons, says_so in rows:
        entry = {"resource": resource, **dict(zip(COUNTS, counts, strict=True))}
        balanced &= bool(says_so) and counts[0] == sum(counts[1:])
        resources.append({**entry, "reasons": dict(sorted((reasons or {}).items()))})
    return {"balanced": balanced, "resources": resources}
