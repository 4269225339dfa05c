"""One function a defect: takes the values it hits, gives what a department would deliver instead.

Each works on a few per cent of a column, so that going through them one by one is good enough where text
demands it. A function may give a value back unchanged: then it could not apply and is not counted. Numbers
that are spoiled beyond repair are never valid numbers of anybody.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from demo_city.identifiers import CREDIT_ALPHABET, credit_is_valid, id_is_valid
from demo_city.names import MIDDLE_DOT, lists, misheard
from demo_city.text import cat, characters, from_characters, pick, spelled, where
from demo_city.vocabulary import EDUCATION_EDITION, EDUCATION_WORDS, ETHNIC_WORDS, PLACEHOLDERS, SEX_WORDS

Spoiler = Callable[[pa.Array, np.random.Generator], pa.Array]
FULL_WIDTH = {n: n + 0xFEE0 for n in range(0x21, 0x7F)}
DIGITS_FULL_WIDTH = {n: n + 0xFEE0 for n in range(ord("0"), ord("9") + 1)}
SPACES = ["　", " ", "\u3000\u3000", "\t"]
SPOILERS: dict[str, Spoiler] = {}


def spoiler(*names: str) -> Callable[[Spoiler], Spoiler]:
    def note(function: Spoiler) -> Spoiler:
        for name in names:
            SPOILERS[name] = function
        return function

    return note


def each(values: pa.Array, change: Callable[[str], str]) -> pa.Array:
    return pa.array([change(value) for value in values.to_pylist()], pa.string())


def any_of(options: Sequence[str | None], rng: np.random.Generator, count: int) -> pa.Array:
    return pick(options, rng.integers(0, len(options), count))


@spoiler("id_15_digit")
def fifteen_digits(values: pa.Array, rng: np.random.Generator) -> pa.Array:
    birth = pc.cast(pc.utf8_slice_codeunits(values, 6, 14), pa.int64()).to_numpy()
    old = (birth < 19991001) & (birth >= 19000000)
    return where(old, cat(pc.utf8_slice_codeunits(values, 0, 6), pc.utf8_slice_codeunits(values, 8, 17)), values)


@spoiler("id_lower_case", "code_lower_case")
def lower_case(values: pa.Array, rng: np.random.Generator) -> pa.Array:
    return pc.utf8_lower(values)


@spoiler("id_full_width", "code_full_width")
def full_width(values: pa.Array, rng: np.random.Generator) -> pa.Array:
    return each(values, lambda value: value.translate(FULL_WIDTH))


@spoiler("id_space", "code_space", "text_space", "organisation_space")
def space_around(values: pa.Array, rng: np.random.Generator) -> pa.Array:
    space = any_of(SPACES, rng, len(values))
    return where(rng.random(len(values)) < 0.8, cat(values, space), cat(space, values))


@spoiler("id_missing", "code_missing", "value_missing")
def missing(values: pa.Array, rng: np.random.Generator) -> pa.Array:
    return any_of([None, None, None, *PLACEHOLDERS], rng, len(values))


@spoiler("id_one_digit")
def one_digit(values: pa.Array, rng: np.random.Generator) -> pa.Array:
    matrix, rows = characters(values, 18), np.arange(len(values))
    at = rng.integers(6, 17, len(values))
    matrix[rows, at] = (matrix[rows, at] - 48 + rng.integers(1, 10, len(values))) % 10 + 48
    return _unless_valid(from_characters(matrix), values, id_is_valid)


@spoiler("id_swapped")
def digits_swapped(values: pa.Array, rng: np.random.Generator) -> pa.Array:
    return _unless_valid(_swap(characters(values, 18), rng.integers(6, 16, len(values))), values, id_is_valid)


@spoiler("id_short")
def digit_left_out(values: pa.Array, rng: np.random.Generator) -> pa.Array:
    at = rng.integers(8, 17, len(values)).tolist()
    pairs = zip(values.to_pylist(), at, strict=True)
    return pa.array([value[:n] + value[n + 1 :] for value, n in pairs], pa.string())


@spoiler("code_one_character")
def one_character(values: pa.Array, rng: np.random.Generator) -> pa.Array:
    matrix, rows = characters(values, 18), np.arange(len(values))
    alphabet = np.frombuffer(CREDIT_ALPHABET.encode(), np.uint8)
    matrix[rows, rng.integers(8, 17, len(values))] = alphabet[rng.integers(0, 31, len(values))]
    return _unless_valid(from_characters(matrix), values, credit_is_valid)


@spoiler("code_swapped")
def characters_swapped(values: pa.Array, rng: np.random.Generator) -> pa.Array:
    return _unless_valid(_swap(characters(values, 18), rng.integers(8, 16, len(values))), values, credit_is_valid)


@spoiler("code_illegal_character")
def illegal_character(values: pa.Array, rng: np.random.Generator) -> pa.Array:
    alike = {"0": "O", "1": "I", "2": "Z", "5": "S"}
    return each(values, lambda value: re.sub("[0125](?=[^0125]*$)", lambda m: alike[m[0]], value, count=1))


def _swap(matrix: np.ndarray, at: np.ndarray) -> pa.Array:
    rows = np.arange(len(matrix))
    matrix[rows, at], matrix[rows, at + 1] = matrix[rows, at + 1], matrix[rows, at]
    return from_characters(matrix)


def _unless_valid(spoiled: pa.Array, values: pa.Array, is_valid: Callable[[pa.Array], np.ndarray]) -> pa.Array:
    """What is still (or by chance again) a valid number stays as it was."""
    return where(is_valid(spoiled), values, spoiled)


@spoiler("name_space")
def space_in_name(values: pa.Array, rng: np.random.Generator) -> pa.Array:
    def change(name: str) -> str:
        return f"{name[0]}　{name[1]}" if len(name) == 2 else f"{name}　" if len(name) % 2 else f" {name}"

    return each(values, change)


@spoiler("name_typo")
def name_typo(values: pa.Array, rng: np.random.Generator) -> pa.Array:
    return misheard(rng, values)


@spoiler("name_middle_dot")
def other_middle_dot(values: pa.Array, rng: np.random.Generator) -> pa.Array:
    dots = rng.choice(list("•・．.‧"), len(values)).tolist()
    pairs = zip(values.to_pylist(), dots, strict=True)
    return pa.array([name.replace(MIDDLE_DOT, dot) for name, dot in pairs], pa.string())


@spoiler("name_two_people")
def two_people(values: pa.Array, rng: np.random.Generator) -> pa.Array:
    surnames = lists()["surnames"][::2]
    return cat(values, "、", any_of(surnames, rng, len(values)), "建国")


@spoiler("organisation_short")
def short_organisation(values: pa.Array, rng: np.random.Generator) -> pa.Array:
    return pc.replace_substring_regex(values, "^(新乡市|河南省?|.{2}[县市区])(.{3,})$", r"\2")


@spoiler("html_entity")
def html_entity(values: pa.Array, rng: np.random.Generator) -> pa.Array:
    return cat(values, any_of(["&nbsp;", "&#12288;"], rng, len(values)))


def days_of(values: pa.Array) -> np.ndarray:
    """Clean dates, ``yyyy-mm-dd`` or ``yyyymmdd``, as datetime64[D]."""
    number = pc.cast(pc.replace_substring(values, "-", ""), pa.int64()).to_numpy()
    months = ((number // 10_000 - 1970) * 12 + number // 100 % 100 - 1).astype("M8[M]")
    return months.astype("M8[D]") + (number % 100 - 1).astype("m8[D]")


@spoiler("date_spelling")
def other_spelling(values: pa.Array, rng: np.random.Generator) -> pa.Array:
    days = days_of(values)
    result, draw = values, rng.integers(0, 7, len(values))
    for at, spelling in enumerate(("short", "slash", "dot", "dot_full", "chinese", "compact", "iso")):
        result = where(draw == at, spelled(days, spelling), result)
    return result


@spoiler("date_time")
def with_time(values: pa.Array, rng: np.random.Generator) -> pa.Array:
    return cat(spelled(days_of(values), "iso"), " 00:00:00")


@spoiler("date_impossible")
def impossible(values: pa.Array, rng: np.random.Generator) -> pa.Array:
    return where(rng.random(len(values)) < 0.7, spelled(days_of(values), "impossible"), "0000-00-00")


@spoiler("date_other")
def other_day(values: pa.Array, rng: np.random.Generator) -> pa.Array:
    days = days_of(values)
    months = days.astype("M8[M]")
    day = (days - months.astype("M8[D]")).astype(int) + 1
    month = months.astype(int) % 12 + 1
    exchanged = (days.astype("M8[Y]").astype("M8[M]") + (day - 1)).astype("M8[D]") + (month - 1)
    moved = days + rng.choice([-1, 1, -10, 10, 365], len(values)).astype("m8[D]")
    use = (day <= 12) & (day != month) & (rng.random(len(values)) < 0.5)
    same_form = pc.match_substring(values, "-")
    result = np.where(use, exchanged, moved)
    return pc.if_else(same_form, spelled(result, "iso"), spelled(result, "compact"))


@spoiler("date_serial")
def serial(values: pa.Array, rng: np.random.Generator) -> pa.Array:
    days = days_of(values)
    return where(days > np.datetime64("1930-01-01"), spelled(days, "serial"), values)


@spoiler("text_full_width")
def full_width_digits(values: pa.Array, rng: np.random.Generator) -> pa.Array:
    return each(values, lambda value: value.translate(DIGITS_FULL_WIDTH))


@spoiler("line_break")
def line_break(values: pa.Array, rng: np.random.Generator) -> pa.Array:
    return each(values, lambda value: value[: len(value) // 2] + "\n" + value[len(value) // 2 :])


@spoiler("phone_noise")
def phone_noise(values: pa.Array, rng: np.random.Generator) -> pa.Array:
    def part(first: int, last: int) -> pa.Array:
        return pc.utf8_slice_codeunits(values, first, last)

    draw = rng.random(len(values))
    land = np.asarray(pc.match_substring(values, "-"))  # area, hyphen, number
    hyphens = where(land, pc.replace_substring(values, "-", ""), cat(part(0, 3), "-", part(3, 7), "-", part(7, 11)))
    spaces = where(land, pc.replace_substring(values, "-", " "), cat(part(0, 3), " ", part(3, 7), " ", part(7, 11)))
    return where(draw < 0.4, cat("+86", values), where(draw < 0.7, hyphens, spaces))


@spoiler("phone_wrong")
def phone_wrong(values: pa.Array, rng: np.random.Generator) -> pa.Array:
    return pc.utf8_slice_codeunits(values, 0, 10)


def _reworded(forms: dict[str, list[str]]) -> Spoiler:
    """Another word of the same meaning; a word that the table does not know stays."""
    meaning = {word: code for code, words in forms.items() for word in words}

    def change(values: pa.Array, rng: np.random.Generator) -> pa.Array:
        result = []
        for value, draw in zip(values.to_pylist(), rng.random(len(values)), strict=True):
            words = forms.get(meaning.get(value, ""), [value])
            result.append(words[int(draw * len(words))])
        return pa.array(result, pa.string())

    return change


SPOILERS["sex_spelling"] = _reworded(SEX_WORDS)
SPOILERS["ethnic_spelling"] = _reworded(ETHNIC_WORDS)
SPOILERS["education_spelling"] = _reworded(EDUCATION_WORDS)


@spoiler("education_edition")
def other_edition(values: pa.Array, rng: np.random.Generator) -> pa.Array:
    return any_of(EDUCATION_EDITION, rng, len(values))


@spoiler("capital_notation")
def capital_notation(values: pa.Array, rng: np.random.Generator) -> pa.Array:
    """From ``100万元`` or ``100万美元`` to the notations of real registers."""

    def change(value: str, draw: int) -> str:
        amount, _, unit = value.partition("万")
        unit = "万" + unit
        grouped = f"{float(amount):,.4f}" if "." in amount else f"{int(amount):,}"
        if unit != "万元":
            return [f"{grouped}({unit})", f"{amount}{unit}"][draw % 2]
        return [
            f"{grouped}(万元)", f"{amount}万人民币", f"{float(amount):,.4f}(万元)", f"{grouped}万人民币元",
            f"{amount}万元人民币", f"{grouped}(万元人民币)", f"{amount} 万元", f"人民币{amount}万元",
        ][draw]  # fmt: skip

    draws = rng.integers(0, 8, len(values)).tolist()
    return pa.array([change(v, d) for v, d in zip(values.to_pylist(), draws, strict=True)], pa.string())
