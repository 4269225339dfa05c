"""Chance that belongs to a thing and a purpose: the same draw for the same record, whatever else is made
around it.

The world draws from streams, column by column. Departments draw from here, so that a record that is
delivered again on another day, or in another portion, keeps everything that did not change.
"""

from __future__ import annotations

import zlib

import numpy as np

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_FIRST, _SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)


def uniform(seed: int, purpose: str, at: np.ndarray) -> np.ndarray:
    """Numbers in [0, 1) for the things at ``at`` (SplitMix64 of seed, purpose and position)."""
    start = np.uint64((zlib.crc32(purpose.encode()) << 32 | seed & 0xFFFFFFFF) & 0xFFFFFFFFFFFFFFFF)
    with np.errstate(over="ignore"):
        mixed = (np.asarray(at).astype(np.uint64) + np.uint64(1)) * _GOLDEN
        mixed = _scrambled(mixed ^ _scrambled(np.array(start + _GOLDEN)))
    return (mixed >> np.uint64(11)).astype(np.float64) * 2.0**-53


def _scrambled(x: np.ndarray) -> np.ndarray:
    x = (x ^ (x >> np.uint64(30))) * _FIRST
    x = (x ^ (x >> np.uint64(27))) * _SECOND
    return x ^ (x >> np.uint64(31))
