"""Valid numbers that are doubtful: a slip of somebody else's, and two persons under one."""

from __future__ import annotations

import datetime as dt
import random
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from test_linking import DAY, KNOWN, number, person
from test_linking_increments import marks_in

from linking.suspicions import suspect


def suspicions(rows: list[dict[str, Any]], changed: set[str] | None = None) -> list[tuple[Any, ...]]:
    connection = duckdb.connect()
    connection.register("known", pa.Table.from_pylist(rows, schema=KNOWN))
    if changed is not None:
        connection.register("changed", pa.table({"person_id": pa.array(sorted(changed), pa.string())}))
    marks = None if changed is None else marks_in(connection, "known")
    suspect(connection, "known", changed=None if changed is None else "changed", marks=marks)
    return connection.sql("select person_id, kind, other_person_id, reason from suspicions order by all").fetchall()


def known_to(register: str, *args: Any, **said: Any) -> dict[str, Any]:
    return person(*args, **said) | {"register": register}


WELL_KNOWN = [known_to("household", "王建国", sequence=123), known_to("card", "王建国", sequence=123)]


def test_a_number_one_digit_from_one_that_is_well_known() -> None:
    [found] = suspicions([*WELL_KNOWN, known_to("insurance", "王建国", sequence=173)])
    assert found[:3] == (number(sequence=173), "wrong_number", number(sequence=123))
    assert found[3] == "只有一个登记簿登记此号码，与另一人号码差一位，姓名、出生日期一致（王建国）"


def test_two_digits_exchanged_in_every_place() -> None:
    true = number(sequence=123)
    for place in range(16):
        body = list(true[:17])
        body[place], body[place + 1] = body[place + 1], body[place]
        if "".join(body) == true[:17]:
            continue
        other = "".join(body) + "0"  # what check character it has does not matter here
        row = known_to("insurance", "王建国") | {"person_id": other, "birth_date": DAY}
        assert [s[:3] for s in suspicions([*WELL_KNOWN, row])] == [(other, "wrong_number", true)], place


def test_another_name_another_birth_date_or_another_register_is_no_suspicion() -> None:
    other_day = dt.date(1981, 3, 7)  # one digit of the birth date is another: a namesake, if nothing else agrees
    assert suspicions([*WELL_KNOWN, known_to("insurance", "李建国", sequence=173)]) == []
    assert suspicions([*WELL_KNOWN, known_to("insurance", "王建国", other_day)]) == []
    both = [known_to("insurance", "王建国", sequence=173), known_to("school", "王建国", sequence=173)]
    assert suspicions([*WELL_KNOWN, *both]) == []


def test_a_birth_date_said_apart_from_the_number_counts() -> None:
    row = known_to("insurance", "王建国", dt.date(1981, 3, 7)) | {"birth_date": DAY}
    assert [s[1] for s in suspicions([*WELL_KNOWN, row])] == ["wrong_number"]


def test_two_persons_under_one_number() -> None:
    stranger = known_to("marriage", "赵春梅") | {"birth_date": dt.date(1990, 5, 1)}
    [found] = suspicions([WELL_KNOWN[0], stranger])
    assert found[:3] == (number(), "two_persons", None)
    assert "王建国，1980-03-07" in found[3] and "赵春梅，1990-05-01" in found[3]


def test_two_persons_whose_birth_dates_are_both_copied_from_the_number() -> None:
    """Names with no character in common; or, with the same surname, another sex: brother and sister, say."""
    [found] = suspicions([WELL_KNOWN[0], known_to("marriage", "赵春梅")])
    assert found[1] == "two_persons" and "赵春梅，1980-03-07" in found[3]
    brother, sister = known_to("household", "王伟") | {"sex": "1"}, known_to("insurance", "王芳") | {"sex": "2"}
    [found] = suspicions([brother, sister])
    assert found[1] == "two_persons" and "男" in found[3] and "女" in found[3]
    assert suspicions([brother, known_to("insurance", "王芳") | {"sex": None}]) == []
    # in one register, too; a name in letters is nobody else
    assert [x[1] for x in suspicions([known_to("card", "李明"), known_to("card", "孙亮")])] == ["two_persons"]
    assert suspicions([known_to("card", "李明"), known_to("insurance", "Li Ming")]) == []
    assert suspicions([known_to("card", "李明"), known_to("insurance", "＊亮")]) == []


def test_a_new_name_a_typing_error_or_a_wrong_day_alone_is_one_person() -> None:
    day = dt.date(1990, 5, 1)
    assert suspicions([WELL_KNOWN[0], known_to("marriage", "王春梅")]) == []
    assert suspicions([WELL_KNOWN[0], known_to("marriage", "王建国") | {"birth_date": day}]) == []
    assert suspicions([WELL_KNOWN[0], known_to("marriage", "王健国") | {"birth_date": day}]) == []
    former = known_to("marriage", "赵春梅", former_name="王建国") | {"birth_date": day}
    assert suspicions([WELL_KNOWN[0], former]) == []
    near = known_to("marriage", "王春梅") | {"birth_date": dt.date(1980, 7, 3)}
    assert suspicions([WELL_KNOWN[0], near]) == []


@pytest.mark.parametrize("seed", [1, 2])
def test_what_changed_persons_take_part_in_is_found_without_looking_at_all(seed: int) -> None:
    rng = random.Random(seed)
    names, registers = ["王建国", "李秀英", "张伟"], ["household", "card", "insurance"]
    rows = [
        known_to(
            rng.choice(registers), rng.choice(names), rng.choice([DAY, dt.date(1981, 3, 7)]), rng.randrange(100, 160)
        )
        | {"birth_date": rng.choice([DAY, dt.date(2001, 7, 23)])}
        for _ in range(120)
    ]
    every = suspicions(rows)
    assert {kind for _, kind, _, _ in every} == {"wrong_number", "two_persons"}
    for _ in range(5):
        changed = set(rng.sample(sorted({row["person_id"] for row in rows}), 5))
        assert suspicions(rows, changed) == [found for found in every if changed & {found[0], found[2]}]
