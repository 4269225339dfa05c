"""The account: where every delivered row went, read from the published table ``account``."""

from __future__ import annotations

from typing import Any

import duckdb

from catalogue.installation import Installation
from publishing.released import ReleaseError, current_release, parquet_files

OUTCOMES = ("merged", "superseded", "duplicate", "set_aside")
COUNTS = ("delivered", "left_out", "landed", *OUTCOMES)


def account(installation: Installation) -> dict[str, Any]:
    """``{"balanced", "resources": [{"resource", "delivered", "left_out", "landed", "merged", "superseded", "duplicate",
    "set_aside", "reasons": {rule: rows}, "left_out_kinds": {what: how many}}]}``, sorted by resource.

    ``delivered`` = ``landed`` + ``left_out``, in rows; what is left out and is no row (an archive's member, a sheet
    that could not be opened) is in ``left_out_kinds`` only (``connectors.read_report``).

    Whether it balances is added up here again: a table that merely says so proves nothing.
    """
    manifest = current_release(installation, "account")
    if manifest is None:
        raise ReleaseError("no account has been published yet", remedy="govshare run")
    with duckdb.connect() as connection:
        rows = connection.execute(
            f"select resource, {', '.join(COUNTS)}, reasons, left_out_kinds, balanced "
            "from read_parquet(?) order by resource",
            [parquet_files(manifest)],
        ).fetchall()
    resources, balanced = [], True
    for resource, *counts, reasons, kinds, says_so in rows:
        entry = {"resource": resource, **dict(zip(COUNTS, counts, strict=True))}
        balanced &= bool(says_so) and entry["delivered"] == entry["landed"] + entry["left_out"]
        balanced &= entry["landed"] == sum(entry[outcome] for outcome in OUTCOMES)
        maps = {"reasons": reasons, "left_out_kinds": kinds}
        resources.append({**entry, **{name: dict(sorted((map_ or {}).items())) for name, map_ in maps.items()}})
    return {"balanced": balanced, "resources": resources}
