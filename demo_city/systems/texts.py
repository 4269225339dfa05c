"""Delimited text in GB18030, JSON documents and JSON lines in UTF-8; whole columns at a time."""

from __future__ import annotations

from pathlib import Path
from typing import IO, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from demo_city.delivery import Delivery
from demo_city.systems.parts import Parts, delivered, of_rows
from demo_city.text import cat, where

LINE_END = "\r\n"
PORTION = 50_000  # lines joined at a time


def lines(columns: list[pa.Array], delimiter: str, end: str) -> pa.Array:
    return pc.binary_join_element_wise(*columns[:-1], cat(columns[-1], end), delimiter)


def write_lines(file: IO[bytes], made: pa.Array, encoding: str) -> None:
    for start in range(0, len(made), PORTION):
        file.write("".join(made.slice(start, PORTION).to_pylist()).encode(encoding))


def quoted(values: pa.Array, delimiter: str) -> pa.Array:
    """Texts as cells: with quotes where the text holds a delimiter, a quote or a line break."""
    values = pc.fill_null(values, "")
    needed = pc.match_substring_regex(values, f'["\r\n{delimiter}]')
    if not pc.any(needed).as_py():
        return values
    in_quotes = cat('"', pc.replace_substring(values, '"', '""'), '"')
    return pc.if_else(needed, in_quotes, values)


class DelimitedWriter(Parts[IO[bytes]]):
    """Ragged lines get one delimiter too many after their second cell."""

    def begin(self, path: Path, delivery: Delivery) -> IO[bytes]:
        file = path.open("wb")
        header = self.place.delimiter.join(item.name for item in delivered(delivery))
        file.write((header + LINE_END).encode("gb18030"))
        return file

    def add(self, file: IO[bytes], delivery: Delivery, rows: np.ndarray | None) -> None:
        delimiter = self.place.delimiter
        columns = [quoted(of_rows(item.values, rows), delimiter) for item in delivered(delivery)]
        ragged = delivery.ragged if rows is None else delivery.ragged[rows]
        if ragged.any():
            columns[1] = where(ragged, cat(columns[1], delimiter), columns[1])
        write_lines(file, lines(columns, delimiter, LINE_END), "gb18030")

    def finish(self, file: IO[bytes]) -> None:
        file.close()


def json_text(values: pa.Array) -> pa.Array:
    """Texts as JSON values, null for null."""
    for plain, escaped in (("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n"), ("\r", "\\r"), ("\t", "\\t")):
        values = pc.replace_substring(values, plain, escaped)
    return pc.fill_null(cat('"', values, '"'), "null")


def json_objects(delivery: Delivery, rows: np.ndarray | None, end: str) -> pa.Array:
    pairs = [cat(f'"{item.name}":', json_text(of_rows(item.values, rows))) for item in delivered(delivery)]
    pairs[0] = cat("{", pairs[0])
    return lines(pairs, ",", "}" + end)


class JsonLinesWriter(Parts[IO[bytes]]):
    """One object a line."""

    def begin(self, path: Path, delivery: Delivery) -> IO[bytes]:
        return path.open("wb")

    def add(self, file: IO[bytes], delivery: Delivery, rows: np.ndarray | None) -> None:
        write_lines(file, json_objects(delivery, rows, "\n"), "utf-8")

    def finish(self, file: IO[bytes]) -> None:
        file.close()


class JsonWriter(Parts[dict[str, Any]]):
    """One document a file, the list of records under ``place.records``."""

    def begin(self, path: Path, delivery: Delivery) -> dict[str, Any]:
        file = path.open("wb")
        file.write(f'{{"code":200,"{self.place.records}":[\n'.encode())
        return {"file": file, "rows": 0}

    def add(self, file: dict[str, Any], delivery: Delivery, rows: np.ndarray | None) -> None:
        objects = json_objects(delivery, rows, "")
        if file["rows"] and len(objects):
            file["file"].write(b",\n")
        file["rows"] += len(objects)
        for start in range(0, len(objects), PORTION):
            if start:
                file["file"].write(b",\n")
            file["file"].write(",\n".join(objects.slice(start, PORTION).to_pylist()).encode())

    def finish(self, file: dict[str, Any]) -> None:
        file["file"].write(f'\n],"total":{file["rows"]}}}\n'.encode())
        file["file"].close()
