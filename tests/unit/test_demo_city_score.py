"""The score on published tables made by hand from the truth: perfect, then with one thing wrong at a time."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest
from typer.testing import CliRunner

from demo_city import city
from demo_city.scoring import Scoring, share
from demo_city.standard import KEYS
from orchestration.cli import app, output

NAMES = (*KEYS, "disposition")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("score") / "city"
    city.make(city.Order(3000, 2, "heavy"), folder)
    return folder


class Published:
    """An installation whose tables hold the truth, as far as any record with a number tells it."""

    def __init__(self, made: Path, data: Path) -> None:
        self.city, self.data = made, data
        self.session = duckdb.connect()
        truth = f"read_parquet('{made}/truth/records/*.parquet')"
        self.session.execute(f"create table records as select * from {truth} where number <> 'unreadable'")
        for table, key in KEYS.items():
            self.session.execute(f"""
                create table {table} as
                select columns(lambda c: not starts_with(c, 'told_'))
                from read_parquet('{made}/truth/{table}.parquet')
                where {key} in (select entity from records where table_name = '{table}' and number = 'usable')
            """)
        self.session.execute("""
            create table claims as
            select resource, record_key, role, table_name,
                case when number = 'usable' then entity end as entity_id
            from records
        """)

    def change(self, statement: str) -> None:
        self.session.execute(statement)

    def one(self, statement: str) -> Any:
        return self.session.execute(statement).fetchall()[0][0]

    def write(self) -> None:
        self.session.execute("""
            create or replace table disposition as
            select resource, '000001' as batch, row_number() over () as "row", record_key,
                'merged' as outcome, null::varchar[] as reasons,
                list(struct_pack(
                    role := role, table_name := table_name, entity_id := entity_id, reason := null
                )) as claims
            from claims group by resource, record_key
            union all
            select 'civil_affairs.death', '000001', 0, 'older', 'superseded', null, []
        """)
        for name in NAMES:
            folder = self.data / "published" / name / "current"
            folder.mkdir(parents=True, exist_ok=True)
            self.session.execute(f"copy {name} to '{folder}/part-0.parquet' (format parquet)")

    def document(self) -> dict[str, Any]:
        self.write()
        published = {name: self.data / "published" / name / "current" for name in NAMES}
        return Scoring(self.city / "truth", published).document()


@pytest.fixture
def published(made: Path, tmp_path: Path) -> Published:
    return Published(made, tmp_path)


def run(published: Published, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> tuple[int, str, str]:
    """Exit code, standard output, and what was said as an error: consoles keep their first stream."""
    monkeypatch.setenv("GOVSHARE_DATA", str(published.data))
    with output.people.capture(), output.errors.capture() as said:
        result = CliRunner().invoke(app, ["score", "--city", str(published.city), *arguments])
    return result.exit_code, result.stdout, said.get()


def test_perfect(published: Published, monkeypatch: pytest.MonkeyPatch) -> None:
    published.write()
    code, shown, said = run(published, monkeypatch, "--json")
    assert code == 0, said
    document = json.loads(shown)
    for part in (
        document["people"]["usable_number"],
        document["legal_entities"]["usable_code"],
        document["certificates"],
    ):
        assert part["records"] == part["right"] > 0
    assert document["people"]["without_number"]["linked"] == 0 < document["people"]["without_number"]["records"]
    for part in (document["people"]["entities"], document["legal_entities"]["entities"]):
        assert part["true"] == part["found"] > 0
        assert part["lost"] == part["split"] == part["false"] == 0
    for name, measured in document["people"]["by_attribute"].items():
        assert measured["values"] - measured["right"] == measured["missing"], name
        assert measured["right"] == 0 or measured["invented"] == 0, name
    assert document["attributes"] == document["people"]["attributes"]
    assert run(published, monkeypatch)[0] == 0


def test_a_lost_person(published: Published, monkeypatch: pytest.MonkeyPatch) -> None:
    number = published.one("select min(id_number) from population")
    published.change(f"delete from population where id_number = '{number}'")
    document = published.document()
    records = published.one(f"select count(*) from records where entity = '{number}' and number = 'usable'")
    usable = document["people"]["usable_number"]
    assert document["people"]["entities"]["lost"] == 1
    assert usable["records"] - usable["right"] == records
    code, _, said = run(published, monkeypatch)
    assert code == 1 and "1 persons lost" in said


def test_a_split_person(published: Published, monkeypatch: pytest.MonkeyPatch) -> None:
    number = published.one("""
        select entity from records where table_name = 'population' and number = 'usable'
        group by 1 having count(*) > 1 order by 1 limit 1
    """)
    other = published.one(f"select min(id_number) from population where id_number <> '{number}'")
    published.change(f"""
        update claims set entity_id = '{other}'
        where rowid = (
            select min(rowid) from claims where entity_id = '{number}' and table_name = 'population'
        )
    """)
    entities = published.document()["people"]["entities"]
    assert (entities["split"], entities["lost"]) == (1, 0)
    assert run(published, monkeypatch)[0] == 1


def test_a_person_that_nobody_is(published: Published) -> None:
    published.change("insert into population (id_number) values ('110101190001010000')")
    assert published.document()["people"]["entities"]["false"] == 1


def test_a_wrong_value_and_one_too_many(published: Published) -> None:
    before = published.document()["people"]["by_attribute"]
    published.change("""
        update population set name = name || 'x' where id_number = (select min(id_number) from population);
        update population set move_out_date = date '2020-01-01'
        where id_number = (select min(id_number) from population where move_out_date is null);
        update population set marital_status = '21' where marital_status = '20'
    """)
    after = published.document()["people"]["by_attribute"]
    assert after["name"]["right"] == before["name"]["right"] - 1
    assert after["move_out_date"]["invented"] == 1
    assert after["marital_status"] == before["marital_status"], "21 is a kind of 20"


def test_linked_without_number(published: Published) -> None:
    """Right is a record that stands with its person; with somebody else it is linked and not right."""
    condition = "r.table_name = 'population' and number = 'none' and entity in (select id_number from population)"
    joined = "claims.resource = r.resource and claims.record_key = r.record_key and claims.role = r.role"
    published.change(f"update claims set entity_id = r.entity from records as r where {joined} and {condition}")
    linkable = published.one(f"select count(*) from records as r where {condition}")
    measured = published.document()["people"]["without_number"]
    assert measured["linked"] == measured["right"] == linkable > 0
    published.change("""
        update claims set entity_id = (select max(id_number) from population)
        where rowid = (
            select min(claims.rowid) from claims join records as r using (resource, record_key, role)
            where r.number = 'none' and r.table_name = 'population' and claims.entity_id is not null
        )
    """)
    changed = published.document()["people"]["without_number"]
    assert (changed["linked"], changed["right"]) == (linkable, linkable - 1)


def test_entities_with_internal_ids(published: Published) -> None:
    """Without any number, right is one internal id that holds all records of a person and nobody else's."""
    published.change("""
        create or replace table population as select 'P' || id_number as person_id, * from population;
        update claims set entity_id = 'P' || entity_id where table_name = 'population';
        create table nameless as
        select entity, count(*) as records from records where table_name = 'population'
        group by entity having count(*) filter (number = 'usable') = 0;
        insert into population (person_id) select 'Q' || entity from nameless;
        update claims set entity_id = 'Q' || r.entity from records as r
        where claims.resource = r.resource and claims.record_key = r.record_key and claims.role = r.role
            and r.entity in (select entity from nameless);
    """)
    records = published.one("select sum(records) from nameless")
    document = published.document()["people"]
    assert document["without_number"]["right"] == records > 0
    assert document["usable_number"]["right"] == document["usable_number"]["records"]
    assert document["entities"]["lost"] == document["entities"]["split"] == document["entities"]["false"] == 0
    # two persons under one internal id: the records of both are wrong
    published.change("""
        update claims set entity_id = (select 'Q' || max(entity) from nameless)
        where entity_id = (select 'Q' || min(entity) from nameless)
    """)
    both = published.one("""
        select sum(records) from nameless
        where entity in ((select min(entity) from nameless), (select max(entity) from nameless))
    """)
    assert published.document()["people"]["without_number"]["right"] == records - both


