"""What reviewers have decided, a file for each base table that people and programs can read: one line a decision, never
changed.

Here belongs the files' form. What a decision does to links is said in ``decide`` and ``clusters``, for legal entities
in dbt's ``int_legal_entity__links``.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import duckdb
from filelock import FileLock

from catalogue.files import write_whole

COLUMNS = {"claim_key": "varchar", "person_id": "varchar", "verdict": "varchar", "by": "varchar", "at": "timestamp"}
ENTITY = {"population": "person_id", "legal_entity": "credit_code"}  # tables of whose claims reviewers decide
SAME, DIFFERENT = "same", "different"


def file_of(data: Path, table: str = "population") -> Path:
    """The file of an installation's data folder. May be missing."""
    return data / "decisions" / f"{table}.csv"


def relation(connection: duckdb.DuckDBPyConnection, data: Path) -> str | None:
    """The decisions on persons as a temporary table; none where nobody has decided anything."""
    file = file_of(data)
    if not file.exists():
        return None
    connection.execute(
        "create or replace temp table linking_decided as from read_csv(?, header = true, columns = "
        f"{COLUMNS}, nullstr = '')",
        [str(file)],
    )
    return "linking_decided"


def read(data: Path, table: str = "population") -> list[Mapping[str, str]]:
    """All decisions, the oldest first, as they are written."""
    file = file_of(data, table)
    if not file.exists():
        return []
    return list(csv.DictReader(io.StringIO(file.read_text(encoding="utf-8"), newline="")))


def append(
    data: Path, claim_key: str, entity_id: str | None, verdict: str, by: str, at: datetime, table: str = "population"
) -> None:
    """Add one decision; the file is always whole, and two reviewers at a time lose neither's."""
    file = file_of(data, table)
    file.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(file.with_suffix(".lock")):
        text = io.StringIO(newline="")
        former = file.read_text(encoding="utf-8") if file.exists() else ""
        writer = csv.writer(text, lineterminator="\n")
        if not former:
            writer.writerow(["claim_key", ENTITY[table], "verdict", "by", "at"])
        elif not former.endswith("\n"):  # a hand-made file
            text.write("\n")
        writer.writerow([claim_key, entity_id or "", verdict, by, at.isoformat(sep=" ", timespec="microseconds")])
        write_whole(file, former + text.getvalue())
