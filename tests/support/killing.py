"""Collections that die: a process that forks one child for each attempt, which kills itself at a given point.

A point is the n-th time that the collection is about to touch a file under its installation (open, rename,
make or remove a folder, sync), or is in the middle of writing one. Started by ``Killer``; a fork costs
milliseconds where an interpreter with all imports costs a second.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

TESTS = Path(__file__).parents[1]


class Killer:
    """Runs collections of one resource that die at a point; use as a context manager."""

    def __init__(self, folder: Path, resource: Any) -> None:
        self.folder, self.resource = folder, resource

    def __enter__(self) -> Killer:
        spec = self.resource.connector
        start = {
            "folder": str(self.folder),
            "id": self.resource.id,
            "kind": spec.kind,
            "key": list(spec.key),
            "watermark": spec.watermark,
            "mode": spec.mode,
            "options": spec.options,
        }
        self.process = subprocess.Popen(
            [sys.executable, __file__, json.dumps(start)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=TESTS.parent,
            env={**os.environ, "PYTHONPATH": f"{TESTS.parent}{os.pathsep}{TESTS}"},
        )  # fmt: skip
        return self

    def __exit__(self, *_: object) -> None:
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait(20)
        self.process.stdout.close()

    def collect(self, point: int, data: Path | None = None) -> str:
        """``killed``, ``done`` (the point was never reached), or the error of the collection."""
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(json.dumps({"point": point, "data": str(data) if data else None}) + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()


def attempt(office: Any, resource: Any, point: int) -> None:
    """One collection that dies at the point; leaves with 0 if it never came to it."""
    from connectors import parts

    data = str(office.installation.data)
    touched = 0

    def die_at_point() -> bool:
        nonlocal touched
        touched += 1
        return touched == point

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        if event in ("open", "os.rename", "os.mkdir", "os.rmdir", "os.remove", "shutil.rmtree"):
            path = arguments[0]
            if isinstance(path, str | os.PathLike) and str(path).startswith(data) and die_at_point():
                os.kill(os.getpid(), signal.SIGKILL)

    write, sync = parts.HashingFile.write, os.fsync

    def half(self: parts.HashingFile, block: Any) -> int:
        if die_at_point():
            write(self, memoryview(block)[: memoryview(block).nbytes // 2])
            self.flush()
            os.kill(os.getpid(), signal.SIGKILL)
        return write(self, block)

    def before_sync(descriptor: int) -> None:
        if die_at_point():
            os.ftruncate(descriptor, os.fstat(descriptor).st_size // 2)  # what a power cut leaves of it
            os.kill(os.getpid(), signal.SIGKILL)
        sync(descriptor)

    def sync_if_file(descriptor: int) -> None:
        from stat import S_ISREG

        (before_sync if S_ISREG(os.fstat(descriptor).st_mode) else sync)(descriptor)

    parts.HashingFile.write = half  # type: ignore[method-assign]
    os.fsync = sync_if_file
    sys.addaudithook(watch)
    office.collect(resource)


def main(start: dict[str, Any]) -> None:
    from support.collecting import Office, Resource, Spec

    import connectors.databases.generic
    import connectors.databases.postgresql
    import connectors.difference  # noqa: F401

    folder = Path(start["folder"])
    settings = (folder / "city" / "connections.toml").read_text(encoding="utf-8").split("\n", 1)[1]
    spec = Spec(start["kind"], "office", start["key"], start["watermark"], start["mode"], start["options"])
    resource = Resource(start["id"], spec)
    for line in sys.stdin:
        job = json.loads(line)
        child = os.fork()
        if child == 0:
            code = 3
            try:
                office = Office(folder, settings.strip())
                if job["data"]:
                    office.installation = type(office.installation)(Path(job["data"]), office.installation.city, folder)
                attempt(office, resource, job["point"])
                code = 0
            except BaseException as error:
                print(f"{type(error).__name__}: {error}"[:300].replace("\n", " "), flush=True)
            os._exit(code)
        _, status = os.waitpid(child, 0)
        if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
            print("killed", flush=True)
        elif os.waitstatus_to_exitcode(status) == 0:
            print("done", flush=True)
        elif os.waitstatus_to_exitcode(status) != 3:
            print(f"ended with {status}", flush=True)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
