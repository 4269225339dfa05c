"""What is compared: functions ``(folder) -> figures``, each run in its own process.

``folder`` is an installation whose landing is whole. Run as a program it prints the seconds as JSON. Either way imports
what links in that time.
"""

from __future__ import annotations

import json
import shutil
import sys
import time
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb

from benchmarks.merge.city import installation_of
from catalogue.dbt import run_dbt
from catalogue.installation import DBT_PROJECT, Installation
from catalogue.load import load
from orchestration.increment import next_build
from orchestration.inputs import begin, finish

SCRIPT = Path(__file__).parent / "script"
BEFORE_LINKING = ("1_cleaning", "2_sources", "3_people")
AFTER_LINKING = ("4_legal_entities", "5_certificates", "6_base")


def script_database(folder: Path) -> Path:
    return folder / "script" / "script.duckdb"


def dbt(folder: Path, *, full: bool) -> dict[str, Any]:
    """The build of ``orchestration.build``. ``base_seconds``: without the time in which only governance was made, which
    the script does not do."""
    installation = installation_of(folder)
    catalogue = load(installation)
    if full:
        shutil.rmtree(installation.warehouse.parent, ignore_errors=True)
    started = time.perf_counter()
    work = next_build(installation, catalogue)
    if work.full != full:
        raise SystemExit(f"the build would be {'full' if work.full else 'an increment'}")
    begin(work, installation)
    run_dbt(installation, *work.arguments)
    finish(work, installation)
    seconds = time.perf_counter() - started
    results = json.loads((installation.dbt_target / "run_results.json").read_text(encoding="utf-8"))["results"]
    return {"seconds": seconds, "base_seconds": seconds - governance_alone(results), "models": slowest(results)}


def script(folder: Path) -> dict[str, Any]:
    """The hand-written SQL, on the settings that dbt has."""
    database = script_database(folder)
    shutil.rmtree(database.parent, ignore_errors=True)
    database.parent.mkdir(parents=True)
    started = time.perf_counter()
    with duckdb.connect(str(database)) as connection:
        run_script(connection, folder / "landing", day_of_build(installation_of(folder)))
    seconds = time.perf_counter() - started
    return {"seconds": seconds, "base_seconds": seconds}


def run_script(connection: duckdb.DuckDBPyConnection, landing: Path, day: date) -> None:
    """The base tables of all batches in ``landing``, as they are on ``day``."""
    from linking.from_claims import Claims, links

    connection.execute("set threads = 2; set memory_limit = '4GB'; set preserve_insertion_order = false")
    connection.execute("set variable landing = ?", [str(landing)])
    connection.execute("set variable day = ?", [day])
    connection.execute("set variable seeds = ?", [str(DBT_PROJECT / "seeds")])
    for name in BEFORE_LINKING:
        connection.execute((SCRIPT / f"{name}.sql").read_text(encoding="utf-8"))
    links(connection, Claims("population_claims")).create("population_links")
    for name in AFTER_LINKING:
        connection.execute((SCRIPT / f"{name}.sql").read_text(encoding="utf-8"))


def day_of_build(installation: Installation) -> date:
    """The day that the dbt build took for today, in China."""
    inputs = json.loads(installation.warehouse.with_name("inputs.json").read_text(encoding="utf-8"))
    return date.fromisoformat(inputs["day"])


WAYS: dict[str, Callable[[Path], dict[str, Any]]] = {
    "dbt full": lambda folder: dbt(folder, full=True),
    "dbt day": lambda folder: dbt(folder, full=False),
    "script": script,
}


def governance_alone(results: list[dict[str, Any]]) -> float:
    """Seconds in which nodes of governance ran and no others (dbt runs two at a time)."""
    moments = []
    for result in results:
        governs = ".governance." in (result["relation_name"] or "").replace('"', "")
        for step in result["timing"]:
            if step["name"] == "execute":
                begin, end = (datetime.fromisoformat(step[key]) for key in ("started_at", "completed_at"))
                moments += [(begin, 1, governs), (end, -1, governs)]
    moments.sort(key=lambda moment: moment[:2])
    running, alone, last = {True: 0, False: 0}, 0.0, None
    for at, change, governs in moments:
        if last is not None and running[True] and not running[False]:
            alone += (at - last).total_seconds()
        running[governs] += change
        last = at
    return alone


def slowest(results: list[dict[str, Any]], count: int = 8) -> dict[str, float]:
    """Models that took longest, in seconds."""
    took = sorted(((r["execution_time"], r["unique_id"].split(".")[-1]) for r in results), reverse=True)
    return {name: round(seconds, 2) for seconds, name in took[:count]}


if __name__ == "__main__":
    print(json.dumps(WAYS[sys.argv[1]](Path(sys.argv[2]))))
