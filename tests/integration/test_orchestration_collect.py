"""Landing assets in Dagster, without dbt: what a run shows, second tries, dead sources, periods, drop
folders."""

from __future__ import annotations

import datetime as dt
import os
import sqlite3
import time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import dagster as dg
import pytest

from catalogue.errors import GovshareError
from catalogue.installation import Installation
from catalogue.model import Catalogue, Connector, Department, Item, Resource
from connectors.base import CollectError
from connectors.collect import Collected
from connectors.connections import Connections
from connectors.manifest import committed
from orchestration import collect as collecting
from orchestration import progress
from orchestration.collect import collect_assets
from orchestration.drop_folders import sensors
from orchestration.jobs import collect_jobs
from orchestration.keys import landing_key

QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


def resource(name: str, kind: str, connection: str, department: str = "office", **options: Any) -> Resource:
    columns = ("id", "name") if kind == "database" else ("编号", "姓名")
    return Resource(
        department=department,
        department_title=f"{department}局",
        name=name,
        title=name,
        update_cycle=options.pop("cycle", "每日"),
        items=tuple(Item(name=column, description=column, type="C") for column in columns),
        connector=Connector(
            kind=kind,
            connection=connection,
            key=(columns[0],),
            mode="full",
            options={"encoding": "utf-8", **options},
        ),
    )


class City:
    """Two departments; the office has a database and a drop folder."""

    def __init__(self, folder: Path, *more: Resource) -> None:
        self.installation = Installation(folder / "data", folder / "city", folder / "content")
        self.files = folder / "city" / "files"
        self.files.mkdir(parents=True)
        self.installation.settings_file.write_text(
            '[connections.office]\nurl = "sqlite:///office.sqlite"\n'
            '[connections.office_files]\npath = "files"\n[connections.bureau_files]\npath = "files"\n',
            encoding="utf-8",
        )
        with sqlite3.connect(folder / "city" / "office.sqlite") as database:
            database.execute("create table people (id text, name text)")
            database.execute("insert into people values ('1', '王'), ('2', '李')")
        self.deliver("list.csv", 3)
        resources = more or (
            resource("people", "database", "office", table="people"),
            resource("list", "delimited", "office_files", path="list*.csv"),
            resource("other", "delimited", "bureau_files", "bureau", path="list*.csv", cycle="不定期"),
        )
        departments = {
            name: Department(name=name, title=f"{name}局", email=f"{name}@x.example") for name in ("office", "bureau")
        }
        self.catalogue = Catalogue(departments=departments, resources={r.id: r for r in resources})
        self.instance = dg.DagsterInstance.ephemeral()

    def deliver(self, name: str, rows: int, seconds_ago: float = 60) -> Path:
        file = self.files / name
        file.write_text("编号,姓名\n" + "".join(f"{name}{n},人{n}\n" for n in range(rows)), encoding="utf-8")
        os.utime(file, (time.time() - seconds_ago,) * 2)
        return file

    def definitions(self) -> dg.Definitions:
        return dg.Definitions(
            assets=collect_assets(self.installation, self.catalogue),
            jobs=list(collect_jobs(self.catalogue).values()),
            executor=dg.in_process_executor,
        )

    def run(self, job: str = "collect", **arguments: Any) -> dg.ExecuteInProcessResult:
        definition = self.definitions().resolve_job_def(job)
        return definition.execute_in_process(
            instance=self.instance, raise_on_error=False, run_config=QUIET, **arguments
        )

    def landed(self, name: str) -> int:
        return sum(manifest.rows for manifest in committed(self.installation, name))


@pytest.fixture
def city(tmp_path: Path) -> City:
    return City(tmp_path)


def figures(result: dg.ExecuteInProcessResult, name: str) -> dict[str, Any]:
    found = [e for e in result.all_events if e.is_step_materialization and e.asset_key == landing_key(name)]
    assert len(found) == 1
    metadata = found[0].step_materialization_data.materialization.metadata
    return {key: value.value for key, value in metadata.items()}


