"""Dagster's UI and daemon as one process and its child, behind ``front``.

Dagster's web server runs in this process and not as ``dagster-webserver``: that one listens on a port by itself, which
every user of the machine can reach, and has no place for a login. Its application is public
(``dagster_webserver.app``); the workspace that it is given has no public name, and is made as ``dagster-webserver``
makes it.
"""

from __future__ import annotations

import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import uvicorn
from dagster import DagsterInstance, __version__
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import WorkspaceFileTarget
from dagster_webserver.app import create_app_from_workspace_process_context

from catalogue.errors import GovshareError
from catalogue.installation import PROJECT_ROOT, Installation
from orchestration.front import Front, Login, names_of

WORKSPACE = PROJECT_ROOT / "workspace.yaml"
ENDING = 30  # seconds that the daemon has to end
POLL = 2000  # milliseconds, Dagster's own


def listen_on_port(port: int) -> socket.socket:
    """A socket of the loopback, so that no other machine reaches it."""
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind(("127.0.0.1", port))
    except OSError as error:
        listening.close()
        raise GovshareError(
            f"port {port} is taken",
            remedy=f"end what listens there, or choose another: --port {port + 1}",
        ) from error
    return listening


def listen_on_socket(path: Path) -> socket.socket:
    """A Unix socket for a proxy: who may enter its folder, and is of its group, may connect."""
    with suppress(FileNotFoundError):
        if stat.S_ISSOCK(path.stat().st_mode):
            path.unlink()  # of a server that was killed
    listening = socket.socket(socket.AF_UNIX)
    try:
        listening.bind(str(path))
        path.chmod(0o660)
    except OSError as error:
        listening.close()
        raise GovshareError(
            f"the socket cannot be made: {error.strerror or error}",
            where=str(path),
            remedy="name a new file, in a folder that govshare may write to and nobody else but the proxy may enter",
        ) from error
    return listening


def serve(installation: Installation, listening: socket.socket, login: Login, port: int) -> None:
    """Serve until the process is interrupted. Dagster's folder is ``DAGSTER_HOME`` already."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # uvicorn ends, and raises it again: the daemon ends, too
    hosts = names_of(port, os.environ.get("GOVSHARE_UI_HOSTS", ""))
    with (
        _daemon(installation),
        DagsterInstance.get() as instance,
        WorkspaceProcessContext(
            instance, WorkspaceFileTarget([str(WORKSPACE)]), __version__, code_server_log_level="WARNING"
        ) as workspace,
    ):
        app = create_app_from_workspace_process_context(workspace, live_data_poll_rate=POLL)
        front = Front(app, login, hosts, f"govshare_ui_{port}")
        config = uvicorn.Config(front, log_level="warning", access_log=False, proxy_headers=False, server_header=False)
        with suppress(KeyboardInterrupt):
            uvicorn.Server(config).run(sockets=[listening])


@contextmanager
def _daemon(installation: Installation) -> Iterator[None]:
    """Schedules and sensors, while the UI is there."""
    command = [str(Path(sys.executable).with_name("dagster-daemon")), "run", "-w", str(WORKSPACE)]
    process = subprocess.Popen(command, cwd=installation.dagster_home)
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(ENDING)
        except subprocess.TimeoutExpired:
            process.kill()
