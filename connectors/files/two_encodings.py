"""Files in which two programs wrote: some lines UTF-8, others GB18030. Each line is decoded by one rule.

1. What is valid in one of the two only is of that one. But a line that is not valid in its file's own encoding may be
   damaged, and what is left of UTF-8 is often valid GB18030: it is of the other one only where more of what is not
   ASCII is everyday Chinese (GB 2312) by it.
2. What is valid in neither is of the one that leaves fewer bytes undecoded, else of the file's.
3. What is valid in both, and whose UTF-8 has sequences of two bytes only, is of the file's: GB18030 has many such
   pairs. In doubt.
4. What else is valid in both is of the one in which more of what is not ASCII is everyday Chinese (GB 2312): UTF-8
   read as GB18030 gives rare characters. Where these are equal it is UTF-8: text in GB18030 is hardly ever whole
   sequences of three bytes. A line of a file in UTF-8 stays that, unless half of it is everyday Chinese in GB18030.
   In doubt, where that is so of both readings, or where the other reading has more.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import numpy

BOTH = ("utf-8", "gb18030")
TWO = rb"[\xc2-\xdf][\x80-\xbf]"
THREE = rb"[\xe0-\xef][\x80-\xbf]{2}"
FOUR = rb"[\xf0-\xf4][\x80-\xbf]{3}"
# Whole UTF-8 up to the next ASCII, with a sequence of three bytes: what a line of UTF-8 in a file in GB18030 has.
UTF_8 = re.compile(rb"(?:%b)(?:%b|%b|%b)*+(?![\x80-\xff])" % (THREE, TWO, THREE, FOUR))
# Sequences of two bytes by themselves, not of Western letters: what a line of GB18030 in a file in UTF-8 may be.
PAIRS = re.compile(rb"(?<![\x80-\xff])(?:[\xc2\xc3][\x80-\xbf])*+[\xc4-\xdf][\x80-\xbf](?:%b)*+(?![\x80-\xff])" % TWO)
EVERYDAY = frozenset(
    bytes([lead, trail]).decode("gb2312", "ignore")
    for lead in (*range(0xA1, 0xA4), *range(0xB0, 0xF8))
    for trail in range(0xA1, 0xFF)
)
MOST = 0.5  # of what is not ASCII
Found = Callable[[str, int], None]


def encoding_of_line(line: bytes, own: str) -> tuple[str, bool]:
    """The encoding of a line in a file whose own one is given, and whether it is in doubt."""
    texts = {encoding: _whole(line, encoding) for encoding in BOTH}
    valid = [encoding for encoding in BOTH if texts[encoding] is not None]
    if not valid:
        other = next(encoding for encoding in BOTH if encoding != own)
        return (other if _undecoded(line, other) < _undecoded(line, own) else own), False
    if len(valid) == 1:
        other = texts[valid[0]] or ""
        damaged = valid[0] != own and _everyday(other) <= _everyday(line.decode(own, "govshare.mark"))
        return own if damaged else valid[0], False
    if all(character < "\u0800" for character in texts["utf-8"] or ""):
        return own, True
    utf_8, gb18030 = (_everyday(texts[encoding] or "") for encoding in BOTH)
    if own == "utf-8" and gb18030 < MOST:
        return own, gb18030 > utf_8
    return ("gb18030" if gb18030 > utf_8 else "utf-8"), min(utf_8, gb18030) >= MOST


def decoded_lines(data: bytes, own: str, first: int, found: Found) -> str:
    """The text of whole lines, undecodable bytes as marks; ``first`` is the number of the first line.

    ``found`` is called with ``other_encoding`` or ``encoding_in_doubt`` and the number of the line.
    """
    text = _whole(data, own)
    places = _places(data, own) if text is not None else []
    if text is not None and not places:
        return text
    pieces: list[str] = []
    done = number = 0
    for start, end in _lines(data, places) if text is not None else _not_ascii(data):
        line = data[start:end]
        encoding, doubt = encoding_of_line(line, own)
        if encoding == own and not doubt:
            continue
        number += line_ends(data[done:start])
        found("encoding_in_doubt" if doubt else "other_encoding", first + number)
        number += 1
        pieces += [data[done:start].decode(own, "govshare.mark"), line.decode(encoding, "govshare.mark")]
        done = end
    return "".join([*pieces, data[done:].decode(own, "govshare.mark")])


def line_ends(data: bytes) -> int:
    r"""How many line ends there are: ``\n``, ``\r\n`` or ``\r``."""
    ends = int(numpy.count_nonzero(numpy.frombuffer(data, numpy.uint8) == 10))  # four times as fast as `count`
    return ends + data.count(b"\r") - data.count(b"\r\n") if b"\r" in data else ends


def _places(data: bytes, own: str) -> list[int]:
    """Where a line may be of the other encoding, though all is valid in the file's own one.

    Looked for in all bytes at once: most files have no such place.
    """
    values = numpy.frombuffer(data, numpy.uint8)
    if own == "utf-8":
        pairs = (values - numpy.uint8(0xC4) < 0x1C).any()
        return [match.start() for match in PAIRS.finditer(data)] if pairs else []
    starts = numpy.flatnonzero((values[1:] >= 0xE0) & (values[:-1] < 0x80)) + 1
    if len(values) and values[0] >= 0xE0:
        starts = numpy.concatenate([[0], starts])
    starts = starts[starts + 2 < len(values)]
    three = (values[starts + 1] & 0xC0 == 0x80) & (values[starts + 2] & 0xC0 == 0x80)
    return [place for place in starts[three].tolist() if UTF_8.match(data, place)]


def _lines(data: bytes, places: list[int]) -> Iterator[tuple[int, int]]:
    end = 0
    for place in places:
        if place >= end:
            start, end = _line(data, place)
            yield start, end


def _not_ascii(data: bytes) -> Iterator[tuple[int, int]]:
    end = 0
    for line in data.splitlines(keepends=True):
        start, end = end, end + len(line)
        if not line.isascii():
            yield start, end


def _line(data: bytes, place: int) -> tuple[int, int]:
    """Where the line around a place begins and ends, its line end included."""
    start = max(data.rfind(b"\n", 0, place), data.rfind(b"\r", 0, place)) + 1
    ends = [end for end in (data.find(b"\n", place), data.find(b"\r", place)) if end >= 0]
    end = min(ends, default=len(data) - 1) + 1
    return start, end + (data[end - 1 : end + 1] == b"\r\n")


def _whole(data: bytes, encoding: str) -> str | None:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        return None


def _undecoded(line: bytes, encoding: str) -> int:
    """How many bytes are no text of this encoding."""
    return sum(character >= "\U0010ff00" for character in line.decode(encoding, "govshare.mark"))


def _everyday(text: str) -> float:
    """The share of everyday Chinese in what is not ASCII."""
    characters = [character for character in text if not character.isascii()]
    return sum(character in EVERYDAY for character in characters) / max(len(characters), 1)
