"""How errors and reports show a name that a source controls: a heading, a key of JSON, a column of a table.

The heading of a file without one is its first record, so a name may be somebody's number. What looks like data
is described and not shown; what is invisible is written as its code point, or two names would look the same.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from datetime import datetime

LONGEST = 40  # characters of a name that are shown
MOST = 20  # names that a list shows
NUMBER = re.compile(r"\d(?:[\s\-_/.:年月日]?\d){5,}")  # six digits in a row, also with separators between them
INVISIBLE = ("Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp", "Zs")
BLANK_LETTERS = "\u115f\u1160\u3164\uffa0\u034f\u2800"  # letters and signs by their category, and yet blank


def looks_like_data(name: str) -> bool:
    """Whether a name is rather somebody's number, date, or address of mail than a heading."""
    return NUMBER.search(unicodedata.normalize("NFKC", name)) is not None or re.search(r"\S@\S", name) is not None


def visible(text: str) -> str:
    r"""The text with every invisible character as its code point.

    >>> visible("\u8eab\u4efd\u8bc1\u53f7\u200b")
    '身份证号<U+200B>'
    """
    return "".join(f"<U+{ord(c):04X}>" if invisible(c) else c for c in text)


def invisible(character: str) -> bool:
    """Whether one sees nothing of a character (a blank between words counts as visible)."""
    if character.isascii():
        return not character.isprintable()
    variation = "\ufe00" <= character <= "\ufe0f" or "\U000e0100" <= character <= "\U000e01ef"
    return variation or character in BLANK_LETTERS or unicodedata.category(character) in INVISIBLE


def shown_name(name: str) -> str:
    """A name for an error: at most 40 characters, invisible ones made visible, nothing that looks like data.

    >>> shown_name("电话"), shown_name("410702 19900307 0023")
    ('电话', '<20 characters, 18 of them digits>')
    """
    if looks_like_data(name):
        return f"<{len(name)} characters, {sum(character.isdigit() for character in name)} of them digits>"
    shown = visible(name[:LONGEST])
    return shown + "…" if len(name) > LONGEST else shown


def shown_file(name: str) -> str:
    """A file's name for an error: numbers of six digits and more are left out, except the day that deliveries bear.

    >>> shown_file("参保人员_20260701_v2.csv"), shown_file("41070219900307002X.jpg")
    ('参保人员_20260701_v2.csv', '<17 digits>X.jpg')
    """
    return visible(re.sub(r"\d{6,}", _shown_run, name))


def _shown_run(digits: re.Match[str]) -> str:
    """A run of digits, if it is a month or a day of these years; birthdays of most people are not."""
    form = {6: "%Y%m", 8: "%Y%m%d"}.get(len(digits[0]))
    if form and digits[0] >= "2020":
        try:
            datetime.strptime(digits[0], form)
        except ValueError:
            pass
        else:
            return digits[0]
    return f"<{len(digits[0])} digits>"


def shown_names(names: Iterable[str]) -> str:
    """Names for an error, with commas; only how many, where one of them looks like data: then they are a record."""
    names = list(names)
    if any(map(looks_like_data, names)):
        return f"{len(names)} names, of which some look like data"
    return ", ".join(map(shown_name, names[:MOST])) + (" …" if len(names) > MOST else "")
