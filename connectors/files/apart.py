"""Reading in a child process: a parser of foreign files can take the process it runs in down with it.

A damaged workbook may make its parser ask for all the memory there is, nested brackets may overflow a stack, and in C
and Rust that is no exception but the end of the process. So every format is read by a child with limits (``child``),
which passes record batches on. A child that breaks a limit or ends is an ``Unreadable`` that names the limit.

Options: ``memory_mb`` (of the child, beside its program; default 4096), ``cpu_seconds`` (for one file, default 3600),
``columns_limit`` (default 5000), ``cell_limit_mb`` (one cell, default 64).
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import weakref
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any, BinaryIO, ClassVar

import pyarrow as pa

from connectors.files.child import REFUSED, STILL
from connectors.files.part import BESIDE
from connectors.files.reader import PART, PROBLEM_FIELDS, Content
from connectors.files.text import Unreadable
from connectors.read_report import ReadReport

MEMORY_MB = 4096
CPU_SECONDS = 3600
COLUMNS_LIMIT = 5000
CELL_LIMIT_MB = 64
MOST_IDLE = 4
LARGEST_IDLE_MB = 512  # a child that has become larger than this is not kept for the next file
ENDING_SECONDS = 10  # for a child that has broken off; one that has not is ended
PIPE_BYTES = 1 << 20
ENVIRONMENT = ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "TZ")  # no secrets: they stand in the environment
NEW_ONE = "ask the department for the file again"


class Child:
    """A process that reads one file after another: a folder may hold hundreds. Once one failed it is not used again.

    ``channel`` carries tasks with their open files to the child and outcomes back, standard output record batches.
    """

    _idle: ClassVar[list[Child]] = []
    _lock: ClassVar[threading.Lock] = threading.Lock()

    def __init__(self) -> None:
        self.owner = os.getpid()
        self.channel, theirs = socket.socketpair()
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "connectors.files.child", str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,  # what a parser writes when it ends may hold what it read
                pipesize=PIPE_BYTES,
                pass_fds=(theirs.fileno(),),
                env={name: os.environ[name] for name in ENVIRONMENT if name in os.environ}
                | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            )

    @classmethod
    def take(cls) -> Child:
        """A child that nobody uses; a new one where there is none."""
        while True:
            with cls._lock:
                child = cls._idle.pop() if cls._idle else None
            if child is None:
                return cls()
            if child.process.poll() is None:
                return child
            child.end()

    @classmethod
    def forget(cls) -> None:
        """In a process that was forked: the children are the other one's, and its lock may be held for ever."""
        cls._idle, cls._lock = [], threading.Lock()

    def give_back(self, megabytes: int) -> None:
        """``megabytes``: what the child holds of memory."""
        with self._lock:
            if megabytes <= LARGEST_IDLE_MB and len(self._idle) < MOST_IDLE:
                self._idle.append(self)
                return
        self.end()

    def begin(self, task: dict[str, Any], files: Sequence[BinaryIO]) -> pa.ipc.RecordBatchStreamReader:
        message = json.dumps(task).encode()
        self.channel.settimeout(None)
        socket.send_fds(self.channel, [len(message).to_bytes(8)], [file.fileno() for file in files])
        self.channel.sendall(message)
        return pa.ipc.open_stream(self.process.stdout)

    def outcome(self) -> dict[str, Any] | None:
        """What the child says at the end of a task; null when it ended without a word."""
        self.channel.settimeout(ENDING_SECONDS)
        with suppress(OSError, ValueError), self.channel.makefile("rb") as lines:
            said: dict[str, Any] = json.loads(lines.readline())
            return said
        return None

    def end(self) -> None:
        if self.owner == os.getpid():
            self.process.kill()
            self.process.wait()
        self.channel.close()
        if self.process.stdout:
            self.process.stdout.close()


os.register_at_fork(after_in_child=Child.forget)


class Apart:
    """A reader that runs another one (a class of a module of this package) in a child. ``batches`` goes once."""

    def __init__(self, content: Content, module: str, name: str) -> None:
        self.content = content
        self.memory_mb = content.option("memory_mb", MEMORY_MB, int)
        self.cpu_seconds = content.option("cpu_seconds", CPU_SECONDS, int)
        task = {
            "module": module,
            "name": name,
            "file": content.name,
            "options": dict(content.options),
            "items": list(content.items),
            "memory_mb": self.memory_mb,
            "cpu_seconds": self.cpu_seconds,
            "columns_limit": content.option("columns_limit", COLUMNS_LIMIT, int),
            "cell_limit_mb": content.option("cell_limit_mb", CELL_LIMIT_MB, int),
        }
        with ExitStack() as opened:
            files = [opened.enter_context(_on_disk(content.open(), content.scratch))]
            task["siblings"] = []
            for ending in BESIDE.get(module, ()):
                beside = content.sibling(ending)
                if beside is not None:
                    files.append(opened.enter_context(_on_disk(beside, content.scratch)))
                    task["siblings"].append(ending)
            self._child = Child.take()
            self._finalizer = weakref.finalize(self, self._child.end)
            try:
                self._stream = self._child.begin(task, files)
            except (pa.ArrowInvalid, OSError):
                raise self._failure() from None
        if REFUSED.encode() in (self._stream.schema.metadata or {}):
            list(self._stream)
            raise self._failure()
        own = [*(name for name, _ in PROBLEM_FIELDS), PART.name]
        self.schema = pa.schema([field for field in self._stream.schema if field.name not in own])

    def batches(self) -> Iterator[pa.RecordBatch]:
        try:
            yield from self._stream
        except (pa.ArrowInvalid, OSError):
            raise self._failure() from None
        said = self._child.outcome()
        if said is None or "report" not in said:
            raise self._failure(said)
        self.content.report.add(ReadReport.from_dict(said["report"]))
        self._finalizer.detach()
        self._child.give_back(said["megabytes"])

    def _failure(self, said: dict[str, Any] | None = None) -> Unreadable:
        """Why there is no more to read: what the child said, or how it ended."""
        said = said or self._child.outcome()
        if said and "megabytes" in said:  # the file is refused, and the child is as good as before
            self._finalizer.detach()
            self._child.give_back(said["megabytes"])
            return Unreadable(said["what"], place=said["place"], remedy=said["remedy"])
        code = None
        with suppress(subprocess.TimeoutExpired):
            code = self._child.process.wait(0 if said else ENDING_SECONDS)
        self._finalizer()
        if said and "what" in said:
            return Unreadable(said["what"], place=said["place"], remedy=said["remedy"])
        if code == -signal.SIGXCPU:
            return Unreadable(
                f"reading took more than the limit of {self.cpu_seconds:,} CPU seconds",
                remedy=f"{NEW_ONE}; if it is meant to be so large, raise `cpu_seconds` in meta.connector",
            )
        known = {None: "does not answer", 0: "ended", STILL: "stood still"}
        how = known.get(code, f"was ended by signal {-(code or 0)}")
        return Unreadable(
            f"a damaged file, or one that needs more memory than the limit of {self.memory_mb:,} MB: its reader {how}",
            remedy=f"{NEW_ONE}; if it is meant to be so large, have it split, or raise `memory_mb` in meta.connector",
        )


def _on_disk(file: BinaryIO, scratch: Path | None) -> BinaryIO:
    """The file itself, or a copy that has a descriptor."""
    try:
        file.fileno()
        return file
    except OSError:
        copy: BinaryIO = tempfile.TemporaryFile(dir=scratch)  # type: ignore[assignment] # noqa: SIM115
        with file:
            shutil.copyfileobj(file, copy)
        copy.flush()
        return copy
