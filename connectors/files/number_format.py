"""What a spreadsheet's number format shows that the number does not say: leading zeros, prefixes, units, words.

A format code is read as ECMA-376 part 1, 18.8.31 has it: up to four sections (positive, negative, zero, text), or
sections with conditions. Decimals and groups of thousands only round and arrange a number: the number itself is taken.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import cached_property

TOKENS = re.compile(
    r'"(?P<quoted>[^"]*)"|[\\!](?P<escaped>.)|(?P<skip>[_*].)|\[(?P<bracket>[^\]]*)\]'
    r"|(?P<general>G/通用格式|General)|(?P<exponent>E[+-])|(?P<day>AM/PM|A/P|上午/下午|[ymdhsegb]+|aaaa?)"
    r"|(?P<digit>[0#?])|(?P<point>\.)|(?P<comma>,)|(?P<percent>%)|(?P<text>@)|(?P<other>.)",
    re.IGNORECASE | re.DOTALL,
)
CONDITION = re.compile(r"(<=|>=|<>|<|>|=)\s*(-?\d+(?:\.\d+)?)$")
HOLDS = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "=": lambda a, b: a == b,
    "<>": lambda a, b: a != b,
}
COLOURS: tuple[str, ...] = ("black", "blue", "cyan", "green", "magenta", "red", "white", "yellow", "color")
COLOURS += ("颜色", "黑", "蓝", "绿", "洋红", "红", "白", "黄")
MUTE = set(" -+()_—–·:/\u3000\xa0")  # literals that only arrange a number
DATE_IDS = frozenset((*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)))
NOTHING = frozenset((*range(0, 5), *range(11, 14), *range(37, 45), 48, 49))  # numbers of built-in formats without words
PERCENT = {9: "0%", 10: "0.00%"}
SHOWN, UNREAD = "number_format", "number_format_unread"


@dataclass(frozen=True)
class Section:
    """One section of a format: its tokens as (kind, text)."""

    tokens: tuple[tuple[str, str], ...]
    condition: tuple[str, Decimal] | None = None
    odd: bool = False  # a numeral system or an instruction that is not known here

    @cached_property
    def kinds(self) -> frozenset[str]:
        return frozenset(kind for kind, _ in self.tokens)

    @property
    def words(self) -> str:
        return "".join(text for kind, text in self.tokens if kind == "literal")

    @property
    def speaks(self) -> bool:
        """Whether it shows more than the number: words, a unit, a percent sign, zeros, signs between digits."""
        digits = [place for place, (kind, _) in enumerate(self.tokens) if kind == "digit"]
        inside = self.tokens[digits[0] : digits[-1]] if digits else ()
        between = any(kind == "literal" and text.strip() not in ("", "/") for kind, text in inside)
        return bool(set(self.words) - MUTE) or "percent" in self.kinds or self.zeros > 1 or between or self.odd

    @property
    def zeros(self) -> int:
        """How many digits a whole number has at least."""
        kinds = [kind for kind, _ in self.tokens]
        end = kinds.index("point") if "point" in kinds else len(kinds)
        digits = "".join(text for kind, text in self.tokens[:end] if kind == "digit")
        return len(digits) - digits.index("0") if "0" in digits else 0


class NumberFormat:
    """A format code.

    >>> NumberFormat('"No."0000').applied("17"), NumberFormat("#,##0.00").applied("1200.5")
    (('No.0017', 'number_format'), ('1200.5', None))
    """

    def __init__(self, code: str) -> None:
        self.sections = [_section(part) for part in _split(code)]

    @property
    def is_date(self) -> bool:
        return not self.speaks and "day" in self.sections[0].kinds

    @cached_property
    def speaks(self) -> bool:
        """Whether a value may be shown otherwise than by its digits."""
        if "day" in self.sections[0].kinds and not {"digit", "general"} & self.sections[0].kinds:
            return False
        return any(section.speaks for section in self.sections)

    def applied(self, number: str) -> tuple[str, str | None]:
        """A number (or what calamine took for a date or a text) as it is shown, and the remark on that."""
        try:
            value = Decimal(number)
        except InvalidOperation:
            return number, None
        section, negative = self._chosen(value)
        if section is None or section.kinds == {"text"}:
            return number, None
        if not section.speaks:
            return number, None
        shown = None if section.odd or "day" in section.kinds else _shown(section, -value if negative else value)
        if shown is None:
            return number, UNREAD
        return (shown, SHOWN) if shown != number else (number, None)

    def of_text(self, text: str) -> tuple[str, str | None]:
        """The same of a text, for which a section of its own may have words."""
        section = next((s for s in self.sections if "text" in s.kinds), None)
        if section is None or not set(section.words) - MUTE:
            return text, None
        return "".join(
            text if kind == "text" else part for kind, part in section.tokens if kind in ("text", "literal")
        ), SHOWN

    def _chosen(self, value: Decimal) -> tuple[Section | None, bool]:
        """The section for a value, and whether it says the sign by itself."""
        numbers = [section for section in self.sections if section.kinds != {"text"}] or self.sections
        if any(section.condition for section in numbers):
            for section in numbers:
                if section.condition is None or HOLDS[section.condition[0]](value, section.condition[1]):
                    return section, False
            return None, False
        if value < 0 and len(numbers) > 1:
            return numbers[1], True
        if value == 0 and len(numbers) > 2:
            return numbers[2], False
        return numbers[0], False


def format_of(number: int, code: str | None) -> NumberFormat | None:
    """The format of a number (``numFmtId``) and its declared code; null where it shows nothing but the number."""
    if code is None:
        code = PERCENT.get(number)
        if code is None:
            return None
    found = NumberFormat(code)
    return found if found.speaks else None


def is_date(number: int, code: str | None) -> bool:
    return number in DATE_IDS if code is None else NumberFormat(code).is_date


def _split(code: str) -> list[str]:
    parts, start, place = [], 0, 0
    for match in TOKENS.finditer(code):
        if match["other"] == ";":
            place = match.start()
            parts.append(code[start:place])
            start = match.end()
    return [*parts, code[start:]][:4]


def _section(code: str) -> Section:
    tokens: list[tuple[str, str]] = []
    condition, odd = None, False
    for match in TOKENS.finditer(code):
        kind, text = match.lastgroup or "other", match[match.lastgroup or 0]
        if kind == "bracket":
            found = CONDITION.match(text)
            if found:
                condition = (found[1], Decimal(found[2]))
            elif text.startswith("$"):
                tokens.append(("literal", text[1:].split("-")[0]))
            elif text.lower().strip("hms") == "":
                tokens.append(("day", text))
            else:
                odd = odd or not text.lower().startswith(COLOURS)
        elif kind in ("quoted", "escaped", "other"):
            tokens.append(("literal", text))
        elif kind != "skip":
            tokens.append((kind, text))
    return Section(tuple(token for token in tokens if token != ("literal", "")), condition, odd)


def _shown(section: Section, value: Decimal) -> str | None:
    """A number as the section shows it, but not rounded; null where this cannot be told."""
    tokens = list(section.tokens)
    kinds = [kind for kind, _ in tokens]
    if value < 0:  # the only section: the sign stands in front
        inner = _shown(section, -value)
        return None if inner is None else f"-{inner}"
    if not {"digit", "general"} & set(kinds):
        return section.words.strip() or None
    if "exponent" in kinds or kinds.count("percent") > 1 or any(token == ("literal", "/") for token in tokens):
        return None
    value = value * 100 if "percent" in kinds else value
    number = format(value.normalize(), "f")
    first = min(place for place, kind in enumerate(kinds) if kind in ("digit", "general"))
    last = max(place for place, kind in enumerate(kinds) if kind in ("digit", "general", "point"))
    if last + 1 < len(kinds) and kinds[last + 1] == "comma":  # shown in thousands
        return None
    before = _words(tokens[:first])
    behind = _words(tokens[last + 1 :])
    core = tokens[first : last + 1]
    if all(kind in ("digit", "point", "comma", "general") for kind, _ in core):
        whole, point, fraction = number.partition(".")
        if section.zeros > 1 and fraction and "point" not in kinds:
            return None  # rounded as shown
        return f"{before}{whole.zfill(section.zeros)}{point}{fraction}{behind}".strip()
    if "." in number or "point" in kinds or "general" in kinds:
        return None
    return f"{before}{_filled(core, number)}{behind}".strip()


def _words(tokens: Sequence[tuple[str, str]]) -> str:
    return "".join(text for kind, text in tokens if kind in ("literal", "percent"))


def _filled(tokens: Sequence[tuple[str, str]], digits: str) -> str:
    """Digits from the right into their places, with what stands between them, as ``000-0000``."""
    left, shown = list(digits), ""
    places = [place for place, (kind, _) in enumerate(tokens) if kind == "digit"]
    for place in range(len(tokens) - 1, -1, -1):
        kind, text = tokens[place]
        if kind == "digit":
            shown = (left.pop() if left else {"0": "0", "?": " "}.get(text, "")) + shown
            if place == places[0]:
                shown = "".join(left) + shown
        elif kind == "literal":
            shown = text + shown
    return shown
