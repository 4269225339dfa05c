"""How sure an entity's values are, asked in the analysts' database."""

from __future__ import annotations

import duckdb

from publishing.confidence import create_confidence_macros

MANIFESTS = [
    {
        "table": "person",
        "primary_key": ["id"],
        "schema": [{"name": name} for name in ("id", "name", "born", "_provenance")],
    },
    {"table": "conflicts", "primary_key": ["table_name", "entity_id", "attribute"], "schema": []},
    {"table": "confidence", "primary_key": ["table_name", "attribute", "resource", "contested"], "schema": []},
]


def test_an_entitys_values_come_with_their_source_and_level() -> None:
    with duckdb.connect() as connection:
        connection.execute("""
            create table person as select 'A' as id, '甲' as name, date '1990-01-01' as born, cast(null as varchar) as phone, {
                'id': {'resource': 'police.card'}, 'name': {'resource': 'police.card'}, 'born': {'resource': 'school.pupil'},
                'phone': cast(null as struct(resource varchar))
            } as _provenance
            union all
            select 'B', '乙', null, null, {'id': {'resource': 'police.card'}, 'name': {'resource': 'police.card'}, 'born': null, 'phone': null}
        """)
        connection.execute(
            "create table conflicts as select 'person' as table_name, 'A' as entity_id, 'name' as attribute"
        )
        connection.execute("""
            create table confidence as from (values
                ('person', 'id', 'police.card', false, 'high'), ('person', 'name', 'police.card', false, 'high'),
                ('person', 'name', 'police.card', true, 'medium'), ('person', 'born', 'school.pupil', false, 'medium'),
                ('firm', 'name', 'police.card', false, 'low')
            ) as levels (table_name, attribute, resource, contested, level)
        """)
        assert create_confidence_macros(connection, MANIFESTS) == ["person_confidence"]
        assert connection.sql("from person_confidence('A') order by attribute").fetchall() == [
            ("born", "1990-01-01", "school.pupil", False, "medium"), ("id", "A", "police.card", False, "high"),
            ("name", "甲", "police.card", True, "medium"),
        ]  # fmt: skip
        assert len(connection.sql("from person_confidence('B')").fetchall()) == 2
        assert connection.sql("from person_confidence('C')").fetchall() == []


def test_without_the_tables_there_is_no_macro() -> None:
    with duckdb.connect() as connection:
        assert create_confidence_macros(connection, MANIFESTS[:2]) == []
