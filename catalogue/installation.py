"""Where one installation (a node) keeps its things: folders under ``GOVSHARE_DATA`` and the city it serves.

Only paths belong here; who writes what into them is said in ``docs/architecture.md``.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

PROJECT_ROOT = Path(__file__).resolve().parents[1]
DBT_PROJECT = PROJECT_ROOT / "dbt_project"


@dataclass(frozen=True)
class Installation:
    """The folders of one installation.

    ``data``: what runs write (``GOVSHARE_DATA``, default ``data/`` in the project).
    ``city``: the folder with ``connections.toml`` (``GOVSHARE_CITY``, default ``data/city``).
    ``content``: the city's catalogue content, that is sources, staging and agreements
    (``GOVSHARE_CATALOGUE``, default the pilot's under ``dbt_project/cities``).
    """

    data: Path
    city: Path
    content: Path

    @classmethod
    def from_env(cls, city: Path | str | None = None) -> Installation:
        data = Path(os.environ.get("GOVSHARE_DATA") or PROJECT_ROOT / "data").resolve()
        city_dir = Path(city or os.environ.get("GOVSHARE_CITY") or data / "city").resolve()
        content = Path(os.environ.get("GOVSHARE_CATALOGUE") or DBT_PROJECT / "cities" / "xinxiang").resolve()
        return cls(data, city_dir, content)

    @property
    def landing(self) -> Path:
        return self.data / "landing"

    @property
    def warehouse(self) -> Path:
        return self.data / "warehouse" / "warehouse.duckdb"

    @property
    def candidate(self) -> Path:
        return self.data / "candidate"

    @property
    def published(self) -> Path:
        return self.data / "published"

    @property
    def analyst_database(self) -> Path:
        return self.published / "analyst.duckdb"

    @property
    def data_docs(self) -> Path:
        return self.data / "data_docs"

    @property
    def dagster_home(self) -> Path:
        return self.data / "dagster"

    @property
    def dbt_target(self) -> Path:
        return self.data / "dbt"

    @property
    def settings_file(self) -> Path:
        return self.city / "connections.toml"

    @property
    def secret_file(self) -> Path:
        """``GOVSHARE_SECRET_FILE``, default ``secret`` in the data folder (``catalogue.secret``)."""
        return Path(os.environ.get("GOVSHARE_SECRET_FILE") or self.data / "secret").resolve()

    def landing_of(self, resource: str) -> Path:
        """``resource`` is ``department.name``; its batches lie one folder deeper."""
        department, _, name = resource.partition(".")
        return self.landing / department / name

    def environment(self) -> dict[str, str]:
        """What a child process (dbt) needs to work on this very installation."""
        return {
            "GOVSHARE_DATA": str(self.data),
            "GOVSHARE_CITY": str(self.city),
            "GOVSHARE_CATALOGUE": os.path.relpath(self.content, DBT_PROJECT),
            "GOVSHARE_WAREHOUSE": str(self.warehouse),
            "GOVSHARE_SECRET_FILE": str(self.secret_file),
            "DBT_TARGET_PATH": str(self.dbt_target),
            "DBT_LOG_PATH": str(self.dbt_target / "logs"),
            "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        }
