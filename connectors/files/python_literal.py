"""Python literals, as scripts write records: dicts, lists, tuples, sets, texts, bytes, numbers, truth, None.

Not Python's own parser: that one keeps of a number its value and not its digits, of a name that comes twice the
last value, and its depth is bounded by the machine's stack. Text only; nothing is ever evaluated.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from connectors.files.json_text import DEEPEST, WrittenNumber, object_of, text_of

TOKEN = re.compile(
    r"""\s*(?:
    (?P<text>(?P<prefix>[rR]?[bB]|[bB][rR]|[uUrR])?
        (?:'''(?P<t1>[^\\]*?(?:\\.[^\\]*?)*?)'''|\"""(?P<t2>[^\\]*?(?:\\.[^\\]*?)*?)\"""
          |'(?P<t3>[^'\\]*+(?:\\.[^'\\]*+)*+)'|"(?P<t4>[^"\\]*+(?:\\.[^"\\]*+)*+)"))
    |(?P<number>[+-]?(?:0[xX](?:_?[\da-fA-F])+|0[oO](?:_?[0-7])+|0[bB](?:_?[01])+
        |(?:(?!0[0_]*[1-9])\d(?:_?\d)*|(?=\d(?:_?\d)*[.eE])\d(?:_?\d)*|(?=\.\d))
         (?:\.(?:\d(?:_?\d)*)?)?(?:[eE][+-]?\d(?:_?\d)*)?)(?![\w.]))
    |(?P<name>True|False|None|set\(\))(?!\w)
    |(?P<mark>[\[\](){},:])
    )""",
    re.VERBOSE | re.DOTALL | re.ASCII,
)
ESCAPE = re.compile(
    r"\\(?:([0-7]{1,3})|x([\da-fA-F]{2})|u([\da-fA-F]{4})|U([\da-fA-F]{8})|N\{([^}]+)\}|(.))", re.DOTALL
)
SIMPLE = dict(zip("abfnrtv\\'\"\n", "\a\b\f\n\r\t\v\\'\"", strict=False)) | {"\n": ""}
NAMES = {"True": True, "False": False, "None": None}
CLOSING = {"[": "]", "(": ")", "{": "}"}


def loads(text: str) -> Any:
    """Parse one literal; ``ValueError`` when it is none, or one with a name twice, or nested too deep.

    Numbers are ``WrittenNumber``, tuples and sets lists, bytes text.
    """
    parser = _Parser(text)
    value = parser.value()
    if text[parser.at :].strip():
        raise ValueError
    return value


class _Parser:
    def __init__(self, text: str) -> None:
        self.text, self.at, self.depth = text, 0, 0

    def token(self) -> re.Match[str]:
        match = TOKEN.match(self.text, self.at)
        if match is None:
            raise ValueError
        self.at = match.end()
        return match

    def value(self, token: re.Match[str] | None = None) -> Any:
        token = token or self.token()
        if token["text"] is not None:
            return self.string(token)
        if token["number"] is not None:
            return WrittenNumber(token["number"])
        if token["name"] is not None:
            return [] if token["name"] == "set()" else NAMES[token["name"]]
        if token["mark"] not in CLOSING or self.depth >= DEEPEST:
            raise ValueError
        self.depth += 1
        made = self.items(CLOSING[token["mark"]])
        self.depth -= 1
        return made

    def string(self, token: re.Match[str]) -> str:
        """A text, and those that follow it without a comma, which Python joins."""
        parts = [_string(token)]
        while (following := TOKEN.match(self.text, self.at)) and following["text"] is not None:
            self.at = following.end()
            parts.append(_string(following))
        return "".join(parts)

    def items(self, closing: str) -> Any:
        """What stands in brackets."""
        values: list[Any] = []
        pairs: list[tuple[Any, Any]] = []
        commas = 0
        while (token := self.token())["mark"] != closing:
            value = self.value(token)
            token = self.token()
            if token["mark"] == ":" and closing == "}" and not values:
                pairs.append((value, self.value()))
                token = self.token()
            else:
                values.append(value)
                if pairs:
                    raise ValueError
            if token["mark"] == closing:
                break
            if token["mark"] != ",":
                raise ValueError
            commas += 1
        if closing == "}" and not values:
            return _dict(pairs, top=self.depth == 1)
        return values[0] if closing == ")" and len(values) == 1 and not commas else values


def _dict(pairs: list[tuple[Any, Any]], top: bool) -> dict[str, Any]:
    if any(isinstance(name, list | dict) and not (isinstance(name, list) and not top) for name, _ in pairs):
        raise ValueError
    if top and any(not isinstance(name, str) for name, _ in pairs):
        raise ValueError
    return object_of((name if isinstance(name, str) else text_of(name) or "None", value) for name, value in pairs)


def _string(token: re.Match[str]) -> str:
    inside = next(part for part in token.group("t1", "t2", "t3", "t4") if part is not None)
    prefix = (token["prefix"] or "").lower()
    if "r" not in prefix and "\\" in inside:
        inside = ESCAPE.sub(lambda match: _escaped(match, "b" in prefix), inside)
    return inside.encode("latin-1").decode("utf-8", "backslashreplace") if "b" in prefix else inside


def _escaped(match: re.Match[str], of_bytes: bool) -> str:
    octal, two, four, eight, name, other = match.groups()
    if octal or two:
        return chr(int(octal, 8) & (0xFF if of_bytes else 0x1FF) if octal else int(two, 16))
    if of_bytes:
        return SIMPLE.get(other, match[0]) if other else match[0]
    if four or eight:
        return chr(int(four or eight, 16))
    if name:
        try:
            return unicodedata.lookup(name)
        except KeyError:
            raise ValueError from None
    return SIMPLE.get(other, match[0])
