"""The child process of ``apart``: reads one file after another within limits, and writes record batches.

A task and its open files come through a socket, batches go to standard output as an Arrow stream, then one line says
through the socket how it ended. The child opens no path, writes no file and has none of the parent's secrets.
"""

from __future__ import annotations

import io
import json
import os
import resource
import signal
import socket
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from functools import partial
from importlib import import_module
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.compute as pc

from catalogue.names import as_engine
from connectors.base import OWN_NAMES
from connectors.files.reader import PART, PROBLEM_FIELDS, Content, Reader
from connectors.files.text import Unreadable

MOST_FILES = 4
STILL_SECONDS = 60  # without work and without a reader of what was written: as a thread that found no memory to start
STILL = 75  # the exit code then
REFUSED = "refused"  # what marks a stream of nothing, before the reason
NEW_ONE = "ask the department for the file again"


class WithoutPandas:
    """Of each list pyarrow asks whether it is one of pandas', and imports that first: longer than most files take."""

    def find_spec(self, name: str, *_: object) -> None:
        if name == "pandas":
            raise ImportError(name)


class DescriptorFile(io.RawIOBase):
    """Reads an open file from its start, with a position of its own: several may read one descriptor."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor, self.position = descriptor, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = os.pread(self.descriptor, len(buffer), self.position)
        buffer[: len(data)] = data
        self.position += len(data)
        return len(data)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self.position, os.SEEK_END: os.fstat(self.descriptor).st_size}[whence]
        if start + offset < 0:
            raise OSError(f"seek to {start + offset}")
        self.position = start + offset
        return self.position

    def tell(self) -> int:
        return self.position


def opened(descriptor: int) -> BinaryIO:
    return io.BufferedReader(DescriptorFile(descriptor), 1 << 16)  # type: ignore[return-value]


def tasks(channel: socket.socket) -> Iterator[tuple[dict[str, Any], list[int]]]:
    """Each task with the descriptors of its files, which are closed behind it."""
    while True:
        size, descriptors, _, _ = socket.recv_fds(channel, 8, MOST_FILES)
        if len(size) < 8:
            return
        with channel.makefile("rb", buffering=0) as stream:
            message, left = b"", int.from_bytes(size)
            while left and (piece := stream.read(left)):
                message, left = message + piece, left - len(piece)
        yield json.loads(message), descriptors
        for descriptor in descriptors:
            os.close(descriptor)


class Watch:
    """Ends the process when it stands still: limits of memory and of CPU time never end one that only waits."""

    def __init__(self, seconds: float = STILL_SECONDS) -> None:
        self.seconds, self.waiting = seconds, True
        threading.Thread(target=self._look, daemon=True).start()

    def _look(self) -> None:
        worked, since = time.process_time(), time.monotonic()
        while True:
            time.sleep(self.seconds / 10)
            if self.waiting or time.process_time() - worked > self.seconds / 100:
                worked, since = time.process_time(), time.monotonic()
            elif time.monotonic() - since > self.seconds:
                os._exit(STILL)


def read(task: dict[str, Any], descriptors: list[int], out: BinaryIO, watch: Watch) -> dict[str, Any]:
    """Write the file's batches; the outcome is the reader's report, or why the file cannot be read."""
    siblings = dict(zip(task["siblings"], descriptors[1:], strict=True))
    content = Content(
        task["file"],
        partial(opened, descriptors[0]),
        task["options"],
        lambda ending: opened(siblings[ending]) if ending in siblings else None,
        items=task["items"],
    )
    begun = False
    try:
        reader = getattr(import_module(f"connectors.files.{task['module']}"), task["name"])(content)
        _need_few_columns(reader, task["columns_limit"])
        _need_other_names(reader)
        batches = reader.batches()
        first = next(batches, None)
        schema = pa.schema([*reader.schema, *PROBLEM_FIELDS]) if first is None else first.schema
        begun = True
        with pa.ipc.new_stream(out, schema) as stream:
            for batch in chain(() if first is None else (first,), batches):
                _need_short_cells(batch, task["cell_limit_mb"])
                watch.waiting = True  # for the parent
                stream.write_batch(batch)
                watch.waiting = False
        out.flush()
    except Unreadable as error:
        if not begun:
            with pa.ipc.new_stream(out, pa.schema([], metadata={REFUSED: ""})):
                pass  # so that the parent does not wait for one
        out.flush()
        return {"what": error.what, "place": error.place, "remedy": error.remedy, "megabytes": _resident()}
    except MemoryError:
        return {
            "what": f"reading needs more memory than the limit of {task['memory_mb']:,} MB",
            "place": None,
            "remedy": f"{NEW_ONE}; if it is meant to be so large, have it split, or raise `memory_mb` "
            "in meta.connector",
        }
    except BaseException as error:
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise  # an interruption; but a panic is how a reader written in Rust fails
        # The kind of the error and its place only: its text may hold values of the file.
        last = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{type(error).__name__} at {Path(last.filename).name}:{last.lineno}"
        return {
            "what": f"cannot be read: its parser failed ({place})",
            "place": None,
            "remedy": f"{NEW_ONE}, or correct meta.connector",
        }
    return {"report": content.report.as_dict(), "megabytes": _resident()}


def _need_few_columns(reader: Reader, most: int) -> None:
    if len(reader.schema) > most:
        raise Unreadable(
            f"{len(reader.schema):,} columns, more than the limit of {most:,}",
            remedy="correct the delimiter or the heading's row in meta.connector, or ask the department for the file "
            "again; if it is meant to be so wide, raise `columns_limit` in meta.connector",
        )


def _need_other_names(reader: Reader) -> None:
    own = {*OWN_NAMES, PART.name}
    if taken := [name for name in reader.schema.names if as_engine(name) in own]:
        raise Unreadable(
            f"columns named like govshare's own: {', '.join(taken)}",
            remedy="have them renamed at the source, or declare `columns` in meta.connector",
        )


def _need_short_cells(batch: pa.RecordBatch, megabytes: int) -> None:
    for place, column in enumerate(batch.columns, 1):
        if column.nbytes <= megabytes << 20 or not (pa.types.is_string(column.type) or pa.types.is_binary(column.type)):
            continue
        if (pc.max(pc.binary_length(column)).as_py() or 0) > megabytes << 20:
            raise Unreadable(
                f"a cell of more than {megabytes:,} MB",
                place=f"column {place}",
                remedy=f"{NEW_ONE}; if cells are meant to be so long, raise `cell_limit_mb` in meta.connector",
            )


def _limit(kind: int, value: int) -> None:
    """The next file may have another one; what this process was given at most stays."""
    _, hard = resource.getrlimit(kind)
    resource.setrlimit(kind, (value if hard == resource.RLIM_INFINITY else min(value, hard), hard))


def _resident() -> int:
    """Megabytes that this process holds."""
    return _pages(1) * resource.getpagesize() >> 20


def _own_memory() -> int:
    """Bytes of address space that this process takes before it reads: libraries, and what former files left."""
    return _pages(0) * resource.getpagesize()


def _pages(place: int) -> int:
    try:
        return int(Path("/proc/self/statm").read_text().split()[place])
    except OSError:  # no Linux
        return 0


def main(channel: socket.socket, out: BinaryIO) -> None:
    watch = Watch()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a dump would hold what was read
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    _limit(resource.RLIMIT_FSIZE, 0)
    for task, descriptors in tasks(channel):
        import_module(f"connectors.files.{task['module']}")  # what fails here is no matter of the file
        _limit(resource.RLIMIT_AS, _own_memory() + (task["memory_mb"] << 20))
        _limit(resource.RLIMIT_CPU, int(time.process_time()) + 1 + task["cpu_seconds"])
        watch.waiting = False
        outcome = read(task, descriptors, out, watch)
        watch.waiting = True
        channel.sendall(json.dumps(outcome).encode() + b"\n")
        if "megabytes" not in outcome:
            return  # what is half written to the stream is of no use


if __name__ == "__main__":
    sys.meta_path.insert(0, WithoutPandas())
    stdout, sys.stdout = sys.stdout.buffer, sys.stderr
    main(socket.socket(fileno=int(sys.argv[1])), stdout)
