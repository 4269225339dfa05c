"""``govshare ui``: Dagster's UI and daemon, for whoever has the token that it shows when it starts."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from catalogue import private
from catalogue.errors import GovshareError
from catalogue.installation import Installation
from orchestration.cli.output import people

WORDS = """\
Environment: GOVSHARE_UI_PASSWORD is asked for instead of a token. GOVSHARE_UI_HOSTS: names under which a proxy is
called. GOVSHARE_UI_TRUSTED_HEADER: the header in which a proxy with the organisation's login names the user (with
--socket only)."""


def ui(
    port: Annotated[int, typer.Option(help="of 127.0.0.1")] = 3000,
    at_socket: Annotated[
        Path | None, typer.Option("--socket", metavar="FILE", help="listen on a Unix socket instead, for a proxy")
    ] = None,
) -> None:
    """Open Dagster's UI and its daemon (schedules, sensors) on this installation."""
    installation = Installation.from_env()
    # Nothing that is started inherits them.
    password = os.environ.pop("GOVSHARE_UI_PASSWORD", None) or None
    trusted = os.environ.pop("GOVSHARE_UI_TRUSTED_HEADER", None) or None
    if trusted and at_socket is None:
        raise GovshareError(
            "a header is trusted only where nobody but the proxy can write it",
            where="GOVSHARE_UI_TRUSTED_HEADER",
            remedy="let the proxy connect by --socket FILE, in a folder that only it and govshare may enter",
        )
    private.correct(installation)
    from orchestration.instance import dagster_home, fail_killed_runs

    dagster_home(installation)
    os.environ.update(GOVSHARE_DATA=str(installation.data), GOVSHARE_CITY=str(installation.city))
    from dagster import DagsterInstance

    from orchestration.front import Login
    from orchestration.ui import listen_on_port, listen_on_socket, serve

    listening = listen_on_socket(at_socket) if at_socket else listen_on_port(port)
    with DagsterInstance.get() as instance:
        fail_killed_runs(installation, instance)
    login = Login(password=password, trusted_header=trusted)
    if at_socket:
        place = f"socket {at_socket}"
    else:
        place = f"http://127.0.0.1:{port}/" + ("" if password else f"?token={login.token}")
    people.print(f"Dagster: {place} (Ctrl-C ends it)", highlight=False, soft_wrap=True)
    if at_socket and not password and not trusted:
        people.print(f"Token: {login.token}", highlight=False, soft_wrap=True)
    serve(installation, listening, login, port)


ui.__doc__ = f"{ui.__doc__}\n\n{WORDS}"
