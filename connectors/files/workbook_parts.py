"""The XML parts of a workbook that is a zip (ECMA-376 part 2), read without trust in what they define."""

from __future__ import annotations

import posixpath
import zipfile
from collections.abc import Callable
from typing import Any
from xml.parsers import expat

from connectors.files.text import Unreadable

NEW_ONE = "ask the department for the file again"


class Xml:
    """The XML parts of a workbook that is a zip."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self.archive = archive
        self.workbook = next(
            (
                target.lstrip("/")
                for kind, target in self.relations("", "_rels/.rels").values()
                if kind == "officeDocument"
            ),
            "xl/workbook.xml",
        )

    def relations(self, folder: str, part: str) -> dict[str, tuple[str, str]]:
        """Kind and part of each relation by its id."""
        found: dict[str, tuple[str, str]] = {}
        if part not in self.archive.namelist():
            return found
        for tag, attributes in self.elements(part):
            if tag == "Relationship":
                target = attributes.get("Target", "")
                target = (
                    target.lstrip("/") if target.startswith("/") else posixpath.normpath(posixpath.join(folder, target))
                )
                found[attributes.get("Id", "")] = attributes.get("Type", "").rsplit("/", 1)[-1], target
        return found

    def elements(self, part: str) -> list[tuple[str, dict[str, str]]]:
        """The elements of a small part, without their namespaces' prefixes."""
        found: list[tuple[str, dict[str, str]]] = []
        with self.archive.open(part) as file:
            walk(file, lambda tag, attributes: found.append((tag.rpartition(":")[2], attributes)))
        return found


def walk(file: Any, start: Callable[..., None], parser: Any = None) -> None:
    """Go through a part; a document type is refused, as that is where bombs are defined."""

    def refuse(*_: Any) -> None:
        raise Unreadable("a workbook whose XML has a DOCTYPE, as XML bombs do", remedy=NEW_ONE)

    parser = parser or expat.ParserCreate()
    parser.StartElementHandler = start
    parser.StartDoctypeDeclHandler = refuse
    try:
        parser.ParseFile(file)
    except expat.ExpatError as error:
        raise Unreadable(
            f"a workbook with XML that is not well-formed ({expat.ErrorString(error.code)})", remedy=NEW_ONE
        ) from None
