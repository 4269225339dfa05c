"""What one reading of an interface gave, as a delivery: its columns, rows and report.

How a list is read is in ``reading``, what is asked for in ``connector``.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pyarrow as pa

from connectors.base import SourceFile, Watermark
from connectors.files.reader import LINE_UNREADABLE, Rows, column_names, text_schema
from connectors.files.text import Unreadable
from connectors.http import marks
from connectors.http.reading import Reader, Reading
from connectors.read_report import ReadReport

if TYPE_CHECKING:
    from connectors.http.connector import HttpConnector

LOOPBACK = ("localhost", "127.0.0.1", "::1")


class HttpDelivery:
    """What one reading of the interface gave; read when its schema is first asked for.

    ``advances``: its watermark is worth a batch even if no row is new. ``withdraws``: what a full reading does
    not have is gone; false where its records are in doubt.
    """

    identity = None
    files: tuple[SourceFile, ...] = ()
    load: Mapping[str, Any] | None = None

    def __init__(
        self,
        connector: HttpConnector,
        asked: Sequence[Mapping[str, Any]],
        mode: str,
        watermark: Watermark | None,
        folder: Path,
        advances: bool = False,
    ) -> None:
        self.connector, self.asked, self.mode, self.watermark = connector, asked, mode, watermark
        self.folder, self.advances, self.withdraws = folder, advances, True
        self.report = ReadReport()
        self.reading: Reading | None = None

    @property
    def schema(self) -> pa.Schema:
        if self.reading is None:
            self.connector.told(self.read)
        assert self.reading is not None
        optional = self.connector.options.get("optional") or ()
        declared = [item.name for item in self.connector.resource.items]
        names = column_names(list(self.reading.names), declared=declared)
        if not names:  # no record at all: the columns are those that are known
            past = self.connector.past
            names = declared or [name for name, _ in past[-1].columns] if declared or past else []
        names += [n for n in declared if n not in names and (optional is True or n in optional)]
        if self.watermark and self.watermark.column not in names:
            if self.reading.names:
                self.connector.told(self._need_watermark)
            names.append(self.watermark.column)
        return text_schema(names)

    def _need_watermark(self) -> None:
        raise Unreadable(
            f"the declared watermark {self.connector.mark!r} is no item of the answer",
            remedy="correct `watermark` in meta.connector",
        )

    def read(self) -> None:
        """Ask for everything. Afterwards ``reading``, ``watermark``, ``withdraws`` and ``report`` are known."""
        connector = self.connector
        former = self.watermark.high if self.watermark else None
        kind = connector.kind_of_mark(former)
        reader = Reader(connector.ask, connector.options, connector.resource.connector.key, self.folder)
        self.reading = reader.read(
            self.asked,
            connector.mark if self.watermark else None,
            lambda: marks.Marks(kind, connector.zone, dt.datetime.now(connector.zone)),
            self.report,
        )
        if self.watermark and "window" not in connector.options:
            if self.mode != "compare":
                self.reading.marks.report(self.report)
            self.watermark = replace(self.watermark, high=self.reading.marks.high(former))
        self.withdraws = not (self.reading.bad or self.reading.repeated() or self.reading.more)
        if self.mode == "full" and not self.withdraws:
            self.report.remark("nothing_withdrawn")
        self._remark_line()

    def _remark_line(self) -> None:
        """Say where records go over the line in clear, or to whoever answers."""
        settings = self.connector.connection.settings
        address = urlsplit(str(settings["url"]))
        if address.hostname in LOOPBACK:
            return
        if address.scheme == "http":
            self.report.remark("connection_in_clear")
        elif settings.get("verify", True) is False:
            self.report.remark("certificate_unverified")

    def batches(self) -> Iterator[pa.RecordBatch]:
        rows = Rows(self.schema)
        assert self.reading is not None
        blank: list[str | None] = [None] * (len(self.schema) - len(self.reading.names))
        places: list[str] = []
        for line, size in self.reading.lines():
            places.append(f"{self.connector.place}#{line.place}")
            if line.cells is not None:
                cells = line.cells
                rows.add([*(cells.get(key) for key in self.reading.names), *blank], line.number, size=size)
            else:
                rows.add([], line.number, LINE_UNREADABLE, line.raw, size)
            if rows.full:
                yield rows.take().append_column("_file", pa.array(places, pa.string()))
                places = []
        if rows.rows:
            yield rows.take().append_column("_file", pa.array(places, pa.string()))
