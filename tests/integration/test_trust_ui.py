"""``govshare ui`` as a person has it: Dagster behind its door, with its daemon, on the loopback."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from support import parsed
from websockets.sync.client import connect

from catalogue.installation import DBT_PROJECT, Installation

GOVSHARE = Path(sys.executable).with_name("govshare")
PATIENCE = 120  # seconds; a machine may have other work
RUNS = "{ runsOrError { __typename ... on Runs { results { id } } } workspaceOrError { __typename } }"
PASSWORD = "p@ss#wörd"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


class Ui:
    def __init__(self, data: Path, **environment: str) -> None:
        self.data, self.port = data, free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("GOVSHARE_", "DAGSTER_"))}
        self.process = subprocess.Popen(
            [str(GOVSHARE), "ui", "--port", str(self.port)],
            env={**kept, "GOVSHARE_DATA": str(data), "GOVSHARE_CITY": str(data / "city"), "PYTHONUNBUFFERED": "1", **environment},
            start_new_session=True, text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        assert self.process.stdout
        self.said = self.process.stdout.readline()

    def wait(self) -> None:
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until and self.process.poll() is None:
            try:
                requests.get(self.address, timeout=5)
                return
            except requests.RequestException:
                time.sleep(0.1)
        raise AssertionError("the UI does not answer")

    def children(self) -> set[int]:
        found = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return {int(child) for child in found.split()}


@pytest.fixture(scope="module")
def ui(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ui]:
    data = tmp_path_factory.mktemp("ui") / "data"
    before = os.umask(0o077)
    parsed.take_over(Installation(data, data / "city", DBT_PROJECT / "cities" / "xinxiang"))
    os.umask(before)
    started = Ui(data, GOVSHARE_UI_PASSWORD=PASSWORD)
    try:
        started.wait()
        yield started
    finally:
        os.killpg(started.process.pid, signal.SIGKILL)
        started.process.wait()


def test_dagster_answers_who_has_signed_in_and_nobody_else(ui: Ui) -> None:
    assert ui.said == f"Dagster: {ui.address}/ (Ctrl-C ends it)\n"
    assert requests.post(f"{ui.address}/graphql", json={"query": RUNS}).status_code == 401
    session = requests.Session()
    session.headers["Origin"] = ui.address
    assert session.post(f"{ui.address}/login", data={"word": PASSWORD}).status_code == 200
    assert "<title>" in session.get(ui.address).text or "dagster" in session.get(ui.address).text.lower()
    answer = session.post(f"{ui.address}/graphql", json={"query": RUNS}).json()
    assert answer["data"]["runsOrError"] == {"__typename": "Runs", "results": []}
    assert answer["data"]["workspaceOrError"]["__typename"] == "Workspace"
    refused = session.post(f"{ui.address}/graphql", json={"query": RUNS}, headers={"Origin": "http://evil.example"})
    assert refused.status_code == 403
    assert session.get(f"{ui.address}/graphql", params={"query": RUNS}).status_code == 405

    cookies = "; ".join(f"{c.name}={c.value}" for c in session.cookies)
    with connect(
        f"ws://127.0.0.1:{ui.port}/graphql", origin=ui.address, subprotocols=["graphql-ws"], additional_headers={"Cookie": cookies},
    ) as talking:  # type: ignore[arg-type]  # fmt: skip
        talking.send(json.dumps({"type": "connection_init"}))
        assert json.loads(talking.recv(10)) == {"type": "connection_ack"}


def test_it_listens_on_the_loopback_alone_and_hands_no_password_on(ui: Ui) -> None:
    listening = Path("/proc/net/tcp").read_text() + Path("/proc/net/tcp6").read_text()
    at = re.findall(rf"^ *\d+: ([0-9A-F]+):{ui.port:04X} \S+ 0A", listening, re.MULTILINE)
    assert at == ["0100007F"]
    assert ui.children()
    for child in ui.children():
        assert PASSWORD.encode() not in Path(f"/proc/{child}/environ").read_bytes()
    assert ui.data.stat().st_mode & 0o777 == 0o700
    assert not [p for p in ui.data.rglob("*") if not p.is_symlink() and p.stat().st_mode & 0o077]


def test_it_takes_its_daemon_with_it(ui: Ui) -> None:
    daemons = {c for c in ui.children() if b"dagster-daemon" in Path(f"/proc/{c}/cmdline").read_bytes()}
    assert len(daemons) == 1
    ui.process.terminate()
    ui.process.wait(PATIENCE)
    assert not [child for child in daemons if Path(f"/proc/{child}").exists()]


def test_a_header_is_trusted_behind_a_socket_only(tmp_path: Path) -> None:
    done = subprocess.run(
        [str(GOVSHARE), "ui"], env={**os.environ, "GOVSHARE_DATA": str(tmp_path), "GOVSHARE_UI_TRUSTED_HEADER": "X-User"},
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 1 and "--socket" in done.stderr
