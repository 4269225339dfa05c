"""What the merge does with what cleaning could not trust: placeholders, common names, lost characters, clocks ahead."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from merge_case import MergeCase
from test_merge import (
    CARD,
    ENTERPRISE,
    FOOD,
    HOUSEHOLD,
    INSURANCE,
    PUBLISHED,
    TAX,
    code,
    number,
)  # fmt: skip

LI = number("410702", "19880105", "013")
WANG = number("410702", "19790812", "031")
CLOCK = number("410702", "19850601", "017")
OLD = number("410702", "18990101", "015")
TWO = number("410702", "19800307", "123")
SHARED = number("110101", "19900101", "100")
ZEROS, SCIENTIFIC = "000000000000000", "4.10711E+14"
FIRM, OTHER = code("91410702MA44T1236"), code("91410702MA44T5678")
SHOP, MANY = code("92410702MA44T1111"), code("91410702MA44T2222")
NOODLES = code("92410783MA44T3333")
GEARS, SHEARS, OLDEST = code("91410702MA44T4444"), code("91410702MA44T5555"), code("91410702717134567")
OF_GEARS = "410702000012348"
WIDE, LATIN = number("410702", "19880106", "013"), number("410702", "19880107", "013")
BORNE_BY_MANY = "410702000012345"


def household(key: str, person: str, name: str, **said: Any) -> dict[str, Any]:
    row = {"czrkrkid": key, "identi_id": person, "nm": name, "birth_dt": person[6:14]}
    return row | {"czrksjxgxsj": "2020-01-01 00:00:00"} | said


def insured(key: str, person: str, name: str, **said: Any) -> dict[str, Any]:
    row = {"个人编号": key, "姓名": name, "证件号码": person, "更新时间": "2020-01-01 00:00:00"}
    return row | said


def card(key: str, person: str, name: str, **said: Any) -> dict[str, Any]:
    return {"slh": key, "gmsfhm": person, "xm": name, "csrq": person[6:14], "gxsj": "2021-01-01 00:00:00"} | said


def registered(key: str, credit_code: str, name: str, **said: Any) -> dict[str, Any]:
    row = {"main_identi_id": key, "uni_social_crd_cd": credit_code, "comp_nm": name, "reg_state": "存续"}
    return row | {"gxsj": "2021-01-01 00:00:00"} | said


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> MergeCase:
    case = MergeCase(tmp_path_factory.mktemp("clean") / "data")
    case.land(HOUSEHOLD, "000001", [
        household("1", LI, "李&#x4DAE;"), household("2", WANG, "王伟", addr="红旗区&ldquo;平原&rdquo路1号"),
        # the clock was ahead when the first was written, and again in one of two records of a card
        household("3", CLOCK, "钟表", addr="将来路1号", czrksjxgxsj="2099-01-01 00:00:00"),
        household("3", CLOCK, "钟表", addr="平原路2号", czrksjxgxsj="2023-01-01 00:00:00"),
        household("4", OLD, "寿星"), household("6", WIDE, "李䶮"), household("7", LATIN, "李䶮"), household("5", TWO, "王建国", gen="1"),
    ])  # fmt: skip
    case.land(CARD, "000001", [
        card("S1", LI, "李?"), card("S6", WIDE, "李\x1a"), card("S7", LATIN, "李&#0;"), card("S2", WANG, "王＊", zz="红旗区平原路□号"), card("00000000", TWO, "王建国"),
        card("S3", CLOCK, "钟表", zz="平原路3号", gxsj="2022-01-01 00:00:00"),
        card("S4", CLOCK, "钟表", zz="将来路4号", gxsj="2098-01-01 00:00:00"),
    ])  # fmt: skip
    case.land(INSURANCE, "000001", [
        insured("P1", TWO, "赵春梅", 性别="女"), insured("P2", WANG, "王伟", 联系地址="锟斤拷路", 联系电话="3029999*8"),
        *(insured(f"Q{n}", SHARED, name) for n, name in enumerate(["甲一", "乙二", "丙三", "丁四"])),
    ])  # fmt: skip
    case.land(ENTERPRISE, "000001", [
        registered("E1", FIRM, "新乡市甲有限公司", reg_no=ZEROS, legal_repre="韩梅", domdi_strict="999999001"),
        registered("E2", OTHER, "新乡市乙有限公司", reg_no=ZEROS, legal_repre="李雷"),
        registered("E3", SHOP, "便民超市", legal_repre="张三", addr="河南省新乡市红旗区平原路1号", domdi_strict="410702001"),
        registered("E4", MANY, "新乡市丙有限公司", reg_no=BORNE_BY_MANY),
        registered("E6", GEARS, "新乡市齿轮有限公司", reg_no=OF_GEARS, legal_repre="甲一"),
        registered("E7", SHEARS, "新乡市剪刀有限公司", legal_repre="乙二"), registered("E8", OLDEST, "新乡市老店有限公司"),
        registered("E5", NOODLES, "小张面馆", addr="河南省新乡市长垣市1号", domdi_strict="410783001"),
    ])  # fmt: skip
    case.land(TAX, "000001", [
        {"税务登记序号": "T1", "纳税人识别号": ZEROS, "纳税人名称": "丁小吃店", "纳税人状态": "非正常"},
        {"税务登记序号": "T2", "纳税人识别号": SCIENTIFIC, "纳税人名称": "戊小吃店", "纳税人状态": "非正常"},
        # a placeholder does not keep the name and its representative from telling
        {"税务登记序号": "T3", "纳税人识别号": ZEROS, "纳税人名称": "新乡市乙有限公司", "法定代表人姓名": "李雷", "纳税人状态": "正常"},
        # the number of one firm beside the name of another
        {"税务登记序号": "T4", "纳税人识别号": "410702717134567", "纳税人名称": "新乡市剪刀有限公司", "法定代表人姓名": "乙二", "纳税人状态": "非正常"},
        {"税务登记序号": "T5", "纳税人识别号": "410702717134567", "纳税人名称": "老店", "纳税人状态": "正常"},
    ])  # fmt: skip
    case.land(FOOD, "000001", [
        {"许可证编号": "JY1", "经营者名称": "便民超市", "住所": "河南省新乡市长垣市蒲东街道1号"},
        {"许可证编号": "JY2", "经营者名称": "小张面馆", "住所": "河南省新乡市长垣县1号"},
        {"许可证编号": "JY3", "经营者名称": "新乡市剪刀有限公司", "统一社会信用代码": OF_GEARS},
        {"许可证编号": "JY4", "经营者名称": "齿轮门市部", "统一社会信用代码": OF_GEARS},
        *({"许可证编号": f"JY1{n}", "经营者名称": f"{name}饭店", "统一社会信用代码": BORNE_BY_MANY} for n, name in enumerate("甲乙丙丁戊")),
    ])  # fmt: skip
    return case.build()


def test_a_text_that_is_whole_is_published_whoever_says_it(city: MergeCase) -> None:
    li = city.one(f"select name, _provenance.name.resource as said_by from base.population where person_id = '{LI}'")
    assert li == {"name": "李䶮", "said_by": HOUSEHOLD}
    said = f"select household_address from base.population where person_id = '{WANG}'"
    assert city.rows(said) == [("红旗区“平原”路1号",)]
    wang = city.one(f"select name, residence_address, phone from base.population where person_id = '{WANG}'")
    # of two damaged addresses the register that stands first
    assert wang == {"name": "王伟", "residence_address": "锟斤拷路", "phone": "3029999-8"}
    found = city.rows("select resource, rule, item from governance.defects where rule in ('text_lost', 'text_masked')")
    assert sorted(found) == sorted([
        *[(CARD, "text_lost", "xm")] * 3, (CARD, "text_masked", "xm"), (CARD, "text_lost", "zz"), (INSURANCE, "text_lost", "联系地址"),
    ])  # fmt: skip


def test_a_time_to_come_wins_nothing(city: MergeCase) -> None:
    said = city.one(
        f"select household_address, residence_address, _updated_at from base.population where person_id = '{CLOCK}'"
    )
    assert said["household_address"] == "平原路2号"
    assert said["residence_address"] == "平原路3号"
    assert str(said["_updated_at"]) == "2023-01-01 00:00:00"
    late = "select resource, item from governance.defects where rule = 'recorded_in_future' order by 1"
    # the household's row is superseded, and a superseded row has no defects of its own
    assert city.rows(late) == [(CARD, "gxsj")]


def test_a_number_that_only_fills_its_field_links_nobody(city: MergeCase) -> None:
    firms = city.rows(
        "select name, tax_status, registration_number, division_code from base.legal_entity order by name"
    )
    assert firms == [
        ("便民超市", None, None, "410702"), ("小张面馆", None, None, "410783"), ("新乡市丙有限公司", None, BORNE_BY_MANY, None),
        ("新乡市乙有限公司", "正常", None, None), ("新乡市剪刀有限公司", None, None, None), ("新乡市甲有限公司", None, None, None),
        ("新乡市老店有限公司", "正常", None, None), ("新乡市齿轮有限公司", None, OF_GEARS, None),
    ]  # fmt: skip
    assert city.rows(f"select record_key, outcome from governance.disposition where resource = '{TAX}' order by 1") == [
        ("T1", "set_aside"), ("T2", "set_aside"), ("T3", "merged"), ("T4", "set_aside"), ("T5", "merged"),
    ]  # fmt: skip
    rules = city.rows(f"""
        select resource, rule, item from governance.defects
        where rule in ('number_placeholder', 'code_unknown') and resource in ('{TAX}', '{ENTERPRISE}')
    """)
    assert rules.count((ENTERPRISE, "number_placeholder", "reg_no")) == 2
    assert rules.count((ENTERPRISE, "code_unknown", "domdi_strict")) == 1
    assert rules.count((TAX, "number_placeholder", "纳税人识别号")) == 3


def test_a_common_name_is_no_proof_and_goes_to_a_clerk(city: MergeCase) -> None:
    holders = """
        select certificate_number, holder_id from base.certificate where certificate_number in ('JY1', 'JY2') order by 1
    """
    assert city.rows(holders) == [("JY1", None), ("JY2", NOODLES)]
    [(candidates,)] = city.rows("""
        select candidates from governance.review where table_name = 'legal_entity' and claim_key like '%|JY1|%'
    """)
    assert [(c["entity_id"], c["reason"]) for c in candidates] == [(SHOP, "名称一致，所在县区不同")]


def test_a_number_of_one_beside_the_name_of_another_goes_to_a_clerk(city: MergeCase) -> None:
    """Also of a certificate, whose holder is found by the number alone where nothing speaks against it."""
    holders = """
        select certificate_number, holder_id from base.certificate where certificate_number in ('JY3', 'JY4') order by 1
    """
    assert city.rows(holders) == [("JY3", None), ("JY4", GEARS)]
    found = city.rows("""
        select claim_key, list_sort(list_transform(candidates, lambda x: x.entity_id)) from governance.review
        where claim_key like '%|T4|%' or claim_key like '%|JY3|%' order by 1
    """)
    assert found == [
        (f"{FOOD}|JY3|entity", sorted([GEARS, SHEARS])), (f"{TAX}|T4|entity", sorted([OLDEST, SHEARS])),
    ]  # fmt: skip


def test_characters_that_a_database_could_not_write_are_lost(city: MergeCase) -> None:
    for person in (WIDE, LATIN):
        said = f"select name, _provenance.name.resource as said_by from base.population where person_id = '{person}'"
        assert city.one(said) == {"name": "李䶮", "said_by": HOUSEHOLD}


def test_a_number_that_many_names_bear_is_listed_and_leads_to_nobody(city: MergeCase) -> None:
    found = city.rows("""
        select count(*) from base.certificate where certificate_number like 'JY1_' and holder_id is not null
    """)
    assert found == [(0,)]
    listed = city.rows("select kind, reason from governance.suspicions where kind like 'placeholder_registration%'")
    assert listed == [("placeholder_registration_number", "5 个不同名称的单位登记此号码，视为占位，不用于对应")]


def test_two_persons_under_one_number_and_one_who_is_too_old_are_listed(city: MergeCase) -> None:
    found = city.rows(
        "select person_id, kind from governance.suspicions where not kind like 'placeholder%' order by kind"
    )
    # four names under one number speak of two persons, too
    assert sorted(found) == sorted([(OLD, "over_120"), (TWO, "two_persons"), (SHARED, "two_persons")])


def test_a_certificate_number_that_only_fills_its_field_is_none(city: MergeCase) -> None:
    aside = f"select rule from governance.set_aside where resource = '{CARD}' and role = 'certificate'"
    assert set(city.rows(aside)) == {("certificate_number_placeholder",)}


def test_an_identity_number_that_many_bear_is_nobodys_for_as_long_as_they_do(city: MergeCase, tmp_path: Path) -> None:
    case = city.copy(tmp_path / "increments")
    twin = city.copy(tmp_path / "full")
    persons = f"select name from base.population where person_id = '{SHARED}'"
    assert len(case.rows(persons)) == 1  # four names may still be one who is written badly
    days = [[insured("Q4", SHARED, "戊五")], [{"个人编号": "Q1", "_op": "delete", "更新时间": "2021-01-01 00:00:00"}]]
    for day, rows in enumerate(days, 2):
        for one in (case, twin):
            one.land(INSURANCE, f"{day:06d}", rows)
        case.build()
        twin.build(full=True)
        for schema, tables in PUBLISHED.items():
            for table in tables:
                query = f"select * from {schema}.{table} order by all"
                assert case.rows(query) == twin.rows(query), (day, table)
        aside = case.rows("select count(*) from governance.set_aside where rule = 'id_number_shared'")
        listed = case.rows(f"select kind from governance.suspicions where person_id = '{SHARED}'")
        assert (case.rows(persons) == [], aside, listed) == (
            (True, [(5,)], [("placeholder_number",)]) if day == 2 else (False, [(0,)], listed)
        )
        assert ("placeholder_number",) not in listed or day == 2
    assert case.rows("select count(*) from governance.account where not balanced") == [(0,)]
