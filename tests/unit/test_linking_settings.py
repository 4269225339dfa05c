"""The file of weights: it is read whole, wrong values are told, and training changes nothing but m and u."""

from __future__ import annotations

import copy
import re
import tomllib
from typing import Any

import duckdb
import pytest

from linking import functions
from linking.settings import FILE, Settings, SettingsError
from linking.train import Counts, estimates, rewritten
from linking.words import cautioned, method, reason

TEXT = FILE.read_text(encoding="utf-8")
SETTINGS = Settings.load()


def changed(change: Any) -> dict[str, Any]:
    document = copy.deepcopy(tomllib.loads(TEXT))
    change(document)
    return document


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda d: d.pop("version"), "version"),
        (lambda d: d["thresholds"].update(link=0.01), "possible <= review <= link"),
        (lambda d: d["thresholds"].update(unheard=0.5), "unheard"),
        (lambda d: d["blocking"][0].update(parts=["shoe_size"]), "shoe_size"),
        (lambda d: d["comparison"][0]["level"][0].update(m=0), "m and u"),
        (lambda d: d["comparison"][0]["level"][0].update(says="shout"), "shout"),
        (lambda d: d["comparison"][0]["level"][-1].update(when="true"), "has no `when`"),
        (lambda d: d["comparison"][0]["level"][0].update(m=0.5, u=0.5), "differ from each other and from 0"),
        (lambda d: d["caution"][0].update(levels=["cousin"]), "cousin"),
    ],
)
def test_a_wrong_value_is_told(change: Any, told: str) -> None:
    with pytest.raises(SettingsError, match=re.escape(told)):
        Settings.of(changed(change))


def test_all_declared_conditions_are_sql() -> None:
    """Each level's condition and each sentence can be asked of the records and scores as they are."""
    connection = duckdb.connect()
    functions.install(connection)
    kinds = {"births": "integer[]", "births_near": "integer[]", "number": "varchar", "own": "ubigint"}
    kinds |= {f"kin_{name}": "ubigint[]" for name in ("numbers", "births", "names")}
    conditions = [c.null for c in SETTINGS.comparisons]
    conditions += [level.when for c in SETTINGS.comparisons for level in c.levels if level.when]
    columns = sorted(set(re.findall(r"\b(\w+)_[lr]\b", " ".join(conditions))))
    listed = ", ".join(f"null::{kinds.get(c, 'varchar[]')} as {c}_{side}" for c in columns for side in "lr")
    for condition in conditions:
        assert connection.execute(f"select ({condition}) from (select {listed})").fetchone() is not None
    scores = ", ".join(f"-1 as {c.name}" for c in SETTINGS.comparisons)
    row = connection.execute(
        f"select {method(SETTINGS)}, {reason(SETTINGS)}, {cautioned(SETTINGS)} from (select {scores})"
    ).fetchone()
    assert row == (None, "", False)


def test_sentences_of_a_score() -> None:
    at = {c.name: [level.name for level in c.levels] for c in SETTINGS.comparisons}
    said = {"name": "one_character", "birth": "equal", "number": "one_slip", "phone": "else", "sex": "equal"}
    scores = ", ".join(f"{at[n].index(said[n]) if n in said else -1} as {n}" for n in at)
    row = (
        duckdb.connect()
        .execute(f"select {method(SETTINGS)}, {reason(SETTINGS)}, {cautioned(SETTINGS)} from (select {scores})")
        .fetchone()
    )
    assert row == (
        "identity number but for one digit, name but for one character, birth date and sex agree",
        "出生日期、性别一致，身份号码差一位，姓名差一字；电话不同",
        False,  # a slip in the number lifts the caution
    )


def test_estimates_are_shares_and_what_is_seldom_seen_stays() -> None:
    name = next(c for c in SETTINGS.comparisons if c.name == "name")
    counts = Counts({("name", 0, True): 900, ("name", 1, True): 100, ("name", 2, True): 3})
    found = {(c, level, s): (declared, value) for c, level, s, declared, value, _ in estimates(SETTINGS, counts)}
    assert found["name", "equal", "m"][1] == pytest.approx(900 / 1003)
    assert found["name", name.levels[2].name, "m"][0] == found["name", name.levels[2].name, "m"][1]
    assert found["name", "equal", "u"][0] == found["name", "equal", "u"][1]


def test_training_rewrites_only_shares_that_are_not_set_by_hand() -> None:
    text = rewritten(TEXT, {("name", "equal", "m"): 0.123, ("kin", "self", "m"): 0.5})
    before, after = TEXT.splitlines(), text.splitlines()
    different = [(a, b) for a, b in zip(before, after, strict=True) if a != b]
    assert [b for _, b in different] == ["m = 0.12"]
    assert rewritten(TEXT, {}) == TEXT
