"""What separates the cells of a delimited file: found in its heading and first rows, or named in its first line."""

from __future__ import annotations

import re
from collections.abc import Sequence

from connectors.files.text import Unreadable

SAMPLE = 20  # lines after the heading that are looked at
DELIMITERS = ",\t|;^\x01"
FULL_WIDTH = "，；｜、\u3000"  # as an input method types them
IN_TEXTS = "、\u3000"  # and as they stand in the heading of a file with one column
SEPARATOR = re.compile(r'"?sep=(.)"?', re.IGNORECASE)


def separator_of(line: str) -> str | None:
    """The delimiter that the first line of a file names (``sep=,``), for spreadsheets."""
    match = SEPARATOR.fullmatch(line.lstrip("\ufeff").rstrip("\r\n"))
    return match[1] if match else None


def delimiters_of(header: str, following: Sequence[str], quote: str, line: int, named: bool = True) -> tuple[str, str]:
    """The delimiter of the heading and that of the rows, which differ where a hand has typed the heading.

    The delimiter is the one that the heading has most of, outside quotes. A full-width one counts where the
    heading has no other, or where each row has as many of it and no other. ``named``: the line is a heading, not
    the first row.
    """
    bare = _outside(header, quote)
    rows = [_outside(row, quote) for row in following if row.strip()]
    usual = max(DELIMITERS, key=bare.count)
    wide = max(FULL_WIDTH, key=bare.count)
    if bare.count(usual):
        for other in FULL_WIDTH:
            if rows and all(row.count(other) == bare.count(usual) and not row.count(usual) for row in rows):
                return usual, other
        return usual, usual
    count = bare.count(wide)
    if count == 0 or (not rows and wide in IN_TEXTS):
        return usual, usual
    for delimiter in (wide, *DELIMITERS, *FULL_WIDTH):
        if all(row.count(delimiter) == count for row in rows):
            return wide, delimiter
    if not named or wide in IN_TEXTS:
        return usual, usual
    raise Unreadable(
        f"the heading has no delimiter but {count} × U+{ord(wide):04X} (full-width), and the rows have other numbers",
        place=f"line {line}",
        remedy="have the department write a comma or tab between cells, or declare `delimiter` in meta.connector",
    )


def _outside(text: str, quote: str) -> str:
    """The text without what stands in quotes."""
    mark = re.escape(quote)
    return re.sub(f"{mark}[^{mark}]*{mark}", "", text) if quote else text
