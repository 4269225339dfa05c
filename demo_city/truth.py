"""The ground truth beside a city: who each record speaks of, what is true of everybody, and what anybody
told.

``records/<resource>.parquet`` one row a record and role: the true entity; ``number`` is ``usable`` (the
entity's own number is there and cleaning by the standard makes it right), ``mapped`` (an older number is
there that leads to it), ``none``, or ``unreadable`` (the line is broken). ``defect``: what was done to the
number.

``cells/<resource>.parquet`` one row for each spoiled value that tells something: the ``defect``, and what the
value was meant to say (``said``, in standard form).

``population``, ``legal_entity``, ``certificate`` (Parquet): the true values of all base attributes;
``told_<name>`` is 2 where a current record that carries a number tells the true value in a form that
cleaning can restore, 1 where only a record without one does, else 0.

Only ``govshare score`` and tests read this; no part of the pipeline does.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from demo_city.delivery import Delivery, Role
from demo_city.standard import CERTIFICATE, DATES, KEYS, Columns, Standard
from demo_city.text import nulls, pick, present, take

USABLE, MAPPED, NONE, UNREADABLE = "usable", "mapped", "none", "unreadable"
TOLD_WITHOUT_NUMBER, TOLD = 1, 2
MONEY = pa.decimal128(22, 2)
RECORDS = pa.schema(
    [(name, pa.string()) for name in ("resource", "record_key", "role", "table_name", "entity", "number", "defect")]
)
BY_NUMBER = {"sex", "birth_date", "entity_kind", "organisation_code"}  # what a number says beside itself
CELLS = pa.schema([
    (name, pa.string())
    for name in ("resource", "record_key", "role", "table_name", "attribute", "defect", "said")
])  # fmt: skip
WRITING = {"compression": "zstd", "compression_level": 1}


class Truth:
    """Notes deliveries one by one; ``close`` writes what is true of all."""

    def __init__(self, standard: Standard, folder: Path) -> None:
        self.folder = folder
        self.truth: dict[str, Columns] = {"population": standard.people, "legal_entity": standard.entities}
        self.told = {
            table: {name: np.zeros(len(columns[KEYS[table]]), np.uint8) for name in columns.names}
            for table, columns in self.truth.items()
        }
        folder.mkdir(parents=True)
        self._files: dict[Path, pq.ParquetWriter] = {}
        self._certificates: pq.ParquetWriter | None = None

    def note(self, delivery: Delivery, replaced: np.ndarray | None = None) -> None:
        """``replaced``: rows whose records a later delivery brings again, or takes away."""
        stays = delivery.current & ~delivery.copy
        if replaced is not None:
            stays &= ~replaced
        told = {name: np.zeros(delivery.rows, np.uint8) for name in CERTIFICATE}
        for role in delivery.roles.values():
            self._note_records(delivery, role, stays)
            self._note_tells(delivery, role, stays & delivery.legible, told)
        self._note_cells(delivery, stays & delivery.legible)
        if delivery.certificates:
            self._note_certificates(delivery, stays, told)

    def _note_records(self, delivery: Delivery, role: Role, stays: np.ndarray) -> None:
        rows = np.flatnonzero(stays & (role.entity >= 0))
        state = np.select([delivery.ragged, delivery.usable_number(role), delivery.old_number(role)], [3, 0, 1], 2)
        if role.table == "certificate":
            entity = take(delivery.certificates["certificate_id"], role.entity[rows])
        else:
            entity = take(self.truth[role.table][KEYS[role.table]], role.entity[rows])
        key = take(delivery.items[delivery.key].values, rows)
        states = pa.array([USABLE, MAPPED, NONE, UNREADABLE]).take(pa.array(state[rows]))
        defect = nulls(len(rows))
        if role.number:
            defect = pick(delivery.defects, delivery.items[role.number].struck[rows])
        fixed = [pa.repeat(pa.scalar(text), len(rows)) for text in (delivery.resource, role.name, role.table)]
        batch = pa.record_batch([fixed[0], key, fixed[1], fixed[2], entity, states, defect], schema=RECORDS)
        self._append("records", delivery.resource, batch)

    def _append(self, kind: str, resource: str, batch: pa.RecordBatch) -> None:
        path = self.folder / kind / f"{resource}.parquet"
        if path not in self._files:
            path.parent.mkdir(exist_ok=True)
            self._files[path] = pq.ParquetWriter(path, batch.schema, **WRITING)
        self._files[path].write_batch(batch)

    def _note_cells(self, delivery: Delivery, legible: np.ndarray) -> None:
        """Values that were changed on their way and would have told something."""
        keys = delivery.items[delivery.key].values
        for item in delivery.items.values():
            struck = np.flatnonzero(legible & (item.struck >= 0))
            for tell in item.tells if len(struck) else ():
                if tell.attribute in BY_NUMBER and {"id_number", "credit_code"} & set(item.kind.split()):
                    continue  # the row's own column says it too, and that one is not spoiled
                rows = struck[present(tell.value)[struck]]
                defects = pick(delivery.defects, item.struck[rows])
                fixed = (delivery.resource, tell.role, delivery.roles[tell.role].table, tell.attribute)
                texts = [pa.repeat(pa.scalar(text), len(rows)) for text in fixed]
                columns = [texts[0], take(keys, rows), *texts[1:], defects, take(tell.value, rows)]
                self._append("cells", delivery.resource, pa.record_batch(columns, schema=CELLS))

    def _note_tells(
        self, delivery: Delivery, role: Role, legible: np.ndarray, certificates: dict[str, np.ndarray]
    ) -> None:
        """Which true values the rows tell of the role's entities."""
        identified = delivery.usable_number(role) | delivery.old_number(role)
        for item in delivery.items.values():
            for tell in item.tells:
                if tell.role != role.name:
                    continue
                ok = legible & (role.entity >= 0) & ~item.spoiled & present(item.values)
                if role.table == "certificate":
                    if tell.attribute in delivery.certificates:
                        right = _equal(tell.value, take(delivery.certificates[tell.attribute], role.entity))
                        certificates[tell.attribute][role.entity[ok & right]] = TOLD
                    continue
                right = ok & _equal(tell.value, take(self.truth[role.table][tell.attribute], role.entity))
                told = self.told[role.table][tell.attribute]
                told[role.entity[right & identified]] = TOLD
                weak = role.entity[right & ~identified]
                told[weak] = np.maximum(told[weak], TOLD_WITHOUT_NUMBER)

    def _note_certificates(self, delivery: Delivery, stays: np.ndarray, told: dict[str, np.ndarray]) -> None:
        """One certificate a record; its position is that of the row of the clean delivery."""
        at = delivery.roles["certificate"].entity[stays]
        known = delivery.certificates
        columns = {n: take(known[n], at) if n in known else nulls(len(at)) for n in CERTIFICATE}
        table = _table(columns, {name: told[name][at] for name in CERTIFICATE})
        if self._certificates is None:
            path = self.folder / "certificate.parquet"
            self._certificates = pq.ParquetWriter(path, table.schema, **WRITING)
        self._certificates.write_table(table)

    def close(self) -> None:
        for writer in self._files.values():
            writer.close()
        if self._certificates is not None:
            self._certificates.close()
        for table, columns in self.truth.items():
            known = {name: columns[name] for name in columns.names}
            pq.write_table(_table(known, self.told[table]), self.folder / f"{table}.parquet", **WRITING)


def _equal(one: pa.Array, other: pa.Array) -> np.ndarray:
    return np.asarray(pc.fill_null(pc.equal(one, other), False))


def _table(columns: dict[str, pa.Array], told: dict[str, np.ndarray]) -> pa.Table:
    typed = {}
    for name, values in columns.items():
        kind = pa.date32() if name in DATES else MONEY if name == "capital_amount" else pa.string()
        typed[name] = values if kind == pa.string() else pc.cast(values, kind)
    return pa.table(typed | {f"told_{name}": pa.array(told[name]) for name in columns})
