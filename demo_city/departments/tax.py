"""税务局: taxpayers (税务登记).

Text with ``|`` between the fields; some still under the number of before 2015.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from demo_city.chance import uniform
from demo_city.delivery import Delivery
from demo_city.departments.common import capital_in_own_currency, number_tells
from demo_city.entities import NEW_CODES_SINCE
from demo_city.geography import county_name
from demo_city.households import TODAY
from demo_city.office import Office
from demo_city.register import File, Register, numbered, subject
from demo_city.text import cat, number_text, padded, spelled, where
from demo_city.vocabulary import ENTITY_TYPE_WORDS, worded
from demo_city.world import World

# Who registers with the tax office, by the first two characters of the credit code (agencies withhold their people's
# taxes).
SHARES = {"11": 1.0, "91": 0.99, "92": 0.6, "93": 0.9, "12": 0.7, "51": 0.6, "52": 0.7, "53": 0.8, "N2": 0.9}


def taxpayers(world: World) -> np.ndarray:
    listed = []
    for kind, share in SHARES.items():
        at = world.entities.of_kind(kind)
        listed.append(at[uniform(world.seed, "taxpayer", at) < share])
    return numbered(np.sort(np.concatenate(listed)))


def tax_registration(office: Office, records: np.ndarray) -> Delivery:
    """税务登记信息, one row a taxpayer."""
    entities, at = office.world.entities, subject(records)
    d = Delivery("tax.tax_registration", "税务登记序号", len(at), "更新日期", records)
    d.role("entity", "legal_entity", at, "社会信用代码", ("组织机构代码",))
    d.mirror = "纳税人识别号"
    founded = entities.established[at]
    code, organisation = office.entity("credit_code", at), office.entity("organisation_code", at)
    old = founded < NEW_CODES_SINCE
    d.inner = frozenset({"old_number"})
    d.item("old_number", where(old, cat(number_text(entities.division[at]), organisation), None))
    d.item("税务登记序号", cat("101074107", padded(at, 9)))
    d.item("纳税人识别号", code, tells={"entity.tax_number": None})
    d.item("纳税人名称", office.entity("name", at), "organisation_name", {"entity.name": None})
    d.item("社会信用代码", code, "credit_code", number_tells(office, at))
    lone = np.asarray(entities.kind.take(pa.array(at)).to_numpy(zero_copy_only=False)) == "92"
    d.item("组织机构代码", where(lone, None, organisation), tells={"entity.organisation_code": None})
    d.item("法定代表人姓名", office.entity("representative_name", at), "person_name representative_name",
           {"entity.representative_name": None})  # fmt: skip
    d.item("法定代表人证件号码", office.entity("representative_id_number", at), "id_number",
           {"entity.representative_id_number": None})  # fmt: skip
    kind = office.entity("entity_type", at)
    d.item("登记注册类型", worded(kind, ENTITY_TYPE_WORDS), tells={"entity.entity_type": kind})
    d.item("行业", office.entity("industry", at), tells={"entity.industry": None})
    d.item("注册地址", office.entity("address", at), "text", {"entity.address": None})
    d.item("注册资本", capital_in_own_currency(office, at), "capital", {
        "entity.capital_amount": office.entity("capital_amount", at),
        "entity.capital_currency": office.entity("capital_currency", at),
    })  # fmt: skip
    d.item("开业日期", spelled(founded), "date", {"entity.establishment_date": None})
    unaware = office.not_told("stale_status", d, "纳税人状态", at, entities.status[at] != 1)
    d.item(
        "纳税人状态",
        where(unaware, "正常", office.entity("tax_status", at)),
        tells={"entity.tax_status": None},
    )
    d.item("主管税务机关", cat("国家税务总局", county_name(entities.division[at]), "税务局"))
    clock = office.day_between("tax clock", at, np.maximum(founded, np.datetime64("2022-01-01")), TODAY)
    d.item("更新日期", spelled(clock if office.day == 1 else np.broadcast_to(office.today, len(at))), "date")
    return d


REGISTERS = [
    Register(
        "tax.tax_registration",
        File("tax_files", "delimited", "税务登记_{day}.txt", delimiter="|"),
        taxpayers,
        tax_registration,
        frozenset({"closed"}),
    )
]
