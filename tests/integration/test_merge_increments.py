"""Increments: after any sequence of batches the tables are those of one full build over the same batches."""

from __future__ import annotations

import os
import random
from pathlib import Path
from typing import Any

import pytest
from merge_case import MergeCase
from test_merge import (
    BIRTH,
    CARD,
    ENTERPRISE,
    FOOD,
    HOUSEHOLD,
    INSURANCE,
    MARRIAGE,
    OLD_NUMBER,
    PUBLISHED,
    SHAREHOLDER,
    TAX,
    code,
    number,
)  # fmt: skip

DEATH = "civil_affairs.death"
INSTITUTION = "establishment_office.public_institution"
PEOPLE = [
    (
        number("410702", f"{1950 + n}0{1 + n % 9}1{n % 10}", f"{n:02d}{1 + n % 2}"),
        f"王{'甲乙丙丁戊己庚辛壬癸'[n % 10]}{'一二三'[n // 10]}",
    )
    for n in range(12)
]
OFFICES = [code("11410702000000001"), code("11410703000000002"), code("12410700000000003")]
OFFICE_NAMES = ["红旗区公安局", "卫滨区公安局", "某局"]
WIDE = str.maketrans("0123456789", "０１２３４５６７８９")
FIRMS = [(code(f"91410700MA44{n:05d}"), f"4107001000{n:05d}", f"新乡市{n}号有限公司") for n in range(5)]


