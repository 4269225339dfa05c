"""Names of columns, as the engines that read them compare them."""

from __future__ import annotations

import unicodedata


def as_engine(name: str) -> str:
    """A column's name as engines compare it: ``NAME`` and ``name`` are one column to them, and to nobody's eyes differ
    two ways of composing a letter."""
    return unicodedata.normalize("NFC", name).lower()
