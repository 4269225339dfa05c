"""The instance of an installation: its event log, and what a killed run leaves."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.storage.event_log import SqliteEventLogStorage

from catalogue.errors import GovshareError
from catalogue.installation import Installation
from orchestration import event_log
from orchestration.alive import dead, hold
from orchestration.event_log import FOLDER, EventLog
from orchestration.instance import command_line_instance, fail_killed_runs, run_job


@pytest.fixture
def installation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Installation]:
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))  # put back afterwards: the instance sets it
    yield Installation(tmp_path / "data", tmp_path / "city", tmp_path / "content")


@dg.asset
def one() -> dg.MaterializeResult:
    return dg.MaterializeResult(metadata={"dagster/row_count": 7})


def job() -> dg.JobDefinition:
    made = dg.define_asset_job("job", executor_def=dg.in_process_executor)
    return dg.Definitions(assets=[one], jobs=[made]).resolve_job_def("job")


def test_dagsters_own_class_reads_what_ours_wrote(installation: Installation) -> None:
    with command_line_instance(installation) as instance:
        assert isinstance(instance.event_log_storage, EventLog)
        run = run_job(job(), instance)
        ours = instance.all_logs(run.run_id)
        materialized = instance.get_latest_materialization_event(one.key)
    assert materialized is not None
    theirs = SqliteEventLogStorage(str(installation.dagster_home / FOLDER))
    assert [event.to_json() for event in theirs.get_logs_for_run(run.run_id)] == [e.to_json() for e in ours]
    theirs.dispose()


def test_few_files_are_held_open_whatever_the_number_of_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_log, "OPEN", 2)
    log = EventLog(str(tmp_path))
    for number in range(4):
        log.get_logs_for_run(f"run{number}")
    open_files = [os.readlink(file) for file in Path("/proc/self/fd").iterdir() if file.exists()]
    assert len({file for file in open_files if file.startswith(str(tmp_path)) and file.endswith(".db")}) <= 2
    log.dispose()
    open_files = [os.readlink(file) for file in Path("/proc/self/fd").iterdir() if file.exists()]
    assert not [file for file in open_files if file.startswith(str(tmp_path))]


def test_one_command_line_at_a_time(installation: Installation) -> None:
    with command_line_instance(installation):
        code = (
            "import sys; from pathlib import Path; from catalogue.installation import Installation\n"
            "from orchestration.instance import command_line_instance\n"
            "a, b, c = map(Path, sys.argv[1:])\n"
            "with command_line_instance(Installation(a, b, c)): pass"
        )
        places = map(str, (installation.data, installation.city, installation.content))
        other = subprocess.run([sys.executable, "-c", code, *places], capture_output=True, text=True, check=False)
    assert other.returncode == 1
    assert f"{GovshareError.__name__}: {installation.data}: another `govshare run` works" in other.stderr


def test_a_killed_run_is_failed_and_its_slots_are_given_back(installation: Installation) -> None:
    with command_line_instance(installation) as instance:
        made = dg.define_asset_job("job", executor_def=dg.in_process_executor)
        definition = dg.Definitions(assets=[one], jobs=[made]).resolve_job_def("job")
        runs = [instance.create_run_for_job(definition) for _ in range(3)]
        for run in runs:
            instance.report_engine_event("begins", run)
            instance.event_log_storage.set_concurrency_slots(run.run_id, 1)
            instance.event_log_storage.claim_concurrency_slot(run.run_id, run.run_id, "step")
            instance.handle_new_event(started(run.run_id))
        killed, at_work, unknown = (run.run_id for run in runs)
        ended = (
            "import sys; from pathlib import Path; from catalogue.installation import Installation\n"
            "from orchestration.alive import hold\n"
            "hold(Installation(Path(sys.argv[1]), Path(), Path()), sys.argv[2])"
        )
        subprocess.run([sys.executable, "-c", ended, str(installation.data), killed], check=True)
        hold(installation, at_work)

        fail_killed_runs(installation, instance)

        status = {run.run_id: run.status for run in instance.get_runs()}
        assert status[killed] == dg.DagsterRunStatus.FAILURE
        assert status[at_work] == status[unknown] == dg.DagsterRunStatus.STARTED
        slots = instance.event_log_storage.get_concurrency_info
        assert not slots(killed).claimed_slots
        assert slots(at_work).claimed_slots and slots(unknown).claimed_slots
        assert list(dead(installation)) == []


def started(run_id: str) -> dg.EventLogEntry:
    event = dg.DagsterEvent(dg.DagsterEventType.PIPELINE_START.value, "job")
    return dg.EventLogEntry(
        error_info=None, user_message="", level="debug", run_id=run_id, timestamp=0.0, dagster_event=event
    )


@pytest.mark.parametrize("content", [b"", b"\xff\x00 no database" * 500, b"SQLite format 3\x00" + bytes(9000)])
def test_a_damaged_database_of_dagster_is_kept_aside_and_made_anew(installation: Installation, content: bytes) -> None:
    with command_line_instance(installation) as instance:
        run_job(job(), instance)
    files = [installation.dagster_home / "history" / name for name in ("runs.db", "runs/index.db")]
    for file in files:
        for beside in file.parent.glob(f"{file.name}-*"):
            beside.unlink()
        file.write_bytes(content)
    with command_line_instance(installation) as instance:
        assert run_job(job(), instance).success
        assert instance.get_latest_materialization_event(one.key) is not None
    for file in files:
        assert file.with_name(f"damaged.{file.name}").read_bytes() == content
    with command_line_instance(installation) as instance:  # what is sound is left alone
        assert instance.get_runs_count() == 1
