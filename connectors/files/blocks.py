"""Blocks of whole records of a delimited file, and the fast way to read a regular one: pyarrow.

A block is cut at a line end outside quotes, which is certain only as long as all quotes are regular (they
open at the start of a cell and close at its end). From the first block that is not so, the rest of the file
is one block that only ``delimited.Records`` may read. Both ways must give the same rows; ``delimited`` says
which.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from connectors.files.hidden_rows import LONGEST_RECORD, LONGEST_RECORD_LINES
from connectors.files.reader import PROBLEM_FIELDS
from connectors.files.text import MARK_BYTES, lines
from connectors.files.two_encodings import line_ends

MOST_CUTS = 20
LINE_END = re.compile("\r\n|\n|\r")


@dataclass(frozen=True)
class Block:
    """Whole records from physical line ``line`` on: bytes, or text to the end of the file."""

    line: int
    data: bytes | None
    rest: Iterator[str] | None = None

    def lines(self) -> Iterator[str]:
        return lines(iter((self.data.decode(),)) if self.data is not None else self.rest or iter(()))


def ahead(blocks: Iterator[Block]) -> Iterator[Block]:
    """The same blocks, the next one being decoded and cut while the last one is parsed."""
    with ThreadPoolExecutor(1, thread_name_prefix="decoding") as pool:
        following = pool.submit(next, blocks, None)
        while (block := following.result()) is not None:
            following = pool.submit(next, blocks, None)
            yield block


def cut_blocks(
    text: Iterator[str], delimiter: str, quote: str, escape: str | None, skip: int, width: int
) -> Iterator[Block]:
    """Blocks of the text after its first ``skip`` physical lines."""
    text = _without_lines(text, skip)
    line = skip + 1
    if width < 2 or escape or len(delimiter) != 1 or not (delimiter + quote).isascii():
        yield Block(line, None, text)
        return
    regular = regular_cells(delimiter, quote)
    rest = b""
    held: Block | None = None  # what follows may say that its last record is doubtful
    for piece in text:
        data = rest + piece.encode()
        cut = _last_end(data, quote.encode())
        if cut == 0:
            rest = data
            if len(data) <= 64 << 20:
                continue
        if cut == 0 or not is_regular(data[:cut], quote, regular):
            yield _careful(held, Block(line, data), text)
            return
        block, rest = data[:cut], data[cut:]
        if held:
            yield held
        held = Block(line, block)
        line += count_lines(block)
    if rest and not is_regular(rest, quote, regular):
        yield _careful(held, Block(line, rest), iter(()))
        return
    if held:
        yield held
    if rest:
        yield Block(line, rest)


def _careful(held: Block | None, block: Block, text: Iterator[str]) -> Block:
    """The rest of the file as one block."""
    parts = [part for part in (held, block) if part]
    return Block(parts[0].line, None, chain((part.data.decode() for part in parts if part.data), text))


def _without_lines(text: Iterator[str], skip: int) -> Iterator[str]:
    if skip == 0:
        return text
    rest = ""
    for piece in text:
        rest += piece
        ends = LINE_END.finditer(rest)
        end = None
        for _ in range(skip):
            end = next(ends, None)
        if end is not None and end.end() < len(rest):
            return chain((rest[end.end() :],), text)
    return iter(())


def _last_end(data: bytes, quote: bytes) -> int:
    """Where the last line end outside quotes ends; 0 if there is none yet."""
    end = b"\n" if b"\n" in data else b"\r"
    limit = len(data) - (end == b"\r")  # a last \r may be the first half of \r\n
    for _ in range(MOST_CUTS):
        cut = data.rfind(end, 0, limit) + 1
        if cut == 0 or not quote or data.count(quote, 0, cut) % 2 == 0:
            return cut
        limit = data.rfind(quote, 0, cut)
    return 0


def regular_cells(delimiter: str, quote: str) -> re.Pattern[bytes] | None:
    if not quote:
        return None
    d, q = re.escape(delimiter.encode()), re.escape(quote.encode())
    return re.compile(rb"(?:(?<=[%b\r\n])|\A)%b[^%b]*(?:%b%b[^%b]*)*%b(?=[%b\r\n]|\Z)" % (d, q, q, q, q, q, q, d))


def is_regular(data: bytes, quote: str, cells: re.Pattern[bytes] | None) -> bool:
    mark = quote.encode()
    return cells is None or mark not in data or mark not in cells.sub(b"", data)


def count_lines(data: bytes) -> int:
    r"""Physical lines in whole lines of text; ``\r\n`` is one end, and so is a lone ``\r``."""
    return line_ends(data) + (not data.endswith((b"\n", b"\r")))


def _has_blank_line(data: bytes) -> bool:
    """Whether a line may be empty: pyarrow leaves it out without a word, and lines could not be numbered."""
    return b"\n\n" in data or (b"\r" in data and (b"\n\r" in data or b"\r\r" in data))


def fast_columns(block: Block, delimiter: str, quote: str, schema: pa.Schema) -> Iterator[pa.RecordBatch] | None:
    """The block's rows through pyarrow; null when any of them needs care (ragged, empty, undecodable)."""
    data = block.data
    if data is None or MARK_BYTES in data:
        return None
    if data.startswith((b"\n", b"\r", b"\xef\xbb\xbf")):
        return None
    try:
        table = pa.csv.read_csv(
            pa.BufferReader(data),
            read_options=pa.csv.ReadOptions(column_names=schema.names, block_size=len(data) + 1),
            parse_options=pa.csv.ParseOptions(
                delimiter=delimiter,
                quote_char=quote or False,
                newlines_in_values=bool(quote) and quote.encode() in data,
                ignore_empty_lines=True,
            ),
            convert_options=pa.csv.ConvertOptions(column_types=schema, strings_can_be_null=False, check_utf8=False),
        )
    except pa.ArrowInvalid:
        return None
    count = count_lines(data)
    if table.num_rows != count and (_has_blank_line(data) or _may_hide_rows(table, delimiter)):
        return None
    return _addressed(table, block.line, count)


