"""The merge as a whole, on hand-made batches: where every row goes, what survives and where it came from."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from merge_case import MergeCase

from linking import decisions

PUBLISHED = {
    "base": ["population", "legal_entity", "certificate"],
    "governance": [
        "conflicts", "set_aside", "defects", "disposition", "account", "history", "review", "suspicions", "supply",
        "differences", "confidence", "certificate_sync", "shareholding",
    ],
}  # fmt: skip
HOUSEHOLD = "public_security.household_registration"
CARD = "public_security.identity_card"
MARRIAGE = "civil_affairs.marriage"
INSURANCE = "human_resources.social_insurance"
BIRTH = "health.birth_certificate"
ENTERPRISE = "market_regulation.enterprise_registration"
FOOD = "market_regulation.food_licence"
SHAREHOLDER = "market_regulation.shareholder"
TAX = "tax.tax_registration"


def number(area: str, born: str, sequence: str) -> str:
    """An identity number with its check digit (GB 11643-1999)."""
    digits = area + born + sequence
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return digits + "10X98765432"[sum(int(d) * w for d, w in zip(digits, weights, strict=True)) % 11]


def code(first17: str) -> str:
    """A unified social credit code with its check character (GB 32100-2015)."""
    alphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"
    total = sum(alphabet.index(c) * pow(3, i, 31) for i, c in enumerate(first17))
    return first17 + alphabet[(31 - total % 31) % 31]


HAN = number("410702", "19900307", "002")  # 韩梅
LI = number("410702", "19880105", "013")  # 李雷
CHILD = number("410702", "20200301", "011")  # 李小雷, known to the household register
SHOP = code("92410702MA44T1234")
FIRM = code("91410700171234567")
OTHER_FIRM = code("91410700MA44T5678")
OLD_NUMBER = "410700100012345"


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> MergeCase:
    return MergeCase(tmp_path_factory.mktemp("empty")).build()


def test_without_any_batch_everything_stands(empty: MergeCase) -> None:
    for schema, tables in PUBLISHED.items():
        for table in tables:
            if table != "account":
                assert empty.rows(f"select count(*) from {schema}.{table}") == [(0,)], table
    assert empty.rows("select count(*), bool_and(balanced), sum(landed) from governance.account") == [
        (len(empty.items), True, 0)
    ]


def test_the_rules_as_dbt_unit_tests(empty: MergeCase) -> None:
    empty.dbt("test", "--select", "test_type:unit")


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> MergeCase:
    case = MergeCase(tmp_path_factory.mktemp("city"))
    case.land(HOUSEHOLD, "000001", [
        {"czrkrkid": "1", "identi_id": HAN, "nm": "韩梅", "gen": "2", "birth_dt": "19900307", "marital_status": "20",
         "addr": "红旗区向阳路1号", "czrkhhid": "H1", "tel": "13800000001", "czrksjxgxsj": "2019-01-01 00:00:00"},
        {"czrkrkid": "2", "identi_id": LI.lower(), "nm": "李雷", "gen": "1", "birth_dt": "19880105",
         "czrksjxgxsj": "2019-01-01 00:00:00"},
        {"czrkrkid": "3", "identi_id": CHILD, "nm": "李小雷", "gen": "1", "birth_dt": "20200301",
         "czrksjxgxsj": "2020-06-01 00:00:00"},
        # a number with a wrong check digit and nobody of that name and day
        {"czrkrkid": "4", "identi_id": "410702199003070000", "nm": "无名", "birth_dt": "19900307",
         "czrksjxgxsj": "2019-01-01 00:00:00"},
    ])  # fmt: skip
    case.land(HOUSEHOLD, "000002", [
        {"czrkrkid": "1", "identi_id": HAN, "nm": "韩梅", "gen": "2", "birth_dt": "19900307", "marital_status": "20",
         "addr": "牧野区和平路2号", "czrkhhid": "H2", "tel": "13800000001", "czrksjxgxsj": "2021-01-01 00:00:00"},
    ])  # fmt: skip
    case.land(CARD, "000001", [
        {"slh": "S1", "gmsfhm": HAN, "xm": "韩　梅", "xb": "女", "csrq": "1990-3-7", "yxqqsrq": "20200101",
         "yxqjzrq": "长期", "gxsj": "2020-01-01 00:00:00"},
        {"slh": None, "gmsfhm": LI, "xm": "李雷", "xb": "男", "csrq": "19880105", "gxsj": "2020-01-01 00:00:00"},
    ])  # fmt: skip
    wedding = {"业务类型": "结婚登记", "男方姓名": "李雷", "男方身份证号": LI, "男方出生日期": "1988-01-05",
               "女方姓名": "韩梅", "女方身份证号": HAN, "女方出生日期": "1990-03-07"}  # fmt: skip
    case.land(MARRIAGE, "000001", [
        {"登记字号": "J1", "登记日期": "2015-05-20", **wedding},
        {"登记字号": "J1", "登记日期": "2015-05-20", **wedding},
        {"登记字号": "J2", "登记日期": "2022-08-08", **wedding, "业务类型": "离婚登记"},
        # his number is not usable and he has no date of birth: his claim is lost, hers is not
        {"登记字号": "J3", "登记日期": "2010-01-01", "业务类型": "结婚登记", "男方姓名": "张三", "男方身份证号": "41070219",
         "女方姓名": "韩梅", "女方身份证号": HAN},
        {"_problem": "row_width", "_raw": "J4,结婚登记,2015-05-20,x,y"},
    ])  # fmt: skip
    case.land(INSURANCE, "000001", [
        {"个人编号": "P1", "姓名": "韩梅", "证件号码": HAN, "性别": "男", "联系电话": "13900000009", "民族": "汉族",
         "单位名称": "新乡市甲有限公司", "单位统一社会信用代码": FIRM, "参保状态": "正常参保", "更新时间": "2023-01-01 00:00:00"},
    ])  # fmt: skip
    case.land(BIRTH, "000001", [
        {"certNo": "C1", "babyName": "李小雷", "babySex": "男", "birthTime": "2020-03-01 10:20:00", "babyIdNo": None,
         "motherName": "韩梅", "motherIdNo": HAN, "fatherName": "李雷", "fatherIdNo": LI, "issueDate": "2020-03-05"},
    ])  # fmt: skip
    case.land(ENTERPRISE, "000001", [
        {"main_identi_id": "E1", "uni_social_crd_cd": FIRM, "reg_no": OLD_NUMBER, "comp_nm": "新乡市甲有限公司",
         "reg_state": "注销", "gxsj": "2021-01-01 00:00:00"},
        {"main_identi_id": "E2", "uni_social_crd_cd": SHOP, "comp_nm": "乙小吃店", "reg_state": "存续", "gxsj": "2021-01-01 00:00:00"},
        {"main_identi_id": "E3", "uni_social_crd_cd": OTHER_FIRM, "comp_nm": "新乡市丙有限公司", "gxsj": "2021-01-01 00:00:00"},
    ])  # fmt: skip
    case.land(FOOD, "000001", [
        {"许可证编号": "JY14107020000001", "经营者名称": "新乡市甲有限公司", "统一社会信用代码": OLD_NUMBER,
         "许可证状态": "有效"},
        {"许可证编号": "JY14107020000002", "经营者名称": "乙小吃店", "统一社会信用代码": SHOP.lower()},
        {"许可证编号": "JY14107020000003", "经营者名称": "丙饭店", "统一社会信用代码": "410700100099999"},
    ])  # fmt: skip
    held = {"经营者名称": "乙小吃店", "统一社会信用代码": SHOP}
    case.land(FOOD, "000002", [
        {"许可证编号": "JY14107020000011", **held, "许可证状态": "有效", "有效期至": "2023-06-30"},
        {"许可证编号": "JY14107020000012", **held, "许可证状态": "吊销"},
        {"许可证编号": "JY14107020000013", **held, "许可证状态": "暂停"},
        {"许可证编号": "JY14107020000014", **held, "许可证状态": "有效", "有效期至": "2024-01-02"},  # the day of the build
        {"许可证编号": "JY14107020000015", **held, "许可证状态": "有效", "有效期自": "2024-01-03"},
    ])  # fmt: skip
    case.land(TAX, "000001", [
        {"税务登记序号": "T1", "纳税人识别号": "410702171234567", "纳税人名称": "新乡市甲有限公司", "纳税人状态": "正常"},
        {"税务登记序号": "T2", "纳税人识别号": "000", "纳税人名称": "丁公司"},
        {"税务登记序号": "T3", "_op": None, "纳税人识别号": SHOP, "纳税人名称": "乙小吃店"},
    ])  # fmt: skip
    case.land(SHAREHOLDER, "000001", [
        {"invid": "I1", "uni_social_crd_cd": FIRM, "comp_nm": "新乡市甲有限公司", "inv": "韩　梅", "invtype": "自然人",
         "certype": "居民身份证", "cerno": HAN[:6] + HAN[8:17], "subconam": "1,200.5(万元)", "condate": "2015-1-9", "gxsj": "2020-01-01 00:00:00"},
        # the same shareholder in a newer record, of 0.35 万 dollars
        {"invid": "I2", "uni_social_crd_cd": FIRM, "inv": "韩梅", "invtype": "自然人", "cerno": HAN, "subconam": "3500美元",
         "gxsj": "2021-01-01 00:00:00"},
        # by its code; and by its name, in an enterprise that is known by its name only
        {"invid": "I3", "uni_social_crd_cd": FIRM, "inv": "乙小吃店", "invtype": "企业法人", "cerno": SHOP.lower(), "subconam": "60万元"},
        {"invid": "I4", "comp_nm": "新乡市丙有限公司", "inv": "新乡市甲有限公司", "certype": "统一社会信用代码", "subconam": "三万"},
        # a digit short: linked to whom else it may mean; two whose numbers tell nothing are not one
        {"invid": "I5", "uni_social_crd_cd": FIRM, "inv": "李雷", "certype": "居民身份证", "cerno": LI[:17], "subconam": "10"},
        {"invid": "I6", "uni_social_crd_cd": FIRM, "inv": "张雷", "invtype": "自然人", "cerno": "无", "subconam": "10万元", "capt_kind": "港元"},
        # nobody knows the enterprise, nobody is named
        {"invid": "I7", "uni_social_crd_cd": "123", "comp_nm": "戊公司", "inv": "韩梅", "invtype": "自然人", "cerno": HAN},
        {"invid": "I8", "uni_social_crd_cd": FIRM, "invtype": "自然人"},
        {"invid": "I9", "uni_social_crd_cd": FIRM, "inv": "张三", "invtype": "自然人", "cerno": LI},
        {"invid": "I10", "uni_social_crd_cd": FIRM, "inv": "张雷", "invtype": "自然人"},
    ])  # fmt: skip
    case.land(SHAREHOLDER, "000002", [{"invid": "I9", "_op": "delete"}])
    case.land(TAX, "000002", [{"税务登记序号": "T3", "_op": "delete"}])
    return case.build()


def person(city: MergeCase, key: str) -> dict:
    found = city.one(f"select * from base.population where id_number = '{key}'")
    return {**found, "_provenance": dict(found["_provenance"])}


def test_shareholders_are_tied_to_persons_and_entities_where_the_number_or_a_link_allows(city: MergeCase) -> None:
    held = city.rows("""
        select credit_code, shareholder_kind, shareholder_id, shareholder_name, cast(subscribed_capital as double), capital_currency,
            cast(contribution_date as varchar), batch, "row"
        from governance.shareholding order by "row"
    """)
    assert held == [
        (FIRM, "person", HAN, "韩梅", 0.35, "USD", None, "000001", 2),
        (FIRM, "legal_entity", SHOP, "乙小吃店", 60, "CNY", None, "000001", 3),
        (OTHER_FIRM, "legal_entity", FIRM, "新乡市甲有限公司", None, None, None, "000001", 4),
        (FIRM, "person", LI, "李雷", 10, "CNY", None, "000001", 5),
        (FIRM, "person", None, "张雷", 10, "HKD", None, "000001", 6),
        (FIRM, "person", None, "张雷", None, None, None, "000001", 10),
    ]
    aside = city.rows(f"""
        select "row", role, list(rule order by rule) from governance.set_aside
        where resource = '{SHAREHOLDER}' and scope = 'claim' group by all order by 1
    """)
    assert aside == [
        (6, "shareholder", ["id_number_missing", "not_linked"]),
        (7, "enterprise", ["credit_code_length", "not_linked"]),
        (10, "shareholder", ["id_number_missing", "not_linked"]),
    ]
    assert city.rows(f"""
        select "row", rule, item from governance.defects
        where resource = '{SHAREHOLDER}' and rule not in ('space_in_text', 'credit_code_inner_check') order by all
    """) == [
        (1, "id_number_15", "cerno"),
        (3, "credit_code_case", "cerno"),
        (4, "capital_format", "subconam"),
        (4, "credit_code_missing", "cerno"),
        (4, "credit_code_missing", "uni_social_crd_cd"),
        (5, "id_number_length", "cerno"),
    ]


def test_the_account_balances(city: MergeCase) -> None:
    wrong = city.rows("select * exclude (reasons) from governance.account where not balanced")
    assert wrong == []
    landed = sum(
        len(city.rows(f"select 1 from read_parquet({[str(p) for p in parts]})")) for parts in city.batches.values()
    )
    assert city.rows(
        "select sum(landed), sum(merged + superseded + duplicate + set_aside) from governance.account"
    ) == [(landed, landed)]
    assert city.rows('select count(*), count(distinct (resource, batch, "row")) from governance.disposition') == [
        (landed, landed)
    ]


def test_the_account_says_what_was_left_out_and_does_not_balance_where_a_row_is_missing(
    city: MergeCase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    twin = city.copy(tmp_path / "twin")
    line = (
        "select delivered - landed, left_out, left_out_kinds['sheet'], balanced from governance.account "
        "where resource = 'public_security.identity_card'"
    )
    twin.left_out = {"public_security.identity_card": {"sheet": 3, "row": 2}}
    twin.dbt("run", "--select", "account")
    assert twin.rows(line) == [(5, 5, 3, True)]
    counted = MergeCase._delivered
    monkeypatch.setattr(MergeCase, "_delivered", lambda *case: counted(*case) | {"left_out": 4})
    twin.dbt("run", "--select", "account")
    assert twin.rows(line) == [(5, 4, 3, False)]


def test_survivors_and_where_they_came_from(city: MergeCase) -> None:
    han = person(city, HAN)
    assert (han["name"], han["sex"], str(han["birth_date"])) == ("韩梅", "2", "1990-03-07")
    assert (han["household_number"], han["household_address"]) == ("H2", "牧野区和平路2号")
    assert han["phone"] == "13900000009"
    assert han["_provenance"]["household_number"] == {"resource": HOUSEHOLD, "batch": "000002", "row": 1}
    assert han["_provenance"]["name"] == {"resource": CARD, "batch": "000001", "row": 1}
    assert han["_provenance"]["employer_name"] == {"resource": INSURANCE, "batch": "000001", "row": 1}
    assert han["_provenance"]["former_name"] is None
    assert han["_sources"] == [MARRIAGE, BIRTH, INSURANCE, SHAREHOLDER, HOUSEHOLD, CARD]
    assert str(han["_updated_at"]) == "2023-01-01 00:00:00"


def test_the_newest_event_of_a_marriage_stands(city: MergeCase) -> None:
    for key in (HAN, LI):
        one = person(city, key)
        assert (one["marital_status"], one["spouse_id_number"], one["marriage_date"]) == ("40", None, None)
        assert one["_provenance"]["marital_status"]["row"] == 3


def test_a_child_without_a_number_is_linked_and_has_parents(city: MergeCase) -> None:
    child = person(city, CHILD)
    assert (child["father_id_number"], child["mother_id_number"]) == (LI, HAN)
    # nobody is her own mother: in the role of the mother a row says nothing of whose child she is
    assert (person(city, HAN)["mother_id_number"], person(city, LI)["father_id_number"]) == (None, None)
    certificate = city.one("select * from base.certificate where certificate_number = 'C1'")
    assert certificate["holder_id"] == CHILD
    assert city.rows(f"select rule, severity from governance.defects where resource = '{BIRTH}'") == [
        ("id_number_missing", "repaired")
    ]


def test_old_numbers_reach_the_entity(city: MergeCase) -> None:
    firm = city.one(f"select * from base.legal_entity where credit_code = '{FIRM}'")
    assert firm["registration_number"] == OLD_NUMBER
    assert firm["_sources"] == [ENTERPRISE, FOOD, SHAREHOLDER, TAX]
    assert city.rows("select credit_code from base.legal_entity order by 1") == sorted(
        [(FIRM,), (SHOP,), (OTHER_FIRM,)]
    )
    assert city.rows("select holder_id from base.certificate where certificate_number = 'JY14107020000001'") == [
        (FIRM,)
    ]
    assert ("registration_number_mapped",) in city.rows(f"select rule from governance.defects where resource = '{TAX}'")


def test_every_row_has_one_outcome_with_its_reasons(city: MergeCase) -> None:
    assert city.rows(f"""
        select "row", outcome, reasons from governance.disposition where resource = '{MARRIAGE}' order by 1
    """) == [
        (1, "merged", []), (2, "duplicate", []), (3, "merged", []), (4, "merged", []), (5, "set_aside", ["row_width"]),
    ]  # fmt: skip
    assert city.rows(f"""
        select batch, "row", outcome, reasons from governance.disposition where resource = '{HOUSEHOLD}' order by 1, 2
    """) == [
        ("000001", 1, "superseded", []), ("000001", 2, "merged", []), ("000001", 3, "merged", []),
        ("000001", 4, "merged", []), ("000002", 1, "merged", []),
    ]  # fmt: skip
    # whom nobody knows by a number is a person of their own, under an id that stays
    alone = city.one("select * from base.population where id_number is null")
    assert (alone["name"], str(alone["birth_date"]), alone["person_id"][0]) == ("无名", "1990-03-07", "U")


def test_a_withdrawn_record_makes_no_claim(city: MergeCase) -> None:
    assert city.rows(f"""
        select batch, "row", outcome, len(claims) from governance.disposition
        where resource = '{TAX}' and record_key = 'T3' order by 1
    """) == [("000001", 3, "superseded", 0), ("000002", 1, "merged", 0)]
    assert TAX not in city.one(f"select _sources from base.legal_entity where credit_code = '{SHOP}'")["_sources"]


def test_what_is_set_aside_has_rule_item_and_remedy(city: MergeCase) -> None:
    found = city.rows("""
        select resource, scope, role, rule, item from governance.set_aside
        where resource in ('civil_affairs.marriage', 'public_security.identity_card') order by all
    """)
    assert (MARRIAGE, "claim", "husband", "id_number_length", "男方身份证号") in found
    assert (MARRIAGE, "claim", "husband", "not_linked", "男方身份证号") in found
    assert (MARRIAGE, "row", None, "row_width", None) in found
    assert (CARD, "claim", "certificate", "certificate_number_missing", "slh") in found
    assert city.rows("select count(*) from governance.set_aside where title is null or remedy is null") == [(0,)]


def test_disagreement_is_kept(city: MergeCase) -> None:
    found = {
        attribute: (kept, kept_resource, sorted(claim["value"] for claim in claims))
        for attribute, kept, kept_resource, claims in city.rows(
            f"select attribute, kept, kept_resource, claims from governance.conflicts where entity_id = '{HAN}'"
        )
    }
    assert found["phone"] == ("13900000009", INSURANCE, ["13800000001", "13900000009"])
    assert found["sex"][0] == "2" and "1" in found["sex"][2]
    assert "household_address" not in found  # the older version is superseded, it does not speak
    assert ("sex_disagrees_with_id",) in city.rows(
        f"select rule from governance.defects where resource = '{INSURANCE}'"
    )


def test_who_supplies_how_much_and_wins_how_often(city: MergeCase) -> None:
    found = {
        (attribute, resource): tuple(figures)
        for attribute, resource, *figures in city.rows("""
            select attribute, resource, supplied, share, filled, conflicts_won, conflicts_lost
            from governance.supply where table_name = 'population'
        """)
    }
    # four persons; of two telephones on one of them the insurance's was kept
    assert found["phone", INSURANCE] == (1, 1.0, 0.25, 1, 0)
    assert found["phone", HOUSEHOLD] == (0, 0.0, 0.25, 0, 1)
    assert found["name", CARD][:3] == (2, 0.5, 1.0)
    assert found["former_name", None] == (0, None, 0.0, 0, 0)
    supplied, filled = city.rows("""
        select sum(supplied), any_value(round(filled * 4)) from governance.supply where attribute = 'birth_date'
    """)[0]
    assert supplied == filled == 4


def test_how_sure_a_value_is_follows_from_its_register_and_from_who_says_otherwise(city: MergeCase) -> None:
    found = {
        (attribute, resource, contested): tuple(figures)
        for attribute, resource, contested, *figures in city.rows("""
            select attribute, resource, contested, level, entities, share
            from governance.confidence where table_name = 'population' and entities > 0
        """)
    }
    # the insurance's telephone is the first, and the household register has another
    assert found["phone", INSURANCE, True] == ("medium", 1, 1.0)
    assert found["name", CARD, False] == ("high", 2, 0.5)
    assert (
        found["marital_status", MARRIAGE, True][0] == "medium"
        and found["household_number", HOUSEHOLD, False][0] == "high"
    )
    total = "select bool_and(abs(total - 1) < 1e-9) from (select sum(share) as total from governance.confidence group by table_name, attribute having sum(entities) > 0)"
    assert city.rows(total) == [(True,)]


def test_departments_that_differ_on_a_legal_entity_are_told(city: MergeCase) -> None:
    found = city.rows("""
        select credit_code, kind, resource, status, other_resource, other_status from governance.differences order by all
    """)
    cancelled = (ENTERPRISE, "4")
    assert found == sorted([
        (FIRM, "food_licence_after_cancellation", *cancelled, FOOD, "11"),
        (FIRM, "insured_after_cancellation", *cancelled, INSURANCE, "1"),
        (FIRM, "taxed_after_cancellation", *cancelled, TAX, "正常"),
    ])  # fmt: skip
    assert city.rows("select count(*) from governance.differences where title is null or remedy is null") == [(0,)]


def test_every_certificate_has_a_record_for_the_province_that_can_go_or_says_why_not(city: MergeCase) -> None:
    assert city.rows("""
        select certificate_id, validity from governance.certificate_sync
        except all select certificate_id, validity from base.certificate
    """) == []  # fmt: skip
    assert city.rows("select count(*) from governance.certificate_sync") == city.rows(
        "select count(*) from base.certificate"
    )
    columns = [name for name, *_ in city.rows("describe governance.certificate_sync")]
    assert "missing" in columns
    with_none = {"file_number", "catalogue_code", "valid_to", "file_type", "identifier", "_updated_at"}
    for column in set(columns) - with_none:
        silent = f"select certificate_id from governance.certificate_sync where ({column} is null) <> list_contains(missing, '{column}')"
        assert city.rows(silent) == [], column

    assert city.rows("""
        select right(certificate_number, 2), validity from governance.certificate_sync
        where certificate_number like 'JY1410702000001_' order by 1
    """) == [("11", "4"), ("12", "5"), ("13", "10"), ("14", "11"), ("15", "10")]  # fmt: skip

    card = city.one("select * from governance.certificate_sync where certificate_number = 'S1'")
    assert (card["certificate_type"], card["holder_id"], card["holder_kind_code"], card["category"]) == (
        "11100000000013127D001", HAN, "0", "1",
    )  # fmt: skip
    assert card["missing"] == ["issuer_code", "issuer_name", "issuer_division"]
    licence = city.one("select * from governance.certificate_sync where certificate_number = 'JY14107020000001'")
    assert (licence["certificate_type"], licence["holder_id"], licence["holder_kind_code"]) == (None, FIRM, "1")
    assert "certificate_type" in licence["missing"]


def test_the_same_batches_give_the_same_rows_in_whatever_order_and_however_few_are_merged_at_a_time(
    city: MergeCase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOVSHARE_ROWS_AT_A_TIME", "3")
    again = MergeCase(tmp_path)
    again.batches = {resource: list(reversed(parts)) for resource, parts in city.batches.items()}
    again.build()
    slices = {
        path.name for path in again.installation.warehouse.parent.glob("*.slices") if len(list(path.iterdir())) > 1
    }
    assert slices == {"population.slices", "legal_entity.slices", "certificate.slices"}
    for schema, tables in PUBLISHED.items():
        for table in tables:
            query = f"select * from {schema}.{table} order by all"
            assert again.rows(query) == city.rows(query), table


@pytest.fixture(scope="module")
def changed(city: MergeCase, tmp_path_factory: pytest.TempPathFactory) -> MergeCase:
    """The city after corrections: a new address, a number that was wrong, and one that was missing."""
    case = city.copy(tmp_path_factory.mktemp("changed") / "data")
    moved = {"gen": "2", "birth_dt": "19900307", "marital_status": "20", "czrkhhid": "H2", "tel": "13800000001"}
    case.land(HOUSEHOLD, "000003", [
        {"czrkrkid": "1", "identi_id": HAN, "nm": "韩梅", "addr": "凤泉区3号", "czrksjxgxsj": "2024-01-01 00:00:00", **moved},
        {"czrkrkid": "3", "identi_id": CORRECTED, "nm": "李小雷", "gen": "1", "birth_dt": "20200301",
         "czrksjxgxsj": "2024-01-01 00:00:00"},
        {"czrkrkid": "4", "identi_id": FOUND, "nm": "无名", "birth_dt": "19900307", "czrksjxgxsj": "2024-01-01 00:00:00"},
    ])  # fmt: skip
    # whom nobody could find by the number on the licence, a clerk has
    decisions.append(
        case.installation.data, f"{FOOD}|JY14107020000003|entity", SHOP, "same", "clerk", case.now, table="legal_entity"
    )
    return case.build()


CORRECTED = number("410702", "20200301", "037")
FOUND = number("410702", "19900307", "045")
CAME = number("410702", "19900307", "061")
EARLIER = """select entity_id, attribute, value, resource, batch, cast(valid_from as date)::varchar, cast(valid_to as date)::varchar,
    recorded_from from governance.history"""


def test_history_has_what_stood_there_before_and_who_had_said_it(changed: MergeCase) -> None:
    assert changed.rows(f"{EARLIER} where entity_id = '{HAN}'") == [
        (HAN, "household_address", "牧野区和平路2号", HOUSEHOLD, "000002", "2021-01-01", "2024-01-01", None)
    ]
    assert changed.rows("select distinct recorded_to from governance.history") == [(changed.now,)]


def test_retired_ids_keep_their_last_values_and_point_to_their_successors(changed: MergeCase) -> None:
    retired = "select successor_id from governance.history where attribute = 'person_id' and value is not null"
    assert sorted(changed.rows(retired)) == sorted([(CORRECTED,), (FOUND,)])
    assert changed.rows(f"{EARLIER} where entity_id = '{CHILD}' and attribute = 'name'") == [
        (CHILD, "name", "李小雷", HOUSEHOLD, "000001", "2020-06-01", "2024-01-01", None),
    ]


def test_of_the_new_history_only_says_that_they_were_not_there(changed: MergeCase) -> None:
    found = changed.rows(
        f"select attribute, value, cast(valid_to as date)::varchar from governance.history where entity_id in ('{CORRECTED}', '{FOUND}')"
    )
    assert found == [("person_id", None, "2024-01-01")] * 2


@pytest.fixture(scope="module")
def withdrawn(changed: MergeCase, tmp_path_factory: pytest.TempPathFactory) -> MergeCase:
    """A day of withdrawals and late corrections; the insurance withdraws its only record."""
    case = changed.copy(tmp_path_factory.mktemp("withdrawn") / "data")
    with duckdb.connect(str(case.installation.warehouse)) as warehouse:
        # kept by a govshare that did not know how long a value held
        warehouse.execute("alter table governance.history drop column valid_to")
    case.land(INSURANCE, "000002", [{"个人编号": "P1", "_op": "delete", "更新时间": "2024-01-04 00:00:00"}])
    case.land(CARD, "000002", [
        {"slh": "S2", "gmsfhm": CORRECTED, "xm": "李晓雷", "csrq": "20200301", "gxsj": "2023-06-01 00:00:00"},
    ])  # fmt: skip
    case.land(HOUSEHOLD, "000004", [
        {"czrkrkid": "4", "identi_id": FOUND, "nm": "无名", "birth_dt": "19900307", "czrksjxgxsj": "2024-01-03 00:00:00",
         "addr": "河南省新乡市红旗区西街街道1号", "belo_pcc": "410702"},
        {"czrkrkid": "5", "identi_id": CAME, "nm": "来者", "birth_dt": "19900307", "czrksjxgxsj": "2022-02-01 00:00:00"},
    ])  # fmt: skip
    case.land(CARD, "000003", [
        {"slh": "S3", "gmsfhm": CAME, "xm": "来者", "csrq": "19900307", "gxsj": "2024-01-04 00:00:00"},
    ])  # fmt: skip
    return case.build()


def test_who_supplies_nothing_any_more_is_not_listed_as_a_supplier(changed: MergeCase, withdrawn: MergeCase) -> None:
    supplied = f"select count(*), sum(supplied) from governance.supply where resource = '{INSURANCE}'"
    assert changed.one(supplied)["sum(supplied)"] > 0
    assert withdrawn.rows(supplied) == [(0, None)]


def test_history_has_the_times_of_the_registers_and_not_of_the_deliveries(withdrawn: MergeCase) -> None:
    found = {
        (entity, attribute): (value, str(since)[:10], str(until)[:10])
        for entity, attribute, value, since, until in withdrawn.rows(f"""
            select entity_id, attribute, value, valid_from, valid_to from governance.history
            where recorded_to = timestamptz '{withdrawn.now}'
        """)
    }
    # withdrawn: what an older record says instead had been said all the time, and nothing takes the employer's place
    assert found[HAN, "phone"] == ("13900000009", "2023-01-01", "2024-01-04")
    assert found[HAN, "employer_name"] == ("新乡市甲有限公司", "2023-01-01", "2024-01-04")
    # the register that stands first had another name before the one that was taken from another
    assert found[CORRECTED, "name"] == ("李小雷", "2024-01-01", "2023-06-01")
    # nobody says since when there was none; what is worked out of the address goes with it
    assert found[FOUND, "household_address"] == found[FOUND, "household_town"] == (None, "None", "2024-01-03")
    # known since the older of two records
    assert found[CAME, "person_id"] == (None, "None", "2022-02-01")
    assert withdrawn.rows(
        "select count(valid_to) from governance.history where recorded_to < (select max(recorded_to) from governance.history)"
    ) == [(0,)]


def test_what_a_reviewer_decided_of_a_legal_entity_is_obeyed(changed: MergeCase) -> None:
    said = (
        "select claims[1].entity_id, claims[1].reason from governance.disposition where record_key = 'JY14107020000003'"
    )
    assert changed.rows(said) == [(SHOP, "decided by a reviewer")]
    holder = "select holder_id from base.certificate where certificate_number = 'JY14107020000003'"
    assert changed.rows(holder) == [(SHOP,)]


def test_a_certificate_that_ended_or_began_since_yesterday_goes_to_the_province_anew(
    city: MergeCase, changed: MergeCase
) -> None:
    records = "select certificate_number, validity, record_hash from governance.certificate_sync"
    was, now = ({row[0]: row[1:] for row in case.rows(records)} for case in (city, changed))
    ended, began = "JY14107020000014", "JY14107020000015"
    assert {number for number in was if was[number] != now[number]} == {"JY14107020000003", ended, began, "C1"}
    assert [(was[number][0], now[number][0]) for number in (ended, began)] == [("11", "4"), ("10", "11")]
    assert len({digest for _, digest in now.values()}) == len(now)


def test_a_new_warehouse_goes_on_from_the_published_history_and_a_killed_build_loses_none(
    changed: MergeCase, tmp_path: Path
) -> None:
    case = changed.copy(tmp_path / "data")
    release = tmp_path / "part-00000.parquet"
    # released by a govshare that did not know how long a value held
    before = case.rows("select * replace (cast(null as timestamp) as valid_to) from governance.history order by all")
    with duckdb.connect(str(case.installation.warehouse)) as warehouse:
        warehouse.execute(f"copy (select * exclude (valid_to) from governance.history) to '{release}'")
        warehouse.execute("drop table governance.history")
        # what a build leaves that was killed when it had made the base table and not yet history
        warehouse.execute(f"""create table base.population__before as
            select * replace ('韩莓' as name) from base.population where person_id = '{HAN}'
            union all by name select '{LI}' as person_id""")
    case.published_history = [str(release)]
    case.dbt("run", "--full-refresh", "--select", "population", "history")
    found = case.rows("select * from governance.history order by all")
    added = {row[1:4] for row in set(found) - set(before)}
    assert set(before) < set(found) and added == {(HAN, "name", "韩莓"), (LI, "person_id", None)}
    assert case.rows("select count(*) from information_schema.tables where table_name = 'population__before'") == [(0,)]
