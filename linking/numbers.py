"""Which valid identity numbers one slip of the pen turns into the number that was written.

GB 11643-1999: the check character leaves one digit for each place, so that a number has some twenty neighbours and
not two hundred. Whole columns in numpy: as SQL over lists the same takes thirty times as long.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

WEIGHTS = np.array([7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2])
INVERSES = np.array([8, 5, 10, 9, 7, 3, 6, 1, 2, 4, 8, 5, 10, 9, 7, 3, 6])  # of the weights, modulo 11
CHECK = np.frombuffer(b"10X98765432", np.uint8)
ZERO = ord("0")
LONGEST = 19
_VALUE = np.full(256, -1)  # what the weighted sum must leave for a check character
_VALUE[CHECK] = np.arange(11)

Found = list[tuple[np.ndarray, np.ndarray]]  # positions of written numbers, and eighteen characters for each


def neighbours(written: pa.Array) -> pa.Table:
    """``position`` in ``written`` and ``number``: one character wrong, two exchanged, one left out, one too many.

    ``written`` are texts of 17 to 19 characters, digits but for an X at the end; others have no neighbours.
    """
    # Through buffers: what turns arrays into numpy's, and back, imports pandas (half a second).
    padded = pc.utf8_rpad(written, LONGEST, " ").cast(pa.binary()).cast(pa.binary(LONGEST))
    texts = np.frombuffer(padded.buffers()[1], np.uint8).reshape(-1, LONGEST)
    sizes = (texts != ord(" ")).sum(axis=1)
    found: Found = []
    for size, slips in ((18, (_one_wrong, _exchanged)), (17, (_one_missing,)), (19, (_one_too_many,))):
        at = np.flatnonzero(sizes == size)
        if len(at):
            characters = texts[at, :size]
            for slip in slips:
                found += [(at[rows], numbers) for rows, numbers in slip(characters)]
    positions = np.concatenate([rows for rows, _ in found] or [np.array([], np.int64)])
    numbers = np.concatenate([chars for _, chars in found] or [np.zeros((0, 18), np.uint8)])
    buffer = pa.py_buffer(np.ascontiguousarray(numbers, np.uint8))
    texts = pa.FixedSizeBinaryArray.from_buffers(pa.binary(18), len(numbers), [None, buffer])
    places = pa.Array.from_buffers(pa.int64(), len(positions), [None, pa.py_buffer(positions)])
    return pa.table({"position": places, "number": texts.cast(pa.binary()).cast(pa.string())})


def _digits(characters: np.ndarray) -> np.ndarray:
    return characters.astype(np.int64) - ZERO


def _odd(digits: np.ndarray) -> np.ndarray:
    return (digits < 0) | (digits > 9)


def _one_wrong(characters: np.ndarray) -> Found:
    digits = _digits(characters[:, :17])
    total = (digits * WEIGHTS).sum(axis=1)
    lacking = _VALUE[characters[:, 17]] - total
    odd = _odd(digits)  # an X that was exchanged with a digit: only another character in its place can help
    odds = odd.sum(axis=1)
    found: Found = []
    for place in range(17):
        right = (digits[:, place] + lacking * INVERSES[place]) % 11
        rows = np.flatnonzero((right < 10) & (right != digits[:, place]) & (odds == odd[:, place]))
        found.append((rows, _with(characters[rows], place, right[rows] + ZERO)))
    check = CHECK[total % 11]
    rows = np.flatnonzero((check != characters[:, 17]) & (odds == 0))
    return [*found, (rows, _with(characters[rows], 17, check[rows]))]


def _exchanged(characters: np.ndarray) -> Found:
    found: Found = []
    for place in range(17):
        changed = characters.copy()
        changed[:, [place, place + 1]] = characters[:, [place + 1, place]]
        different = characters[:, place] != characters[:, place + 1]
        rows = np.flatnonzero(different & _valid(changed))
        found.append((rows, changed[rows]))
    return found


def _one_missing(characters: np.ndarray) -> Found:
    found: Found = []
    for place in range(17):
        changed = np.insert(characters, place, ZERO, axis=1)
        digits = _digits(changed[:, :17])
        right = (_VALUE[changed[:, 17]] - (digits * WEIGHTS).sum(axis=1)) * INVERSES[place] % 11
        rows = np.flatnonzero((right < 10) & (_VALUE[changed[:, 17]] >= 0) & ~_odd(digits).any(axis=1))
        found.append((rows, _with(changed[rows], place, right[rows] + ZERO)))
    digits = _digits(characters)
    rows = np.flatnonzero(~_odd(digits).any(axis=1))  # an X at the end is the check character itself
    check = CHECK[(digits[rows] * WEIGHTS).sum(axis=1) % 11]
    return [*found, (rows, np.c_[characters[rows], check])]


def _one_too_many(characters: np.ndarray) -> Found:
    found: Found = []
    for place in range(19):
        changed = np.delete(characters, place, axis=1)
        rows = np.flatnonzero(_valid(changed))
        found.append((rows, changed[rows]))
    return found


def _valid(characters: np.ndarray) -> np.ndarray:
    digits = _digits(characters[:, :17])
    return ~_odd(digits).any(axis=1) & (CHECK[(digits * WEIGHTS).sum(axis=1) % 11] == characters[:, 17])


def _with(characters: np.ndarray, place: int, values: np.ndarray) -> np.ndarray:
    changed = characters.copy()
    changed[:, place] = values
    return changed
