"""Encryption: servers at another address than the loopback, without TLS and with a certificate of their own."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
import pymysql
import pytest
from support.collecting import Office, database_resource

from connectors.base import CollectError
from connectors.connections import Connections
from connectors.survey import tables

pytestmark = pytest.mark.server

PASSWORD = "p@ss#1/%:w"
BINARIES = [*sorted(Path("/usr/lib/postgresql").glob("*/bin")), Path("/usr/sbin"), Path("/usr/bin")]


def program(name: str) -> str:
    found = shutil.which(name) or next((str(p / name) for p in reversed(BINARIES) if (p / name).is_file()), None)
    if found is None:
        if os.environ.get("CI") == "true":
            raise FileNotFoundError(name)
        pytest.skip(f"{name} is not installed here")
    return found


def own_address() -> str:
    """An address of this machine that is no loopback address."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe, suppress(OSError):
        probe.connect(("192.0.2.1", 9))
        found = str(probe.getsockname()[0])
        if not found.startswith("127."):
            return found
    pytest.skip("this machine has no address but the loopback")


def free_port(address: str) -> int:
    with socket.socket() as probe:
        probe.bind((address, 0))
        return int(probe.getsockname()[1])


@contextmanager
def server_folder(user: str, address: str) -> Iterator[tuple[Path, dict[str, Any]]]:
    """A folder with a certificate for the address, owned by the user that servers run as, and how to run as it."""
    folder = Path(tempfile.mkdtemp(prefix="govshare_tls_"))
    try:
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=govshare-test",
             "-addext", f"subjectAltName=IP:{address}", "-keyout", "server.key", "-out", "server.crt"],
            cwd=folder, check=True, capture_output=True,
        )  # fmt: skip
        (folder / "server.key").chmod(0o600)
        run_as: dict[str, Any] = {}
        if os.geteuid() == 0:
            run_as = {"user": user, "group": user, "extra_groups": []}
            for entry in (folder, *folder.iterdir()):
                shutil.chown(entry, user, user)
        yield folder, run_as
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def running(command: list[str], run_as: dict[str, Any], folder: Path) -> Iterator[None]:
    with (
        (folder / "log").open("wb") as log,
        subprocess.Popen(command, stdout=log, stderr=log, cwd=folder, **run_as) as process,
    ):
        try:
            yield
        finally:
            process.terminate()


def answered(opener: Any) -> None:
    for _ in range(120):
        with suppress(psycopg.OperationalError, pymysql.err.OperationalError):
            opener().close()
            return
        time.sleep(0.25)
    raise TimeoutError("the server does not answer")


@pytest.fixture(scope="module")
def postgres() -> Iterator[tuple[str, Path]]:
    """A PostgreSQL with TLS and a password: its URL and its certificate's file."""
    initdb, server, address = program("initdb"), program("postgres"), own_address()
    with server_folder("postgres", address) as (folder, run_as):
        data, port = folder / "data", free_port(address)
        (folder / "pw").write_text(PASSWORD)
        (folder / "pw").chmod(0o644)
        subprocess.run(
            [initdb, "-D", str(data), "-U", "reader", "-A", "scram-sha-256", "--pwfile", str(folder / "pw"), "-N"],
            check=True, capture_output=True, cwd=folder, **run_as,
        )  # fmt: skip
        (data / "pg_hba.conf").write_text("host all all all scram-sha-256\n")
        settings = ["-c", "ssl=on", "-c", f"ssl_cert_file={folder}/server.crt", "-c", f"ssl_key_file={folder}/server.key",
                    "-c", "fsync=off", "-c", "max_connections=10", "-c", f"unix_socket_directories={folder}"]  # fmt: skip
        command = [server, "-D", str(data), "-h", address, "-p", str(port), *settings]
        with running(command, run_as, folder):
            place = {"host": address, "port": port, "user": "reader", "password": PASSWORD, "dbname": "postgres"}
            answered(lambda: psycopg.connect(**place))
            with psycopg.connect(**place, autocommit=True) as connection:  # type: ignore[arg-type]
                connection.execute("create table people (id int primary key, name text)")
                connection.execute("insert into people values (1, '甲')")
            yield f"postgresql://reader:${{OFFICE_PASSWORD}}@{address}:{port}/postgres", folder / "server.crt"


@pytest.fixture(scope="module")
def maria() -> Iterator[tuple[str, Path]]:
    """A MariaDB with TLS that asks for no password: its URL and its certificate's file."""
    server, address = program("mariadbd"), own_address()
    with server_folder("mysql", address) as (folder, run_as):
        port = free_port(address)
        (folder / "data").mkdir()
        if run_as:
            shutil.chown(folder / "data", "mysql", "mysql")
        command = [server, "--no-defaults", f"--datadir={folder}/data", "--skip-grant-tables", f"--port={port}",
                   f"--bind-address={address}", f"--socket={folder}/s", f"--ssl-cert={folder}/server.crt",
                   f"--ssl-key={folder}/server.key", "--innodb-flush-log-at-trx-commit=0", "--innodb-log-file-size=8M"]  # fmt: skip
        with running(command, run_as, folder):
            answered(lambda: pymysql.connect(host=address, port=port, user="reader"))
            connection = pymysql.connect(host=address, port=port, user="reader", autocommit=True, charset="utf8mb4")
            with connection, connection.cursor() as cursor:
                cursor.execute("create database office character set utf8mb4")
                cursor.execute("create table office.people (id int primary key, name varchar(9))")
                cursor.execute("insert into office.people values (1, '甲')")
            yield f"mariadb://reader@{address}:{port}/office", folder / "server.crt"


