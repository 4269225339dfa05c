"""A finished installation as people have one: the real command line on a simulated city, in processes of its own."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
from support import parsed

from catalogue.installation import DBT_PROJECT, Installation

GOVSHARE = Path(sys.executable).with_name("govshare")
PEOPLE = 1500
PATIENCE = 600  # seconds; a machine may have other work
DAY = "2026-11-25"  # for all builds: the suite may run over midnight
DEAD = "natural_resources"  # the department whose database is away at the second delivery
MARRIED = "婚姻登记_2027.csv"  # the file that civil affairs delivers then
MOVED = 5  # people who live in another place by then, as the police knows


@dataclass(frozen=True)
class Node:
    """One installation: its data and its city, and govshare working on them."""

    folder: Path

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def city(self) -> Path:
        return self.folder / "city"

    @property
    def installation(self) -> Installation:
        return Installation(self.data, self.city, DBT_PROJECT / "cities" / "xinxiang")

    @property
    def environment(self) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("GOVSHARE_", "DAGSTER_"))}
        return {**kept, "GOVSHARE_DATA": str(self.data), "GOVSHARE_CITY": str(self.city), "GOVSHARE_DAY": DAY}

    def start(self, *arguments: str, patched: str = "", internet: int | None = None) -> subprocess.Popen[str]:
        """The command in a process group of its own, as a terminal gives it. ``patched``: Python that runs before.
        ``internet``: the port that has to stand for all of it."""
        command = [str(GOVSHARE)]
        if patched:
            command = [sys.executable, "-c", f"{patched}\nfrom orchestration.cli import main\nmain()"]
        return subprocess.Popen(
            [*command, *arguments],
            env={**self.environment, **(behind(internet) if internet else {})}, start_new_session=True, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    def call(
        self, *arguments: str, code: int | None = 0, patched: str = "", internet: int | None = None
    ) -> subprocess.CompletedProcess[str]:
        process = self.start(*arguments, patched=patched, internet=internet)
        out, err = process.communicate(timeout=PATIENCE)
        assert code is None or process.returncode == code, f"exit code {process.returncode}\n{out}\n{err}"
        assert "Traceback" not in err, err
        return subprocess.CompletedProcess(arguments, process.returncode, out, err)

    def document(self, *arguments: str, code: int | None = 0) -> Any:
        """What ``--json`` prints; it must be one document and nothing else."""
        return json.loads(self.call(*arguments, "--json", code=code).stdout)

    def copy(self, folder: Path) -> Node:
        shutil.copytree(self.folder, folder, symlinks=True)
        parsed.moved(self.installation, Node(folder).installation)
        return Node(folder)

    def released(self) -> dict[str, str]:
        return {r["table"]: r["release"] for r in self.document("releases") if r["current"]}

    def batches(self) -> set[str]:
        landing = self.data / "landing"
        return {str(path.parent.relative_to(landing)) for path in landing.glob("*/*/*/manifest.json")}

    def parquet(self, table: str) -> str:
        return str(self.data / "published" / table / "current" / "*.parquet")

    def rows(self, table: str) -> list[tuple[Any, ...]]:
        """All rows, of the history without its times: when a value was seen to change depends on when runs came through."""
        columns = "* exclude (valid_from, valid_to, recorded_from, recorded_to)" if table == "history" else "*"
        with duckdb.connect() as connection:
            answer = connection.sql(f"select {columns} from read_parquet('{self.parquet(table)}') order by all")
            return answer.fetchall()

    def tables(self) -> dict[str, list[tuple[Any, ...]]]:
        """All rows of all published tables. No other column has the time of a run in it."""
        published = self.data / "published"
        return {f.name: self.rows(f.name) for f in sorted(published.iterdir()) if (f / "current").exists()}

    def interrupted(self, when: Callable[[], bool], sign: signal.Signals, *, group: bool) -> tuple[int, str] | None:
        """Start a run and send it a signal as soon as ``when``; null if it was faster. ``group``: and all that it
        started, as a terminal or a power cut does."""
        process = self.start("run")
        until = time.monotonic() + PATIENCE
        while process.poll() is None and not when() and time.monotonic() < until:
            time.sleep(0.01)
        if process.poll() is not None:
            process.communicate()
            return None
        if group:
            os.killpg(process.pid, sign)
        else:
            process.send_signal(sign)
        # A dbt that outlives its parent holds the pipes open: do not wait for their end.
        code = process.wait(timeout=PATIENCE)
        error = process.stderr.read() if process.stderr and sign != signal.SIGKILL else ""
        return code, error

    def deliver(self) -> None:
        """What the departments have next: a file more, changed rows in a database, and one database that is away."""
        folder = self.city / "civil_affairs"
        head, *lines = (folder / "婚姻登记_2026.csv").read_text(encoding="gb18030").splitlines()
        records = {line.partition(",")[0]: line for line in lines}  # one line a record: the city repeats some
        again = ["N" + line[1:] for line in list(records.values())[-5:]]
        (folder / MARRIED).write_text("\r\n".join([head, *again]) + "\r\n", encoding="gb18030")
        with sqlite3.connect(self.city / "public_security.sqlite") as police:
            police.execute(
                "update czrkhk set addr = addr || '新', czrksjxgxsj = '2026-11-20 12:00:00' where czrkrkid in "
                "(select min(czrkrkid) from czrkhk where length(identi_id) = 18 group by identi_id order by 1 limit ?)",
                [MOVED],
            )
        (self.city / f"{DEAD}.sqlite").rename(self.city / "away.sqlite")


def behind(port: int) -> dict[str, str]:
    """An environment in which every library that asks the internet asks this port of ours instead."""
    proxy = f"http://127.0.0.1:{port}"
    return {name: proxy for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")} | {
        "no_proxy": "", "NO_PROXY": ""
    }  # fmt: skip


def make(folder: Path, *, seed: int, defects: str, taking_over: bool) -> Node:
    """Simulate a city and take it all the way; ``run.json`` has what the run said and how long it took. ``taking_over``:
    what dbt has parsed already."""
    node = Node(folder)
    folder.mkdir(parents=True)
    node.call(
        "demo", "--people", str(PEOPLE), "--seed", str(seed), "--defects", defects, "--out", str(node.city)
    )  # fmt: skip
    if taking_over:
        parsed.take_over(node.installation)
    started = time.monotonic()
    with socket.create_server(("127.0.0.1", 0)) as internet:
        done = node.call("run", internet=internet.getsockname()[1])
        internet.settimeout(0)
        try:
            internet.accept()
            asked = True
        except BlockingIOError:
            asked = False
    note = {"seconds": time.monotonic() - started, "out": done.stdout, "err": done.stderr, "asked the internet": asked}
    (folder / "run.json").write_text(json.dumps(note), encoding="utf-8")
    parsed.keep(node.installation)
    return node


def note(node: Node) -> Mapping[str, Any]:
    document: dict[str, Any] = json.loads((node.folder / "run.json").read_text(encoding="utf-8"))
    return document
