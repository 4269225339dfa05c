"""The ways of reading that are compared: functions ``(place, target) -> rows``, each run in its own process.

``place`` is a source of ``data`` (a table's name, or a file), ``target`` a new folder for what is written. A
way does what its own documentation advises for large tables, and imports its library itself, so that memory
and time are its own; the imports are not timed. Run as a program it prints rows, seconds and peak memory as JSON.
"""

from __future__ import annotations

import json
import os
import resource
import socket
import sys
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

POSTGRESQL = os.environ.get("GOVSHARE_BENCH_POSTGRESQL", "postgresql://postgres@127.0.0.1:5432/postgres")
MYSQL = os.environ.get("GOVSHARE_BENCH_MARIADB", "mysql+pymysql://root@127.0.0.1:3306/test?charset=utf8mb4")
CHUNK = 50_000  # rows at a time, for all ways that let one choose
Way = Callable[[str, Path], int]


def _url(source: str) -> str:
    return POSTGRESQL if source == "postgresql" else MYSQL


def _sqlalchemy_url(source: str) -> str:
    return _url(source).replace("postgresql://", "postgresql+psycopg://")


# --- the limit: what the server can send, or what any reader must do


def copy_to_nowhere(table: str, target: Path) -> int:
    import psycopg

    with psycopg.connect(POSTGRESQL) as connection, connection.cursor() as cursor:
        with cursor.copy(f"copy {table} to stdout (format binary)") as copy:
            for _ in copy:
                pass
        return cursor.rowcount


def select_to_nowhere(table: str, target: Path) -> int:
    """The server's packets as they come, not looked into."""
    import pymysql
    import sqlalchemy as sa

    url = sa.make_url(MYSQL)
    connection = pymysql.connect(
        host=url.host, port=url.port, user=url.username, password=url.password or "", db=url.database
    )
    with connection.cursor() as cursor:
        cursor.execute(f"select count(*) from {table}")
        rows = int(cursor.fetchone()[0])
    plug: socket.socket = connection._sock
    connection._execute_command(pymysql.constants.COMMAND.COM_QUERY, f"select * from {table}")
    buffer = bytearray(1 << 18)
    end = b""
    while not (end[-9:-6] == b"\x05\0\0" and end[-5:-4] == b"\xfe"):
        count = plug.recv_into(buffer)
        end = (end + bytes(buffer[max(0, count - 9) : count]))[-9:]
    plug.close()
    return rows


def decode_to_nowhere(file: str, target: Path) -> int:
    """The file's text, counting its lines."""
    rows = -1
    with open(file, encoding="gb18030", newline="") as text:
        while block := text.read(1 << 22):
            rows += block.count("\n")
    return rows


# --- govshare: everything that a collection does, to the committed batch


def govshare(kind: str, place: str, target: Path) -> int:
    from catalogue.installation import Installation
    from connectors.collect import collect
    from connectors.connections import Connections

    file = Path(place)
    where = f'path = "{file.parent}"' if kind == "delimited" else f'url = "{_url(kind)}"'
    target.mkdir(parents=True)
    (target / "connections.toml").write_text(f"[connections.bench]\n{where}\n", encoding="utf-8")
    options = {"path": file.name, "encoding": "gb18030"} if kind == "delimited" else {"table": place}
    connector = SimpleNamespace(
        kind="delimited" if kind == "delimited" else "database",
        connection="bench", key=("id",), watermark=None, mode="full", options=options,
    )  # fmt: skip
    entry: Any = SimpleNamespace(
        id="bench.people", title="people", department="bench", department_title="bench",
        items=(), connector=connector, contract="evolve",
    )  # fmt: skip
    installation = Installation(target, target, target)
    return collect(entry, installation, Connections.load(installation)).rows


# --- ADBC


def adbc(table: str, target: Path, *, write: bool) -> int:
    import adbc_driver_postgresql.dbapi as dbapi
    import pyarrow.parquet as pq

    rows = 0
    with dbapi.connect(POSTGRESQL) as connection, connection.cursor() as cursor:
        cursor.execute(f"select * from {table}")
        reader = cursor.fetch_record_batch()
        writer = None
        for batch in reader:
            rows += batch.num_rows
            if write:
                batch = _plain(batch)
                writer = writer or pq.ParquetWriter(_file(target), batch.schema, compression="zstd")
                writer.write_batch(batch)
        if writer:
            writer.close()
    return rows


def _plain(batch: Any) -> Any:
    """Numeric comes as text of an extension type, which Parquet takes as its storage."""
    import pyarrow as pa

    arrays = [c.storage if isinstance(c, pa.ExtensionArray) else c for c in batch.columns]
    return pa.RecordBatch.from_arrays(arrays, names=batch.schema.names)


def _file(target: Path) -> str:
    target.mkdir(parents=True, exist_ok=True)
    return str(target / "rows.parquet")


# --- connectorx, SQLAlchemy with pandas, dlt


def connectorx(source: str, table: str, target: Path) -> int:
    import connectorx as cx
    import pyarrow.parquet as pq

    url = _url(source).replace("mysql+pymysql://", "mysql://").split("?")[0]
    read = cx.read_sql(url, f"select * from {table}", return_type="arrow")
    pq.write_table(read, _file(target), compression="zstd")
    return int(read.num_rows)


def pandas(source: str, table: str, target: Path) -> int:
    import pandas as pd
    import pyarrow as pa
    import pyarrow.parquet as pq
    import sqlalchemy as sa

    engine = sa.create_engine(_sqlalchemy_url(source))
    rows, writer = 0, None
    with engine.connect().execution_options(stream_results=True) as connection:
        for frame in pd.read_sql(sa.text(f"select * from {table}"), connection, chunksize=CHUNK):
            read = pa.Table.from_pandas(frame, preserve_index=False)
            if writer is None:
                writer = pq.ParquetWriter(_file(target), read.schema, compression="zstd")
            writer.write_table(read.cast(writer.schema))
            rows += read.num_rows
    if writer:
        writer.close()
    return rows


