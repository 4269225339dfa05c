"""A whole run with failures provoked at every stage: nothing of the data, and no secret, gets into what is said and logged.

Landing, warehouse, candidates and published tables hold the data, and the secret's file the secret. All else is looked
through: what commands say, Dagster's databases, dbt's logs and what it keeps of a build, the gate's report, and the
system's temporary folder.
"""

from __future__ import annotations

import http.server
import re
import shutil
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import pytest
from installed import Node

from catalogue.dbt import code_tables
from catalogue.installation import DBT_PROJECT

PASSWORD = "p@ss#w0rd/gëheim"
HOLDS_DATA = {"landing", "warehouse", "candidate", "published", "city", "decisions", "secret"}
WHOLE_NUMBER = re.compile(r"(?<![0-9A-Za-z])(?:\d{7,}[Xx]?|0\d{2,3}-\d{7,8})(?![0-9A-Za-z])")
NOBODYS = re.compile(r"(19|20)\d{6}|(\d)\2*")  # a day, of which logs are full; one digit again and again
NUMBER = re.compile(r"\d{7,}[Xx]?|0\d{2,3}-\d{7,8}")
HAN = re.compile(r"[\u3400-\u9fff\U00020000-\U0003ffff]+")
ESCAPED = re.compile(r"\\+u([0-9a-fA-F]{4})")
BREAK_ALL = """
import expectations.gate as gate
from dataclasses import replace
planned = gate.plan
gate.plan = lambda table, *others: [
    replace(check, arguments={**check.arguments, "condition": "true"}) if check.kind == "breaks" else check
    for check in planned(table, *others)
]
"""


@dataclass(frozen=True)
class Watched(Node):
    """An installation with sources of its own, a secret in its environment and a temporary folder that is looked at."""

    more: dict[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        return {**super().environment, **self.more}


@contextmanager
def angry_server(body: str) -> Iterator[int]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(400)
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: object) -> None: ...

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_port
    finally:
        server.shutdown()


def replaced(file: Path, pattern: str, by: str) -> None:
    text, count = re.subn(pattern, lambda _: by, file.read_text(encoding="utf-8"))
    assert count == 1, (file, pattern)
    file.write_text(text, encoding="utf-8")


def spoil(node: Watched, content: Path, port: int) -> None:
    """A failure of each kind."""
    shutil.copytree(DBT_PROJECT / "cities" / "xinxiang", content)
    with (node.city / "connections.toml").open("a", encoding="utf-8") as file:
        file.write(f'\n[connections.tax_service]\nurl = "http://127.0.0.1:{port}"\nretries = 1\n')
        file.write(
            '\n[connections.insurance]\nurl = "postgresql://reader:${INSURANCE_PASSWORD}@127.0.0.1:1/insurance"\n'
        )
    replaced(
        content / "sources" / "tax.yml", r"connector: \{kind: delimited[^}]*\}",
        "connector: {kind: http, connection: tax_service, path: /taxpayers, key: [税务登记序号], mode: full}",
    )  # fmt: skip
    replaced(
        content / "sources" / "human_resources.yml", r"connector: \{kind: delimited[^}]*\}",
        "connector: {kind: database, connection: insurance, table: insured, key: [个人编号], mode: full}",
    )  # fmt: skip
    staging = content / "staging" / "stg_public_security__household_registration.sql"
    replaced(staging, r"(?m)^from landed$", "from landed where cast(nm as bigint) is not null")

    married = max((node.city / "civil_affairs").glob("*.csv"), key=lambda file: file.stat().st_size)
    _, first, *rest = married.read_bytes().split(b"\r\n")
    married.write_bytes(b"\r\n".join([first, *rest]))  # its first record is its heading
    person = re.search(rb"\d{17}[\dX]", b"".join(rest))
    assert person
    shutil.copy(married, married.with_name(f"婚姻登记_{person[0].decode()}.csv"))
    school = sorted((node.city / "education").glob("*.xlsx"))[0]
    school.write_text("\n".join(line.decode("gb18030") for line in rest), encoding="utf-8")  # no workbook
    born = sorted((node.city / "health").glob("*.jsonl"))[-1]
    records = born.read_text(encoding="utf-8").splitlines()
    named = records[0].replace('"certNo"', f'"{person[0].decode()}"')
    born.write_text("\n".join([records[0][:-15], named, *records[1:]]), encoding="utf-8")


def everything(connection: duckdb.DuckDBPyConnection, files: Path) -> Iterator[str]:
    """All texts of all columns of Parquet files."""
    for file in sorted(files.rglob("*.parquet")):
        for column, kind in connection.sql(f"select column_name, column_type from (describe from '{file}')").fetchall():
            if kind == "VARCHAR" and not column.startswith("_"):
                asked = f'select distinct "{column}" from \'{file}\' where "{column}" is not null'
                yield from (value for (value,) in connection.sql(asked).fetchall())


