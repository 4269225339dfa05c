"""Deliveries of files in any order, with options corrected in between: what is current equals a small model."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from support.collecting import Item, Office, Resource, Spec

NAMES = ("a.csv", "b.csv", "c.csv")
VALUES = ("甲", "乙", "丙")
Rows = dict[str, str]

contents = st.dictionaries(st.sampled_from("12"), st.sampled_from(VALUES), min_size=1)
writes = st.tuples(st.just("write"), st.sampled_from(NAMES), contents)
deletes = st.tuples(st.just("delete"), st.sampled_from(NAMES), st.none())
corrections = st.tuples(st.just("correct"), st.none(), st.none())
collections = st.tuples(st.just("collect"), st.booleans(), st.none())
steps = st.lists(st.one_of(writes, writes, deletes, corrections, collections, collections), min_size=4, max_size=12)


class World:
    """A folder, what is collected from it, and beside it what should be: for each name what it said, in order."""

    def __init__(self, folder: Path, snapshot: bool) -> None:
        self.office = Office(folder, 'path = "in"')
        self.folder = folder / "city" / "in"
        self.folder.mkdir()
        self.snapshot, self.quoted, self.clock = snapshot, False, 1_700_000_000
        self.there: dict[str, tuple[Rows, int]] = {}
        self.said: dict[str, list[tuple[Rows, bool]]] = {name: [] for name in NAMES}
        self.whole: tuple[str, Rows, bool] | None = None

    @property
    def resource(self) -> Resource:
        options: dict[str, Any] = {"path": "*.csv", "settle": 0, "may_be_empty": True, "max_fall": 1, "delimiter": ","}
        options |= {"snapshot": True} if self.snapshot else {}
        options |= {"quote": "'" if self.quoted else "none"}
        return Resource(
            "office.files", Spec("delimited", "office", ("id",), options=options), (Item("id"), Item("name"))
        )

    def write(self, name: str, rows: Rows) -> None:
        """Each file has keys of its own, unless it is a snapshot."""
        rows = rows if self.snapshot else {name[0] + key: value for key, value in rows.items()}
        file = self.folder / name
        file.write_text("id,name\n" + "".join(f"{k},'{v}'\n" for k, v in rows.items()), encoding="utf-8")
        self.clock += 60
        os.utime(file, (self.clock,) * 2)
        self.there[name] = (rows, self.clock)

    def delete(self, name: str) -> None:
        (self.folder / name).unlink(missing_ok=True)
        self.there.pop(name, None)

    def collect(self, again: bool) -> None:
        (self.office.collect_again if again else self.office.collect)(self.resource)
        for name, (rows, _) in sorted(self.there.items()):
            said = self.said[name]
            same = bool(said) and list(said[-1][0].items()) == list(rows.items())
            if same and said[-1][1] == self.quoted and not self.snapshot:
                continue
            if self.snapshot:
                current = same and (self.whole is None or self.whole[0] != name or self.whole[2] == self.quoted)
                if not current:
                    self.whole = (name, rows, self.quoted)
                said[:] = [(rows, self.quoted)]
            else:
                said[:] = [one for one in said if list(one[0].items()) != list(rows.items())] + [(rows, self.quoted)]

    def expected(self) -> Rows:
        statements = [one for name in NAMES for one in self.said[name]]
        if self.snapshot:
            statements = [] if self.whole is None else [self.whole[1:]]
        return {key: value if quoted else f"'{value}'" for rows, quoted in statements for key, value in rows.items()}

    def current(self) -> Rows:
        found: Rows = {}
        for key, name, op in self.office.landed(self.resource, "id, name, _op"):
            found.pop(key, None)
            if op == "upsert":
                found[key] = name
        return found


def play(snapshot: bool, given_steps: list[tuple[str, Any, Any]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder), snapshot)
        for step, one, other in given_steps:
            if step == "write":
                world.write(one, other)
            elif step == "delete":
                world.delete(one)
            elif step == "correct":
                world.quoted = not world.quoted
            else:
                world.collect(one)
                assert world.current() == world.expected(), (step, one)
        world.collect(again=False)
        assert world.current() == world.expected()
        assert world.office.collect(world.resource).unchanged
        assert world.office.collect_again(world.resource).unchanged


@settings(max_examples=15, deadline=None, derandomize=True)
@given(steps)
def test_files_of_their_own_keys(given_steps: list[tuple[str, Any, Any]]) -> None:
    play(False, given_steps)


@settings(max_examples=15, deadline=None, derandomize=True)
@given(steps)
def test_snapshots(given_steps: list[tuple[str, Any, Any]]) -> None:
    play(True, given_steps)
