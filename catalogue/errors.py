"""The one family of errors that govshare raises on purpose; anything else is a bug."""

from __future__ import annotations

import re

from catalogue.redaction import without_numbers

_QUOTES = ('"', "'", "`")
_UNQUOTED = re.compile(r"[^\x00-\x7f…]+|(?<![\w.])[\w.+-]*\d{5}[\w.+-]*")


class GovshareError(Exception):
    """Something the user can mend: the message says what, where (department, resource, row) and the remedy.

    Never carries personal data: counts, places and kinds only. A long number that got into it is told by its length.
    """

    def __init__(self, what: str, *, where: str | None = None, remedy: str | None = None) -> None:
        self.what = what = without_numbers(what)
        self.where = where = where and without_numbers(where)
        self.remedy = remedy = remedy and without_numbers(remedy)
        parts = [f"{where}: {what}" if where else what]
        if remedy:
            parts.append(f"Remedy: {remedy}")
        super().__init__(". ".join(part.rstrip(".") for part in parts) + ".")


def without_values(text: str) -> str:
    """The first line of another program's error, without what may be content of a row.

    Databases quote the value that they could not convert. All between the first and the last quote of a line goes,
    since a value may have quotes in it; so do numbers of five digits and more and what is not ASCII, which some leave
    unquoted.

    >>> without_values("Conversion Error: Could not convert string '41071119' to DATE\\n\\nLINE 1: select 1")
    "Conversion Error: Could not convert string '…' to DATE"
    """
    line = next((line.strip() for line in text.splitlines() if line.strip()), "")
    for quote in _QUOTES:
        line = re.sub(f"{quote}.*{quote}", f"{quote}…{quote}", line)
        if line.count(quote) == 1:  # cut off, or an apostrophe
            line = line[: line.index(quote) + 1] + "…"
    return _UNQUOTED.sub("…", line)