def test_old_numbers_of_legal_entities(published: Published) -> None:
    joined = "claims.resource = r.resource and claims.record_key = r.record_key and claims.role = r.role"
    published.change(f"update claims set entity_id = r.entity from records as r where {joined} and r.number = 'mapped'")
    old = published.document()["legal_entities"]["old_number"]
    assert old["linked"] == old["records"] > 0
    assert old["right"] == published.one("""
        select count(*) from records
        where number = 'mapped' and entity in (select credit_code from legal_entity)
    """)


def test_spoiled_values(published: Published) -> None:
    """A spoiled value counts where the published row says that it came from there."""
    cell = "c.resource = 'public_security.household_registration' and attribute = 'former_name'"
    published.change(f"""
        create table cells as select * from read_parquet('{published.city}/truth/cells/*.parquet');
        alter table population add column _provenance
            map(varchar, struct(resource varchar, batch varchar, "row" bigint))
    """)
    assert all(row["published"] == 0 for row in published.document()["spoiled_values"])
    published.change(f"""
        update population set _provenance = map {{'former_name': (d.resource, d.batch, d."row")}}
        from disposition as d, cells as c, records as r
        where c.resource = d.resource and c.record_key = d.record_key and {cell}
            and r.resource = c.resource and r.record_key = c.record_key and r.entity = id_number
            and r.number = 'usable'
    """)
    measured = [row for row in published.document()["spoiled_values"] if row["published"]]
    assert measured and all(row["right"] == row["published"] <= row["values"] for row in measured)


def test_nothing_there(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    published = Published(made, tmp_path)
    code, _, said = run(published, monkeypatch)
    assert code == 2 and "govshare run" in said.replace("\n", " ")


def test_share_is_rounded_down() -> None:
    assert share({"values": 100_000, "right": 99_999}) == "99.999"
    assert share({"values": 1_000_000, "right": 999_999}) == "99.999"
    assert share({"values": 3, "right": 3}) == "100.000"
    assert share({"values": 0, "right": 0}) == "–"