def test_each_connection_is_a_step_of_its_own_with_its_pool(city: City) -> None:
    steps = {assets.op.name: assets.op.pool for assets in collect_assets(city.installation, city.catalogue)}
    assert steps == {
        "collect_office": "connection_office",
        "collect_office_files": "connection_office_files",
        "collect_bureau_files": "connection_bureau_files",
    }


def test_a_run_shows_what_it_landed_and_the_next_one_what_there_is(city: City) -> None:
    first = figures(city.run(), "office.list")
    assert (first["dagster/row_count"], first["rows"], first["rows read"]) == (3, 3, 3)
    assert first["batches"] == "000001" and first["files"] == "list.csv"
    assert first["bytes"] > 0 and first["rows per second"] > 0

    city.deliver("list2.csv", 4)
    assert figures(city.run(), "office.list")["dagster/row_count"] == 7
    third = figures(city.run(), "office.list")
    assert (third["dagster/row_count"], third["rows"]) == (7, 0)
    assert third["state"] == "nothing new at the source"


def test_unreadable_rows_are_shown_by_rule(city: City) -> None:
    city.deliver("list3.csv", 1).write_text("编号,姓名\n1,甲,多\n2,乙\n", encoding="utf-8")
    table = figures(city.run(), "office.list")["unreadable rows by rule"]
    assert [record.data for record in table.records] == [{"rule": "row_width", "rows": 1}]


