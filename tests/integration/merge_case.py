"""Hand-made batches and a dbt run over them: what the tests of the merge share.

Rows are given as the department's own items; everything else (address columns, the empty batch, ``inputs.json``) is
made here, so that the merge is tested without connectors.
"""

from __future__ import annotations

import copy
import json
import shutil
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import yaml
from support import parsed

from catalogue.dbt import as_dbt, run_dbt_here
from catalogue.installation import DBT_PROJECT, Installation
from orchestration.increment import arguments

CONTENT = DBT_PROJECT / "cities" / "xinxiang"
ADDRESS = {
    "_batch": pa.string(), "_row": pa.int64(), "_op": pa.string(), "_file": pa.string(),
    "_line": pa.int64(), "_problem": pa.string(), "_raw": pa.string(),
}  # fmt: skip


def declared_items(content: Path = CONTENT) -> dict[str, list[str]]:
    """Items of every declared resource, by ``department.resource``."""
    items = {}
    for file in sorted((content / "sources").glob("*.yml")):
        for source in yaml.safe_load(file.read_text(encoding="utf-8")).get("sources", []):
            for table in source["tables"]:
                items[f"{source['name']}.{table['name']}"] = [c["name"] for c in table["columns"]]
    return items


class MergeCase:
    """One installation in ``folder``: land batches, run dbt, ask the warehouse."""

    def __init__(self, folder: Path, content: Path = CONTENT) -> None:
        self.installation = Installation(folder, folder / "city", content)
        self.items = declared_items(content)
        self.batches: dict[str, list[Path]] = {}
        self.built: dict[str, list[Path]] = {}  # batches of the last build
        self.left_out: dict[str, dict[str, int]] = {}  # resource → what its readers left out, in rows
        self.now = datetime(2024, 1, 1, tzinfo=UTC)  # of the last build; the next one is a day later
        self.published_history: list[str] = []
        folder.mkdir(parents=True, exist_ok=True)
        self.installation.secret_file.write_text("0a" * 64, encoding="ascii")  # one for all: their tables are compared
        for resource in self.items:
            self._write(resource, "000000", [])
        parsed.take_over(self.installation)

    def copy(self, folder: Path) -> MergeCase:
        """The same installation in another folder, to go on from the same build."""
        shutil.copytree(self.installation.data, folder)
        twin = copy.copy(self)
        twin.installation = Installation(folder, folder / "city", self.installation.content)
        parsed.moved(self.installation, twin.installation)
        twin.batches, twin.built = (
            {
                resource: [folder / part.relative_to(self.installation.data) for part in parts]
                for resource, parts in known.items()
            }
            for known in (self.batches, self.built)
        )
        return twin

    def _delivered(self, resource: str, parts: Iterable[Path]) -> dict[str, Any]:
        kinds = self.left_out.get(resource, {})
        left_out = sum(kinds.values())
        landed = sum(pq.read_metadata(part).num_rows for part in parts)
        return {"rows": landed + left_out, "left_out": left_out, "kinds": kinds}

    def land(self, resource: str, batch: str, rows: Iterable[Mapping[str, Any]]) -> None:
        """Land ``rows`` (items, and address columns where they are not the usual) as ``batch``."""
        numbered = [{"_row": n, **row} for n, row in enumerate(rows, 1)]
        self._write(resource, batch, [{"_batch": batch, **row} for row in numbered])

    def _write(self, resource: str, batch: str, rows: list[dict[str, Any]]) -> None:
        schema = pa.schema([*((name, pa.string()) for name in self.items[resource]), *ADDRESS.items()])
        unknown = {name for row in rows for name in row} - set(schema.names)
        assert not unknown, f"{resource} has no items {unknown}"
        part = self.installation.landing_of(resource) / batch / "part-00000.parquet"
        part.parent.mkdir(parents=True)
        pq.write_table(pa.Table.from_pylist(rows, schema=schema), part)
        self.batches.setdefault(resource, []).append(part)

    def dbt(self, *arguments: str) -> None:
        full = "--full-refresh" in arguments or not self.built
        former_day = self.now.date().isoformat()
        self.now += timedelta(days=1)
        inputs = {
            "at": self.now.isoformat(),
            "day": self.now.date().isoformat(),
            "former_day": former_day,
            "history": self.published_history,
            "build": f"{len(self.built)}-{sum(map(len, self.batches.values()))}",
            "full": full,
            "decisions": {path.stem: str(path) for path in (self.installation.data / "decisions").glob("*.csv")},
            "delivered": {r: self._delivered(r, parts) for r, parts in self.batches.items()},
            "parts": {resource: [str(part) for part in parts] for resource, parts in self.batches.items()},
            "new": {
                resource: sorted(part.parent.name for part in parts if part not in self.built.get(resource, []))
                for resource, parts in self.batches.items()
            },
        }
        file = self.installation.warehouse.with_name("inputs.json")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(inputs), encoding="utf-8")
        # In this process: starting dbt and what linking imports would cost each build seven seconds.
        with as_dbt(self.installation):
            run_dbt_here(self.installation, "--quiet", *arguments)
        parsed.keep(self.installation)

    def build(self, *, full: bool = False) -> MergeCase:
        """Go on from the last build, if there was one, or build in full."""
        full = full or not self.built
        new = {resource: ["new"] for resource, parts in self.batches.items() if parts != self.built.get(resource)}
        self.dbt(*arguments(full, self.batches, new))
        self.built = {resource: list(parts) for resource, parts in self.batches.items()}
        return self

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.installation.warehouse), read_only=True) as warehouse:
            return warehouse.sql(query).fetchall()

    def one(self, query: str) -> dict[str, Any]:
        with duckdb.connect(str(self.installation.warehouse), read_only=True) as warehouse:
            found = warehouse.sql(query).to_arrow_table().to_pylist()
        assert len(found) == 1, f"{len(found)} rows"
        return found[0]
