"""Names of persons and enterprises, drawn for whole columns. The lists are in ``facts/names.toml``."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa

from demo_city.text import cat, pick, where

FACTS = Path(__file__).parent / "facts"
MIDDLE_DOT = "·"
MINORITY_NAMES = (5,)  # GB/T 3304 codes of groups whose names carry a middle dot


@cache
def lists() -> dict[str, list[str]]:
    document = tomllib.loads((FACTS / "names.toml").read_text(encoding="utf-8"))
    return {name: text.split() for name, text in document.items()}


@cache
def _surnames() -> tuple[list[str], np.ndarray]:
    words = lists()["surnames"]
    shares = np.array([float(x) for x in words[1::2]])
    return words[::2], np.cumsum(shares / shares.sum())


def draw_surnames(rng: np.random.Generator, count: int) -> np.ndarray:
    """Positions in the list of surnames, by share."""
    return np.searchsorted(_surnames()[1], rng.random(count), side="right").clip(max=len(_surnames()[0]) - 1)


def surname_text(positions: np.ndarray) -> pa.Array:
    return pick(_surnames()[0], positions)


def given_names(rng: np.random.Generator, sex: np.ndarray) -> pa.Array:
    """Half from the lists of whole given names, half put together of two characters, a few rare."""
    count, words = len(sex), lists()
    male = sex == 1

    def of(male_list: str, female_list: str) -> pa.Array:
        draws = rng.random(count)
        m, f = words[male_list], words[female_list]
        return pick(m + f, np.where(male, draws * len(m), len(m) + draws * len(f)).astype(int))

    whole = of("male", "female")
    built = cat(pick(words["first"], rng.integers(0, len(words["first"]), count)), of("second_male", "second_female"))
    result = where(rng.random(count) < 0.45, whole, built)
    rare = rng.random(count) < 0.003
    return where(rare, pick(words["rare"], rng.integers(0, len(words["rare"]), count)), result)


def person_names(rng: np.random.Generator, surnames: np.ndarray, sex: np.ndarray, ethnic_group: np.ndarray) -> pa.Array:
    """``surnames``: positions of the list; Uygur names are given name, middle dot, father's name."""
    count, words = len(sex), lists()
    usual = cat(surname_text(surnames), given_names(rng, sex))
    dotted = cat(
        pick(words["minority_first"], rng.integers(0, len(words["minority_first"]), count)),
        MIDDLE_DOT,
        pick(words["minority_last"], rng.integers(0, len(words["minority_last"]), count)),
    )
    return where(np.isin(ethnic_group, MINORITY_NAMES), dotted, usual)


def misheard(rng: np.random.Generator, names: pa.Array) -> pa.Array:
    """The same names with one character taken for another: a variant where known, otherwise another last one.

    For the few rows that carry this defect, hence row by row.
    """
    pairs = lists()["variants"]
    swap = dict(zip(pairs[::2], pairs[1::2], strict=True)) | dict(zip(pairs[1::2], pairs[::2], strict=True))
    others = lists()["second_male"]
    result = []
    for name, draw in zip(names.to_pylist(), rng.integers(0, len(others), len(names)), strict=True):
        at = next((n for n in range(len(name) - 1, 0, -1) if name[n] in swap), None)
        if at is not None:
            result.append(name[:at] + swap[name[at]] + name[at + 1 :])
        else:
            last = others[draw] if others[draw] != name[-1] else others[draw - 1]
            result.append(name[:-1] + last)
    return pa.array(result, pa.string())
