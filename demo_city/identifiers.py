"""Numbers of persons and legal entities, computed for whole columns.

GB 11643-1999 (公民身份号码), GB 32100-2015 (统一社会信用代码), GB 11714-1997 (组织机构代码) and the
15-digit registration number (工商注册号, ISO 7064 MOD 11,10). Independent of the pipeline's macros on
purpose: the ground truth must not share their mistakes.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from demo_city.text import cat, characters, from_characters, number_text, padded, pick, spelled

ID_WEIGHTS = np.array([7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2])
ID_CHECK = "10X98765432"
CREDIT_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
CREDIT_WEIGHTS = np.array([3**i % 31 for i in range(17)])
ORGANISATION_WEIGHTS = np.array([3, 7, 9, 10, 5, 8, 4, 2])
ORGANISATION_CHECK = "0123456789X0"
_VALUE = np.full(128, -1)
_VALUE[[ord(c) for c in CREDIT_ALPHABET]] = np.arange(31)
# GB 11714 counts letters A=10 ... Z=35, unlike GB 32100.
_ORGANISATION_VALUE = np.full(128, -1)
_ORGANISATION_VALUE[[ord(c) for c in "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"]] = np.arange(36)


def sequence_in_group(groups: np.ndarray) -> np.ndarray:
    """0, 1, 2, ... within equal values of ``groups``, in order of appearance."""
    order = np.argsort(groups, kind="stable")
    ordered = groups[order]
    starts = np.r_[True, ordered[1:] != ordered[:-1]]
    first = np.maximum.accumulate(np.where(starts, np.arange(len(groups)), 0))
    result = np.empty(len(groups), np.int64)
    result[order] = np.arange(len(groups)) - first
    return result


def id_check(first17: np.ndarray) -> pa.Array:
    """Check characters (MOD 11-2) of 17-digit numbers held as int64."""
    total = np.zeros(len(first17), np.int64)
    for place, weight in enumerate(ID_WEIGHTS):
        total += first17 // 10 ** (16 - place) % 10 * weight
    return pick(list(ID_CHECK), total % 11)


def id_numbers(area: np.ndarray, birth: np.ndarray, sex: np.ndarray) -> pa.Array:
    """Unique valid numbers: ``area`` (6-digit ints), ``birth`` (datetime64[D]), ``sex`` (1 male, 2 female).

    Sequences 996-999 are left out: they were kept for centenarians. At most 498 numbers a day, area and sex.
    """
    days = birth.astype("M8[D]").astype(np.int64) + 40000
    group = (area.astype(np.int64) * 100_000 + days) * 2 + (sex == 1)
    rank = sequence_in_group(group)
    if len(rank) and rank.max() >= 498:
        raise ValueError("more than 498 births of one sex on one day in one county: no numbers left")
    # 37 has no factor in common with 498, so that the steps visit every place once.
    place = (rank * 37 + group % 499) % 498
    sequence = place * 2 + (sex == 1)
    compact = np.asarray(spelled(birth, "compact").cast(pa.int64()))
    first17 = (area.astype(np.int64) * 100_000_000 + compact) * 1000 + sequence
    return cat(number_text(first17), id_check(first17))


def id_is_valid(numbers: pa.Array) -> np.ndarray:
    """Whether 18-character numbers have a right check digit (no other rule)."""
    matrix = characters(numbers, 18)
    total = ((matrix[:, :17].astype(np.int64) - 48) * ID_WEIGHTS).sum(axis=1)
    expected = np.frombuffer(ID_CHECK.encode(), np.uint8)[total % 11]
    return expected == matrix[:, 17]


def organisation_codes(serials: np.ndarray, new: np.ndarray) -> pa.Array:
    """Nine characters: eight of the body and the check character; ``new`` ones (since 2015-10) begin with
    MA.
    """
    serials = serials.astype(np.int64)
    base31 = np.zeros((len(serials), 8), np.uint8)
    alphabet = np.frombuffer(CREDIT_ALPHABET.encode(), np.uint8)
    rest = serials.copy()
    for place in range(7, 1, -1):
        base31[:, place] = alphabet[rest % 31]
        rest //= 31
    base31[:, 0], base31[:, 1] = ord("M"), ord("A")
    old = characters(padded(serials % 100_000_000, 8), 8)
    body = np.where(new[:, None], base31, old).astype(np.uint8)
    total = (_ORGANISATION_VALUE[body] * ORGANISATION_WEIGHTS).sum(axis=1)
    check = np.frombuffer(ORGANISATION_CHECK.encode(), np.uint8)[11 - total % 11]
    return from_characters(np.c_[body, check])


def credit_codes(kind: pa.Array, area: np.ndarray, organisation: pa.Array) -> pa.Array:
    """18 characters from two of authority and category, six of the registering area, nine of the
    organisation.
    """
    body = characters(cat(kind, number_text(area), organisation), 17)
    return from_characters(np.c_[body, credit_check(body)])


def credit_check(body: np.ndarray) -> np.ndarray:
    """Check characters (bytes) of (rows, 17) matrices."""
    total = (_VALUE[body] * CREDIT_WEIGHTS).sum(axis=1)
    return np.frombuffer(CREDIT_ALPHABET.encode(), np.uint8)[(31 - total % 31) % 31]


def credit_is_valid(codes: pa.Array) -> np.ndarray:
    """Whether 18-character codes are of the alphabet and have a right check character."""
    matrix = characters(codes, 18)
    in_alphabet = (_VALUE[matrix] >= 0).all(axis=1)
    return in_alphabet & (credit_check(matrix[:, :17]) == matrix[:, 17])


def registration_numbers(area: np.ndarray, sequence: np.ndarray) -> pa.Array:
    """15 digits: six of the area, eight of the sequence, one check digit (ISO 7064 MOD 11,10)."""
    first14 = area.astype(np.int64) * 100_000_000 + sequence
    check = np.full(len(first14), 5, np.int64)
    for place in range(14):
        check = (np.where(check == 0, 10, check) * 2 % 11 + first14 // 10 ** (13 - place) % 10) % 10
    check = (1 - np.where(check == 0, 10, check) * 2 % 11) % 10
    return cat(number_text(first14), number_text(check))
