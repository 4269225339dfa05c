"""What tests of connectors share: a resource as connectors see one, an installation in a temporary folder."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pytest

from catalogue.installation import Installation
from connectors.collect import Collected, collect
from connectors.connections import Connections


@dataclass(frozen=True)
class Item:
    name: str
    type: str = "C"


@dataclass(frozen=True)
class Spec:
    kind: str
    connection: str
    key: Sequence[str] = ()
    watermark: str | None = None
    mode: str = "full"
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Resource:
    id: str
    connector: Spec
    items: Sequence[Item] = ()
    contract: str = "evolve"
    title: str = "测试资源"
    department: str = "office"
    department_title: str = "测试局"


def database_resource(
    table: str = "people",
    *,
    mode: str = "incremental",
    key: Sequence[str] = ("id",),
    watermark: str | None = "updated",
    items: Sequence[Item] = (),
    contract: str = "evolve",
    **options: Any,
) -> Resource:
    spec = Spec("database", "office", key, watermark, mode, {"table": table, **options})
    return Resource(f"office.{table}", spec, items, contract)


class Office:
    """An installation whose only connection is ``office``."""

    def __init__(self, folder: Path, settings: str) -> None:
        city = folder / "city"
        city.mkdir(parents=True, exist_ok=True)
        (city / "connections.toml").write_text(f"[connections.office]\n{settings}\n", encoding="utf-8")
        self.installation = Installation(folder / "data", city, folder)

    def collect(self, resource: Resource) -> Collected:
        return collect(resource, self.installation, Connections.load(self.installation))

    def collect_again(self, resource: Resource) -> Collected:
        return collect(resource, self.installation, Connections.load(self.installation), again=True)

    def landed(self, resource: Resource, columns: str = "*", where: str = "true") -> list[tuple[Any, ...]]:
        """Landed rows in order of batch and row."""
        parts = self.installation.landing_of(resource.id) / "*" / "*.parquet"
        with (
            duckdb.connect() as connection
        ):  # of its own: another test may have left the shared one with an open result
            return connection.sql(
                f"select {columns} from read_parquet('{parts}', union_by_name=true) where {where} order by _batch, _row"
            ).fetchall()


def server_or_skip(error: Exception, name: str) -> None:
    """Skip a test whose server is not reachable, except in CI, where it must be."""
    if os.environ.get("CI") == "true":
        raise error
    pytest.skip(f"no {name} server is reachable here: {type(error).__name__}")
