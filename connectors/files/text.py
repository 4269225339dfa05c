"""Bytes → text: which encoding a file has, and decoding it block by block without losing a byte or a line.

A byte that cannot be decoded becomes a mark (a private character that carries the byte), so that every reader
can go on, and the row it stands in is known. U+FFFD that the file itself contains stays what it is: text.
"""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Iterator
from typing import Any, BinaryIO

from connectors.files import two_encodings

BLOCK_BYTES = 4 << 20
LONGEST_LINE = 256 << 20
LONGEST_WHOLE_LINE = 16 << 20  # whose encoding is decided for the line
SAMPLE_BYTES = 4096
END_OF_FILE = "\x1a"  # Ctrl-Z, as DOS programs end a text
DOUBTFUL_BYTES = 1 << 20  # what decides about a file that is whole in no encoding

_FIRST_MARK = 0x10FF00  # the last 256 characters of private use plane 16, one for each byte
_MARKS = re.compile("[\U0010ff00-\U0010ffff]")
MARK_BYTES = b"\xf4\x8f"  # how every mark begins in UTF-8

BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


class Unreadable(Exception):
    """A file (or the options for it) that no row can be had from; ``place`` is a line, sheet or member of it.

    Carries no value of the file's rows.
    """

    def __init__(self, what: str, *, place: str | None = None, remedy: str) -> None:
        self.what, self.place, self.remedy = what, place, remedy
        super().__init__(what)


CHINESE = {"gb2312", "gbk", "cp936", "ms936", "936", "hz", "gb18030_2000", "euc_cn"}


NO_TEXT = {
    b"PK\x03\x04": "a zip archive or workbook",
    b"\x1f\x8b": "a gz archive",
    b"Rar!": "a RAR archive",
    b"7z\xbc\xaf": "a 7-Zip archive",
    b"\xd0\xcf\x11\xe0": "an old workbook or document",
    b"%PDF": "a PDF",
    b"PAR1": "a Parquet file",
    b"SQLite": "a database",
}


def mark(data: bytes) -> str:
    """Bytes that are no text, as marks."""
    return "".join(chr(_FIRST_MARK + byte) for byte in data)


