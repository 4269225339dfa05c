"""机构编制委员会办公室: public institutions (事业单位法人).

A legacy workbook with a title above its header.
"""

from __future__ import annotations

import numpy as np

from demo_city.delivery import Delivery
from demo_city.departments.common import certificate_of_entity, certificate_states, number_tells
from demo_city.geography import county_name
from demo_city.office import Office
from demo_city.register import File, Register, numbered, subject
from demo_city.text import cat, padded
from demo_city.vocabulary import STATE_WORDS, worded
from demo_city.world import World


def institutions(world: World) -> np.ndarray:
    return numbered(world.entities.of_kind("12"))


def public_institution(office: Office, records: np.ndarray) -> Delivery:
    """事业单位法人信息, one row an institution; the scope is the purpose followed by the trade."""
    entities, at = office.world.entities, subject(records)
    d = Delivery("establishment_office.public_institution", "证书号", len(at), "有效期起", records)
    d.role("entity", "legal_entity", at, "统一社会信用代码")
    d.item("证书号", cat("事证第14107", padded(at, 7), "号"))
    d.item("统一社会信用代码", office.entity("credit_code", at), "credit_code",
           {**number_tells(office, at), "certificate.holder_id": None})  # fmt: skip
    d.item("单位名称", office.entity("name", at), "organisation_name",
           {"entity.name": None, "certificate.holder_name": None})  # fmt: skip
    d.item("宗旨和业务范围", office.entity("business_scope", at), "text", {"entity.business_scope": None})
    d.item("住所", office.entity("address", at), "text", {"entity.address": None})
    d.item("法定代表人", office.entity("representative_name", at), "person_name representative_name",
           {"entity.representative_name": None})  # fmt: skip
    d.item("经费来源", office.choose(["财政拨款", "财政补助", "经费自理"], "funds", at))
    d.number("开办资金(万元)", entities.capital[at] / 10_000, {
        "entity.capital_amount": office.entity("capital_amount", at),
        "entity.capital_currency": office.entity("capital_currency", at),
    })  # fmt: skip
    county = county_name(entities.division[at])
    d.item(
        "举办单位",
        cat(
            county,
            office.choose(["教育体育局", "卫生健康委员会", "农业农村局", "文化广电和旅游局"], "founder", at),
        ),
    )
    issuer = office.entity("registration_office", at)
    d.item("登记管理机关", issuer, tells={"entity.registration_office": None, "certificate.issuer_name": None})
    certificate_of_entity(office, d, at, "local:public_institution", "证书号", issuer)
    status = office.entity("registration_status", at)
    states = {str(code): word for code, word in STATE_WORDS.items()}
    d.item("状态", worded(status, states | {"1": "存续"}),
           tells={"entity.registration_status": status, "certificate.status": certificate_states(status)})  # fmt: skip
    return d


REGISTERS = [
    Register(
        "establishment_office.public_institution",
        File("establishment_files", "xls", "事业单位法人.xls", title="新乡市事业单位法人登记情况表"),
        institutions,
        public_institution,
    )
]