def _may_hide_rows(table: pa.Table, delimiter: str) -> bool:
    """Whether a cell of several lines has as many delimiters as a row, or is longer than a cell may be."""
    for column in table.columns:
        ends = pc.add(pc.count_substring(column, "\n"), pc.count_substring(column, "\r"))
        if not pc.any(pc.greater(ends, 0)).as_py():
            continue
        rows = pc.greater_equal(pc.count_substring(column, delimiter), table.num_columns - 1)
        long = pc.greater_equal(pc.binary_length(column), LONGEST_RECORD)
        doubtful = pc.or_(pc.or_(rows, long), pc.greater_equal(ends, LONGEST_RECORD_LINES))
        if pc.any(pc.and_(pc.greater(ends, 0), doubtful)).as_py():
            return True
    return False


def _addressed(table: pa.Table, first: int, count: int) -> Iterator[pa.RecordBatch]:
    """Batches with the physical line on which each row starts."""
    schema = pa.schema([*table.schema, *PROBLEM_FIELDS])
    for batch in table.to_batches():
        rows = batch.num_rows
        starts: Any = numpy.arange(first, first + rows, dtype="int64")
        if table.num_rows != count:
            inner = sum(_line_ends(column) for column in batch.columns)
            starts[1:] += numpy.cumsum(inner)[:-1]
            first += int(numpy.sum(inner))
        first += rows
        none = pa.nulls(rows, pa.string())
        yield pa.RecordBatch.from_arrays([*batch.columns, pa.array(starts), none, none], schema=schema)


def _line_ends(column: pa.Array) -> Any:
    """How many line ends stand inside each value."""
    ends = pc.add(pc.count_substring(column, "\n"), pc.count_substring(column, "\r"))
    return pc.subtract(ends, pc.count_substring(column, "\r\n")).to_numpy(zero_copy_only=False)
