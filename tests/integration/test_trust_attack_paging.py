"""Interfaces paged by number without a total, whose pages leave records out that no answer speaks of."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support.collecting import Office, Resource, Spec
from support.http_server import Answer, Asked, Server

from catalogue.errors import GovshareError

Pages = Callable[[int, int], Any]  # number or offset, size → records, or a status


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.http.shutdown()
    server.http.server_close()


def records(count: int) -> list[dict[str, Any]]:
    return [{"id": number, "name": f"n{number}"} for number in range(count)]


def office(server: Server, folder: Path, given: Pages, kind: str = "page") -> Office:
    def answer(asked: Asked) -> Answer:
        came = given(int(asked.params[kind]), int(asked.params["size"]))
        return (came, {}, {}) if isinstance(came, int) else (200, {"list": came}, {})

    server.answer = answer
    return Office(folder, f'url = "{server.url}"\nretries = 0')


def interface(kind: str = "page", verify: str = "all", **paging: Any) -> Resource:
    options = {"records": "list", "verify": verify, "paging": {"kind": kind, "size": "size", "page_size": 10, **paging}}
    return Resource("office.people", Spec("http", "office", ["id"], None, "full", options))


def ids(office: Office, resource: Resource) -> list[int]:
    return sorted(int(row[0]) for row in office.landed(resource, "id"))


def sliced(given: list[Any], start: int, size: int) -> list[Any]:
    return given[max(0, start) : max(0, start) + size]


@pytest.mark.parametrize("count", [1, 10, 25])
def test_an_interface_that_counts_from_0_does_not_lose_its_first_page(
    server: Server, tmp_path: Path, count: int
) -> None:
    given = office(server, tmp_path, lambda page, size: sliced(records(count), page * size, size))
    with pytest.raises(GovshareError, match=r"page 0 has [\d,]+ records that page 1 has not.*`first: 0`"):
        given.collect(interface())
    given.collect(interface(first=0))
    assert ids(given, interface(first=0)) == list(range(count))


@pytest.mark.parametrize("count", [0, 9, 10, 25])
@pytest.mark.parametrize("zero", ["first", "error", 404, "empty", "all", "turned"])
def test_an_interface_that_counts_from_1_may_answer_to_page_0_as_it_likes(
    server: Server, tmp_path: Path, zero: Any, count: int
) -> None:
    whole = records(count)
    odd = {"first": whole[:10], "error": 500, 404: 404, "empty": [], "all": whole, "turned": whole[:10][::-1]}[zero]
    given = office(server, tmp_path, lambda page, size: sliced(whole, (page - 1) * size, size) if page else odd)
    collected = given.collect(interface())
    assert (collected.rows, collected.left_out, collected.remarks) == (count, (), ())
    assert sum(asked.params["page"] == "0" for asked in server.asked) == 1


@pytest.mark.parametrize("options", [{"first": 1}, {"verify": "none"}])
def test_page_0_is_not_asked_for_where_the_first_is_declared_or_nothing_is_verified(
    server: Server, tmp_path: Path, options: dict[str, Any]
) -> None:
    given = office(server, tmp_path, lambda page, size: sliced(records(15), (page - 1) * size, size))
    assert given.collect(interface(**options)).rows == 15
    assert all(asked.params["page"] != "0" for asked in server.asked)


@pytest.mark.parametrize("count", [5, 10, 25])
def test_pages_that_are_capped_but_counted_by_the_size_asked_for_are_refused(
    server: Server, tmp_path: Path, count: int
) -> None:
    given = office(server, tmp_path, lambda page, size: sliced(records(count), (page - 1) * size, min(size, 4)))
    with pytest.raises(GovshareError, match=r"pages have 4 records at most where 10 are asked for.*`page_size: 4`"):
        given.collect(interface())
    given.collect(interface(page_size=4))
    assert ids(given, interface(page_size=4)) == list(range(count))


@pytest.mark.parametrize("count", [1, 8, 25])
def test_pages_that_are_capped_and_counted_so_are_read_to_the_end(server: Server, tmp_path: Path, count: int) -> None:
    given = office(server, tmp_path, lambda page, size: sliced(records(count), (page - 1) * min(size, 4), min(size, 4)))
    collected = given.collect(interface())
    assert (collected.left_out, collected.remarks) == ((), ())
    assert ids(given, interface()) == list(range(count))


@pytest.mark.parametrize("count", [4, 25])
def test_offsets_count_what_came_from_a_capped_interface(server: Server, tmp_path: Path, count: int) -> None:
    given = office(server, tmp_path, lambda start, size: sliced(records(count), start, min(size, 4)), "offset")
    given.collect(interface("offset"))
    assert ids(given, interface("offset")) == list(range(count))


def seen(one: dict[str, Any]) -> bool:
    """What an account may see: no record of the second page of ten, and one of the fourth."""
    return not 10 <= one["id"] < 20 and not 30 <= one["id"] < 39


@pytest.mark.parametrize("verify", ["all", "ends"])
def test_an_empty_page_in_the_middle_is_not_the_end(server: Server, tmp_path: Path, verify: str) -> None:
    given = office(
        server, tmp_path, lambda page, size: [r for r in sliced(records(45), (page - 1) * size, size) if seen(r)]
    )
    collected = given.collect(interface(verify=verify))
    assert ids(given, interface()) == [r["id"] for r in records(45) if seen(r)]
    assert [(f.what, f.count, f.where) for f in collected.remarks] == [("empty_page", 1, ("before page 3",))]


def test_an_empty_first_page_is_not_the_end(server: Server, tmp_path: Path) -> None:
    given = office(
        server,
        tmp_path,
        lambda page, size: [r for r in sliced(records(25), (page - 1) * size, size) if r["id"] >= 10],
    )
    given.collect(interface())
    assert ids(given, interface()) == list(range(10, 25))


def test_offsets_go_over_an_empty_page(server: Server, tmp_path: Path) -> None:
    given = office(
        server,
        tmp_path,
        lambda start, size: [r for r in sliced(records(45), start, size) if not 10 <= r["id"] < 20],
        "offset",
    )
    collected = given.collect(interface("offset"))
    assert ids(given, interface("offset")) == [*range(10), *range(20, 45)]
    assert [f.what for f in collected.remarks] == ["empty_page"]


def test_pages_that_are_all_filtered_are_no_gap(server: Server, tmp_path: Path) -> None:
    given = office(
        server, tmp_path, lambda page, size: [r for r in sliced(records(45), (page - 1) * size, size) if r["id"] % 3]
    )
    given.collect(interface())
    assert ids(given, interface()) == [n for n in range(45) if n % 3]


def test_a_record_that_comes_while_page_0_is_asked_for_does_not_accuse_the_first_page(
    server: Server, tmp_path: Path
) -> None:
    held = records(15)

    def page_of(page: int, size: int) -> list[dict[str, Any]]:
        if page == 0 and len(held) == 15:
            held.insert(0, {"id": 99, "name": "new"})
        return sliced(held, (max(page, 1) - 1) * size, size)

    given = office(server, tmp_path, page_of)
    given.collect(interface())
    assert ids(given, interface()) == [*range(15), 99]


def test_a_record_that_comes_behind_a_short_page_is_no_gap(server: Server, tmp_path: Path) -> None:
    held = records(5)

    def page_of(page: int, size: int) -> list[dict[str, Any]]:
        if size == 5 and len(held) == 5:
            held.append({"id": 99, "name": "new"})
        return sliced(held, (max(page, 1) - 1) * size, size)

    given = office(server, tmp_path, page_of)
    given.collect(interface())
    assert ids(given, interface()) == [*range(5), 99]
