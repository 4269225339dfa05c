"""Connections: variables from the environment, relative paths, and errors that never show a secret."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from support.collecting import Office, database_resource

from connectors.base import CollectError
from connectors.connections import Connections


def test_variables_come_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    office = Office(tmp_path, 'url = "postgresql://reader:${OFFICE_PASSWORD}@db/x"')
    resource = database_resource()
    with pytest.raises(CollectError, match=r"OFFICE_PASSWORD.*not set.*Remedy"):
        Connections.load(office.installation).get(resource)
    monkeypatch.setenv("OFFICE_PASSWORD", "s3cret")
    connection = Connections.load(office.installation).get(resource)
    assert connection.url(resource) == "postgresql://reader:s3cret@db/x"
    assert "s3cret" not in repr(connection)


def test_relative_places_start_at_the_settings_file(tmp_path: Path) -> None:
    office = Office(tmp_path, 'url = "sqlite:///a/b.db"\npath = "files"')
    connection = Connections.load(office.installation).get(database_resource())
    assert connection.url(database_resource()) == f"sqlite:///{office.installation.city}/a/b.db"
    assert connection.path(database_resource()) == str(office.installation.city / "files")


def test_an_unknown_connection_names_everything(tmp_path: Path) -> None:
    connections = Connections.load(Office(tmp_path, 'path = "x"').installation)
    resource = database_resource()
    with pytest.raises(CollectError, match=r"测试局.*office\.people.*'office' has no 'url'.*Remedy"):
        connections.get(resource).url(resource)
    with pytest.raises(CollectError, match=r"'office' is not declared.*connections\.toml"):
        Connections(connections.file, {}).get(resource)


def test_a_settings_file_that_is_no_toml_is_named(tmp_path: Path) -> None:
    file = tmp_path / "connections.toml"
    file.write_text("[connections", encoding="utf-8")
    with pytest.raises(CollectError, match=r"connections\.toml.*TOML"):
        Connections.read(file)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("sqlite:///missing.db", "does not exist"),
        ("postgresql://u:s3cret@127.0.0.1:1/x", "cannot be reached"),
        ("kingbase://u:s3cret@127.0.0.1:1/x", "cannot be reached"),
        ("mysql://u:s3cret@127.0.0.1:1/x", "cannot be reached"),
        ("mariadb+pymysql://u:s3cret@127.0.0.1:1/x", "cannot be reached"),
        ("oracle+oracledb://u:s3cret@127.0.0.1:1/x", "cannot be reached"),
        ("mssql+pymssql://u:s3cret@127.0.0.1:1/x", "cannot be reached"),
        ("nothing://u:s3cret@127.0.0.1:1/x", "no driver for nothing databases.*a SQLAlchemy dialect"),
        ("no url at all", "no SQLAlchemy URL"),
    ],
)
def test_a_dead_source_is_an_error_without_the_password(tmp_path: Path, url: str, words: str) -> None:
    driver = {"oracle+oracledb": "oracledb", "mssql+pymssql": "pymssql"}.get(url.split(":")[0])
    if driver:
        pytest.importorskip(driver)
    refused(tmp_path, url, words)


@pytest.mark.parametrize(
    ("url", "driver", "extra"),
    [
        ("oracle+oracledb://u:s3cret@127.0.0.1:1/x", "oracledb", "oracle"),
        ("mssql+pymssql://u:s3cret@127.0.0.1:1/x", "pymssql", "sqlserver"),
        ("dm+dmPython://u:s3cret@127.0.0.1:1", "dmPython", "dameng"),
    ],
)
def test_a_missing_driver_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str, driver: str, extra: str
) -> None:
    monkeypatch.setitem(sys.modules, driver, None)  # as if it were not installed
    refused(tmp_path, url, rf"install it: pip install 'govshare\[{extra}\]'")


def refused(tmp_path: Path, url: str, words: str) -> None:
    office = Office(tmp_path, f'url = "{url}"')
    with pytest.raises(CollectError, match=words) as error:
        office.collect(database_resource())
    assert "s3cret" not in str(error.value) and "Remedy" in str(error.value)
    assert "测试局" in str(error.value) and "'office'" in str(error.value)
