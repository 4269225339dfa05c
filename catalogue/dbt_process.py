"""``govshare-dbt``: dbt's command line, in a process that saves what dbt does in vain or makes anew each time.

dbt makes millions of small objects that stay until its process ends. Python looks through them again and again for
cycles to free, a twentieth of a small build, and finds few; at the end it frees them one by one, another twentieth. dbt
compiles each macro and model that it renders; Jinja can keep what it has compiled, but dbt does not ask it to. When
dbt starts it writes code for each of its hundreds of kinds of objects, of which it needs few. And it makes a message
of each of its two thousand steps before it asks whether anybody takes messages of that level.
"""

from __future__ import annotations

import gc
import json
import logging
import os
import sys
from pathlib import Path
from typing import Any

from catalogue import private
from catalogue.files import write_whole
from catalogue.redaction import in_document

NEW_OBJECTS = 2_000_000  # between two looks at the youngest; Python's own number is 700


def main() -> None:
    private.begin()
    gc.set_threshold(NEW_OBJECTS, 50, 100)
    write_code_when_needed()
    from dbt.cli.main import cli  # a tenth of a small build by itself, so after the changes

    pass_over_unheard_events()
    keep_compiled_templates(Path(os.environ.get("DBT_TARGET_PATH", "target")) / "templates")
    try:
        cli()
    except SystemExit as end:
        close_warehouse()
        say_less()
        logging.shutdown()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(end.code if isinstance(end.code, int) else bool(end.code))


def say_less() -> None:
    """What dbt keeps of each model's errors stays without what the engine quotes of a row, as its log does."""
    file = Path(os.environ.get("DBT_TARGET_PATH", "target")) / "run_results.json"
    if file.exists():
        written = json.loads(file.read_text(encoding="utf-8"))
        for result in written.get("results", []):
            result["message"] = in_document(result.get("message"))
        write_whole(file, json.dumps(written))


def close_warehouse() -> None:
    """dbt-duckdb leaves it open until its process ends."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager

    if DuckDBConnectionManager._ENV is not None:
        DuckDBConnectionManager.env().close()
        DuckDBConnectionManager.close_all_connections()


def write_code_when_needed() -> None:
    """From now on a kind of object has its code for reading and writing made by mashumaro at its first use."""
    from mashumaro.config import BaseConfig

    BaseConfig.lazy_compilation = True


def pass_over_unheard_events() -> None:
    """From now on no message is made of an event for those who debug dbt where no log and no listener takes it."""
    from dbt.tracking import track_behavior_change_warn
    from dbt_common.events.base_types import BaseEvent, EventLevel
    from dbt_common.events.event_manager import EventManager

    quiet, fire = (EventLevel.DEBUG, EventLevel.TEST), EventManager.fire_event

    def fire_if_heard(self: Any, e: BaseEvent, level: EventLevel | None = None, *others: Any, **named: Any) -> None:
        heard = (level or e.level_tag()) not in quiet or any(log.level in quiet for log in self.loggers)
        # dbt's own listener counts warnings for dbt's makers.
        if heard or self.callbacks != [track_behavior_change_warn] or any(named.values()):
            fire(self, e, level, *others, **named)

    EventManager.fire_event = fire_if_heard  # type: ignore[method-assign]


def keep_compiled_templates(folder: Path) -> None:
    """From now on a template that was compiled once is read from ``folder``. Another text, another Jinja, Python or dbt
    is another template, and so is one whose bytes are not those that were kept: Python runs whatever it finds there."""
    from hashlib import sha256
    from importlib.metadata import version
    from uuid import uuid4

    from dbt_common.clients.jinja import MacroFuzzEnvironment
    from jinja2 import FileSystemBytecodeCache
    from jinja2.bccache import Bucket

    class Sealed(FileSystemBytecodeCache):
        def load_bytecode(self, bucket: Bucket) -> None:
            file = folder / f"{bucket.key}.cache"
            kept = file.read_bytes() if file.exists() else b""
            if kept and kept[:32] == sha256(kept[32:]).digest():
                bucket.bytecode_from_string(kept[32:])

        def dump_bytecode(self, bucket: Bucket) -> None:
            code = bucket.bytecode_to_string()
            part = folder / f"{bucket.key}.{uuid4().hex}"  # dbt has threads
            part.write_bytes(sha256(code).digest() + code)
            part.replace(folder / f"{bucket.key}.cache")

    folder.mkdir(parents=True, exist_ok=True)
    cache, compiled, dbt = Sealed(str(folder)), MacroFuzzEnvironment.compile, version("dbt-common")

    def compile_once(self: Any, source: Any, *others: Any, **named: Any) -> Any:
        if others or named or not isinstance(source, str):
            return compiled(self, source, *others, **named)
        bucket = cache.get_bucket(self, f"{type(self).__name__} {dbt} {source}", None, source)
        if bucket.code is None:
            bucket.code = compiled(self, source)
            cache.set_bucket(bucket)
        return bucket.code

    MacroFuzzEnvironment.compile = compile_once  # type: ignore[assignment]
