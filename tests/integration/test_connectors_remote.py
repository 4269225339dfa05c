"""Folders on other machines: a real SFTP server and a real S3 server, both started here on free ports."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.collecting import Item, Office, Resource, Spec

from connectors.base import CollectError
from connectors.files import remote
from connectors.landing import committed

asyncssh = pytest.importorskip("asyncssh")
pytest.importorskip("paramiko")
pytest.importorskip("s3fs")
moto = pytest.importorskip("moto.server")

PASSWORD = "geheim-42"


def files(path: str = "*.csv", **options: Any) -> Resource:
    spec = Spec("delimited", "office", ("a",), options={"path": path, **options})
    return Resource("office.files", spec, (Item("a"), Item("b")))


class SftpServer:
    """An SFTP server in a thread, serving ``folder``; counts files opened, and can break the line."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.opened: list[str] = []
        self.broken = 0
        self.key = asyncssh.generate_private_key("ssh-ed25519")
        self.loop = asyncio.new_event_loop()
        started = threading.Event()

        def run() -> None:
            asyncio.set_event_loop(self.loop)
            self.loop.run_until_complete(self._start())
            started.set()
            self.loop.run_forever()

        self.thread = threading.Thread(target=run, daemon=True)
        self.thread.start()
        assert started.wait(10)

    async def _start(self) -> None:
        outer = self

        class Login(asyncssh.SSHServer):  # type: ignore[name-defined,misc]
            def password_auth_supported(self) -> bool:
                return True

            def validate_password(self, username: str, password: str) -> bool:
                return username == "govshare" and password == PASSWORD

        class Files(asyncssh.SFTPServer):  # type: ignore[name-defined,misc]
            def __init__(self, channel: Any) -> None:
                super().__init__(channel, chroot=str(outer.folder))

            def open(self, path: bytes, *arguments: Any) -> Any:
                outer.opened.append(path.decode())
                if outer.broken:
                    outer.broken -= 1
                    raise asyncssh.SFTPFailure("the disk is busy")
                return super().open(path, *arguments)

        self.server = await asyncssh.listen(
            "127.0.0.1", 0, server_factory=Login, server_host_keys=[self.key], sftp_factory=Files
        )
        self.port = self.server.sockets[0].getsockname()[1]

    @property
    def host_key(self) -> str:
        return " ".join(self.key.export_public_key().decode().split()[:2])

    def stop(self) -> None:
        self.loop.call_soon_threadsafe(self.server.close)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)


@pytest.fixture
def sftp(tmp_path: Path) -> Iterator[SftpServer]:
    folder = tmp_path / "served"
    (folder / "交换").mkdir(parents=True)
    server = SftpServer(folder)
    yield server
    server.stop()


def office(tmp_path: Path, server: SftpServer, password: str = PASSWORD, host_key: str | None = None) -> Office:
    key = server.host_key if host_key is None else host_key
    return Office(
        tmp_path,
        f'path = "sftp://127.0.0.1:{server.port}/交换"\n'
        + (f'host_key = "{key}"\n' if key else "")
        + f'options = {{username = "govshare", password = "{password}"}}',
    )


def put(folder: Path, name: str, text: str, age: float = 3600) -> Path:
    file = folder / name
    file.write_text(text, encoding="gb18030")
    os.utime(file, (time.time() - age,) * 2)
    return file


def test_sftp(tmp_path: Path, sftp: SftpServer) -> None:
    drop = sftp.folder / "交换"
    put(drop, "一.csv", "a,b\n张三,2\n")
    put(drop, "二.csv", "a,b\n3,4\n5\n")
    put(drop, "三.csv.part", "a,b\n")
    source = office(tmp_path, sftp)
    assert source.collect(files()).batches == ("000001", "000002")
    assert source.landed(files(), "a, _file, _line, _problem") == [
        ("张三", "一.csv", 2, None),
        ("3", "二.csv", 2, None),
        ("5", "二.csv", 3, "row_width"),
    ]
    sftp.opened.clear()
    assert source.collect(files()).unchanged
    assert sftp.opened == []  # what was taken is not fetched again
    put(drop, "一.csv", "a,b\n李四,2\n", age=60)  # as long as before
    assert source.collect(files()).batches == ("000003",)


def test_sftp_a_file_that_goes_back_is_fetched_again(tmp_path: Path, sftp: SftpServer) -> None:
    drop = sftp.folder / "交换"
    source = office(tmp_path, sftp)
    moment = time.time() - 3600
    for text, landed in (("a,b\n1,旧\n", 1), ("a,b\n1,新\n", 1), ("a,b\n1,旧\n", 1)):
        file = put(drop, "一.csv", text)
        os.utime(file, (moment if "旧" in text else moment + 60,) * 2)  # put back with its own old time
        assert source.collect(files()).rows == landed
        sftp.opened.clear()
        assert source.collect(files()).unchanged and sftp.opened == []
    assert [b for (b,) in source.landed(files(), "b")] == ["旧", "新", "旧"]
    assert source.collect_again(files()).unchanged and sftp.opened != []