FULL = database_resource(mode="full", watermark=None)


def collected(folder: Path, url: str, more: str = "") -> list[str]:
    """What was remarked of a collection over this URL."""
    result = Office(folder, f'url = "{url}"\n{more}').collect(FULL)
    assert result.rows == 1
    return [finding.what for finding in result.remarks if "transactions" not in finding.what]


@pytest.fixture(autouse=True)
def password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OFFICE_PASSWORD", PASSWORD)


def test_postgresql_is_verified_unless_the_settings_say_otherwise(postgres: tuple[str, Path], tmp_path: Path) -> None:
    url, certificate = postgres
    with pytest.raises(CollectError, match=r"(?s)cannot be reached.*certificate.*Remedy.*tls_ca") as error:
        collected(tmp_path / "1", url)
    assert PASSWORD not in str(error.value)
    assert collected(tmp_path / "2", url, f'tls_ca = "{certificate}"') == []
    assert collected(tmp_path / "3", url, 'tls = "encrypted"') == ["certificate_unverified"]
    assert collected(tmp_path / "4", url, 'tls = "none"') == ["connection_in_clear"]
    assert collected(tmp_path / "5", url + f"?sslmode=verify-full&sslrootcert={certificate}") == []
    with pytest.raises(CollectError, match="certificate"):  # what falls back to plain text does not count
        collected(tmp_path / "6", url + "?sslmode=prefer")
    listed = Office(tmp_path / "7", f'url = "{url}"\ntls_ca = "{certificate}"').installation
    assert "people" in tables(FULL, Connections.load(listed))


def test_mariadb_is_verified_unless_the_settings_say_otherwise(maria: tuple[str, Path], tmp_path: Path) -> None:
    url, certificate = maria
    for words in ("", "?ssl_verify_cert=true"):
        with pytest.raises(CollectError, match=r"(?s)cannot be reached.*certificate.*Remedy.*tls_ca"):
            collected(tmp_path / f"1{len(words)}", url + words)
    assert collected(tmp_path / "2", url, f'tls_ca = "{certificate}"') == []
    assert collected(tmp_path / "3", url, 'tls = "encrypted"') == ["certificate_unverified"]
    assert collected(tmp_path / "4", url, 'tls = "none"') == ["connection_in_clear"]
    assert collected(tmp_path / "5", url + f"?ssl_verify_cert=true&ssl_ca={certificate}") == []
    listed = Office(tmp_path / "6", f'url = "{url}"\ntls_ca = "{certificate}"').installation
    assert tables(FULL, Connections.load(listed)) == ("people",)


@contextmanager
def without_tls(engine: str, address: str) -> Iterator[int]:
    """A server that answers as one without TLS does, and notes whether anybody spoke to it in clear all the same."""
    code = (
        "import socket, sys\n"
        "s = socket.create_server((sys.argv[1], int(sys.argv[2])))\n"
        "while True:\n"
        "    c, _ = s.accept()\n"
        "    if sys.argv[3] == 'mysql':\n"
        "        body = b'\\x0a5.5.5-10.11\\0' + b'\\1\\0\\0\\0' + b'a' * 8 + b'\\0' + b'\\xff\\xf7' + b'\\x2d' + b'\\2\\0'\n"
        "        body += b'\\xff\\x81' + b'\\x15' + b'\\0' * 10 + b'b' * 12 + b'\\0' + b'mysql_native_password\\0'\n"
        "        c.sendall(len(body).to_bytes(3, 'little') + b'\\0' + body)\n"
        "    got = c.recv(999)\n"
        "    if sys.argv[3] != 'mysql': c.sendall(b'N')\n"
        "    got += c.recv(999)\n"
        "    print(b'reader' in got, flush=True)\n"
        "    c.close()\n"
    )
    port = free_port(address)
    process = subprocess.Popen([sys.executable, "-c", code, address, str(port), engine], stdout=subprocess.PIPE)
    try:
        time.sleep(0.5)
        yield port
        assert process.stdout is not None and process.stdout.readline() == b"False\n"
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("engine", ["postgresql", "mysql"])
@pytest.mark.parametrize("level", ["verified", "encrypted"])
def test_a_server_without_tls_is_refused_before_the_user_is_named(tmp_path: Path, engine: str, level: str) -> None:
    address = own_address()
    with without_tls(engine, address) as port, pytest.raises(CollectError, match=r"cannot be reached.*Remedy.*`tls`"):
        collected(tmp_path, f"{engine}://reader:${{OFFICE_PASSWORD}}@{address}:{port}/x", f'tls = "{level}"')


def test_drivers_that_cannot_verify_say_so(tmp_path: Path) -> None:
    for url, words in (
        ("mssql+pymssql://u:p@10.1.2.3/x", "mssql.*verified.*encrypted or none"),
        ("dm+dmPython://u:p@10.1.2.3:5236", "dm.*verified.*none"),
    ):
        with pytest.raises(CollectError, match=words):
            Office(tmp_path / url[:2], f'url = "{url}"').collect(FULL)
    with pytest.raises(CollectError, match=r"tls is 'on'.*Remedy.*verified, encrypted, none"):
        Office(tmp_path / "on", 'url = "postgresql://u:p@10.1.2.3/x"\ntls = "on"').collect(FULL)
    with pytest.raises(CollectError, match="tls_ca names no file"):
        Office(tmp_path / "ca", 'url = "postgresql://u:p@10.1.2.3/x"\ntls_ca = "ca.pem"').collect(FULL)
