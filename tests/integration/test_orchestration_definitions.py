"""All of Dagster's definitions of the pilot city, as the catalogue makes them: what a person finds in the
UI."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest
from support import parsed

from catalogue.installation import PROJECT_ROOT, Installation
from catalogue.load import load
from catalogue.model import Catalogue
from orchestration import keys
from orchestration.collect import IN_TIME
from orchestration.cycles import CYCLES
from orchestration.definitions import collecting, definitions
from orchestration.periods import is_file

CHINESE = re.compile(r"[\u4e00-\u9fff]")


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    folder = tmp_path_factory.mktemp("definitions")
    content = Installation.from_env().content
    return parsed.take_over(Installation(folder / "data", folder / "city", content))


@pytest.fixture(scope="module")
def catalogue(installation: Installation) -> Catalogue:
    return load(installation)


@pytest.fixture(scope="module")
def defs(installation: Installation, catalogue: Catalogue) -> dg.Definitions:
    before = Installation.from_env()
    made = definitions(installation, catalogue)
    dg.Definitions.validate_loadable(made)
    assert Installation.from_env() == before  # or the next one would find another catalogue
    return made


@pytest.fixture(scope="module")
def specs(defs: dg.Definitions) -> dict[dg.AssetKey, dg.AssetSpec]:
    return {spec.key: spec for spec in defs.resolve_all_asset_specs()}


def test_every_resource_lands_and_is_staged(catalogue: Catalogue, specs: dict[dg.AssetKey, dg.AssetSpec]) -> None:
    for resource in catalogue.resources.values():
        landing = specs[keys.landing_key(resource.id)]
        staging = specs[dg.AssetKey(["staging", resource.staging_model])]
        department = catalogue.departments[resource.department]
        assert landing.group_name == f"1_{department.name}"
        assert staging.group_name == f"2_{department.name}"
        assert list(landing.owners) == list(staging.owners) == [department.email]
        assert landing.kinds == {resource.connector.kind, "parquet"}
        assert resource.title in landing.description and resource.title in staging.description
        assert landing.metadata["信息资源代码"] == resource.code
        assert [dep.asset_key for dep in staging.deps] == [landing.key]


def test_every_published_table_has_candidate_release_and_checks(
    catalogue: Catalogue, defs: dg.Definitions, specs: dict[dg.AssetKey, dg.AssetSpec]
) -> None:
    checks = defs.resolve_asset_graph().asset_check_keys
    account = dg.AssetKey(["governance", keys.ACCOUNT])
    for table in catalogue.published_tables.values():
        candidate, release = specs[keys.candidate_key(table.name)], specs[keys.release_key(table.name)]
        assert candidate.group_name == "6_candidate" and release.group_name == "7_release"
        assert table.title in candidate.description and table.title in release.description
        assert {dg.AssetKey([table.layer, table.name]), account} <= {dep.asset_key for dep in candidate.deps}
        assert [dep.asset_key for dep in release.deps] == [candidate.key]
        named = {check.name for check in checks if check.asset_key == candidate.key}
        assert {"columns", "types"} <= named
        assert {f"{column.name}__codes" for column in table.columns if column.codes} <= named
    assert {dep.asset_key for dep in specs[dg.AssetKey("analyst_database")].deps} == {
        keys.release_key(name) for name in catalogue.published_tables
    }


def test_groups_read_in_the_order_of_a_rows_way(specs: dict[dg.AssetKey, dg.AssetSpec]) -> None:
    for spec in specs.values():
        assert spec.group_name is not None
        for dep in spec.deps:
            above = specs[dep.asset_key].group_name
            assert above is not None and above[0] <= spec.group_name[0], (dep.asset_key, spec.key)


def test_everything_is_described_and_has_kinds(specs: dict[dg.AssetKey, dg.AssetSpec]) -> None:
    for spec in specs.values():
        assert spec.kinds, spec.key
        assert spec.description, spec.key
        if spec.group_name != keys.MERGE:  # dbt's own description of an intermediate model may be its SQL
            assert CHINESE.search(spec.description), spec.key


def test_the_account_and_the_gate_block_what_comes_after(defs: dg.Definitions, catalogue: Catalogue) -> None:
    graph = defs.resolve_asset_graph()
    account = dg.AssetCheckKey(dg.AssetKey(["governance", keys.ACCOUNT]), "balances")
    assert graph.get(account).blocking
    for table in catalogue.base_tables:
        check = dg.AssetCheckKey(keys.candidate_key(table), "columns")
        assert graph.get(check).blocking
    published = {keys.candidate_key(t) for t in catalogue.published_tables}
    for name in ("build", "publish", "refresh", "everything"):
        job = defs.resolve_job_def(name)
        assert account in job.asset_layer.asset_graph.asset_check_keys
    assert published <= defs.resolve_job_def("publish").asset_layer.executable_asset_keys


def test_a_candidate_waits_for_those_that_it_refers_to_in_whatever_order_files_are_read(
    catalogue: Catalogue, defs: dg.Definitions
) -> None:
    graph, names = defs.resolve_asset_graph(), list(catalogue.published_tables)
    assert names == sorted(names)
    candidates = {keys.candidate_key(name): name for name in names}
    waits = {
        name: {candidates[up] for up in graph.get(key).parent_keys if up in candidates}
        for key, name in candidates.items()
    }
    assert waits["population"] == set()  # legal entities and persons refer to each other
    assert waits["legal_entity"] == {"population"}
    assert waits["certificate"] == waits["shareholding"] == {"population", "legal_entity"}


def test_resources_with_a_cycle_have_a_check_and_a_schedule(catalogue: Catalogue, defs: dg.Definitions) -> None:
    checks = defs.resolve_asset_graph().asset_check_keys
    schedules = {schedule.name: schedule for schedule in defs.schedules or []}
    for resource in catalogue.resources.values():
        cycle = CYCLES[resource.update_cycle]
        key = dg.AssetCheckKey(keys.landing_key(resource.id), IN_TIME)
        assert (key in checks) == bool(cycle.tolerance)
        if cycle.cron:
            assert schedules[f"collect_{cycle.name}"].cron_schedule == cycle.cron
    assert "refresh_nightly" in schedules
    assert {schedule.execution_timezone for schedule in schedules.values()} == {"Asia/Shanghai"}


def test_jobs(defs: dg.Definitions, catalogue: Catalogue) -> None:
    own = {job.name for job in defs.resolve_all_job_defs() if not job.name.startswith("__")}
    assert {"collect", "build", "publish", "refresh", "everything"} <= own
    landed = {keys.landing_key(resource) for resource in catalogue.resources}
    assert defs.resolve_job_def("collect").asset_layer.executable_asset_keys == landed
    assert not landed & defs.resolve_job_def("refresh").asset_layer.executable_asset_keys
    assert landed <= defs.resolve_job_def("everything").asset_layer.executable_asset_keys


def test_drop_folders_have_sensors(defs: dg.Definitions, catalogue: Catalogue) -> None:
    expected = {f"new_files_{r.connector.connection}" for r in catalogue.resources.values() if is_file(r)}
    assert {sensor.name for sensor in defs.sensors or []} == expected != set()


def test_one_reader_a_connection_and_one_writer_of_the_warehouse(defs: dg.Definitions, catalogue: Catalogue) -> None:
    pools = {}
    for assets in defs.resolve_asset_graph().assets_defs:
        if assets.is_executable:
            pools |= {key: assets.op.pool for key in assets.keys}
    for resource in catalogue.resources.values():
        assert pools[keys.landing_key(resource.id)] == f"connection_{resource.connector.connection}"
    assert pools[dg.AssetKey(["base", "population"])] == pools[keys.candidate_key("population")] == "warehouse"


def test_the_collecting_half_is_the_same_and_does_without_dbt(
    installation: Installation, catalogue: Catalogue, specs: dict[dg.AssetKey, dg.AssetSpec]
) -> None:
    half = {spec.key: spec for spec in collecting(installation, catalogue).resolve_all_asset_specs()}
    assert half == {key: spec for key, spec in specs.items() if key.path[0] == "landing"}
    code = "import sys, orchestration.definitions; sys.exit(bool({'dbt', 'dagster_dbt'} & set(sys.modules)))"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=PROJECT_ROOT)


def test_the_code_location_loads_as_dagster_loads_it(installation: Installation) -> None:
    environment = {**os.environ, "GOVSHARE_DATA": str(installation.data)}
    environment.pop("DAGSTER_HOME", None)
    dagster = str(Path(sys.executable).with_name("dagster"))
    done = subprocess.run(
        [dagster, "definitions", "validate", "-w", str(PROJECT_ROOT / "workspace.yaml")],
        env=environment, cwd=PROJECT_ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "All code locations passed validation" in done.stdout + done.stderr
