"""Reading in a process of its own: for a parser that can take the process it runs in down with it.

A damaged ``.xls`` may make its parser ask for all the memory there is, a workbook of one cell in the last row and
column for a hundred gigabytes, and in Rust that is no exception but the end. So workbooks are read by a child
process with a limit, which passes record batches on. Run as a program it is that child, with a task a line on standard
input.

Options: ``workbook_memory_mb`` (4096).
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import weakref
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa

from connectors.files.reader import PROBLEM_FIELDS, Content
from connectors.files.text import Unreadable

MEMORY_MB = 4096
CPU_SECONDS = 3600
ENDING_SECONDS = 10  # for a child that has broken off; one that has not is ended
DONE = b"done\n"  # what the child writes after a stream: one that an error cuts off ends as well
REFUSED = 3  # exit code of a child that says on standard error why
PART = pa.field("_part", pa.string())


def excel(content: Content) -> Apart:
    return Apart(content, "connectors.files.excel", "Excel")


class Child:
    """A process that reads one file after another: a folder may hold hundreds. Once one failed it is not used again."""

    idle: ClassVar[list[Child]] = []

    def __init__(self) -> None:
        self.owner = os.getpid()
        self.said = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115 # closed in end
        self.process = subprocess.Popen(
            [sys.executable, "-m", "connectors.files.apart"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.said,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )

    @classmethod
    def take(cls) -> Child:
        while cls.idle:
            child = cls.idle.pop()
            if child.owner == os.getpid() and child.process.poll() is None:  # a fork shares them
                return child
        return cls()

    def begin(self, task: dict[str, Any]) -> pa.ipc.RecordBatchStreamReader:
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(json.dumps(task).encode() + b"\n")
        self.process.stdin.flush()
        return pa.ipc.open_stream(self.process.stdout)

    def finish(self) -> bool:
        """Whether the stream that has ended is all there is."""
        assert self.process.stdout is not None
        return self.process.stdout.readline() == DONE

    def end(self) -> None:
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout, self.said):
            if pipe:
                pipe.close()


class Apart:
    """A reader that runs another one in a child process. ``batches`` may be asked for once."""

    def __init__(self, content: Content, module: str, name: str) -> None:
        self._folder = tempfile.TemporaryDirectory(dir=content.scratch)
        self._child = Child.take()
        self._finalizer = weakref.finalize(self, _end, self._child, self._folder)
        task = {"module": module, "name": name, "path": str(self._file(content)), "options": dict(content.options)}
        try:
            self._stream = self._child.begin(task)
        except (pa.ArrowInvalid, OSError):
            raise self._failure() from None
        own = [*(name for name, _ in PROBLEM_FIELDS), PART.name]
        self.schema = pa.schema([field for field in self._stream.schema if field.name not in own])

    def _file(self, content: Content) -> Path:
        if content.path is not None:
            return content.path.absolute()
        target = Path(self._folder.name) / "file"
        with content.open() as source, target.open("wb") as file:
            shutil.copyfileobj(source, file)
        return target

    def batches(self) -> Iterator[pa.RecordBatch]:
        try:
            yield from self._stream
        except (pa.ArrowInvalid, OSError):
            raise self._failure() from None
        if not self._child.finish():
            raise self._failure()
        self._finalizer.detach()
        self._folder.cleanup()
        Child.idle.append(self._child)

    def _failure(self) -> Unreadable:
        """Why there is no more to read: what the child said, or how it ended."""
        try:
            code = self._child.process.wait(ENDING_SECONDS)
        except subprocess.TimeoutExpired:
            code = None
        self._child.said.seek(0)
        lines = self._child.said.read().strip().splitlines()
        self._finalizer()
        if code == REFUSED and lines:
            return Unreadable(**json.loads(lines[-1]))
        return Unreadable(
            "a damaged workbook, or one that needs more memory than it may have",
            remedy="ask the department for the file again; if it is meant to be so large, have it split, or raise "
            "`workbook_memory_mb` in meta.connector",
        )


def _end(child: Child, folder: tempfile.TemporaryDirectory[str]) -> None:
    child.end()
    folder.cleanup()


class WithoutPandas:
    """Of each list pyarrow asks whether it is one of pandas', and imports that first: longer than most files take."""

    def find_spec(self, name: str, *_: object) -> None:
        if name == "pandas":
            raise ImportError(name)


def main(task: dict[str, Any]) -> None:
    """The child: read the file, write batches to standard output."""
    _limit(resource.RLIMIT_AS, int(task["options"].get("workbook_memory_mb", MEMORY_MB)) << 20)
    _limit(resource.RLIMIT_CPU, int(time.process_time()) + CPU_SECONDS)
    path = Path(task["path"])
    try:
        reader = getattr(import_module(task["module"]), task["name"])(
            Content(path.name, lambda: path.open("rb"), task["options"])
        )
        schema = pa.schema([*reader.schema, *PROBLEM_FIELDS, PART])
        with pa.ipc.new_stream(sys.stdout.buffer, schema) as stream:
            for batch in reader.batches():
                if PART.name not in batch.schema.names:
                    batch = batch.append_column(PART, pa.nulls(batch.num_rows, PART.type))
                stream.write_batch(batch)
        sys.stdout.buffer.write(DONE)
        sys.stdout.buffer.flush()
    except Unreadable as error:
        print(json.dumps({"what": error.what, "place": error.place, "remedy": error.remedy}), file=sys.stderr)
        sys.exit(REFUSED)


def _limit(kind: int, value: int) -> None:
    """The next file may have another one; what this process was given at most stays."""
    _, hard = resource.getrlimit(kind)
    resource.setrlimit(kind, (value if hard == resource.RLIM_INFINITY else min(value, hard), hard))


if __name__ == "__main__":
    sys.meta_path.insert(0, WithoutPandas())
    for line in sys.stdin:
        main(json.loads(line))
