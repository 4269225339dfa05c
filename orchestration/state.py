"""Whether there is anything to do: everything that has landed is built, published and shown to analysts.

Nothing here imports Dagster, so that a run that finds nothing new ends before the half of it has been
imported.
"""

from __future__ import annotations

from catalogue.installation import Installation
from catalogue.model import Catalogue
from orchestration.increment import next_build


def all_published(installation: Installation, catalogue: Catalogue) -> bool:
    """Whether everything that has landed is built and published, and the analysts' database shows it."""
    from publishing.analyst import damage
    from publishing.release import is_published

    build = next_build(installation, catalogue)
    if not build.done:
        return False
    tables = list(catalogue.published_tables)
    if not all(is_published(installation, table, build.fingerprint) for table in tables):
        return False
    return not damage(installation) and _analysts_see(installation) == _current(installation, tables)


def _current(installation: Installation, tables: list[str]) -> dict[str, str | None]:
    from publishing.released import current_number

    return {table: current_number(installation, table) for table in tables}


def _analysts_see(installation: Installation) -> dict[str, str | None]:
    from publishing.query import QueryError, query

    try:
        return dict(query(installation, "select table_name, release from releases")[1])  # type: ignore[arg-type]
    except QueryError:
        return {}
