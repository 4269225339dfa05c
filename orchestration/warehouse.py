"""The warehouse's file: whether it can be opened, waiting for who has it, and putting a damaged one aside."""

from __future__ import annotations

import logging

import duckdb
from tenacity import retry, retry_if_exception, stop_after_delay, wait_fixed

from catalogue.errors import GovshareError, without_values
from catalogue.installation import Installation

log = logging.getLogger("govshare")
ORPHAN_SECONDS = 600  # how long a dbt that outlived its killed parent may hold the warehouse
ASIDE = "damaged.duckdb"
LOCKED = "Could not set lock"
MACHINE = ("Permission denied", "No space left", "Cannot open file", "Is a directory")  # no fault of the file
DAMAGED = ("Corrupt database file", "not a valid DuckDB database", "Could not read enough bytes",
           "Failed to load metadata", "Serialization Error", "does not match stored checksum")  # fmt: skip


def size_and_time(installation: Installation) -> list[int]:
    """How the warehouse's file looks from outside; empty where there is none."""
    try:
        found = installation.warehouse.stat()
    except OSError:
        return []
    return [found.st_size, found.st_mtime_ns]


def damage(installation: Installation) -> str | None:
    """Why the warehouse cannot be opened; null: it can, it is not there, or another process has it."""
    if not installation.warehouse.exists():
        return None
    try:
        duckdb.connect(str(installation.warehouse), read_only=True).close()
    except duckdb.Error as error:
        text = str(error)
        return None if LOCKED in text or any(words in text for words in MACHINE) else without_values(text)
    return None


def speaks_of_damage(text: str) -> bool:
    """Whether an error tells that the warehouse's file is damaged."""
    return any(words in text for words in DAMAGED)


def make_ready(installation: Installation) -> None:
    """Wait until nobody else has the warehouse; put it aside when it is damaged."""
    installation.warehouse.parent.mkdir(parents=True, exist_ok=True)
    if found := damage(installation):
        put_aside(installation, found)
    try:
        _open(installation)
    except duckdb.Error as error:
        text = str(error)
        remedy = "end the process that DuckDB names: " + text.partition("(")[2][:80]
        if LOCKED not in text:
            remedy = "see whether the disk is full, and who owns the file: " + without_values(text)
        raise GovshareError(
            "the warehouse is held by another process" if LOCKED in text else "the warehouse cannot be opened",
            where=str(installation.warehouse),
            remedy=remedy,
        ) from None


def put_aside(installation: Installation, why: str) -> None:
    """Keep a damaged warehouse under another name, in place of a former one; the next build makes it anew."""
    file = installation.warehouse
    for suffix in ("", ".wal"):
        here = file.with_name(file.name + suffix)
        if here.exists():
            here.replace(file.with_name(ASIDE + suffix))
    log.warning(
        "%s is damaged (%s); it is kept as %s, and the warehouse is built anew in full. History goes on from its last "
        "release: what this build changes against the last one is not told there.", file, why, ASIDE,
    )  # fmt: skip


def staged(installation: Installation, models: dict[str, str]) -> dict[str, dict[str, int]]:
    """Resource → batch → rows that the warehouse has staged of it; ``models``: resource → staging model. One that has
    no staging table is left out, and all where there is no warehouse."""
    if not models or not installation.warehouse.exists():
        return {}
    found: dict[str, dict[str, int]] = {}
    with duckdb.connect(str(installation.warehouse), read_only=True) as connection:
        tables = {name for (name,) in connection.execute("select table_name from duckdb_tables()").fetchall()}
        for resource, model in models.items():
            if model in tables:
                counted = connection.execute(f"select _batch, count(*) from staging.{model} group by 1").fetchall()
                found[resource] = dict(counted)
    return found


def _is_lock(error: BaseException) -> bool:
    return isinstance(error, duckdb.Error) and LOCKED in str(error)


@retry(retry=retry_if_exception(_is_lock), stop=stop_after_delay(ORPHAN_SECONDS), wait=wait_fixed(1), reraise=True)
def _open(installation: Installation) -> None:
    duckdb.connect(str(installation.warehouse)).close()
