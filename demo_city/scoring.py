"""How right the published tables are: each record's entity and each told value against the truth, in SQL.

The published tables are read as the departments would read them. A person or a legal entity is compared as
an entity: by its number where the published row has one, else by the records that were put together under
its internal id.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from demo_city.repairs import COMPARED, spoiled_values
from demo_city.standard import KEYS

INTERNAL_KEYS = {"population": "person_id", "legal_entity": "entity_id"}
PEOPLE, ENTITIES, CERTIFICATES = "population", "legal_entity", "certificate"


class NothingToScore(Exception):
    """The truth or a published table is not there; the text says what to do."""


@dataclass
class Scoring:
    """One city's truth against one installation's published tables.

    ``published``: table name to its folder.
    """

    truth: Path
    published: Mapping[str, Path]

    def __post_init__(self) -> None:
        self.session = duckdb.connect()
        self._view("truth_records", self.truth / "records")
        self._cells()
        for table in KEYS:
            self._view(f"true_{table}", self.truth / f"{table}.parquet")
            self._view(f"published_{table}", self.published[table])
        self._view("disposition", self.published["disposition"])
        self._judge()

    def _view(self, name: str, path: Path) -> None:
        files = [path] if path.suffix == ".parquet" else sorted(path.glob("*.parquet"))
        if not files or not files[0].exists():
            raise NothingToScore(f"there is nothing under {path}: run `govshare demo` and `govshare run` first")
        listed = ", ".join("'" + str(file).replace("'", "''") + "'" for file in files)
        self.session.execute(f"create view {name} as select * from read_parquet([{listed}])")

    def _cells(self) -> None:
        """At level ``none`` no value is spoiled and there are no files."""
        if (self.truth / "cells").is_dir():
            self._view("cells", self.truth / "cells")
        else:
            none = "select *, null as attribute, null as said from truth_records where false"
            self.session.execute(f"create view cells as {none}")

    def columns(self, view: str) -> list[str]:
        return [row[0] for row in self.session.execute(f"describe {view}").fetchall()]

    def rows(self, statement: str) -> list[dict[str, Any]]:
        done = self.session.execute(statement)
        names = [column[0] for column in done.description]
        return [dict(zip(names, row, strict=True)) for row in done.fetchall()]

    def _judge(self) -> None:
        """``judged``: each true record and role with the entity it was put to, and whether that is right."""
        self.session.execute("""
            create table claims as
            select resource, record_key, claim.role, min(claim.entity_id) as entity_id,
                min((batch, "row")) as place
            from (
                select resource, record_key, batch, "row", unnest(claims) as claim
                from disposition
                where outcome in ('merged', 'set_aside') and record_key is not null
            )
            group by all
        """)
        for table in KEYS:
            self._judge_table(table)
        union = " union all by name ".join(f"select * from judged_{table}" for table in KEYS)
        self.session.execute(f"create view judged as {union}")

    def _judge_table(self, table: str) -> None:
        key = KEYS[table]
        internal = INTERNAL_KEYS.get(table)
        entity_key = internal if internal in self.columns(f"published_{table}") else key
        self.session.execute(f"""
            create table judged_{table} as
            with known as (
                select {entity_key} as entity_id, {key} as number, true as published from published_{table}
            ),
            placed as (
                select truth.*, claims.entity_id, known.number as said,
                    known.published is not null as published
                from truth_records as truth
                left join claims on truth.resource = claims.resource and truth.record_key = claims.record_key
                    and truth.role = claims.role
                left join known on claims.entity_id = known.entity_id
                where truth.table_name = '{table}'
            ),
            -- entities without a number: known only by which records they hold
            nameless as (
                select entity_id, count(distinct entity) as entities from placed
                where published and said is null group by entity_id
            ),
            unnumbered as (
                select
                    entity,
                    count(distinct entity_id) as entity_ids,
                    count(*) filter (entity_id is null) as loose
                from placed group by entity having count(*) filter (number = 'usable') = 0
            )
            select
                placed.*,
                unnumbered.entity is null as has_number,
                coalesce(
                    placed.said = placed.entity
                    or (nameless.entities = 1 and unnumbered.entity_ids = 1 and unnumbered.loose = 0), false
                ) as is_right
            from placed
            left join nameless on placed.entity_id = nameless.entity_id
            left join unnumbered on placed.entity = unnumbered.entity
        """)

    def records(self, table: str, number: str) -> dict[str, int]:
        return self.rows(f"""
            select count(*) as records, count(entity_id) as linked, count(*) filter (is_right) as "right"
            from judged_{table} where number = '{number}'
        """)[0]

    def old_numbers(self) -> dict[str, int]:
        """Records under an older number. ``mappable``: another record ties that number to the credit code."""
        return self.rows("""
            select
                count(*) as records,
                count(*) filter (
                    case when defect = 'old_registration_number' then told_registration_number
                    else told_credit_code end = 2
                ) as mappable,
                count(entity_id) as linked,
                count(*) filter (is_right) as "right"
            from judged_legal_entity as judged
            inner join true_legal_entity as truth on judged.entity = truth.credit_code
            where number = 'mapped'
        """)[0]

    def entities(self, table: str) -> dict[str, int]:
        """Entities with a usable number in a current record: found in the published table, lost, split over
        several.

        ``false``: published under a number that nobody has.
        """
        key = KEYS[table]
        return self.rows(f"""
            with expected as (
                select entity, count(distinct entity_id) as entity_ids
                from judged_{table} where number = 'usable' group by entity
            )
            select
                count(*) as "true",
                count(published.{key}) as found,
                count(*) filter (published.{key} is null) as lost,
                count(*) filter (entity_ids > 1) as split,
                (
                    select count(*) from published_{table} as stated
                    anti join true_{table} as known using ({key}) where stated.{key} is not null
                ) as "false"
            from expected left join published_{table} as published on expected.entity = published.{key}
        """)[0]

    def attributes(self, table: str) -> dict[str, dict[str, int]]:
        """For each attribute: values that are true and told, how many of them are right, how many are
        missing.

        ``invented``: published where there is nothing in truth. ``with_number``: told by a record with a
        number.
        """
        key, published = KEYS[table], self.columns(f"published_{table}")
        internal = INTERNAL_KEYS.get(table)
        entity_key = internal if internal in published else key
        names = [name for name in self.columns(f"true_{table}") if not name.startswith("told_")]
        measures = ", ".join(self._measure(name, name in published) for name in names)
        row = self.session.execute(f"""
            with identity as (
                select distinct entity, entity_id from judged_{table} where is_right and said is null
                union all
                select {key}, {entity_key} from published_{table} where {key} is not null
            )
            select {measures}
            from true_{table} as truth
            left join identity on truth.{key} = identity.entity
            left join published_{table} as published on identity.entity_id = published.{entity_key}
        """).fetchone()
        assert row is not None
        return {name: dict(values) for name, values in zip(names, row, strict=True)}

    def _measure(self, name: str, is_published: bool) -> str:
        form = COMPARED.get(name, "{}")
        right = form.format(f"truth.{name}")
        said = form.format(f"published.{name}") if is_published else "null"
        value = f"truth.{name} is not null and truth.told_{name} > 0"
        there = f"published.{name} is not null" if is_published else "false"
        return f"""struct_pack(
            "values" := count(*) filter ({value}),
            "right" := count(*) filter ({value} and {right} = {said}),
            missing := count(*) filter ({value} and not ({there})),
            with_number := count(*) filter (truth.{name} is not null and truth.told_{name} = 2),
            invented := count(*) filter (truth.{name} is null and {there})
        )"""

    def by_defect(self) -> list[dict[str, Any]]:
        """Records by what was wrong with their number."""
        return self.rows("""
            select table_name, coalesce(defect, 'none') as defect, count(*) as records,
                count(entity_id) as linked, count(*) filter (is_right) as "right"
            from judged where table_name <> 'certificate' and number <> 'unreadable'
            group by all order by all
        """)

    def by_resource(self) -> list[dict[str, Any]]:
        return self.rows("""
            select resource, role, number, count(*) as records, count(entity_id) as linked,
                count(*) filter (is_right) as "right", count(*) filter (has_number) as has_number
            from judged group by all order by all
        """)

    def document(self) -> dict[str, Any]:
        """All measures as one document."""
        people, entities, certificates = (self.attributes(table) for table in KEYS)
        return {
            "people": {
                "usable_number": _without(self.records(PEOPLE, "usable"), "linked"),
                "without_number": self.records(PEOPLE, "none"),
                "entities": self.entities(PEOPLE),
                "attributes": total(people),
                "by_attribute": people,
            },
            "attributes": total(people),
            "legal_entities": {
                "usable_code": _without(self.records(ENTITIES, "usable"), "linked"),
                "old_number": self.old_numbers(),
                "without_code": self.records(ENTITIES, "none"),
                "entities": self.entities(ENTITIES),
                "attributes": total(entities),
                "by_attribute": entities,
            },
            "certificates": {
                **_without(self.records(CERTIFICATES, "usable"), "linked"),
                "attributes": total(certificates),
                "by_attribute": certificates,
            },
            "by_defect": self.by_defect(),
            "spoiled_values": spoiled_values(self),
            "by_resource": self.by_resource(),
        }


def total(attributes: Mapping[str, Mapping[str, int]]) -> dict[str, int]:
    return {measure: sum(values[measure] for values in attributes.values()) for measure in ("values", "right")}


def _without(row: dict[str, int], name: str) -> dict[str, int]:
    return {key: value for key, value in row.items() if key != name}


def share(measured: dict[str, int]) -> str:
    """Per cent with three decimals, rounded down: 100 means all."""
    if not measured["values"]:
        return "–"
    return f"{int(measured['right'] * 100_000 / measured['values']) / 1000:.3f}"