def test_sftp_a_folder_that_is_one_snapshot(tmp_path: Path, sftp: SftpServer) -> None:
    drop = sftp.folder / "交换"
    put(drop, "一.csv", "a,b\n1,2\n")
    put(drop, "二.csv", "a,b\n3,4\n")
    source, whole = office(tmp_path, sftp), files(snapshot="folder")
    assert source.collect(whole).rows == 2
    sftp.opened.clear()
    assert source.collect(whole).unchanged and sftp.opened == []
    put(drop, "二.csv", "a,b\n5,6\n", age=60)
    assert (source.collect(whole).rows, source.landed(whole, "a", "_op = 'delete'")) == (2, [("3",)])


def test_sftp_line_breaks_once(tmp_path: Path, sftp: SftpServer, monkeypatch: pytest.MonkeyPatch) -> None:
    put(sftp.folder / "交换", "一.csv", "a,b\n1,2\n")
    sftp.broken = 2
    assert office(tmp_path, sftp).collect(files()).rows == 1
    assert len(sftp.opened) == 3


def test_sftp_young_files_are_watched(tmp_path: Path, sftp: SftpServer) -> None:
    file = put(sftp.folder / "交换", "一.csv", "a,b\n1,2\n", age=0)
    source = office(tmp_path, sftp)
    assert source.collect(files(settle=0.5)).rows == 1
    assert committed(source.installation, "office.files")[0].files[0].version is None  # too young to tell
    file.write_text("a,b\n3,4\n")
    assert source.collect(files(settle=0.5)).rows == 1


def test_sftp_refusals(tmp_path: Path, sftp: SftpServer) -> None:
    put(sftp.folder / "交换", "一.csv", "a,b\n1,2\n")
    with pytest.raises(CollectError, match="refuses the account") as error:
        office(tmp_path, sftp, password="falsch").collect(files())
    assert "connection office" in str(error.value) and "falsch" not in str(error.value)
    with pytest.raises(CollectError, match=r"is not known; it shows ssh-ed25519 SHA256:") as error:
        office(tmp_path, sftp, host_key="").collect(files())
    assert sftp.host_key in str(error.value)
    other = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()
    with pytest.raises(CollectError, match="another key than the one that is known"):
        office(tmp_path, sftp, host_key=" ".join(other.split()[:2])).collect(files())
    with pytest.raises(CollectError, match="no file matches"):
        office(tmp_path, sftp).collect(files("*.txt"))
    sftp.stop()
    with pytest.raises(CollectError, match="cannot be reached"):
        office(tmp_path, sftp).collect(files())


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    server = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


def test_s3(tmp_path: Path, s3: str) -> None:
    import s3fs

    options = {"key": "AKIDEXCHANGE", "secret": PASSWORD, "endpoint_url": s3}
    store = s3fs.S3FileSystem(**options, skip_instance_cache=True)
    store.mkdir("exchange")
    store.pipe_file("exchange/人社/一.csv", "a,b\n张三,2\n".encode("gb18030"))
    store.pipe_file("exchange/人社/二.csv", b"a,b\n3,4\n")
    settings = ", ".join(f'{name} = "{value}"' for name, value in options.items())
    source = Office(tmp_path, f'path = "s3://exchange/人社"\noptions = {{{settings}}}')
    assert source.collect(files(settle=0)).batches == ("000001", "000002")
    assert source.landed(files(), "a, b, _file") == [("张三", "2", "一.csv"), ("3", "4", "二.csv")]
    assert source.collect(files(settle=0)).unchanged
    assert all(m.files[0].version for m in committed(source.installation, "office.files"))
    store.pipe_file("exchange/人社/二.csv", b"a,b\n3,5\n")
    assert source.collect(files(settle=0)).batches == ("000003",)
    with pytest.raises(CollectError, match="no file matches"):
        source.collect(files("*.txt"))
    missing = Office(tmp_path / "x", f'path = "s3://nowhere/x"\noptions = {{{settings}}}')
    with pytest.raises(CollectError, match="s3://nowhere/x") as error:
        missing.collect(files())
    assert "Remedy" in str(error.value) and PASSWORD not in str(error.value)


def test_a_driver_that_is_not_installed_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_: object, **__: object) -> None:
        raise ImportError("no s3fs")

    monkeypatch.setattr(remote.fsspec, "url_to_fs", missing)
    source = Office(tmp_path, 'path = "s3://exchange/x"')
    with pytest.raises(CollectError, match=r"pip install 'govshare\[s3\]'"):
        source.collect(files())
    with pytest.raises(CollectError, match="not understood"):
        monkeypatch.undo()
        Office(tmp_path, 'path = "klingon://exchange/x"').collect(files())
