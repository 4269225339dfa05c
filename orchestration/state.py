"""Whether there is anything to do: what a build depends on, and what came of the last one.

Nothing here imports Dagster, so that a run that finds nothing new ends before the half of it has been
imported.
"""

from __future__ import annotations

import hashlib
import json
from importlib.metadata import version

from catalogue.dbt import project_fingerprint
from catalogue.files import write_whole
from catalogue.installation import Installation
from catalogue.model import Catalogue
from connectors.manifest import fingerprint as landing_fingerprint

ENGINES = ("govshare", "dbt-core", "dbt-duckdb", "duckdb")


def build_fingerprint(installation: Installation, catalogue: Catalogue) -> str:
    """One text for all that a build depends on: committed batches, the dbt project, the engines' versions."""
    parts = [
        landing_fingerprint(installation, catalogue.resources.values()),
        project_fingerprint(installation),
        *(f"{package} {version(package)}" for package in ENGINES),
    ]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def built_fingerprint(installation: Installation) -> str | None:
    """The fingerprint of the last build that finished; none while the warehouse is in an unknown state."""
    mark = installation.warehouse.with_name("built.json")
    if not (mark.exists() and installation.warehouse.exists()):
        return None
    fingerprint: str = json.loads(mark.read_text(encoding="utf-8"))["fingerprint"]
    return fingerprint


def mark_built(installation: Installation, fingerprint: str | None) -> None:
    """Note that the warehouse holds what ``fingerprint`` stands for; null: that nobody knows what it
    holds."""
    mark = installation.warehouse.with_name("built.json")
    if fingerprint is None:
        mark.unlink(missing_ok=True)
    else:
        write_whole(mark, json.dumps({"fingerprint": fingerprint}))


def all_published(installation: Installation, catalogue: Catalogue) -> bool:
    """Whether everything that has landed is built and published, and the analysts' database shows it."""
    from publishing.release import current_fingerprint

    fingerprint = built_fingerprint(installation)
    if fingerprint is None or fingerprint != build_fingerprint(installation, catalogue):
        return False
    tables = list(catalogue.published_tables)
    if any(current_fingerprint(installation, table) != fingerprint for table in tables):
        return False
    return _analysts_see(installation) == _current(installation, tables)


def _current(installation: Installation, tables: list[str]) -> dict[str, str | None]:
    from publishing.release import current_number

    return {table: current_number(installation, table) for table in tables}


def _analysts_see(installation: Installation) -> dict[str, str | None]:
    from publishing.query import QueryError, query

    try:
        return dict(query(installation, "select table_name, release from releases")[1])  # type: ignore[arg-type]
    except QueryError:
        return {}
