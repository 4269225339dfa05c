"""A built city under faults: flipped bits, damaged and missing files, batches that cannot be staged, a damaged warehouse.

Each must be detected before anything is built from it, stop its own resource and no other, be told with its remedy and
an exit code, and be put right by the next run once the cause is gone. What a full disk and a kill must leave is tested
where it is written: ``test_trust_releases.py``, ``test_publishing_release.py``, ``test_killed.py``.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from installed import Node

from catalogue.checksums import sha256_of
from catalogue.installation import Installation
from catalogue.load import load
from catalogue.model import Catalogue
from orchestration import warehouse
from orchestration.batches import ensure_all_empty
from orchestration.held import read as read_held
from orchestration.increment import next_build
from orchestration.inputs import last_build
from publishing.account import account
from publishing.query import query
from publishing.release import releases
from publishing.trace import trace
from publishing.verify import everything, examine

DAY = "2026-11-25"
SMALL_FILES = """
import resource, signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (600_000, 600_000))
"""
PARTS = "landing/*/*/00000[1-9]/part-*.parquet"


@pytest.fixture(scope="module")
def city(finished: Node) -> Node:
    """Built and published; nobody changes it."""
    return finished


@pytest.fixture(scope="module")
def later(city: Node, tmp_path_factory: pytest.TempPathFactory) -> Node:
    """A day later: the police had new addresses of three people."""
    node = city.copy(tmp_path_factory.mktemp("later") / "city")
    addresses_change(node)
    node.call("run")
    assert moved(node) == 3
    return node


@pytest.fixture(scope="module")
def catalogue(city: Node) -> Catalogue:
    return load(city.installation)


@pytest.fixture(autouse=True)
def day(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOVSHARE_DAY", DAY)


def flip(file: Path, place: random.Random) -> None:
    """One bit; size and time stay."""
    content, before = bytearray(file.read_bytes()), file.stat()
    bit = place.randrange(len(content) * 8)
    content[bit // 8] ^= 1 << bit % 8
    file.chmod(0o600)
    file.write_bytes(content)
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))


def resource_of(part: Path) -> str:
    return f"{part.parents[2].name}.{part.parents[1].name}"


def test_every_flipped_bit_is_detected_before_a_build_uses_it(city: Node, catalogue: Catalogue, tmp_path: Path) -> None:
    node = Installation(tmp_path, city.city, city.installation.content)
    shutil.copytree(city.data / "landing", tmp_path / "landing")
    parts = sorted(tmp_path.glob(PARTS))
    for seed in range(100):
        place = random.Random(seed)
        part = place.choice(parts)
        whole = part.read_bytes()
        flip(part, place)
        held = next_build(node, catalogue).checked(node).held
        assert list(held) == [resource_of(part)], (seed, part)
        assert part.parent.name in held[resource_of(part)].sentence(resource_of(part))
        part.write_bytes(whole)
    assert not next_build(node, catalogue).checked(node).held


def test_what_is_damaged_at_a_glance_is_seen_without_hashing(
    city: Node, catalogue: Catalogue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    node = Installation(tmp_path, city.city, city.installation.content)
    shutil.copytree(city.data / "landing", tmp_path / "landing")
    monkeypatch.setattr("catalogue.checksums.sha256_of", lambda path: pytest.fail("hashed"))
    part = sorted(tmp_path.glob(PARTS))[3]
    manifest, resource = part.with_name("manifest.json"), resource_of(part)
    whole, said = part.read_bytes(), manifest.read_bytes()
    cases: list[tuple[Path, bytes | None]] = [
        (part, whole[:-1]), (part, b""), (part, None), (manifest, None), (manifest, b""), (manifest, said[: len(said) // 2]),
        (manifest, b"\xff\xfe\x00"), (manifest, b"[]"), (manifest, b"null"), (manifest, b"[" * 100_000),
        (manifest, said.replace(b'"rows": ', b'"rows": 1', 1)), (manifest, said.replace(b'"batch": "0', b'"batch": "1')),
    ]  # fmt: skip
    for file, content in cases:
        file.unlink()
        if content is not None:
            file.write_bytes(content)
        assert list(next_build(node, catalogue).held) == [resource], (file.name, content and content[:40])
        part.write_bytes(whole)
        manifest.write_bytes(said)
    assert not next_build(node, catalogue).held


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff\x00", b"[" * 100_000])
def test_a_damaged_empty_batch_is_made_anew(city: Node, catalogue: Catalogue, tmp_path: Path, content: bytes) -> None:
    node = Installation(tmp_path, city.city, city.installation.content)
    shutil.copytree(city.data / "landing" / "tax", tmp_path / "landing" / "tax")
    empty = tmp_path / "landing/tax/tax_registration/000000"
    before = json.loads((empty / "manifest.json").read_text())["parts"]
    (empty / "manifest.json").write_bytes(content)
    ensure_all_empty(node, [r for r in catalogue.resources.values() if r.department == "tax"])
    assert json.loads((empty / "manifest.json").read_text())["parts"] == before


@pytest.mark.parametrize("name", ["built.json", "inputs.json", "held.json"])
@pytest.mark.parametrize("how", ["empty", "short", "garbage", "another kind", "deep", "one digit"])
def test_a_damaged_note_of_a_build_counts_as_none(
    city: Node, tmp_path: Path, name: str, how: str, catalogue: Catalogue
) -> None:
    node = Installation(tmp_path, city.city, city.installation.content)
    shutil.copytree(city.data / "warehouse", tmp_path / "warehouse")
    os.utime(node.warehouse, ns=(0, city.installation.warehouse.stat().st_mtime_ns))
    assert last_build(node)
    file = node.warehouse.with_name(name)
    said = file.read_bytes()
    file.write_bytes({
        "empty": b"", "short": said[: len(said) // 2], "garbage": b"\xff\x00", "another kind": b"7", "deep": b"[" * 100_000,
        "one digit": said.replace(b"1", b"2", 1) if b"1" in said else b"{ }",
    }[how])  # fmt: skip
    assert bool(last_build(node)) == (name == "held.json")
    assert next_build(node, catalogue).full or name == "held.json"


@pytest.mark.parametrize("how", ["empty", "short", "zeros", "garbage", "another kind", "half"])
def test_a_damaged_warehouse_is_put_aside_at_once(city: Node, tmp_path: Path, how: str) -> None:
    node = Installation(tmp_path, city.city, city.installation.content)
    shutil.copytree(city.data / "warehouse", tmp_path / "warehouse")
    whole = node.warehouse.read_bytes()
    node.warehouse.write_bytes({
        "empty": b"", "short": whole[:3000], "zeros": bytes(len(whole)), "garbage": random.Random(1).randbytes(9000),
        "another kind": b"{}" * 5000, "half": whole[: len(whole) // 2],
    }[how])  # fmt: skip
    assert not last_build(node)
    warehouse.make_ready(node)
    assert node.warehouse.with_name("damaged.duckdb").exists()
    with duckdb.connect(str(node.warehouse)) as anew:
        assert anew.execute("select count(*) from duckdb_tables()").fetchall() == [(0,)]


def test_a_warehouse_that_another_process_has_is_not_damaged(city: Node, tmp_path: Path) -> None:
    node = Installation(tmp_path, city.city, city.installation.content)
    shutil.copytree(city.data / "warehouse", tmp_path / "warehouse")
    code = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('has it', flush=True); sys.stdin.read()"
    command = [sys.executable, "-c", code, str(node.warehouse)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout and other.stdin
        assert other.stdout.readline() == "has it\n"
        assert warehouse.damage(node) is None
        other.stdin.close()
    assert not node.warehouse.with_name("damaged.duckdb").exists()


def addresses_change(node: Node, ending: str = "新") -> None:
    """The police has new addresses of three people: a batch that is right."""
    with sqlite3.connect(node.city / "public_security.sqlite") as police:
        police.execute(
            "update czrkhk set addr = addr || ?, czrksjxgxsj = ? where czrkrkid in (select min(czrkrkid) from czrkhk "
            "where length(identi_id) = 18 group by identi_id order by 1 limit 3)",
            [ending, "2026-11-20 12:00:00" if ending == "新" else "2026-11-21 12:00:00"],
        )


def moved(node: Node, ending: str = "新") -> int:
    where = f"household_address like '%{ending}'"
    return int(query(node.installation, f"select count(*) from population where {where}")[1][0][0])


def lines(node: Node) -> dict[str, dict[str, Any]]:
    document = account(node.installation)
    assert document["balanced"]
    return {line["resource"]: line for line in document["resources"]}


def test_batches_that_are_damaged_or_cannot_be_staged_stop_their_own_resources_until_the_cause_is_gone(
    city: Node, tmp_path: Path
) -> None:
    node = city.copy(tmp_path / "copy")
    landing, before = node.data / "landing", lines(city)
    # An old batch without a readable manifest, and one whose part is gone.
    manifest = landing / "civil_affairs/death/000001/manifest.json"
    part = landing / "tax/tax_registration/000001/part-00000.parquet"
    said, content = manifest.read_bytes(), part.read_bytes()
    manifest.write_bytes(said[:100])
    part.unlink()
    # A new one with a flipped bit, and one whose column became a nonsense.
    folder = node.city / "civil_affairs"
    head, *rows = (folder / "婚姻登记_2026.csv").read_text(encoding="gb18030").splitlines()
    text = "\r\n".join([head, *("N" + row[1:] for row in rows[-2:])])
    (folder / "婚姻登记_2027.csv").write_text(text + "\r\n", encoding="gb18030")
    node.call("collect", "civil_affairs.marriage")
    [flipped] = [
        p
        for p in landing.glob("civil_affairs/marriage/*/part-*")
        if not (city.data / p.relative_to(node.data)).exists()
    ]
    whole = flipped.read_bytes()
    flip(flipped, random.Random(3))
    nonsense = land_nonsense(node, "education.school_enrolment")
    # Derived files.
    for name in ("dbt/code_tables.json", "dbt/partial_parse.msgpack", "data_docs/population.json",
                 "published/population/confirmed.json", "published/analyst.json", "published/.checksums.json"):  # fmt: skip
        (node.data / name).chmod(0o600)
        (node.data / name).write_bytes(b"\xff\x00 damaged")
    addresses_change(node)

    wrong = {
        "civil_affairs.death": "000001", "tax.tax_registration": "000001",
        "civil_affairs.marriage": flipped.parent.name, "education.school_enrolment": nonsense.name,
    }  # fmt: skip
    done = node.call("run", code=1)
    for resource, batch in wrong.items():
        [told] = [line for line in done.stderr.splitlines() if line.startswith(f"failed: {resource}: ")]
        assert "held at its last good state since" in told, told
        assert f"govshare batch withdraw {resource} {batch} --why TEXT" in done.stderr
    assert "41071119" not in done.stdout + done.stderr
    assert moved(node) == 3, "the others went on"
    after = lines(node)
    assert {r: after[r] for r in wrong} == {r: before[r] for r in wrong}, "their last good state"
    assert node.document("account")["held"].keys() == wrong.keys()
    assert (
        f"{nonsense.parent.parent.name}.{nonsense.parent.name} held at its last good state"
        in node.call("account").stdout
    )
    damaged = node.document("verify", code=1)["damaged"]
    assert {(d["of"], d["number"], d["file"]) for d in damaged} == {
        ("civil_affairs.death", "000001", "manifest.json"),
        ("tax.tax_registration", "000001", "part-00000.parquet"),
        ("civil_affairs.marriage", flipped.parent.name, flipped.name),
    }  # fmt: skip

    again = node.call("run", code=1)
    assert again.stderr.count("held at its last good state") == len(wrong)
    assert "warehouse" not in again.stdout, "nothing is built again for it"

    manifest.write_bytes(said)
    part.write_bytes(content)
    flipped.write_bytes(whole)
    aside = nonsense.parent / ".withdrawn"
    aside.mkdir()
    nonsense.rename(aside / nonsense.name)
    node.call("run")
    assert read_held(node.installation) == {} and examine(everything(node.installation)) == []
    right = lines(node)
    assert right["civil_affairs.marriage"]["landed"] == before["civil_affairs.marriage"]["landed"] + 2
    assert all(right[r] == before[r] for r in wrong if r != "civil_affairs.marriage")


def land_nonsense(node: Node, resource: str) -> Path:
    """A batch that is whole, and whose row numbers are texts: nothing that a connector writes."""
    folder = node.installation.landing_of(resource)
    names = sorted(p.name for p in folder.iterdir() if p.name.isdigit())
    batch = f"{int(names[-1]) + 1:06d}"
    shutil.copytree(folder / names[-1], folder / batch)
    part = folder / batch / "part-00000.parquet"
    rows = pq.read_table(part)
    texts = pa.array([f"41071119900101{row:04d}" for row in range(len(rows))])
    pq.write_table(rows.set_column(rows.schema.get_field_index("_row"), "_row", texts), part)
    manifest = json.loads((folder / batch / "manifest.json").read_text(encoding="utf-8"))
    manifest |= {"batch": batch, "identity": None}
    manifest["parts"] = [manifest["parts"][0] | {"bytes": part.stat().st_size, "sha256": sha256_of(part)}]
    (folder / batch / "manifest.json").write_text(json.dumps(manifest, ensure_ascii=False), encoding="utf-8")
    return folder / batch


def test_a_rollback_takes_all_readers_with_it_and_the_next_delivery_does_not_bring_the_bad_content_back(
    later: Node, tmp_path: Path
) -> None:
    node = later.copy(tmp_path / "copy")
    # On a disk that is full the analysts' file stays as it was, and the exit code says so.
    before = node.installation.analyst_database.read_bytes()
    full = node.call("rollback", "population", "--why", "addresses of another city", code=1, patched=SMALL_FILES)
    assert "could not be written" in full.stderr and "the former file stays" in full.stderr
    assert node.installation.analyst_database.read_bytes() == before
    said = node.document("rollback", "population", "000001", "--why", "addresses of another city")
    assert said["release"] == "000001" and said["held"]
    assert list(said["batches"]) == ["public_security.household_registration"]
    assert moved(node) == 0, "analysts see it at once"
    key = query(node.installation, "select id_number from population where id_number is not null limit 1")[1][0][0]
    assert trace(node.installation, "population", key)["release"] == "000001"
    # The next delivery; and on the way to it blocks of the warehouse are damaged.
    addresses_change(node, "再")
    history = node.rows("history")
    assert len(history) >= 3
    damage_blocks(node.installation.warehouse)
    done = node.call("run")
    assert "held at release 000001: addresses of another city" in done.stdout
    assert moved(node) == moved(node, "再") == 0
    [line] = [r for r in releases(node.installation) if r["held"]]
    assert (line["table"], line["release"], line["current"]) == ("population", "000001", True)
    # A damaged warehouse is built in full, and goes on from the history that was released.
    assert "is damaged" in done.stderr and "History goes on from its last release" in done.stderr
    assert set(history) <= set(node.rows("history"))
    with duckdb.connect(str(node.installation.warehouse), read_only=True) as built:
        counted = "select count(*) from base.population where household_address like '%再'"
        assert built.execute(counted).fetchall() == [(3,)]


def damage_blocks(file: Path) -> None:
    """One bit in each block; size and time stay."""
    content, seen = bytearray(file.read_bytes()), file.stat()
    for at in range(1 << 16, len(content), 1 << 18):
        content[at] ^= 4
    file.write_bytes(content)
    os.utime(file, ns=(seen.st_atime_ns, seen.st_mtime_ns))