class Feed:
    """Random deliveries: new records, newer and older versions, copies, corrections of numbers, withdrawals."""

    def __init__(self, seed: int) -> None:
        self.draw = random.Random(seed)
        self.batch: dict[str, int] = {}
        self.clock = 0

    def deliver(self, *cases: MergeCase) -> None:
        """One to three batches of random resources, the same for all ``cases``."""
        makers = [
            self.household,
            self.card,
            self.marriage,
            self.death,
            self.insurance,
            self.birth,
            self.firm,
            self.food,
            self.tax,
            self.office,
            self.shareholder,
        ]
        for maker in self.draw.sample(makers, self.draw.randint(1, 3)):
            resource, rows = maker()
            number_of = self.batch[resource] = self.batch.get(resource, 0) + 1
            for one in cases:
                one.land(resource, f"{number_of:06d}", rows)

    def rows(self, make: Any) -> list[dict[str, Any]]:
        made = [make() for _ in range(self.draw.randint(1, 4))]
        return made + ([made[0]] if self.draw.random() < 0.2 else [])

    def person(self) -> tuple[str | None, str, str]:
        """Number (sometimes wrong or missing), name, birth date."""
        known, name = self.draw.choice(PEOPLE)
        wrong = [None, known[:17] + ("0" if known[17] != "0" else "1"), known[:12]]
        return (known if self.draw.random() < 0.75 else self.draw.choice(wrong)), name, known[6:14]

    def time(self) -> str:
        """Sometimes in full-width digits, or destroyed."""
        self.clock += self.draw.randint(-2, 4)
        written = f"2020-01-{1 + max(0, self.clock) % 28:02d} 00:00:00"
        return self.draw.choices([written, written.translate(WIDE), "2020-01-0\ufffd"], [8, 2, 1])[0]

    def operation(self) -> str:
        return "delete" if self.draw.random() < 0.15 else "upsert"

    def household(self) -> tuple[str, list[dict[str, Any]]]:
        def make() -> dict[str, Any]:
            key, name, born = self.person()
            return {"czrkrkid": f"H{self.draw.randint(1, 9)}", "identi_id": key, "nm": name, "birth_dt": born, "_op": self.operation(),
                    "addr": f"{self.draw.randint(1, 3)}号", "dead_dt": self.draw.choice([None, None, "20210101"]), "czrksjxgxsj": self.time()}  # fmt: skip

        return HOUSEHOLD, self.rows(make)

    def card(self) -> tuple[str, list[dict[str, Any]]]:
        def make() -> dict[str, Any]:
            key, name, born = self.person()
            return {
                "slh": f"S{self.draw.randint(1, 9)}",
                "gmsfhm": key,
                "xm": name,
                "csrq": born,
                "qfjg": self.draw.choice(OFFICE_NAMES),
                "yxqqsrq": self.draw.choice(["20100101", "20150101", "20190102", "20240103", None]),
                "yxqjzrq": self.draw.choice(["20240102", "20240103", "长期", None]),  # builds are of these days
                "gxsj": self.time(),
                "_op": self.operation(),
            }

        return CARD, self.rows(make)

    def marriage(self) -> tuple[str, list[dict[str, Any]]]:
        def make() -> dict[str, Any]:
            (his, him, born), (hers, her, birth) = self.person(), self.person()
            return {"登记字号": f"J{self.draw.randint(1, 6)}", "业务类型": self.draw.choice(["结婚登记", "结婚登记", "离婚登记"]),
                    "登记日期": self.time()[:10], "男方姓名": him, "男方身份证号": his, "男方出生日期": born,
                    "女方姓名": her, "女方身份证号": hers, "女方出生日期": birth, "_op": self.operation()}  # fmt: skip

        return MARRIAGE, self.rows(make)

    def death(self) -> tuple[str, list[dict[str, Any]]]:
        def make() -> dict[str, Any]:
            key, name, born = self.person()
            return {"火化证号": f"K{self.draw.randint(1, 5)}", "姓名": name, "身份证号": key, "出生日期": born, "死亡日期": f"2022-0{self.draw.randint(1, 9)}-01",
                    "登记日期": self.time()[:10], "_op": self.operation()}  # fmt: skip

        return DEATH, self.rows(make)

    def insurance(self) -> tuple[str, list[dict[str, Any]]]:
        def make() -> dict[str, Any]:
            key, name, born = self.person()
            return {"个人编号": f"P{self.draw.randint(1, 9)}", "姓名": name, "证件号码": key, "出生日期": born,
                    "联系电话": f"1380000000{self.draw.randint(0, 3)}", "单位统一社会信用代码": self.draw.choice(FIRMS)[0],
                    "更新时间": self.time(), "_op": self.operation()}  # fmt: skip

        return INSURANCE, self.rows(make)

    def birth(self) -> tuple[str, list[dict[str, Any]]]:
        def make() -> dict[str, Any]:
            (key, name, born), (mother, her, _) = self.person(), self.person()
            return {"certNo": f"C{self.draw.randint(1, 5)}", "babyName": name, "birthTime": born, "babyIdNo": key,
                    "motherName": her, "motherIdNo": mother, "updatedAt": self.time(), "_op": self.operation()}  # fmt: skip

        return BIRTH, self.rows(make)

    def firm(self) -> tuple[str, list[dict[str, Any]]]:
        def make() -> dict[str, Any]:
            key, old, name = self.draw.choice(FIRMS)
            name = self.draw.choice([name, name, f"{name}分号", f"{self.draw.choice(FIRMS)[2]}红旗分公司"])
            return {"main_identi_id": f"E{self.draw.randint(1, 6)}", "uni_social_crd_cd": key, "comp_nm": name, "reg_state": self.draw.choice(["存续", "注销"]),
                    "reg_no": self.draw.choice([old, None, OLD_NUMBER]), "gxsj": self.time(), "_op": self.operation()}  # fmt: skip

        return ENTERPRISE, self.rows(make)

    def food(self) -> tuple[str, list[dict[str, Any]]]:
        def make() -> dict[str, Any]:
            key, old, name = self.draw.choice(FIRMS)
            return {"许可证编号": f"JY{self.draw.randint(1, 6)}", "经营者名称": name, "统一社会信用代码": self.draw.choice([key, old, OLD_NUMBER]),
                    "发证日期": self.time()[:10], "_op": self.operation()}  # fmt: skip

        return FOOD, self.rows(make)

    def tax(self) -> tuple[str, list[dict[str, Any]]]:
        def make() -> dict[str, Any]:
            key, _, name = self.draw.choice(FIRMS)
            return {"税务登记序号": f"T{self.draw.randint(1, 6)}", "纳税人名称": name, "纳税人识别号": self.draw.choice([key, f"410702{key[8:17]}"]),
                    "更新日期": self.time()[:10], "_op": self.operation()}  # fmt: skip

        return TAX, self.rows(make)

    def office(self) -> tuple[str, list[dict[str, Any]]]:
        def make() -> dict[str, Any]:
            return {"证书号": f"I{self.draw.randint(1, 4)}", "统一社会信用代码": self.draw.choice(OFFICES), "单位名称": self.draw.choice(OFFICE_NAMES),
                    "有效期起": self.time()[:10], "_op": self.operation()}  # fmt: skip

        return INSTITUTION, self.rows(make)

    def shareholder(self) -> tuple[str, list[dict[str, Any]]]:
        def make() -> dict[str, Any]:
            (key, name, _), (firm, _, called) = self.person(), self.draw.choice(FIRMS)
            owner, _, owner_name = self.draw.choice(FIRMS)
            if self.draw.random() < 0.4:
                key, name = self.draw.choice([owner, None]), owner_name
            return {"invid": f"V{self.draw.randint(1, 8)}", "uni_social_crd_cd": self.draw.choice([firm, None]), "comp_nm": called, "inv": name,
                    "invtype": "自然人" if name[0] == "王" else "企业法人", "cerno": key, "dom": f"{self.draw.randint(1, 3)}号",
                    "subconam": f"{self.draw.randint(1, 9)}万元", "gxsj": self.time(), "_op": self.operation()}  # fmt: skip

        return SHAREHOLDER, self.rows(make)


