"""Dagster's event log in SQLite, with its connections kept open: one run writes a thousand events.

Dagster's own class opens an engine and a connection for every event, and the last connection that closes
makes SQLite empty its write-ahead log to the disk. On a busy machine that was three quarters of a run's time.
Here is only how the same files are opened; what is in them is Dagster's, and either class reads what the
other wrote.
"""

from __future__ import annotations

import os
import re
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dagster import EventLogEntry
from dagster._config import UserConfigSchema
from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from dagster._serdes import ConfigurableClassData
from sqlalchemy import create_engine
from sqlalchemy import event as hooks
from sqlalchemy.engine import Connection, Engine

from catalogue.installation import Installation
from catalogue.redaction import in_json

TELLING = re.compile(r"(?:Error|Exception|Invalid|Warning): |\d{9}|\d[ -]\d{4}[ -]\d{4}|\d[ -]\d{7}|\\uff1")
FOLDER = Path("history", "runs")  # where Dagster's own class has it, below DAGSTER_HOME
OPEN = 8  # files held open: the index and the runs at work; a UI reads thousands in its life


class EventLog(SqliteEventLogStorage):
    """``SqliteEventLogStorage`` that keeps its connections. Named in ``dagster.yaml``."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._engines: OrderedDict[str, Engine] = OrderedDict()
        super().__init__(base_dir, inst_data)

    @classmethod
    def config_type(cls) -> UserConfigSchema:
        return {}

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]) -> EventLog:
        """Where Dagster has it anyway."""
        home = os.environ.get("DAGSTER_HOME") or Installation.from_env().dagster_home
        return cls(str(Path(home) / FOLDER), inst_data)

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        with self._db_lock:
            engine = self._engine(shard)
            if shard not in self._initialized_dbs:
                self._initdb(engine)
                self._initialized_dbs.add(shard)
            with engine.connect() as connection, connection.begin():
                yield connection

    def _engine(self, shard: str) -> Engine:
        engine = self._engines.pop(shard, None)
        if engine is None:
            engine = create_engine(
                self.conn_string_for_shard(shard),
                pool_size=1,
                connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS},
            )
            hooks.listen(engine, "connect", _careless)
        self._engines[shard] = engine
        while len(self._engines) > OPEN:
            self._engines.popitem(last=False)[1].dispose()
        return engine

    def store_event(self, event: EventLogEntry) -> None:
        super().store_event(discreet(event))
        # A UI watches the file's time; what lies in the write-ahead log does not change it.
        os.utime(self.path_for_shard(event.run_id))

    def dispose(self) -> None:
        while self._engines:
            self._engines.popitem()[1].dispose()
        super().dispose()


def discreet(event: EventLogEntry) -> EventLogEntry:
    """The event as it may be kept: what a library says of the row that it stumbled over is taken out of it."""
    written = event.to_json()
    kept = in_json(written) if TELLING.search(written) else written
    return event if kept == written else EventLogEntry.from_json(kept)


def _careless(connection: Any, _: Any) -> None:
    """No waiting for the disk: a killed process loses nothing by it, a power cut the last lines of a log."""
    connection.execute("pragma synchronous = normal")