@dataclass(frozen=True)
class Data:
    """What must not be found: numbers of seven digits and more, and names of three characters."""

    numbers: frozenset[str]
    names: frozenset[str]

    @classmethod
    def of(cls, node: Node) -> Data:
        with duckdb.connect() as connection:
            texts = list(everything(connection, node.data / "landing"))
        numbers = {n for text in texts for n in WHOLE_NUMBER.findall(text) if not NOBODYS.fullmatch(n)}
        known = str(code_tables()) + "".join(p.read_text(encoding="utf-8") for p in DBT_PROJECT.rglob("*.yml"))
        with duckdb.connect(str(node.installation.warehouse), read_only=True) as warehouse:
            people = warehouse.sql("select distinct name from base.population where length(name) = 3")
            names = {name for (name,) in people.fetchall() if HAN.fullmatch(name) and name not in known}
        return cls(frozenset(numbers), frozenset(names))

    def found_in(self, text: str) -> set[str]:
        text = ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)
        numbers = {number for number in NUMBER.findall(text) if number in self.numbers}
        names = {run[at : at + 3] for run in HAN.findall(text) for at in range(len(run) - 2)} & self.names
        return numbers | names | ({PASSWORD} if PASSWORD in text or "gëheim" in text else set())


@dataclass(frozen=True)
class Provoked:
    node: Watched
    said: dict[str, str]
    temporary: Path
    data: Data


@pytest.fixture(scope="module")
def provoked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provoked]:
    folder = tmp_path_factory.mktemp("leaks")
    temporary, content = folder / "tmp", folder / "content"
    temporary.mkdir()
    more = {"TMPDIR": str(temporary), "INSURANCE_PASSWORD": PASSWORD}
    node = Watched(folder, {**more, "GOVSHARE_CATALOGUE": str(content)})
    node.call("demo", "--people", "300", "--seed", "3", "--defects", "heavy", "--out", str(node.city))
    shutil.copytree(node.city, folder / "unspoilt")
    lines = (node.city / "civil_affairs" / "婚姻登记_2025.csv").read_text(encoding="gb18030")
    said = {}
    with angry_server(lines) as port:
        spoil(node, content, port)
        landed = node.data / "landing"
        assert node.interrupted(lambda: any(landed.glob("*/*/000001")), signal.SIGKILL, group=True)
        failing = ("civil_affairs", "health", "tax", "human_resources", "education")
        for arguments in (["run"], ["collect", *failing], ["collect", *failing, "--json"], ["connect", "tax_service"]):
            done = node.call(*arguments, code=None)
            said[" ".join(arguments)] = f"{done.stdout}\n{done.stderr}"
            assert done.returncode == 1, said
    shutil.rmtree(node.city)
    shutil.copytree(folder / "unspoilt", node.city)
    whole = Watched(folder, more)
    done = whole.call("run", code=1, patched=BREAK_ALL)
    said["stopped by the gate"] = f"{done.stdout}\n{done.stderr}"
    yield Provoked(whole, said, temporary, Data.of(whole))


def test_each_stage_did_fail(provoked: Provoked) -> None:
    failed = provoked.said["run"]
    for words in ("civil_affairs.marriage", "education.school_enrolment", "tax.tax_registration", "human_resources"):
        assert words in failed, failed
    assert "stg_public_security__household_registration" in failed, failed
    logged = (file.read_text(encoding="utf-8") for file in (provoked.node.data / "dbt").rglob("dbt.log"))
    assert any("Conversion Error: Could not convert string <" in text for text in logged)
    assert "the gate stopped" in provoked.said["stopped by the gate"]
    assert len(provoked.data.numbers) > 500 and len(provoked.data.names) > 50


def test_no_command_says_a_number_a_name_or_a_secret(provoked: Provoked) -> None:
    for command, words in provoked.said.items():
        assert provoked.data.found_in(words) == set(), command


def test_no_log_has_a_number_a_name_or_a_secret(provoked: Provoked) -> None:
    logs = [
        file
        for file in sorted(provoked.node.data.rglob("*"))
        if file.is_file() and file.relative_to(provoked.node.data).parts[0] not in HOLDS_DATA
    ]
    assert len(logs) > 50
    found = {file: provoked.data.found_in(file.read_bytes().decode("utf-8", "replace")) for file in logs}
    assert {file: what for file, what in found.items() if what} == {}


def test_no_key_is_told_in_a_log_or_a_statement(provoked: Provoked) -> None:
    keys = provoked.node.installation.secret_file.read_text(encoding="ascii").strip()
    for file in sorted(provoked.node.data.rglob("*")):
        if file.is_file() and file != provoked.node.installation.secret_file:
            text = file.read_bytes()
            assert keys[:64].encode() not in text and keys[64:].encode() not in text, file


def test_the_systems_temporary_folder_holds_nothing_even_of_a_killed_run(provoked: Provoked) -> None:
    for file in sorted(provoked.temporary.rglob("*")):
        if file.is_file():
            assert provoked.data.found_in(file.read_bytes().decode("utf-8", "replace")) == set(), file


def test_all_is_its_owners(provoked: Provoked) -> None:
    open_to_others = [p for p in provoked.node.data.rglob("*") if not p.is_symlink() and p.stat().st_mode & 0o077]
    assert open_to_others == []
