"""Reading in a process of its own: for a parser that can take the process it runs in down with it.

A damaged ``.xls`` may make its parser ask for all the memory there is, a workbook of one cell in the last row and
column for a hundred gigabytes, and in Rust that is no exception but the end. So workbooks are read by a child
process with a limit, which passes record batches on. Run as a program it is that child.

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
import weakref
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pyarrow as pa

from connectors.files.reader import PROBLEM_FIELDS, Content
from connectors.files.text import Unreadable

MEMORY_MB = 4096
CPU_SECONDS = 3600
REFUSED = 3  # exit code of a child that says on standard error why
PART = pa.field("_part", pa.string())


def excel(content: Content) -> Apart:
    return Apart(content, "connectors.files.excel", "Excel")


class Apart:
    """A reader that runs another one in a child process. ``batches`` may be asked for once."""

    def __init__(self, content: Content, module: str, name: str) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="govshare-")
        said = open(Path(self._folder.name) / "said", "w+", encoding="utf-8")  # noqa: SIM115 # closed in _end
        task = {"module": module, "name": name, "path": str(self._file(content)), "options": dict(content.options)}
        process = subprocess.Popen(
            [sys.executable, "-m", "connectors.files.apart", json.dumps(task)],
            stdout=subprocess.PIPE,
            stderr=said,
            stdin=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )
        self._process, self._said = process, said
        self._finalizer = weakref.finalize(self, _end, process, said, self._folder)
        try:
            self._stream = pa.ipc.open_stream(process.stdout)
        except (pa.ArrowInvalid, OSError):
            raise self._failure() from None
        own = [*(name for name, _ in PROBLEM_FIELDS), PART.name]
        self.schema = pa.schema([field for field in self._stream.schema if field.name not in own])

    def _file(self, content: Content) -> Path:
        if content.path is not None:
            return content.path
        target = Path(self._folder.name) / "file"
        with content.open() as source, target.open("wb") as file:
            shutil.copyfileobj(source, file)
        return target

    def batches(self) -> Iterator[pa.RecordBatch]:
        try:
            yield from self._stream
        except (pa.ArrowInvalid, OSError):
            raise self._failure() from None
        if self._process.wait() != 0:
            raise self._failure()
        self._finalizer()

    def _failure(self) -> Unreadable:
        """Why there is no more to read: what the child said, or how it ended."""
        code = self._process.wait()
        self._said.seek(0)
        lines = self._said.read().strip().splitlines()
        self._finalizer()
        if code == REFUSED and lines:
            return Unreadable(**json.loads(lines[-1]))
        return Unreadable(
            "a damaged workbook, or one that needs more memory than it may have",
            remedy="ask the department for the file again; if it is meant to be so large, have it split, or raise "
            "`workbook_memory_mb` in meta.connector",
        )


def _end(process: subprocess.Popen[bytes], said: Any, folder: tempfile.TemporaryDirectory[str]) -> None:
    process.kill()
    process.wait()
    if process.stdout:
        process.stdout.close()
    said.close()
    folder.cleanup()


class WithoutPandas:
    """Of each list pyarrow asks whether it is one of pandas', and imports that first: half of what a small workbook takes."""

    def find_spec(self, name: str, *_: object) -> None:
        if name == "pandas":
            raise ImportError(name)


def main(task: dict[str, Any]) -> None:
    """The child: read the file, write batches to standard output."""
    sys.meta_path.insert(0, WithoutPandas())
    memory = int(task["options"].get("workbook_memory_mb", MEMORY_MB)) << 20
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
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
    except Unreadable as error:
        print(json.dumps({"what": error.what, "place": error.place, "remedy": error.remedy}), file=sys.stderr)
        sys.exit(REFUSED)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
