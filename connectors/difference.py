"""Difference: which rows of a delivery are new against everything that has landed of the resource.

DuckDB in memory does the comparison over Parquet and spills into the collection's temporary folder, so that
memory stays bounded whatever the size. Rows are compared within one query, hence no hash is ever stored.
Which of the two comparisons applies is the delivery's ``mode``: see ``connectors.base.Delivery``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import duckdb
import numpy
import pyarrow as pa
import pyarrow.parquet as pq

from catalogue.names import as_engine
from connectors.base import ADDRESS_COLUMNS, OPTIONAL_COLUMNS
from connectors.manifest import Manifest, need_intact
from connectors.unlike import as_type

MEMORY_LIMIT = "256MB"
OUTPUT_ROWS = 65_536


def spool(batches: Iterator[pa.RecordBatch], schema: pa.Schema, folder: Path) -> Path:
    """Write a delivery to one working file with all address columns that a connector may give.

    ``schema``: the landed types of the source's columns.
    """
    file = folder / "delivery.parquet"
    full = pa.schema([*schema, *OPTIONAL_COLUMNS.items(), ("_row", pa.int64())])
    rows = 0
    with pq.ParquetWriter(file, full, compression="lz4") as writer:
        for batch in batches:
            columns = []
            for field in full:
                if field.name == "_row":
                    columns.append(pa.array(numpy.arange(rows, rows + batch.num_rows, dtype="int64")))
                elif field.name in batch.schema.names:
                    column = batch.column(field.name)
                    column = column.storage if isinstance(column, pa.ExtensionArray) else column
                    columns.append(as_type(column, field.type))
                elif field.name == "_op":
                    columns.append(pa.repeat(pa.scalar("upsert"), batch.num_rows))
                else:
                    columns.append(pa.nulls(batch.num_rows, field.type))
            writer.write_batch(pa.RecordBatch.from_arrays(columns, schema=full))
            rows += batch.num_rows
    return file


def spooled_rows(file: Path) -> Iterator[pa.RecordBatch]:
    """All rows of a working file, as they were given."""
    with pq.ParquetFile(file) as spooled:
        for batch in spooled.iter_batches(OUTPUT_ROWS):
            yield batch.drop_columns(["_row"])


class Difference:
    """A spooled delivery beside what has landed; yields only what must land."""

    def __init__(self, delivery: Path, past: Sequence[Manifest], key: Sequence[str]) -> None:
        self.delivery = delivery
        self.schema = pq.read_schema(delivery)
        self.columns = [name for name in self.schema.names if name not in ADDRESS_COLUMNS]
        self.key = [name for name in key if name in self.columns]
        self.connection = duckdb.connect(config={"memory_limit": MEMORY_LIMIT, "threads": 2})
        self.connection.execute(f"set temp_directory = {_text(str(delivery.parent / 'spill'))}")
        self.connection.execute(f"create view delivery as from read_parquet({_text(str(delivery))})")
        self._view_of_landed(past)

    def _view_of_landed(self, past: Sequence[Manifest]) -> None:
        """A view with the delivery's columns and types over all landed rows; unknown columns are null."""
        need_intact(past)  # or what is compared with would be what a broken disk says
        paths = ", ".join(_text(str(path)) for manifest in past for path in manifest.part_paths())
        source = f"read_parquet([{paths}], union_by_name=true)"
        described = self.connection.execute(f"select column_name, column_type from (describe from {source})").fetchall()
        landed = {as_engine(name): kind for name, kind in described}
        types = dict(
            self.connection.execute("select column_name, column_type from (describe from delivery)").fetchall()
        )
        selected = []
        for name in (*self.columns, "_op", "_problem", "_raw"):
            kind = landed.get(as_engine(name))
            if kind is None:
                selected.append(f"cast(null as {types[name]}) as {_name(name)}")
            elif kind == types[name]:
                selected.append(_name(name))
            else:
                selected.append(f"try_cast({_name(name)} as {types[name]}) as {_name(name)}")
        self.types = types
        self.connection.execute(f"create view landed as select {', '.join(selected)}, _batch, _row from {source}")

    def events(self) -> Iterator[pa.RecordBatch]:
        """Rows of the delivery beyond as many equal ones as have landed: none takes another's place, and two that say
        the same are two."""
        keys = [_name(k) for k in self.key]
        one = ", ".join([*keys, "_h", "_g"])
        matching = " and ".join(f"d.{k} is not distinct from l.{k}" for k in [*keys, "_h", "_g"])
        hashes = f"{self._hash()} as _h, {self._hash(1)} as _g"
        yield from self._batches(
            f"""
            with d as (select *, row_number() over (partition by {one} order by _row) as _n
                       from (select *, {hashes} from delivery)),
                 l as (select {one}, count(*) as _c
                       from (select {", ".join([*keys, hashes])} from landed) l
                       where (_h, _g) in (select (_h, _g) from d) group by {one})
            select {self._all("d")} from d left join l on {matching}
            where l._c is null or d._n > l._c order by d._row"""
        )

    def newer(self) -> Iterator[pa.RecordBatch]:
        """Rows that say something else of their key than the last ones that landed.

        So A, B, A lands A again, while what an overlap reads twice does not land twice. A source may repeat a key: the
        last ones are those of the newest batch that has the key (one reading has no order within), and the last that
        landed, as many as are here.
        """
        keys = self._keys("x")
        named = ", ".join(f"{expression} as {k}" for k, expression in keys)
        ks, dks = ", ".join(k for k, _ in keys), ", ".join(f"d.{k}" for k, _ in keys)
        same = " and ".join(f"l.{k} is not distinct from d.{k}" for k, _ in keys)
        hashes = f"{self._hash(0, 'x', '_op')} as _h, {self._hash(1, 'x', '_op')} as _g"
        for statement in (
            f"create temp table delivered as select {named}, {hashes} from delivery x",
            f"""create temp table theirs as
            select l.*, dense_rank() over (partition by {ks} order by _batch desc) as _back,
                   row_number() over (partition by {ks} order by _batch desc, _row desc) as _place
            from (select {named}, {hashes}, _batch, _row from landed x) l
            semi join delivered d on {same}""",
            f"""create temp table said as
            with d as (select {ks}, _h, _g, count(*) as _c from delivered group by all),
                 wanted as (select {ks}, sum(_c) as _n from d group by all),
                 newest as (select {ks}, _h, _g, count(*) as _c from theirs where _back = 1 group by all),
                 last as (select {ks}, l._h, l._g, count(*) as _c
                          from (select l.*, d._n from theirs l join wanted d on {same}) l
                          where _place <= _n group by all),
                 compared as (
                    select {dks}, d._h, d._g, coalesce(n._c, 0) >= d._c as _in_newest,
                           coalesce(l._c, 0) = d._c as _in_last
                    from d
                    left join newest n on {same.replace("l.", "n.")} and n._h = d._h and n._g = d._g
                    left join last l on {same} and l._h = d._h and l._g = d._g)
            select {ks}, _h, _g from compared
            where _in_newest or _in_last""",
        ):
            self.connection.execute(statement)
        pairs = " and ".join(f"{expression} is not distinct from c.{k}" for k, expression in self._keys("d"))
        h, g = (self._hash(salt, "d", "_op") for salt in (0, 1))
        yield from self._batches(
            f"select {self._all('d')} from delivery d anti join said c on {pairs} and {h} = c._h and {g} = c._g "
            "order by d._row"
        )

    def differs(self, only: Sequence[Manifest] | None) -> bool:
        """Whether ``changes`` would give anything; of keys that are gone count those of the batches ``only``."""
        for _ in self.changes(withdrawing=False):
            return True
        batches = "" if only is None else "and b._batch in (" + ", ".join(_text(m.batch) for m in only) + ")"
        gone = " and ".join(f"b.{k} is not distinct from a.{k}" for k in self._ks)
        query = f"select 1 from before b anti join after a on {gone} where b._n > 0 {batches} limit 1"
        return bool(self.connection.execute(query).fetchall()) if only is None or only else False

    def changes(self, withdrawing: bool = True) -> Iterator[pa.RecordBatch]:
        """Rows of a full delivery that are new or changed, then (``withdrawing``) a delete row for every key that is
        gone.

        A key is compared with all its rows in the newest batch that has it, so a key that the source repeats
        is handled like any other. Without a declared key the whole row is the key.
        """
        self._digest_keys()
        pairs = " and ".join(f"b.{k} is not distinct from a.{k}" for k in self._ks)
        keys = ", ".join(f"a.{k}" for k in self._ks)
        self.connection.execute(
            f"""create temp table changed as select {keys} from after a left join before b on {pairs}
            where b._n is null or b._n <> a._n or b._s <> a._s or b._t <> a._t"""
        )
        pairs = " and ".join(f"{expression} is not distinct from c.{k}" for k, expression in self._keys("d"))
        yield from self._batches(
            f"select {self._all('d')} from delivery d semi join changed c on {pairs} order by d._row"
        )
        if not withdrawing:
            return
        yield from self.gone()

    def gone(self) -> Iterator[pa.RecordBatch]:
        """A delete row for every key that landed and is not in the delivery; after ``changes``."""
        gone = " and ".join(f"b.{k} is not distinct from a.{k}" for k in self._ks)
        self.connection.execute(
            f"create temp table gone as select {', '.join(f'b.{k}' for k in self._ks)} , b._batch "
            f"from before b anti join after a on {gone} where b._n > 0"
        )
        yield from self._batches(self._deletes())

    def _digest_keys(self) -> None:
        """Tables ``before`` and ``after``: each key with the number of its rows and a sum of their hashes."""
        named = self._keys("x")
        self._ks = [k for k, _ in named]
        keys = ", ".join(f"{expression} as {k}" for k, expression in named)
        ks = ", ".join(self._ks)
        digest, other = (f"sum(cast({self._hash(salt, 'x')} as hugeint))" for salt in (0, 1))
        self.connection.execute(
            f"create temp table after as select {keys}, count(*) as _n, {digest} as _s, {other} as _t "
            f"from delivery x group by {ks}"
        )
        self.connection.execute(
            f"""create temp table before as
            with by_batch as (
                select {keys}, _batch, count(*) filter (_op = 'upsert') as _n,
                       coalesce({digest} filter (_op = 'upsert'), 0) as _s,
                       coalesce({other} filter (_op = 'upsert'), 0) as _t
                from landed x group by {ks}, _batch)
            select {ks}, arg_max(_n, _batch) as _n, arg_max(_s, _batch) as _s, arg_max(_t, _batch) as _t,
                   max(_batch) as _batch
            from by_batch group by {ks}"""
        )

    def _deletes(self) -> str:
        wanted = set(self.key or self.columns)
        columns = [
            f"any_value(l.{_name(name)}) as {_name(name)}"
            if name in wanted
            else f"cast(null as {self.types[name]}) as {_name(name)}"
            for name in self.columns
        ]
        pairs = " and ".join(f"{expression} is not distinct from g.{k}" for k, expression in self._keys("l"))
        return (
            f"select {', '.join(columns)}, 'delete' as _op, cast(null as varchar) as _file, "
            "cast(null as bigint) as _line, "
            "cast(null as varchar) as _problem, cast(null as varchar) as _raw "
            f"from landed l join gone g on {pairs} and l._batch = g._batch "
            f"group by {', '.join(f'g.{k}' for k in self._ks)}"
        )

    def _keys(self, alias: str) -> list[tuple[str, str]]:
        if self.key:
            return [(f"_k{i}", f"{alias}.{_name(name)}") for i, name in enumerate(self.key)]
        return [("_k0", self._hash(alias=alias)), ("_k1", self._hash(1, alias=alias))]

    def _hash(self, salt: int = 0, alias: str | None = None, *more: str) -> str:
        prefix = f"{alias}." if alias else ""
        columns = [prefix + _name(name) for name in (*self.columns, "_problem", "_raw", *more)]
        return f"hash({salt}, {', '.join(columns)})"

    def _all(self, alias: str) -> str:
        return ", ".join(f"{alias}.{_name(name)}" for name in self.schema.names if name != "_row")

    def _batches(self, query: str) -> Iterator[pa.RecordBatch]:
        yield from self.connection.sql(query).to_arrow_reader(OUTPUT_ROWS)

    def close(self) -> None:
        self.connection.close()


def _name(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
