"""The departments' systems: databases and folders of files, written as such systems write them.

A writer takes deliveries one after the other and is closed at the end; a file appears under its own name
only when it is complete. Nothing here knows a resource or a defect.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

from demo_city.delivery import Delivery
from demo_city.register import File, Register


class Writer(Protocol):
    """Takes the deliveries of one register."""

    def write(self, delivery: Delivery) -> None: ...
    def close(self) -> None: ...


def file_writer(register: Register, folder: Path, words: Mapping[str, str]) -> Writer:
    """The writer for a register that lies in files; ``words`` fill the file's name (``{day}``)."""
    from demo_city.systems.texts import DelimitedWriter, JsonLinesWriter, JsonWriter
    from demo_city.systems.workbooks import XlsWriter, XlsxWriter

    place = register.place
    assert isinstance(place, File)
    makers: dict[str, Callable[[Path, File, Mapping[str, str]], Writer]] = {
        "delimited": DelimitedWriter,
        "json": JsonWriter,
        "json_lines": JsonLinesWriter,
        "xlsx": XlsxWriter,
        "xls": XlsWriter,
    }
    target = folder / place.connection.removesuffix("_files")
    target.mkdir(parents=True, exist_ok=True)
    return makers[place.kind](target, place, words)
