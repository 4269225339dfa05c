"""Secrets of connections: known by their value once they are used, and so taken out of every text that leaves govshare.

Whatever a connection takes from the environment is one, and so is what stands in ``connections.toml`` where a secret
would. A driver may quote it as it is, as part of a URL, or as a text of its own language.
"""

from __future__ import annotations

import json
import re
from threading import Lock
from urllib.parse import quote, quote_plus

from catalogue.redaction import mask_with

SHORTEST = 4  # what is shorter stands in too many words
WHOLE_WORD = 8  # what is shorter than this is taken out only where it stands alone
MASK = "***"
_forms: dict[str, re.Pattern[str]] = {}
_lock = Lock()


def remember(secret: str) -> None:
    """From now on this value is masked in errors and logs of this process."""
    if len(secret) < SHORTEST:
        return
    with _lock:
        for form in _spellings(secret) | _spellings(secret.strip()):
            found = re.escape(form)
            _forms[form] = re.compile(found if len(form) >= WHOLE_WORD else rf"(?<!\w){found}(?!\w)")


def masked(text: str) -> str:
    """The text with ``***`` in place of every secret that a connection has used.

    >>> remember("p@ss/wörd"), masked("refused: u:p%40ss%2Fw%C3%B6rd@host, p@ss/wörd")
    (None, 'refused: u:***@host, ***')
    """
    with _lock:
        known = sorted(_forms.items(), key=lambda entry: -len(entry[0]))
    for form, pattern in known:
        if form in text:
            text = pattern.sub(MASK, text)
    return text


def _spellings(value: str) -> set[str]:
    quoted = {quote(value), quote(value, safe=""), quote_plus(value)}
    return {value, *quoted, repr(value)[1:-1], json.dumps(value)[1:-1]}


mask_with(masked)