def test_a_late_delivery_fails_its_check_but_not_the_run(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    city.run()
    late = Collected("office.list", message="nothing new")
    monkeypatch.setattr(collecting, "collect", lambda *_: late)
    monkeypatch.setattr(collecting, "_days", lambda span: str(span))
    manifests = committed(city.installation, "office.list")
    old = [
        manifest.__class__(**{**manifest.__dict__, "finished": "2020-01-01T00:00:00+00:00"}) for manifest in manifests
    ]
    monkeypatch.setattr(collecting, "committed", lambda *_: old)
    result = city.run()
    passed = {str(e.asset_key): e.passed for e in result.get_asset_check_evaluations()}
    assert result.success
    # A database that was read is as new as can be; one without a cycle is never late.
    assert passed == {str(landing_key("office.list")): False, str(landing_key("office.people")): True}


def test_a_dead_source_fails_alone(city: City) -> None:
    (city.installation.city / "office.sqlite").unlink()
    result = city.run()
    assert not result.success
    assert [event.step_key for event in result.all_events if event.is_step_failure] == ["collect_office"]
    assert not [event for event in result.all_events if event.is_step_restarted]  # gone is gone
    assert city.landed("office.list") == city.landed("bureau.other") == 3
    failure = next(event for event in result.all_events if event.is_step_failure)
    assert "office局 · people (office.people)" in str(failure.step_failure_data.user_failure_data.description)


def test_of_one_connection_only_the_dead_resource_fails(tmp_path: Path) -> None:
    city = City(
        tmp_path,
        resource("list", "delimited", "office_files", path="list*.csv"),
        resource("lost", "delimited", "office_files", path="lost*.csv"),
    )
    result = city.run()
    assert not result.success
    assert figures(result, "office.list")["rows"] == 3
    assert not [e for e in result.all_events if e.is_step_materialization and e.asset_key == landing_key("office.lost")]


def test_what_may_pass_is_tried_again_and_only_that(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collecting, "FIRST_WAIT", 0)
    calls: list[str] = []
    collect = collecting.collect

    def shaky(resource: Resource, *rest: Any) -> Collected:
        calls.append(resource.name)
        if resource.name == "people" and calls.count("people") < 3:
            try:
                raise ConnectionResetError
            except ConnectionResetError:
                raise CollectError("the connection broke off") from None
        return collect(resource, *rest)

    monkeypatch.setattr(collecting, "collect", shaky)
    second = resource("towns", "database", "office", table="people")
    city.catalogue = city.catalogue.model_copy(update={"resources": {**city.catalogue.resources, second.id: second}})
    seen = Listener()
    progress.listen(seen)
    try:
        result = city.run()
    finally:
        progress.listen(None)
    assert result.success
    assert (calls.count("people"), calls.count("towns"), calls.count("list")) == (3, 1, 1)
    assert figures(result, "office.people")["rows"] == 2
    assert seen.notes["office.people"][-1] == "2 rows in 1 batch(es)"
    assert any(note.startswith("tries again in") for note in seen.notes["office.people"])


def test_after_three_tries_it_is_a_failure(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collecting, "FIRST_WAIT", 0)
    calls: list[str] = []

    def dead(resource: Resource, *_: Any) -> Collected:
        calls.append(resource.name)
        raise CollectError("cannot be reached: Connection refused")

    monkeypatch.setattr(collecting, "collect", dead)
    assert not city.run(asset_selection=[landing_key("office.people")]).success
    assert calls == ["people"] * 3


class Listener:
    def __init__(self) -> None:
        self.notes: dict[str, list[str]] = {}

    def step(self, stage: str, name: str, *, note: str, **_: Any) -> None:
        self.notes.setdefault(name, []).append(note)


# --- periods


@pytest.fixture
def monthly(tmp_path: Path) -> City:
    path = "缴费_{partition:%Y%m}*.csv"
    city = City(
        tmp_path,
        resource("paid", "delimited", "office_files", path=path, delivered="month", delivered_from="2026-07"),
        resource("list", "delimited", "office_files", path="list*.csv"),
    )
    for month, rows in (("202608", 2), ("202609", 3), ("202610", 4)):
        city.deliver(f"缴费_{month}.csv", rows)
    return city


def periods(city: City, name: str = "office.paid") -> set[str]:
    return set(city.instance.get_materialized_partitions(landing_key(name)))


def test_a_period_takes_its_own_files(monthly: City) -> None:
    result = monthly.run("collect_by_month", partition_key="2026-09")
    assert result.success
    assert figures(result, "office.paid")["rows"] == 3
    assert (monthly.landed("office.paid"), periods(monthly)) == (3, {"2026-09"})


def test_a_backfill_takes_a_range_of_periods_in_one_run(monthly: City) -> None:
    tags = {"dagster/asset_partition_range_start": "2026-08", "dagster/asset_partition_range_end": "2026-10"}
    result = monthly.run("collect_by_month", tags=tags)
    assert result.success
    assert monthly.landed("office.paid") == 9
    assert periods(monthly) == {"2026-08", "2026-09", "2026-10"}


def test_a_period_without_a_file_fails(monthly: City) -> None:
    assert not monthly.run("collect_by_month", partition_key="2026-07").success
    assert periods(monthly) == set()


def test_a_run_without_a_period_takes_all_files_and_says_of_which_periods_they_are(monthly: City) -> None:
    assert monthly.run("collect_by_month").success
    assert monthly.landed("office.paid") == 9
    assert periods(monthly) == {"2026-08", "2026-09", "2026-10"}
    monthly.run("collect_by_month", partition_key="2026-09")  # what was taken is not taken again
    assert monthly.landed("office.paid") == 9


def test_the_daily_collection_leaves_periods_alone(monthly: City) -> None:
    monthly.run("collect")
    assert (monthly.landed("office.list"), monthly.landed("office.paid")) == (3, 0)


def test_a_table_is_read_for_every_period_that_was_not_and_for_the_present_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    query = "select '{partition}' as month"
    table = resource("paid", "database", "office", query=query, delivered="month", delivered_from=_months_ago(2))
    table = table.model_copy(update={"connector": table.connector.model_copy(update={"mode": "period"})})
    city = City(tmp_path, table)
    asked: list[str] = []

    def collected(resource: Resource, *_: Any) -> Collected:
        asked.append(resource.connector.options["query"].split("'")[1])
        return Collected(resource.id, batches=("000001",), rows=1, unchanged=False)

    monkeypatch.setattr(collecting, "collect", collected)
    months = [_months_ago(2), _months_ago(1), _months_ago(0)]
    assert city.run("collect_by_month", partition_key=months[1]).success
    assert asked == [months[1]]
    assert city.run("collect_by_month").success
    assert asked[1:] == [months[0], months[2]]
    assert periods(city) == set(months)
    asked.clear()
    assert city.run("collect_by_month").success
    assert asked == [months[2]]  # it may have grown


def _months_ago(count: int) -> str:
    today = dt.datetime.now(dt.UTC).astimezone(ZoneInfo("Asia/Shanghai"))
    months = today.year * 12 + today.month - 1 - count
    return f"{months // 12}-{months % 12 + 1:02d}"


# --- drop folders


def look(city: City, name: str, cursor: str | None = None) -> tuple[list[dg.RunRequest], str | None]:
    sensor = next(s for s in sensors(city.installation, city.catalogue) if s.name == name)
    context = dg.build_sensor_context(
        instance=city.instance, cursor=cursor, definitions=city.definitions(), sensor_name=name
    )
    answer = sensor(context)
    if isinstance(answer, dg.SkipReason):
        return [], cursor
    return list(answer.run_requests or []), answer.cursor


def test_new_whole_files_are_asked_for_once(city: City) -> None:
    asked, cursor = look(city, "new_files_office_files")
    assert [request.asset_selection for request in asked] == [[landing_key("office.list")]]
    assert look(city, "new_files_office_files", cursor)[0] == []
    city.deliver("list2.csv", 1)
    again, _ = look(city, "new_files_office_files", cursor)
    assert again[0].run_key != asked[0].run_key


def test_half_written_files_wait(tmp_path: Path) -> None:
    city = City(tmp_path, resource("list", "delimited", "office_files", path="list*.csv", settle=30))
    (city.files / "list.csv").unlink()
    city.deliver("list1.csv", 1, seconds_ago=0)
    (city.files / "list2.csv.part").write_text("编号,姓名\n1,", encoding="utf-8")
    asked, cursor = look(city, "new_files_office_files")
    assert asked == []
    os.utime(city.files / "list1.csv", (time.time() - 60,) * 2)
    assert len(look(city, "new_files_office_files", cursor)[0]) == 1


def test_only_the_resources_with_new_files_are_asked_for(tmp_path: Path) -> None:
    city = City(
        tmp_path,
        resource("list", "delimited", "office_files", path="list*.csv"),
        resource("plan", "delimited", "office_files", path="plan*.csv", may_be_empty=True),
    )
    asked, cursor = look(city, "new_files_office_files")
    assert asked[0].asset_selection == [landing_key("office.list")]
    city.deliver("plan.csv", 1)
    asked, _ = look(city, "new_files_office_files", cursor)
    assert asked[0].asset_selection == [landing_key("office.plan")]


def test_files_of_a_period_are_asked_for_as_that_period(monthly: City) -> None:
    name = "new_files_office_files_by_month"
    asked, cursor = look(monthly, name)
    assert [request.partition_key for request in asked] == ["2026-08", "2026-09", "2026-10"]
    monthly.deliver("缴费_202609_补.csv", 1)
    asked, _ = look(monthly, name, cursor)
    assert [request.partition_key for request in asked] == ["2026-09"]


def test_a_folder_that_is_away_is_told_and_nothing_is_asked_for(city: City) -> None:
    for file in city.files.iterdir():
        file.unlink()
    city.files.rmdir()
    sensor = next(s for s in sensors(city.installation, city.catalogue) if s.name == "new_files_office_files")
    answer = sensor(dg.build_sensor_context(definitions=city.definitions(), sensor_name=sensor.name))
    assert isinstance(answer, dg.SkipReason)
    assert "there is no folder" in str(answer.skip_message)


def test_a_wrong_settings_file_fails_the_look_with_a_readable_error(city: City) -> None:
    city.installation.settings_file.write_text("[connections", encoding="utf-8")
    with pytest.raises(GovshareError, match="not readable as TOML"):
        Connections.load(city.installation)
    assert not city.run().success
