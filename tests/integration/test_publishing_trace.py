"""Account and trace: every row has its place, and every published value its row."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from catalogue.checksums import sha256_of
from catalogue.installation import Installation
from catalogue.model import BaseTable, Column
from publishing.account import account
from publishing.candidate import write_candidate
from publishing.release import publish
from publishing.released import ReleaseError
from publishing.trace import trace

ID = "11010519491231002X"
POPULATION = BaseTable(
    name="population",
    layer="base",
    primary_key=("id_number",),
    columns=(Column(name="id_number", description="公民身份号码"), Column(name="name", description="姓名")),
)
PROVENANCE = 'map(varchar, struct(resource varchar, batch varchar, "row" bigint))'
CLAIMS = 'struct(resource varchar, batch varchar, "row" bigint, value varchar)[]'


class Passed:
    passed = True
    blocked_by: tuple[object, ...] = ()

    def as_dict(self) -> dict[str, object]:
        return {"verdict": "passed", "checks": []}


class City:
    """An installation whose releases are made from SQL."""

    def __init__(self, folder: Path) -> None:
        self.installation = Installation(folder / "data", folder / "city", folder / "content")

    def release(self, table: BaseTable, sql: str) -> None:
        with duckdb.connect() as warehouse:
            warehouse.execute(f"create table {table.name} as {sql}")
            publish(self.installation, write_candidate(self.installation, table, warehouse), Passed(), {})

    def land(self, resource: str, batch: str, rows: list[dict[str, object]]) -> None:
        part = self.installation.landing_of(resource) / batch / "part-00000.parquet"
        part.parent.mkdir(parents=True)
        pq.write_table(pa.Table.from_pylist(rows), part)
        entry = {"name": part.name, "bytes": part.stat().st_size, "sha256": sha256_of(part)}
        part.with_name("manifest.json").write_text(json.dumps({"parts": [entry]}))


@pytest.fixture
def city(tmp_path: Path) -> City:
    city = City(tmp_path)
    city.land(
        "police.card", "000002",
        [{"号码": ID, "姓名": name, "_batch": "000002", "_row": row, "_file": "卡.csv", "_line": row + 1}
         for row, name in ((1, "别人"), (2, "王小明 "))],
    )  # fmt: skip
    city.land("school.pupil", "000001", [{"xm": "王晓明", "sfzh": None, "_batch": "000001", "_row": 7}])
    city.release(
        POPULATION,
        f"""select '{ID}' as id_number, '王小明' as name, cast(null as varchar) as sex, map {{
            'id_number': {{resource: 'police.card', batch: '000002', "row": cast(2 as bigint)}},
            'name': {{resource: 'police.card', batch: '000002', "row": cast(2 as bigint)}}
        }}::{PROVENANCE} as _provenance""",
    )
    city.release(
        BaseTable(name="conflicts", layer="governance", primary_key=("entity_id", "attribute")),
        f"""select 'population' as table_name, '{ID}' as entity_id, 'name' as attribute, [
            {{resource: 'police.card', batch: '000002', "row": 2, value: '王小明'}},
            {{resource: 'school.pupil', batch: '000001', "row": 7, value: '王晓明'}}
        ]::{CLAIMS} as claims""",
    )
    city.release(
        BaseTable(
            name="confidence", layer="governance", primary_key=("table_name", "attribute", "resource", "contested")
        ),
        """select * from (values
            ('population', 'name', 'police.card', false, 'high'), ('population', 'name', 'police.card', true, 'medium'),
            ('population', 'id_number', 'police.card', false, 'high')
        ) as levels (table_name, attribute, resource, contested, level)""",
    )
    return city


def test_a_value_leads_to_department_resource_batch_row_file_and_line(city: City) -> None:
    found = trace(city.installation, "population", ID, "name")
    assert (found["table"], found["release"]) == ("population", "000001")
    [name] = found["attributes"]
    assert (name["value"], name["description"]) == ("王小明", "姓名")
    assert (name["department"], name["resource"], name["batch"], name["row"]) == (
        "police", "police.card", "000002", 2,
    )  # fmt: skip
    assert (name["file"], name["line"]) == ("卡.csv", 3)


def test_what_the_others_said_is_listed_without_the_one_that_was_kept(city: City) -> None:
    [name] = trace(city.installation, "population", ID, "name")["attributes"]
    assert [(o["resource"], o["row"], o["value"], o["file"]) for o in name["others"]] == [
        ("school.pupil", 7, "王晓明", None)
    ]


def test_how_sure_a_value_is_depends_on_who_says_otherwise(city: City) -> None:
    levels = {a["attribute"]: a.get("confidence") for a in trace(city.installation, "population", ID)["attributes"]}
    assert levels == {"id_number": "high", "name": "medium", "sex": None}


def test_the_landed_rows_are_shown_as_their_departments_sent_them(city: City) -> None:
    sources = trace(city.installation, "population", ID)["sources"]
    assert [(s["resource"], s["record"]) for s in sources] == [
        ("police.card", {"号码": ID, "姓名": "王小明 "}), ("school.pupil", {"xm": "王晓明"}),
    ]  # fmt: skip


def test_all_attributes_come_when_none_is_named_and_one_that_nobody_supplied_has_no_source(
    city: City,
) -> None:
    attributes = {a["attribute"]: a for a in trace(city.installation, "population", ID)["attributes"]}
    assert list(attributes) == ["id_number", "name", "sex"]
    assert attributes["sex"] == {"attribute": "sex", "description": "", "value": None, "others": []}


def test_a_key_may_be_typed_in_small_letters_with_spaces(city: City) -> None:
    assert trace(city.installation, "population", f" {ID.lower()} ")["attributes"][0]["value"] == ID


@pytest.mark.parametrize(
    ("table", "key", "attribute", "message"),
    [
        ("population", "110105194912310021", None, "no entity with this key"),
        ("population", ID, "shoe_size", "no attribute shoe_size"),
        ("conflicts", ID, None, "only base tables"),
        ("marriage", ID, None, "no release"),
    ],
)
def test_what_cannot_be_traced_is_an_error_with_a_remedy_and_no_value(
    city: City, table: str, key: str, attribute: str | None, message: str
) -> None:
    with pytest.raises(ReleaseError, match=message) as error:
        trace(city.installation, table, key, attribute)
    assert error.value.remedy and key not in str(error.value)


def test_a_batch_that_is_no_longer_there_leaves_the_address(city: City) -> None:
    for part in (city.installation.landing / "police").rglob("*.parquet"):
        part.unlink()
    [name] = trace(city.installation, "population", ID, "name")["attributes"]
    assert (name["batch"], name["row"], name["file"]) == ("000002", 2, None)


def test_of_a_damaged_batch_nothing_is_shown_but_that_it_is_damaged(city: City) -> None:
    [part] = (city.installation.landing / "police").rglob("*.parquet")
    content = bytearray(part.read_bytes())
    content[40] ^= 1
    part.write_bytes(content)
    card, pupil = trace(city.installation, "population", ID)["sources"]
    assert (card["record"], card["damaged"]) == ({}, "part-00000.parquet has other bytes than were written")
    assert pupil["record"] and pupil["damaged"] is None


def test_a_batch_that_was_withdrawn_since_is_still_shown(city: City) -> None:
    batch = city.installation.landing_of("police.card") / "000002"
    (batch.parent / ".withdrawn").mkdir()
    batch.rename(batch.parent / ".withdrawn" / batch.name)
    [card, _] = trace(city.installation, "population", ID)["sources"]
    assert card["record"]["姓名"] == "王小明 " and card["damaged"] is None


ACCOUNT = BaseTable(name="account", layer="governance", primary_key=("resource",))
ROW = (
    "select '{0}' as resource, {1} + 2 as delivered, 2 as left_out, map {{'sheet': 1}}::map(varchar, bigint) as left_out_kinds, {1} as landed, {2} as merged, {3} as superseded, {4} as duplicate, "
    "{5} as set_aside, map {{'name_missing': 1, 'id_number_length': 2}}::map(varchar, bigint) as reasons, "
    "{6} as balanced"
)


def test_the_account_is_one_line_for_each_resource(city: City) -> None:
    city.release(
        ACCOUNT,
        ROW.format("b.b", 10, 4, 1, 2, 3, True) + " union all " + ROW.format("a.a", 3, 0, 0, 0, 3, True),
    )
    document = account(city.installation)
    assert document["balanced"] is True
    assert [r["resource"] for r in document["resources"]] == ["a.a", "b.b"]
    assert document["resources"][1] == {
        "resource": "b.b", "delivered": 12, "left_out": 2, "left_out_kinds": {"sheet": 1}, "landed": 10, "merged": 4, "superseded": 1, "duplicate": 2, "set_aside": 3,
        "reasons": {"id_number_length": 2, "name_missing": 1},
    }  # fmt: skip


@pytest.mark.parametrize("line", [("a.a", 11, 4, 1, 2, 3, True), ("a.a", 10, 4, 1, 2, 3, False)])
def test_an_account_that_does_not_add_up_is_not_balanced_whatever_it_says(city: City, line: tuple) -> None:
    city.release(ACCOUNT, ROW.format(*line))
    assert account(city.installation)["balanced"] is False


def test_without_a_published_account_the_remedy_is_a_run(tmp_path: Path) -> None:
    with pytest.raises(ReleaseError, match="no account") as error:
        account(City(tmp_path).installation)
    assert error.value.remedy == "govshare run"


HISTORY = BaseTable(
    name="history", layer="governance", primary_key=("table_name", "entity_id", "attribute", "recorded_to")
)
OLD = "110105194912310021"


def former(entity: str, attribute: str, value: str, since: str, until: str, successor: str = "null") -> str:
    return (
        f"select 'population' as table_name, '{entity}' as entity_id, '{attribute}' as attribute, {value} as value, "
        f"'police.card' as resource, '000001' as batch, cast(3 as bigint) as \"row\", timestamp '2019-05-01' as valid_from, "
        "timestamp '2023-12-01' as valid_to, "
        f"cast({since} as timestamptz) as recorded_from, cast('{until}' as timestamptz) as recorded_to, "
        f"cast({successor} as varchar) as successor_id"
    )


@pytest.fixture
def with_history(city: City) -> City:
    city.release(
        HISTORY,
        " union all ".join([
            former(ID, "name", "'王大明'", "null", "2024-02-01 00:00:00+00"),
            former(ID, "name", "'王晓明'", "'2024-02-01 00:00:00+00'", "2024-03-01 00:00:00+00"),
            former(OLD, "id_number", f"'{OLD}'", "null", "2024-04-01 00:00:00+00", f"'{ID}'"),
            former(OLD, "name", "'王小明'", "null", "2024-04-01 00:00:00+00", f"'{ID}'"),
        ]),
    )  # fmt: skip
    return city


def test_former_values_are_shown_newest_first_with_when_and_by_whom(with_history: City) -> None:
    found = trace(with_history.installation, "population", ID, "name")
    assert [(h["value"], h["recorded_from"] is None, h["recorded_to"].month, h["resource"]) for h in found["history"]] == [
        ("王晓明", False, 3, "police.card"), ("王大明", True, 2, "police.card"),
    ]  # fmt: skip
    assert {(h["valid_from"].year, h["valid_to"].year) for h in found["history"]} == {(2019, 2023)}
    assert found["retired"] is found["successor"] is None


def test_a_history_released_without_valid_to_is_shown_without_it(city: City) -> None:
    city.release(HISTORY, f"select * exclude (valid_to) from ({former(ID, 'name', 'null', 'null', '2024-02-01')})")
    [shown] = trace(city.installation, "population", ID, "name")["history"]
    assert shown["valid_to"] is None and shown["valid_from"].year == 2019


def test_a_retired_id_says_since_when_and_who_took_its_place(with_history: City) -> None:
    found = trace(with_history.installation, "population", OLD)
    assert (found["retired"].month, found["successor"]) == (4, ID)
    assert found["attributes"] == [] and [h["value"] for h in found["history"]] == [OLD, "王小明"]


def test_without_a_published_history_there_is_none(city: City) -> None:
    assert trace(city.installation, "population", ID)["history"] == []
