"""What reviewers have decided, in a file that people and programs can read: one line a decision, never changed.

Here belongs the file's form. What a decision does to links is said in ``decide`` and ``clusters``.
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
SAME, DIFFERENT = "same", "different"


def file_of(data: Path) -> Path:
    """The file of an installation's data folder. May be missing."""
    return data / "decisions" / "population.csv"


def relation(connection: duckdb.DuckDBPyConnection, data: Path) -> str | None:
    """The decisions as a temporary table; none where nobody has decided anything."""
    file = file_of(data)
    if not file.exists():
        return None
    connection.execute(
        "create or replace temp table linking_decided as from read_csv(?, header = true, columns = "
        f"{COLUMNS}, nullstr = '')",
        [str(file)],
    )
    return "linking_decided"


def read(data: Path) -> list[Mapping[str, str]]:
    """All decisions, the oldest first, as they are written."""
    file = file_of(data)
    if not file.exists():
        return []
    return list(csv.DictReader(io.StringIO(file.read_text(encoding="utf-8"), newline="")))


def append(data: Path, claim_key: str, person_id: str | None, verdict: str, by: str, at: datetime) -> None:
    """Add one decision; the file is always whole, and two reviewers at a time lose neither's."""
    file = file_of(data)
    file.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(file.with_suffix(".lock")):
        text = io.StringIO(newline="")
        former = file.read_text(encoding="utf-8") if file.exists() else ""
        writer = csv.writer(text, lineterminator="\n")
        if not former:
            writer.writerow(COLUMNS)
        elif not former.endswith("\n"):  # a hand-made file
            text.write("\n")
        writer.writerow([claim_key, person_id or "", verdict, by, at.isoformat(sep=" ", timespec="microseconds")])
        write_whole(file, former + text.getvalue())