def _mark(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return mark(error.object[error.start : error.end]), error.end


codecs.register_error("govshare.mark", _mark)


def spoiled(text: str) -> bool:
    """Whether the text holds a byte that could not be decoded."""
    return not text.isascii() and _MARKS.search(text) is not None


def shown(text: str, instead: str | None = None) -> str:
    r"""The text with each undecodable byte written as ``\xHH``, or as ``instead``."""
    if text.isascii():
        return text
    return _MARKS.sub(lambda m: instead or f"\\x{ord(m[0]) - _FIRST_MARK:02x}", text)


def known_encoding(name: str) -> str | None:
    """Python's name of an encoding, GB18030 for all its subsets; null when there is no such encoding."""
    plain = name.strip().lower().replace("-", "_")
    if plain in CHINESE:
        return "gb18030"
    try:
        found = codecs.lookup(plain)
    except LookupError:
        return None
    return "utf-8" if found.name == "utf-8-sig" else found.name


def encoding_of(file: BinaryIO, option: str | None) -> tuple[str, int]:
    """The encoding of a file and the length of its byte order mark, as declared or found out."""
    start = file.read(8)
    file.seek(0)
    for mark, kind in NO_TEXT.items():
        if start.startswith(mark):
            raise Unreadable(
                f"no text but {kind}",
                remedy="correct `kind` in meta.connector, or have the department send text",
            )
    declared = known_encoding(option) if option else None
    if option and declared is None:
        raise Unreadable(f"there is no encoding {option!r}", remedy="give `encoding` as utf-8, gb18030 or utf-16")
    return find_encoding(file, declared)


def find_encoding(file: BinaryIO, declared: str | None = None) -> tuple[str, int]:
    """The encoding of a file and the length of its byte order mark; leaves the file at its start.

    A byte order mark decides; then what was declared; UTF-16 if every other byte of the start is zero; then
    UTF-8 if the whole file is valid UTF-8, or most of what is not ASCII at its start (a few broken bytes must
    not turn it into nonsense that happens to be valid GB18030); then GB18030 if the whole file is valid; else
    whichever of the two leaves fewer bytes of the file's start undecoded.
    """
    start = file.read(SAMPLE_BYTES)
    file.seek(0)
    for bom, encoding in BOMS:
        if start.startswith(bom):
            return encoding, len(bom)
    if declared:
        if declared == "utf-16":
            return _utf16(start) or "utf-16-le", 0
        return declared, 0
    found = _utf16(start)
    if found:
        return found, 0
    sample = file.read(DOUBTFUL_BYTES)
    for encoding in ("utf-8", "gb18030"):
        file.seek(0)
        whole = _decodes(file, encoding)
        file.seek(0)
        if whole or (encoding == "utf-8" and _mostly_utf8(sample)):
            return encoding, 0
    return min(("utf-8", "gb18030"), key=lambda name: _undecoded(sample, name)), 0


def _utf16(start: bytes) -> str | None:
    """UTF-16 without a mark: delimiters, digits and line ends have a zero byte, always on the same side."""
    even, odd = start[0::2].count(0), start[1::2].count(0)
    if max(even, odd) * 20 < len(start) or min(even, odd) * 10 > max(even, odd):
        return None
    return "utf-16-le" if odd > even else "utf-16-be"


def _decodes(file: BinaryIO, encoding: str) -> bool:
    """Whether the whole file is text of this encoding."""
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        while block := file.read(BLOCK_BYTES):
            decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _mostly_utf8(sample: bytes) -> bool:
    """Whether more characters beyond ASCII are whole UTF-8 than bytes are none: by chance that does not happen."""
    text = sample.decode("utf-8", "govshare.mark")
    broken = len(_MARKS.findall(text))
    return sum(not character.isascii() for character in text) - broken > broken


def _undecoded(sample: bytes, encoding: str) -> int:
    return len(_MARKS.findall(sample.decode(encoding, "govshare.mark")))


def blocks(
    file: BinaryIO, encoding: str, skip: int = 0, found: two_encodings.Found = lambda what, line: None
) -> Iterator[str]:
    """The text in blocks of some megabytes, undecodable bytes as marks, no byte order mark, no Ctrl-Z at the end.

    A file in UTF-8 or GB18030 may have lines in the other one: ``two_encodings`` has the rule, ``found`` is called
    with a remark's code and the line.
    """
    last = ""
    for block in _blocks(file, encoding, skip, found):
        if last:
            yield last
        last = block
    if last := last.removesuffix(END_OF_FILE):
        yield last


def _blocks(file: BinaryIO, encoding: str, skip: int, found: two_encodings.Found) -> Iterator[str]:
    file.seek(skip)
    if encoding not in two_encodings.BOTH:
        yield from _incrementally(iter(lambda: file.read(BLOCK_BYTES), b""), encoding)
        return
    rest, line = b"", 1
    while block := file.read(BLOCK_BYTES):
        data = rest + block
        cut = max(data.rfind(b"\n"), data.rfind(b"\r", 0, len(data) - 1)) + 1
        if cut == 0 and len(data) > LONGEST_WHOLE_LINE:
            # A line like a document: it is decoded piece by piece, as the file is.
            long = _LongLine(data, file)
            yield from _incrementally(iter(long), encoding)
            data = long.rest
            cut, line = 0, line + long.ended
        rest = data[cut:]
        if cut:
            yield two_encodings.decoded_lines(data[:cut], encoding, line, found)
            line += two_encodings.line_ends(data[:cut])
    if rest:
        yield two_encodings.decoded_lines(rest, encoding, line, found)


def _incrementally(pieces: Iterator[bytes], encoding: str) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder(encoding)("govshare.mark")
    for piece in pieces:
        if text := decoder.decode(piece):
            yield text
    if text := decoder.decode(b"", final=True):
        yield text


class _LongLine:
    """The bytes of one line in pieces; ``rest`` is what was read behind its end."""

    def __init__(self, begun: bytes, file: BinaryIO) -> None:
        self.begun, self.file = begun, file
        self.rest, self.ended = b"", False

    def __iter__(self) -> Iterator[bytes]:
        yield self.begun
        while piece := self.file.read(BLOCK_BYTES):
            end = piece.find(b"\n") + 1
            if end:
                self.rest, self.ended = piece[end:], True
                yield piece[:end]
                return
            yield piece


def decoded(data: bytes, encoding: str) -> str:
    """A short piece of text, undecodable bytes as marks."""
    return data.decode(encoding, "govshare.mark")


def lines(text: Iterator[str]) -> Iterator[str]:
    r"""Physical lines with their ends (``\n``, ``\r\n`` or ``\r``) from blocks of text."""
    rest = ""
    for block in text:
        block = rest + block
        cut = max(block.rfind("\n"), block.rfind("\r", 0, len(block) - 1)) + 1
        yield from io.StringIO(block[:cut], newline="")
        rest = block[cut:]
        if len(rest) > LONGEST_LINE:
            raise Unreadable("a line longer than 256 MB", remedy="ask the department for a file with line ends")
    if rest:
        yield from io.StringIO(rest, newline="")


class Utf8(io.RawIOBase):
    """A text file as a stream of UTF-8 bytes, whatever its own encoding, for parsers that read bytes."""

    def __init__(
        self, file: BinaryIO, encoding: str, skip: int = 0, found: two_encodings.Found = lambda what, line: None
    ) -> None:
        self._blocks = blocks(file, encoding, skip, found)
        self._buffer, self._at = b"", 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if self._at >= len(self._buffer):
            self._buffer, self._at = next(self._blocks, "").encode(), 0
        view = memoryview(buffer)
        data = self._buffer[self._at : self._at + len(view)]
        view[: len(data)] = data
        self._at += len(data)
        return len(data)