def dlt(source: str, backend: str, table: str, target: Path) -> int:
    import dlt as library
    from dlt.sources.sql_database import sql_table

    os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
    os.environ["DATA_WRITER__ARROW_CONCAT_PROMOTE_OPTIONS"] = "permissive"  # as it advises itself
    url = _sqlalchemy_url(source)
    made: dict[str, Any] = {
        "backend": backend, "chunk_size": CHUNK, "reflection_level": "full_with_precision",
    }  # fmt: skip
    if backend == "connectorx":
        made["backend_kwargs"] = {"conn": _url(source).replace("mysql+pymysql://", "mysql://").split("?")[0]}
    pipeline = library.pipeline(
        "bench", pipelines_dir=str(target / "pipelines"), dataset_name="bench",
        destination=library.destinations.filesystem(bucket_url=(target / "out").as_uri()),
    )  # fmt: skip
    source_table = sql_table(url, table=table, **made)
    pipeline.run(source_table, loader_file_format="parquet", write_disposition="replace")
    return _parquet_rows(target / "out" / "bench" / table)


def _parquet_rows(folder: Path) -> int:
    import pyarrow.parquet as pq

    return sum(pq.read_metadata(file).num_rows for file in folder.glob("**/*.parquet"))


# --- CSV


def pandas_csv(file: str, target: Path) -> int:
    import pandas as pd
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows, writer = 0, None
    for frame in pd.read_csv(file, encoding="gb18030", dtype=str, chunksize=CHUNK):
        read = pa.Table.from_pandas(frame, preserve_index=False)
        if writer is None:
            writer = pq.ParquetWriter(_file(target), read.schema, compression="zstd")
        writer.write_table(read.cast(writer.schema))
        rows += read.num_rows
    if writer:
        writer.close()
    return rows


def pyarrow_csv(file: str, target: Path) -> int:
    import pyarrow as pa
    import pyarrow.csv
    import pyarrow.parquet as pq

    with open(file, encoding="gb18030") as text:
        names = text.readline().strip().split(",")
    reader = pa.csv.open_csv(
        file,
        pa.csv.ReadOptions(encoding="gb18030", block_size=4 << 20),
        convert_options=pa.csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string())),
    )
    rows = 0
    with pq.ParquetWriter(_file(target), reader.schema, compression="zstd") as writer:
        for batch in reader:
            writer.write_batch(batch)
            rows += batch.num_rows
    return rows


WAYS: dict[str, dict[str, Way]] = {
    "postgresql": {
        "COPY to nowhere (the limit)": copy_to_nowhere,
        "ADBC to nowhere": lambda table, target: adbc(table, target, write=False),
        "govshare": lambda table, target: govshare("postgresql", table, target),
        "ADBC to Parquet": lambda table, target: adbc(table, target, write=True),
        "connectorx to Parquet": lambda table, target: connectorx("postgresql", table, target),
        "dlt, connectorx backend": lambda table, target: dlt("postgresql", "connectorx", table, target),
        "dlt, arrow backend": lambda table, target: dlt("postgresql", "pyarrow", table, target),
        "SQLAlchemy and pandas": lambda table, target: pandas("postgresql", table, target),
    },
    "mariadb": {
        "SELECT to nowhere (the limit)": select_to_nowhere,
        "govshare": lambda table, target: govshare("mariadb", table, target),
        "connectorx to Parquet": lambda table, target: connectorx("mariadb", table, target),
        "dlt, connectorx backend": lambda table, target: dlt("mariadb", "connectorx", table, target),
        "dlt, arrow backend": lambda table, target: dlt("mariadb", "pyarrow", table, target),
        "SQLAlchemy and pandas": lambda table, target: pandas("mariadb", table, target),
    },
    "csv gb18030": {
        "decode to nowhere (the limit)": decode_to_nowhere,
        "govshare": lambda file, target: govshare("delimited", file, target),
        "pyarrow to Parquet": pyarrow_csv,
        "pandas to Parquet": pandas_csv,
    },
}


def imports_of(how: str) -> list[str]:
    """What a way imports: done before the clock starts, since a process collects many tables."""
    words = {
        "govshare": [
            "connectors.collect",
            "connectors.databases.postgresql",
            "connectors.databases.mysql",
            "connectors.files.delimited",
        ],
        "ADBC": ["adbc_driver_postgresql.dbapi", "pyarrow.parquet"],
        "COPY": ["psycopg"],
        "SELECT": ["pymysql", "sqlalchemy"],
        "connectorx": ["connectorx", "pyarrow.parquet"],
        "dlt": ["dlt", "dlt.sources.sql_database", "dlt.destinations", "pyarrow.parquet"],
        "pandas": ["pandas", "pyarrow.parquet", "sqlalchemy"],
        "pyarrow": ["pyarrow.csv", "pyarrow.parquet"],
    }
    return [module for word, modules in words.items() if word in how for module in modules]


def main(source: str, how: str, place: str, target: str) -> None:
    for module in imports_of(how):
        import_module(module)
    started = time.perf_counter()
    rows = WAYS[source][how](place, Path(target))
    seconds = time.perf_counter() - started
    used = [resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    print(json.dumps({"rows": rows, "seconds": seconds, "peak_mb": max(used) / 1024}), file=sys.__stdout__)


if __name__ == "__main__":
    main(*sys.argv[1:])
