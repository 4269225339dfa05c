"""JSON interfaces: nothing of a list is lost or changed in silence, whatever happens while it is read."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.collecting import Item, Office, Resource, Spec
from support.http_server import Answer, Asked, Server

from connectors.base import CollectError
from connectors.connections import Connection
from connectors.http.connector import HttpConnector

PAGE = {"kind": "page", "page": "pageNum", "size": "pageSize", "page_size": 100}
PAGED: dict[str, Any] = {"path": "births", "records": "data.list", "paging": PAGE}
TOTAL = {**PAGED, "total": "data.total"}


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.stop()


def births(mode: str = "full", watermark: str | None = None, items: tuple[Item, ...] = (), **options: Any) -> Resource:
    return Resource("office.births", Spec("http", "office", ("id",), watermark, mode, options), items)


def office(folder: Path, server: Server, more: str = "") -> Office:
    return Office(folder, f'url = "{server.url}"\nretry_seconds = 0.01\n{more}')


def records(count: int, start: int = 1) -> list[dict[str, Any]]:
    return [{"id": n, "name": f"张{n}", "updatedAt": f"2026-01-{n:02d} 08:00:00"} for n in range(start, start + count)]


def ids(source: Office, where: str = "true") -> list[int]:
    return sorted(int(number) for (number,) in source.landed(births(), "id", where))


# --- a list that changes while it is read (case 02)


def move_record_6_after_page_2(server: Server) -> None:
    """Case 02: pages of 4 over 14 records; record 6 is written and moves to the end after page 2."""
    former = server.page
    server.records = records(14)

    def answer(asked: Asked) -> Answer:
        answered = former(asked)
        if len(server.asked) == 2:
            moved = server.records.pop(5)
            server.records.append({**moved, "name": "李6", "updatedAt": "2026-02-01 08:00:00"})
        return answered

    server.answer = answer


@pytest.mark.parametrize("options", [PAGED, TOTAL])
def test_case_02_no_record_is_withdrawn_that_the_source_still_has(
    tmp_path: Path, server: Server, options: dict[str, Any]
) -> None:
    source = office(tmp_path, server)
    server.records = records(14)
    source.collect(births(**options))
    server.asked.clear()
    move_record_6_after_page_2(server)
    result = source.collect(births(**options))
    assert (result.rows, result.deletes) == (1, 0)
    assert source.landed(births(), "id, name, _op", "_batch = '000002'") == [("6", "李6", "upsert")]


@pytest.mark.parametrize("key", [("id",), ()])
def test_case_02_no_record_is_skipped_by_an_incremental_reading(
    tmp_path: Path, server: Server, key: tuple[str, ...]
) -> None:
    source = office(tmp_path, server)
    move_record_6_after_page_2(server)
    resource = births("incremental", "updatedAt", **TOTAL, since="since")
    source.collect(
        Resource(resource.id, Spec("http", "office", key, "updatedAt", "incremental", resource.connector.options))
    )
    assert ids(source) == list(range(1, 15))


def test_a_total_that_is_made_up_for_hides_no_skipped_record(tmp_path: Path, server: Server) -> None:
    """One record goes and another comes: total and number of keys stay right, and record 9 is on no page."""
    server.records = records(14)
    former = server.page

    def answer(asked: Asked) -> Answer:
        answered = former(asked)
        if len(server.asked) == 2:
            server.records = [*(r for r in server.records if r["id"] != 6), *records(1, 15)]
        return answered

    server.answer = answer
    source = office(tmp_path, server)
    source.collect(births(**TOTAL))
    assert ids(source) == [n for n in range(1, 16) if n != 6]


def test_an_order_that_is_none_withdraws_nothing_and_is_said(tmp_path: Path, server: Server) -> None:
    """Ties at the border of two pages: at each reading record 4 comes twice and record 5 never."""
    source = office(tmp_path, server)
    server.records = records(8)
    source.collect(births(**TOTAL))

    def answer(asked: Asked) -> Answer:
        page = {1: records(4), 2: [*records(1, 4), *records(3, 6)]}.get(int(asked.params["pageNum"]), [])
        return 200, {"code": 0, "data": {"total": 8, "list": page}}, {}

    server.answer = answer
    result = source.collect(births(**TOTAL))
    assert result.deletes == 0
    assert {finding.what: finding.count for finding in result.remarks} == {
        "key_on_two_pages": 1,
        "nothing_withdrawn": 1,
    }
    assert "key came on another page" in result.message


def test_a_source_that_holds_keys_twice_may_say_so(tmp_path: Path, server: Server) -> None:
    server.records = [*records(6), *records(1)]
    source = office(tmp_path, server)
    result = source.collect(births(**TOTAL, repeated_keys=True))
    assert (result.rows, result.remarks) == (7, ())


def test_a_total_that_is_too_low_hides_nothing(tmp_path: Path, server: Server) -> None:
    server.records = records(11)
    former = server.page

    def capped(asked: Asked) -> Answer:
        status, document, headers = former(asked)
        document["data"]["total"] = min(8, document["data"]["total"])
        return status, document, headers

    server.answer = capped
    with pytest.raises(CollectError, match="announces 8 records and gives more"):
        office(tmp_path, server).collect(births(**TOTAL))


@pytest.mark.parametrize(
    "behind", [(404, {}, {}), (400, {}, {}), (200, {"code": 9}, {}), (500, {}, {}), "last", "first"]
)
def test_what_stands_behind_the_total_is_no_trouble(tmp_path: Path, server: Server, behind: Any) -> None:
    server.records = records(8)
    former = server.page

    def answer(asked: Asked) -> Answer:
        number = int(asked.params["pageNum"])
        if number < 3:
            return former(asked)
        if isinstance(behind, tuple):
            return behind
        asked.params["pageNum"] = "2" if behind == "last" else "1"
        return former(asked)

    server.answer = answer
    assert office(tmp_path, server).collect(births(**TOTAL, success={"path": "code"})).rows == 8


@pytest.mark.parametrize("verify", ["ends", "none"])
def test_a_weaker_verification_says_so(tmp_path: Path, server: Server, verify: str) -> None:
    server.records = records(9)
    result = office(tmp_path, server).collect(births(**TOTAL, verify=verify))
    assert result.rows == 9 and f"`verify: {verify}`" in result.message
    with pytest.raises(CollectError, match="`verify`: Input should be 'all', 'overlap', 'ends' or 'none'"):
        office(tmp_path, server).collect(births(**TOTAL, verify="both"))


def test_pages_that_overlap_by_a_record(tmp_path: Path, server: Server) -> None:
    server.records = records(10)
    shifted: list[int] = []

    def answer(asked: Asked) -> Answer:
        start = int(asked.params["from"])
        page = server.records[start : start + 4]
        if start == 3 and not shifted:  # once, after the second page
            shifted.append(server.records.pop(0)["id"])
        return 200, page, {}

    server.answer = answer
    paging = {"kind": "offset", "offset": "from"}
    source = office(tmp_path, server)
    result = source.collect(births(path="x", paging=paging, verify="overlap"))
    assert ids(source) == list(range(2, 11)) and "`verify: overlap`" in result.message
    with pytest.raises(CollectError, match="only where an interface pages by offset"):
        source.collect(births(**PAGED, verify="overlap"))


def test_a_round_number_without_paging_is_said(tmp_path: Path, server: Server) -> None:
    server.answer = lambda asked: (200, [{"id": n} for n in range(100)], {})
    result = office(tmp_path, server).collect(births(path="x"))
    assert "exactly 100 records without paging or total" in result.message


# --- any changes at any time, without a network


class List:
    """A list that is written to between any two requests; ``states`` are all that it ever was."""

    KINDS = ("insert", "update", "move", "delete")

    def __init__(
        self, chance: float, seed: int, size: int, length: int, total: bool, kind: str, kinds: Sequence[str] = KINDS
    ) -> None:
        self.kinds = kinds
        self.random, self.chance, self.size, self.total, self.kind = random.Random(seed), chance, size, total, kind
        self.fresh = 0
        self.rows: list[dict[str, Any]] = [self._new() for _ in range(length)]
        self.states = [self._state()]
        self.left = 12  # changes; then it rests

    def _new(self, id: int | None = None) -> dict[str, Any]:
        self.fresh += 1
        return {"id": self.fresh if id is None else id, "version": self.fresh}

    def _state(self) -> frozenset[tuple[int, int]]:
        return frozenset((row["id"], row["version"]) for row in self.rows)

    def change(self) -> None:
        while self.left and self.random.random() < self.chance:
            self.left -= 1
            what = self.random.choice(self.kinds)
            at = self.random.randrange(len(self.rows)) if self.rows else None
            to = self.random.choice([0, len(self.rows), self.random.randint(0, len(self.rows))])
            if what == "insert" or at is None:
                self.rows.insert(to, self._new())
            elif what == "update":
                self.rows[at] = self._new(self.rows[at]["id"])
            elif what == "move":  # it moves because it was written
                row = self.rows.pop(at)
                self.rows.insert(min(to, len(self.rows)), self._new(row["id"]))
            else:
                self.rows.pop(at)
            self.states.append(self._state())

    def ask(self, params: dict[str, Any], place: str, once: bool = False) -> Any:
        self.change()
        start = int(params.get("page", 1)) * self.size - self.size
        start = int(params.get("offset", params.get("cursor", start)))
        answer: dict[str, Any] = {"rows": self.rows[start : start + self.size]}
        if self.total:
            answer["total"] = len(self.rows)
        if self.kind == "cursor" and start + self.size < len(self.rows):
            answer["next"] = str(start + self.size)  # as most "opaque" cursors are: a position
        return answer


def read(listed: List, key: tuple[str, ...], **options: Any) -> list[tuple[int, int]]:
    if listed.total:
        options["total"] = "total"
    paging = {"kind": listed.kind, "next": "next"}
    spec = Spec("http", "office", key, None, "full", {"records": "rows", "paging": paging, **options})
    connector = HttpConnector(
        Resource("office.births", spec), Connection("office", {"url": "http://localhost"}, Path()), []
    )
    connector.ask = listed.ask  # type: ignore[method-assign]
    found: list[tuple[int, int]] = []
    for delivery in connector.deliveries():
        for batch in delivery.batches():
            found += [(int(row["id"]), int(row["version"])) for row in batch.to_pylist()]
    return found


@settings(max_examples=400, deadline=None, derandomize=True)
@given(
    chance=st.sampled_from([0.05, 0.2, 0.5]),
    seed=st.integers(0, 2**32),
    size=st.integers(1, 4),
    length=st.integers(0, 14),
    total=st.booleans(),
    kind=st.sampled_from(["page", "offset", "cursor"]),
    key=st.sampled_from([("id",), ()]),
)
def test_what_is_read_is_a_list_that_existed(
    chance: float, seed: int, size: int, length: int, total: bool, kind: str, key: tuple[str, ...]
) -> None:
    listed = List(chance, seed, size, length, total, kind)
    try:
        found = read(listed, key)
    except CollectError as error:
        assert "in a row" in str(error)
        return
    assert len(found) == len(set(found))
    assert frozenset(found) in listed.states


@settings(max_examples=150, deadline=None, derandomize=True)
@given(chance=st.sampled_from([0.05, 0.2]), seed=st.integers(0, 2**32), length=st.integers(0, 14), total=st.booleans())
def test_pages_that_overlap_skip_no_record_of_a_list_that_only_shrinks(
    chance: float, seed: int, length: int, total: bool
) -> None:
    """Cheaper, and weaker: changes that make up for one another between two pages are not noticed."""
    listed = List(chance, seed, 4, length, total, "offset", ["delete"])
    try:
        found = read(listed, ("id",), verify="overlap")
    except CollectError:
        return
    assert {(row["id"], row["version"]) for row in listed.rows} <= set(found)
