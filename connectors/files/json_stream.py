"""The records of a JSON document of any size, one after the other, each parsed by itself.

A record that cannot be parsed (a control character, an escape that is none, a name twice) is given as its text,
and reading goes on after it: where it ends is known by brackets and quotes. Where its own quotes do not pair,
the next record is found by the name with which the records begin.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from connectors.files.json_text import RepeatedName, loads, may_be_record, too_deep, value_at
from connectors.files.text import Unreadable

LONGEST_RECORD = 256 << 20
COUNTS = {"total", "count", "totalcount", "size", "totalsize", "recordcount", "rowcount", "totalnum", "totalrecords"}
BLANK = re.compile(r"[ \t\r\n]*")
STRING = r'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
TOKEN = re.compile(rf'{STRING}|"|[\[\]{{}}]', re.DOTALL)
TEXT = re.compile(STRING, re.DOTALL)
WORD = re.compile(r"[^\s,\[\]{}\":]+")
NUMBER = re.compile('"([0-9]{1,14})"')
OBJECTS = re.compile(r"\[[ \t\r\n]*\{")
BEGIN = re.compile(rf"\{{\s*({STRING})", re.DOTALL)
NEW_ONE = "ask the department for the file again"


@dataclass(frozen=True)
class Element:
    """One element of the list: its line, and its value, or its text when it could not be parsed.

    ``repeated``: it has a name twice.
    """

    line: int
    value: Any = None
    text: str | None = None
    repeated: bool = False


class Broken(Exception):
    """The document breaks off or is malformed where nothing can be set aside."""


class JsonStream:
    """The elements of the list at a path, from pieces of text; ``found`` says whether there is such a list."""

    def __init__(
        self,
        pieces: Iterator[str],
        path: str,
        repeated: Callable[[int], None] = lambda line: None,
        known: frozenset[str] = frozenset(),
    ) -> None:
        """``repeated`` is called with the line of a name that comes twice outside of the records. ``known``: the names
        in records, by which other lists of records are known (``others``: the lines of what they hold)."""
        self.known, self.others = known, list[int]()
        self.pieces, self.path, self.repeated = pieces, path.split(".") if path else [], repeated
        self.text, self.at = "", 0
        self._line, self._counted = 1, 0
        self.found = False
        self.count = 0
        self.names: list[str] = []  # of the whole document
        self.declared: list[int] = []  # how many records there are, by the document's own words
        self.depth = 0

    def __iter__(self) -> Iterator[Element]:
        try:
            yield from self._walk(self.path, top=True)
            while self._char() in ("\x1a", "\0"):
                self.at += 1
            if self._char():
                raise Unreadable(
                    "text or a second document follows the end of the JSON document",
                    place=f"line {self.line}, after record {self.count}",
                    remedy="have the department write one document, or declare `json_lines`",
                )
        except Broken:
            begun = self.count or self.depth or self.text[self.at : self.at + 1] in ("{", "[")
            raise Unreadable(
                "the JSON document breaks off or is malformed" if begun else "not a JSON document",
                place=f"after record {self.count}",
                remedy=NEW_ONE,
            ) from None

    @property
    def line(self) -> int:
        """The line of the next character."""
        self._line += self.text.count("\n", self._counted, self.at)
        self._counted = self.at
        return self._line

    def _more(self) -> bool:
        piece = next(self.pieces, None)
        if piece is None:
            return False
        if len(self.text) - self.at > LONGEST_RECORD:
            raise Unreadable(
                "a value longer than 256 MB", place=f"after record {self.count}", remedy="have the document split"
            )
        _ = self.line
        self.text, self.at, self._counted = self.text[self.at :] + piece, 0, 0
        return True

    def _char(self) -> str:
        """The next character that is no blank; none at the end."""
        while True:
            self.at = BLANK.match(self.text, self.at).end()  # type: ignore[union-attr]
            if self.at < len(self.text):
                return self.text[self.at]
            if not self._more():
                return ""

    def _take(self, *characters: str) -> str:
        character = self._char()
        if character not in characters or not character:
            raise Broken
        self.at += 1
        return character

    def _walk(self, path: list[str], top: bool = False) -> Iterator[Element]:
        """Go through a value to the lists at a path in it, and skip what else there is."""
        character = self._char()
        if not path and character == "[":
            self.found = True
            yield from self._list()
        elif character == "{" and (path or top):
            yield from self._object(path, top)
        elif path and path[0] == "item" and character == "[":
            self._take("[")
            self.depth += 1
            if self._char() != "]":
                yield from self._walk(path[1:])
                while self._take(",", "]") == ",":
                    yield from self._walk(path[1:])
            else:
                self.at += 1
            self.depth -= 1
        else:
            self._skip()

    def _object(self, path: list[str], top: bool) -> Iterator[Element]:
        self._take("{")
        self.depth += 1
        seen: set[str] = set()
        if self._char() != "}":
            while True:
                name = self._name()
                if name in seen:
                    self.repeated(self.line)
                seen.add(name)
                if top:
                    self.names.append(name)
                self._take(":")
                inner = next((n for n in range(1, len(path) + 1) if ".".join(path[:n]) == name), 0)
                if inner:
                    yield from self._walk(path[inner:])
                else:
                    self._note(name)
                if self._take(",", "}") == "}":
                    break
        else:
            self.at += 1
        self.depth -= 1

    def _name(self) -> str:
        if self._char() != '"':
            raise Broken
        while (match := TEXT.match(self.text, self.at)) is None:
            if not self._more():
                raise Broken
        self.at = match.end()
        try:
            return str(loads(match[0]))
        except ValueError:
            raise Broken from None

    def _note(self, name: str) -> None:
        """Skip a value beside the list; it may be the number of records, or another list of some."""
        character = self._char()
        if self.known and character == "[" and self._holds_objects():
            return self._note_list()
        if character in ("{", "["):
            return self._skip()
        if character == '"':  # a number as a text
            self._ahead()
            number = NUMBER.match(self.text, self.at)
            word = number[1] if number else ""
            self._skip()
        else:
            word = self._word()
        if name.casefold().replace("_", "") in COUNTS and word.isascii() and word.isdigit() and len(word) < 15:
            self.declared.append(int(word))

    def _ahead(self) -> None:
        while len(self.text) - self.at < 1000 and self._more():
            pass

    def _holds_objects(self) -> bool:
        self._ahead()
        return OBJECTS.match(self.text, self.at) is not None

    def _note_list(self) -> None:
        count = self.count
        for element in self._list():
            if isinstance(element.value, dict) and may_be_record(element.value.keys(), self.known):
                self.others.append(element.line)
        self.count = count

    def _word(self) -> str:
        """A number, ``true``, ``false`` or ``null``."""
        while (match := WORD.match(self.text, self.at)) is not None and match.end() == len(self.text):
            if not self._more():
                break
        try:
            if match is None:
                raise Broken
            loads(match[0])
        except ValueError:
            raise Broken from None
        self.at = match.end()
        return match[0]

    def _skip(self) -> None:
        if self._char() not in ("{", "[", '"'):
            self._word()
            return
        end = self._end(keep=False)
        if end is None:
            raise Broken
        self.at = end

    def _end(self, keep: bool) -> int | None:
        """Where the value ends that begins here, by its brackets and quotes; null when the document ends before.

        What was looked at is kept as text, or not.
        """
        depth, place = 0, self.at
        while True:
            match = TOKEN.search(self.text, place)
            if match is None or match[0] == '"':  # a text that goes on behind what was read
                place = match.start() if match else len(self.text)
                if not keep:
                    self.at = place
                offset = place - self.at
                if not self._more():
                    return None
                place = self.at + offset
                continue
            depth += (match[0] in "[{") - (match[0] in "]}")
            place = match.end()
            if depth <= 0:
                return place

    def _list(self) -> Iterator[Element]:
        self._take("[")
        self.depth += 1
        if self._char() != "]":
            while True:
                element = self._element()
                yield element
                self.count += 1
                if self._take(",", "]") == "]":
                    break
        else:
            self.at += 1
        self.depth -= 1

    def _element(self) -> Element:
        character, line = self._char(), self.line
        if character in ("", ",", "]", "}", ":"):
            raise Broken
        while True:
            repeated, whole = False, character in ("{", "[", '"')
            try:
                value, end = value_at(self.text, self.at)
            except RepeatedName:
                repeated = True
            except (ValueError, RecursionError, StopIteration):
                pass
            else:
                if not whole and end == len(self.text) and self._more():
                    continue
                start, self.at = self.at, end
                text = self.text[start:end]
                return Element(line, text=text) if too_deep(text) else Element(line, value)
            known = len(self.text) - self.at
            place = self._end(keep=True) if whole else self._word_end()
            if len(self.text) - self.at > known:  # it was not whole
                continue
            length = place - self.at if place is not None else 0
            may_end = bool(length) and self._following(length) in (",", "]")
            place = None if may_end and (repeated or self._pairs(length)) else self._next_record()
            if place is None and may_end:
                place = self.at + length
            if place is None:
                raise Broken
            start, self.at = self.at, place
            return Element(line, text=self.text[start:place], repeated=repeated)

    def _word_end(self) -> int | None:
        match = WORD.match(self.text, self.at)
        if match is not None and match.end() == len(self.text) and self._more():
            return None
        return match.end() if match else None

    def _following(self, length: int) -> str:
        """The character after a value of this length that begins here."""
        while (character := self._after(self.at + length)) == "" and self._more():
            pass
        return character

    def _pairs(self, length: int) -> bool:
        """Whether the quotes of the value here pair as JSON's do."""
        end = self.at + length
        for match in TOKEN.finditer(self.text, self.at, end):
            if match[0][0] == '"':
                before = self.text[self.at : match.start()][-80:].rstrip()[-1:]
                after = self._after(match.end()) if match.end() < end else ""
                if (before and before not in "{[,:") or (after and after not in ":,}]"):
                    return False
        return True

    def _after(self, place: int) -> str:
        place = BLANK.match(self.text, place).end()  # type: ignore[union-attr]
        return self.text[place : place + 1]

    def _next_record(self) -> int | None:
        """Where a record with quotes that do not pair ends: before the next one, which begins as it does."""
        begin = BEGIN.match(self.text, self.at)
        if begin is None:
            return None
        following = re.compile(rf"\}}\s*,\s*(?=\{{\s*{re.escape(begin[1])}\s*:)")
        while True:
            for match in following.finditer(self.text, begin.end()):
                return match.start() + 1
            if not self._more():
                break
            begin = BEGIN.match(self.text, self.at)
            assert begin is not None
        for match in re.compile(r"\}(?=\s*\])").finditer(self.text, begin.end()):
            if self._closes(match.end()):
                return match.end()
        return None

    def _closes(self, place: int) -> bool:
        """Whether the rest of the document closes just the brackets that are open."""
        depth = self.depth
        for match in TOKEN.finditer(self.text, place):
            depth += (match[0] in "[{") - (match[0] in "]}")
            if match[0] == '"' or depth < 0:
                return False
        return depth == 0
