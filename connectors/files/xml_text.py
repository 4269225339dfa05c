"""XML as a parser can read it: named characters declared, what no XML may contain marked where it stands.

A parser drops an entity without a word when a document names a DTD that is not there, and gives up a whole
document for one bare ``&``. So the names of HTML (``&middot;``) are declared with their characters, any other name
and every character that XML forbids becomes a mark (``text``), which sets its record aside.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from html.entities import html5

from connectors.files.text import Unreadable, mark

MOST_NAMES = 1000  # of entities in one document
LONGEST_HELD = 64 << 20
XML_OWN = {"lt", "gt", "amp", "quot", "apos"}
NAME = rb"[A-Za-z_:][A-Za-z0-9_:.\-]*"
ENTITY = re.compile(rb"&(" + NAME + rb");")
FORBIDDEN = rb"[\x00-\x08\x0b\x0c\x0e-\x1f]|\xef\xbf[\xbe\xbf]"
BARE = rb"&(?!#[0-9]+;|#x[0-9A-Fa-f]+;|" + NAME + rb";)|<(?![A-Za-z_:\x80-\xff/!?])"
REFERENCE = rb"&#(?:[0-9]+|x[0-9A-Fa-f]+);"
WHOLE = rb"<!\[CDATA\[.*?\]\]>|<!--.*?-->|<\?.*?\?>"
SUSPECT = re.compile(rb"|".join((FORBIDDEN, BARE, REFERENCE)))
PARTS = re.compile(rb"(%b)|(%b|%b)|(%b)" % (WHOLE, FORBIDDEN, BARE, REFERENCE), re.DOTALL)
STANDALONE = re.compile(rb"\A(\s*<\?xml[^>]*?)\s+standalone\s*=\s*[\"']yes[\"']")  # it may use no declared entity
OPEN = ((b"<![CDATA[", b"]]>"), (b"<!--", b"-->"), (b"<?", b"?>"))


def entity_names(chunks: Iterator[bytes]) -> set[str]:
    """The names of all entities in a document, but XML's own five."""
    names: set[str] = set()
    rest = b""
    for chunk in chunks:
        data = rest + chunk
        names.update(name.decode() for name in ENTITY.findall(data))
        if len(names) > MOST_NAMES:
            raise Unreadable(
                f"more than {MOST_NAMES:,} names of entities", remedy="have the department write `&` as `&amp;`"
            )
        rest = data[-100:]
    return names - XML_OWN


def declarations(names: set[str]) -> bytes:
    """A DTD that declares these names: HTML's with their characters, others with a mark instead of their ``&``."""
    return "".join(f'<!ENTITY {name} "{_escaped(_character(name))}">' for name in sorted(names)).encode()


def unknown(names: set[str]) -> set[bytes]:
    return {name.encode() for name in names if f"{name};" not in html5}


def _character(name: str) -> str:
    return html5.get(f"{name};") or f"{mark(b'&')}{name};"


def _escaped(text: str) -> str:
    """Every character as a reference, so that none is markup when the entity is put in."""
    return "".join(f"&#38;#{ord(character)};" for character in text)


def mended(
    chunks: Iterator[bytes], nameless: set[bytes], found: Callable[[str, int], None] = lambda what, line: None
) -> Iterator[bytes]:
    """The document with a mark for everything that no XML may contain.

    ``nameless`` are names of entities that nobody knows. ``found`` is called for each place with ``character`` or
    ``entity`` and the line.
    """
    held, line = b"", 1
    first = True
    for chunk in chunks:
        held += chunk
        cut = _whole(held)
        if cut == 0 and len(held) < LONGEST_HELD:
            continue
        cut = cut or len(held)
        piece, held = held[:cut], held[cut:]
        if first:
            piece, first = STANDALONE.sub(rb"\1", piece), False
        yield _mended(piece, line, nameless, found)
        line += piece.count(b"\n")
    yield _mended(held, line, nameless, found)


def _whole(data: bytes) -> int:
    """How much of a document's beginning ends behind a tag, and not within a comment or the like."""
    cut = data.rfind(b">") + 1
    for opening, closing in OPEN:
        start = data.rfind(opening, 0, cut)
        if start >= 0 and data.find(closing, start + len(opening), cut) < 0:
            cut = start
    return cut


def _mended(piece: bytes, line: int, nameless: set[bytes], found: Callable[[str, int], None]) -> bytes:
    for name in ENTITY.finditer(piece) if nameless else ():
        if name[1] in nameless:
            found("entity", line + piece.count(b"\n", 0, name.start()))
    if SUSPECT.search(piece) is None:
        return piece

    def replaced(match: re.Match[bytes]) -> bytes:
        whole, forbidden, reference = match.groups()
        if whole is not None:
            return re.sub(FORBIDDEN, lambda inner: told(inner[0], match.start() + inner.start()), whole)
        if reference is not None:
            return reference if _allowed(reference) else told(b"&", match.start()) + reference[1:]
        return told(forbidden, match.start())

    def told(data: bytes, place: int) -> bytes:
        found("character", line + piece.count(b"\n", 0, place))
        return mark(data).encode()

    return PARTS.sub(replaced, piece)


def _allowed(reference: bytes) -> bool:
    """Whether a character reference names a character that XML knows."""
    digits = reference[2:-1]
    if len(digits) > 12:
        return False
    code = int(digits[1:], 16) if digits[:1] == b"x" else int(digits)
    return code in (9, 10, 13) or 0x20 <= code < 0xD800 or 0xE000 <= code < 0xFFFE or 0x10000 <= code <= 0x10FFFF
