"""What must not stand in a log, in an error or on a terminal is taken out of it: numbers of people, values, secrets.

A net below the messages that the rooms write. These quote places and counts; what a driver, an engine or a library says
of a row that it stumbled over may quote the row. ``without_numbers`` is for our own words, ``redacted`` for theirs.
Names of persons have no form by which they could be known, so an engine's message loses all that it quotes.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable
from typing import Any

# Identity numbers, bank cards, mobile telephones; also as people group them, and telephones with an area code.
NUMBER = re.compile(
    r"\d{6}[ -]\d{8}[ -]\d{3}[\dXx]|(?:\d{4}[ -]){3}\d{3,7}|\d{9,}[Xx]?"
    r"|(?<!\d)1[3-9]\d[ -]\d{4}[ -]\d{4}(?!\d)|(?<!\d)0\d{2,3}[- ]\d{7,8}(?!\d)"
)
# Codes and addresses of things, which Dagster, dbt and we look things up by.
NAME_OF_A_THING = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|(?=.*[a-f])[0-9a-f]{12,}")
KIND = re.compile(r"(?:Error|Exception|Invalid|Warning): ")
NAME_OF_KIND = re.compile(r"[\w.]*$|(?:[A-Z][A-Za-z]* )+$")
LONGEST_NAME = 60  # characters before the word Error that can belong to an error's name
ROOMS = re.compile(r"(?:catalogue|connectors|expectations|linking|publishing|orchestration)\.")
CODE = ("Binder Error: ", "Catalog Error: ", "Parser Error: ", "Compilation Error: ")  # of the statement, not of a row
PASSED_ON = "DagsterDbtCliRuntimeError: "  # what dbt has logged, where this was done already
NAMES_AT_HAND = re.compile(r"(?:Candidate bindings|Did you mean)\b[^\n]*")
END_OF_MESSAGE = re.compile(r"\n[ \t]{0,20}(?:LINE \d+:|compiled code at|File \"|Traceback )")
QUOTED = re.compile(r"['\"`‘“].*['\"`’”]", re.DOTALL)  # from the first to the last: a value may have quotes in it
NEGATION = re.compile(r"(?<=\wn)'(?=t\b)")  # can't: no quote
TAIL = re.compile(r"((?:Original Line|Input|got \d+|with value|invalid value|DETAIL|right here):? ?)(?=[^\s<])[^\n]*")
_more: list[Callable[[str], str]] = []


def mask_with(masked: Callable[[str], str]) -> None:
    """Take out as well what ``masked`` takes out of a text: secrets, which are known by their value."""
    if masked not in _more:
        _more.append(masked)


def without_numbers(text: str) -> str:
    """The text with long numbers told by their length, as ``<18 digits>``, and without secrets."""
    for masked in _more:
        text = masked(text)
    return NUMBER.sub(lambda found: f"<{sum(map(str.isdigit, found[0]))} digits>", text)


def redacted(text: str) -> str:
    """The same for words of an engine or a library: what the message of an error quotes is told by its length.

    An error in a statement quotes the statement, which is ours; the names that the engine proposes may be a source's.
    """
    done, at = [], 0
    while kind := KIND.search(text, at):
        done.append(text[at : kind.end()])
        at = kind.end()
        before = text[max(0, kind.start() - LONGEST_NAME) : kind.start()]
        name = max((found[0] for found in NAME_OF_KIND.finditer(before)), key=len) + kind[0]
        if not ROOMS.match(name) and not name.endswith((*CODE, PASSED_ON)):
            end = END_OF_MESSAGE.search(text, at)
            said = NEGATION.sub("’", text[at : end.start() if end else len(text)])
            done.append(TAIL.sub(r"\1<…>", QUOTED.sub(lambda found: f"<{len(found[0]) - 2} characters>", said)))
            at = end.start() if end else len(text)
    return without_numbers(NAMES_AT_HAND.sub("", "".join([*done, text[at:]])))


def in_document(value: Any) -> Any:
    """A JSON document with each of its texts ``redacted``; what things are called by stays."""
    if isinstance(value, str):
        return value if NAME_OF_A_THING.fullmatch(value) else redacted(value)
    if isinstance(value, list):
        return [in_document(inner) for inner in value]
    if isinstance(value, dict):
        return {without_numbers(name): in_document(inner) for name, inner in value.items()}
    return value


def in_json(text: str) -> str:
    """The same for a document's text; text that is no document as words."""
    try:
        return json.dumps(in_document(json.loads(text)), ensure_ascii=False)
    except (ValueError, RecursionError):
        return redacted(text)


def in_logs() -> None:
    """From now on all that this process logs, by whichever library, is free of values."""
    former = logging.getLogRecordFactory()
    if getattr(former, "free_of_values", False):
        return

    def record(*arguments: Any, **named: Any) -> logging.LogRecord:
        made = former(*arguments, **named)
        try:
            said = made.getMessage()
        except (TypeError, ValueError):  # arguments that do not fit their message: logging would tell so with both
            said = "a message whose arguments do not fit it"
        made.msg, made.args = (in_json(said) if said.startswith("{") else redacted(said)), None
        if made.exc_info and made.exc_info[0]:
            made.exc_text = redacted(logging.Formatter().formatException(made.exc_info))
        return made

    record.free_of_values = True  # type: ignore[attr-defined]
    logging.setLogRecordFactory(record)