SEEDS = [int(seed) for seed in os.environ.get("GOVSHARE_SEEDS", "1").split(",")]  # others: GOVSHARE_SEEDS=2,3,4


@pytest.mark.parametrize("seed", SEEDS)
def test_increments_give_what_a_full_build_gives(seed: int, tmp_path: Path) -> None:
    feed = Feed(seed)
    case = MergeCase(tmp_path / "increments")
    for _ in range(4):
        feed.deliver(case)
    case.build()
    twin = case.copy(tmp_path / "full")
    for _ in range(2):
        for _ in range(2):
            feed.deliver(case, twin)
        case.build()
        twin.build(full=True)  # each time: history compares what two builds said
    for schema, tables in PUBLISHED.items():
        for table in tables:
            query = f"select * from {schema}.{table} order by all"
            assert case.rows(query) == twin.rows(query), (seed, table)
    for (table,) in case.rows("select table_name from duckdb_tables() where schema_name = 'staging'"):
        if not table.endswith(("__before", "__standing")):
            query = (
                f"select * exclude (_build) replace (list_sort(_defects) as _defects) from staging.{table} order by all"
            )
            assert case.rows(query) == twin.rows(query), (seed, table)
    assert not dead_rows(case)


def test_a_version_that_comes_late_changes_how_the_versions_before_it_stand(tmp_path: Path) -> None:
    (key, name), born = PEOPLE[0], PEOPLE[0][0][6:14]

    def version(day: int, place: str) -> dict[str, Any]:
        row = {"czrkrkid": "H1", "identi_id": key, "nm": name, "birth_dt": born, "addr": place}
        return row | {"czrksjxgxsj": f"2020-01-0{day} 00:00:00"}

    case = MergeCase(tmp_path / "increments")
    case.land(HOUSEHOLD, "000001", [version(1, "1号"), version(3, "1号"), version(5, "2号")])
    case.build()
    standing = """
        select _batch, _row, _status, len(list_filter(_defects, lambda one: one.rule = 'repeated_key'))
        from staging.stg_public_security__household_registration order by all
    """
    assert case.rows(standing) == [
        ("000001", 1, "superseded", 0),
        ("000001", 2, "superseded", 1),
        ("000001", 3, "current", 1),
    ]
    # None follows one of its own delivery any more.
    case.land(HOUSEHOLD, "000002", [version(2, "3号"), version(4, "4号")])
    case.build()
    now = [("000001", 1, "superseded", 0), ("000001", 2, "superseded", 0), ("000001", 3, "current", 0)]
    assert case.rows(standing) == [*now, ("000002", 1, "superseded", 0), ("000002", 2, "superseded", 0)]
    assert case.rows("select count(*) from governance.defects where rule = 'repeated_key'") == [(0,)]


def test_what_a_row_without_a_key_said_of_somebody_goes_when_it_may_mean_another_too(tmp_path: Path) -> None:
    (key, name), born = PEOPLE[0], PEOPLE[0][0][6:14]
    other = number("410702", born, "777")
    case = MergeCase(tmp_path / "increments")
    time = "2020-01-01 00:00:00"
    case.land(
        HOUSEHOLD, "000001", [{"czrkrkid": "H1", "identi_id": key, "nm": name, "birth_dt": born, "czrksjxgxsj": time}]
    )
    case.land(INSURANCE, "000001", [{"姓名": name, "出生日期": born, "联系电话": "13800000001", "更新时间": time}])
    case.build()
    phones = "select person_id, phone from base.population where phone is not null"
    assert case.rows(phones) == [(key, "13800000001")]
    row = {"czrkrkid": "H2", "identi_id": other, "nm": name, "birth_dt": born, "czrksjxgxsj": time}
    case.land(HOUSEHOLD, "000002", [row])
    case.build()
    assert case.rows(phones) == []
    assert case.rows("select rule from governance.review") == [("ambiguous_link",)]


def dead_rows(case: MergeCase) -> dict[str, tuple[int, int]]:
    """Tables of which more than a quarter are rows that builds have deleted: those that are there, and all."""
    tables = case.rows("select schema_name || '.' || table_name, estimated_size from duckdb_tables()")
    there = {table: (case.rows(f"select count(*) from {table}")[0][0], size) for table, size in tables}
    return {table: (rows, size) for table, (rows, size) in there.items() if rows < 0.75 * size}
