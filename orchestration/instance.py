"""The Dagster instance of an installation: where it lives, and putting right what a killed run left in it."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import dagster as dg
from dagster import DagsterInstance, DagsterRunStatus, RunsFilter
from dagster._core.instance.ref import InstanceRef
from filelock import FileLock, Timeout

from catalogue.errors import GovshareError
from catalogue.files import tell_damaged, write_whole
from catalogue.installation import PROJECT_ROOT, Installation
from orchestration.alive import dead

COMMAND_LINE_TAG = "govshare/command_line"
# Dagster would turn each step's output into a file and, by three more processes, back again: the bars among it.
PLAIN = {
    "compute_logs": {
        "module": "dagster._core.storage.noop_compute_log_manager",
        "class": "NoOpComputeLogManager",
    }
}
UNFINISHED = [DagsterRunStatus.STARTING, DagsterRunStatus.STARTED, DagsterRunStatus.CANCELING]


def dagster_home(installation: Installation) -> None:
    """Make ``data/dagster`` a DAGSTER_HOME with the project's ``dagster.yaml`` and point Dagster to it."""
    settings, copy = (
        (PROJECT_ROOT / "dagster.yaml").read_text(encoding="utf-8"),
        installation.dagster_home / "dagster.yaml",
    )
    if not copy.exists() or copy.read_bytes() != settings.encode():
        write_whole(copy, settings)
    os.environ["DAGSTER_HOME"] = str(installation.dagster_home)
    os.environ["DAGSTER_DISABLE_TELEMETRY"] = "1"


def put_damaged_aside(home: Path) -> None:
    """Keep a database of Dagster's that is none any more under another name: Dagster makes it anew, and what it knew of
    former runs is gone. Nothing of the data is in them."""
    for name in ("history/runs.db", "history/runs/index.db", "schedules/schedules.db"):
        file = home / name
        try:
            with closing(sqlite3.connect(f"{file.as_uri()}?mode=rw", uri=True)) as database:
                database.execute("select count(*) from sqlite_master").fetchall()
            sound = file.stat().st_size > 0
        except sqlite3.DatabaseError as error:
            sound = not file.exists() or "locked" in str(error)
        if not sound:
            tell_damaged(file)
            for suffix in ("", "-wal", "-shm"):
                if (part := file.with_name(file.name + suffix)).exists():
                    part.replace(part.with_name(f"damaged.{part.name}"))


@contextmanager
def command_line_instance(installation: Installation) -> Iterator[DagsterInstance]:
    """The instance, held by one command line at a time.

    The lock is the operating system's and goes with its process. So whoever holds it knows that every
    unfinished run with the command line's tag belongs to a process that was killed.
    """
    dagster_home(installation)
    lock = FileLock(installation.data / "run.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise GovshareError(
            "another `govshare run` works on this installation",
            where=str(installation.data),
            remedy="wait until it has ended, or give this run its own GOVSHARE_DATA",
        ) from None
    try:
        put_damaged_aside(installation.dagster_home)
        with DagsterInstance.from_ref(
            InstanceRef.from_dir(str(installation.dagster_home), overrides=PLAIN)
        ) as instance:
            fail_killed_runs(installation, instance, command_line=True)
            yield instance
    finally:
        lock.release()


def fail_killed_runs(installation: Installation, instance: DagsterInstance, *, command_line: bool = False) -> None:
    """Report runs whose process has ended as failed and give their pool slots back. ``command_line``: the
    caller holds the lock, so that every unfinished run of a command line is one of them."""
    killed = set(dead(installation))
    for run in instance.get_runs(RunsFilter(statuses=UNFINISHED)):
        if run.run_id in killed or (command_line and COMMAND_LINE_TAG in run.tags):
            instance.report_run_failed(run, "The process of this run was killed; a later run puts things right.")
            instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)


def run_job(
    job: dg.JobDefinition, instance: DagsterInstance, assets: list[dg.AssetKey] | None = None
) -> dg.ExecuteInProcessResult:
    """Run ``job`` in this process, visible in the UI; a failed step is told by the result, not raised."""
    return job.execute_in_process(
        instance=instance,
        raise_on_error=False,
        asset_selection=assets,
        tags={COMMAND_LINE_TAG: "true"},
        # What happened is told by the command line and stands in the event log; the console is for people.
        run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
    )
