"""SQL text from names and words."""

from __future__ import annotations


def quoted(name: str) -> str:
    """An identifier. Always quoted: tables have columns named ``row``."""
    return '"' + name.replace('"', '""') + '"'


def text(words: str) -> str:
    """A text constant."""
    return "'" + words.replace("'", "''") + "'"
