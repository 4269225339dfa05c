"""自然资源和规划局: certificates of real estate (不动产权证书) of persons and of enterprises.

A table of a database.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from demo_city.chance import uniform
from demo_city.delivery import Delivery
from demo_city.departments.common import year_of
from demo_city.households import TODAY
from demo_city.office import Office
from demo_city.register import Register, Table, numbered, subject, which
from demo_city.text import cat, number_text, padded, spelled, where
from demo_city.world import World

CERTIFICATE_TYPE = "11100000MB03271699001"
ENTITIES = 1 << 40  # subjects from here on are legal entities
UNIFIED_SINCE = np.datetime64("2016-01-01")  # 不动产统一登记
OLD_OWNER = 7  # which: sold since, shown as history


def certificates(world: World) -> np.ndarray:
    """Homes of six heads of household in ten, second homes, homes sold, and premises of enterprises."""
    people = world.people
    heads = np.flatnonzero((people.roster.slot == 0) & np.isnat(people.death) & (people.age >= 22))
    draw = uniform(world.seed, "owns", heads)
    firms = world.entities.of_kind("91", "12")
    firms = firms[(uniform(world.seed, "owns premises", firms) < 0.2) & (world.entities.status[firms] == 1)]
    listed = [
        numbered(heads[draw < 0.6]),
        numbered(heads[draw < 0.1], 1),
        numbered(heads[(draw > 0.55) & (draw < 0.67)], OLD_OWNER),
        numbered(ENTITIES + firms),
    ]
    return np.sort(np.concatenate(listed))


def real_estate_certificate(office: Office, records: np.ndarray) -> Delivery:
    """不动产权证书信息, one row a certificate."""
    owner, number = subject(records), which(records)
    firm = owner >= ENTITIES
    person, entity = np.where(firm, -1, owner), np.where(firm, owner - ENTITIES, -1)
    people, entities = office.world.people, office.world.entities
    d = Delivery("natural_resources.real_estate_certificate", "bdcqzh", len(records), "djsj", records)
    name, holder = _either(office, firm, person, entity, "name"), _holder(office, firm, person, entity)
    since = np.where(firm, entities.established[entity], np.datetime64("2016-01-01"))
    entered = office.day_between(
        "estate entered", records, np.maximum(since, UNIFIED_SINCE), TODAY - np.timedelta64(1, "D")
    )
    d.item("bdcqzh", cat("豫(", year_of(entered), ")新乡市不动产权第", padded(_serial(records), 9), "号"))
    serial = cat("D410", padded(_serial(records), 9))
    d.item("zsgbh", serial, tells={"certificate.serial_number": None})
    d.item("qlr", name, "text", {"certificate.holder_name": None})
    d.item("zjzl", where(firm, "统一社会信用代码", "身份证"))
    d.item("zjh", holder, "holder_number", {"certificate.holder_id": None})
    d.item("gyqk", office.choose(["单独所有", "单独所有", "共同共有"], "shared", records))
    d.item("zl", _either(office, firm, person, entity, "household_address", "address"), "text")
    division = np.where(firm, entities.division[entity], people.division[person])
    d.item(
        "bdcdyh",
        cat(
            number_text(division),
            "001001GB",
            padded(_serial(records) % 100_000, 5),
            "F",
            padded(_serial(records), 8),
        ),
    )
    d.item("qllx", where(firm, "国有建设用地使用权", "国有建设用地使用权/房屋所有权"))
    d.item("qlxz", office.choose(["出让/市场化商品房", "出让/市场化商品房", "划拨/房改房"], "right", records))
    d.item("yt", where(firm, "商业服务用地", "城镇住宅用地/住宅"))
    d.number("mj", np.round(40 + office.chance("area", records) * 140, 2))
    d.item("syqx", where(firm, "40年", "70年"))
    d.item("qlqtzk", office.choose([None, "无", "存在抵押"], "other", records), "text")
    issuer = "新乡市自然资源和规划局"
    d.item("djjg", pa.repeat(pa.scalar(issuer), d.rows), tells={"certificate.issuer_name": None})
    stamp = office.stamps("estate clock", records, entered)
    date = spelled(entered) if office.day == 1 else pa.compute.utf8_slice_codeunits(stamp, 0, 10)
    d.item("djsj", stamp, "timestamp", {"certificate.issue_date": date, "certificate.valid_from": date})
    history = number == OLD_OWNER
    status = where(history, "5", "11")
    d.item("qszt", where(history, "历史", "现势"), tells={"certificate.status": status})
    d.certificate(
        CERTIFICATE_TYPE, "bdcqzh", holder_kind=where(firm, "legal_entity", "person"), holder_id=holder,
        holder_name=name, issuer_name=issuer, issue_date=date, valid_from=date, status=status,
        serial_number=serial,
    )  # fmt: skip
    return d


def _serial(records: np.ndarray) -> np.ndarray:
    """Persons' and firms' records in one sequence without gaps that matter."""
    return np.where(records >= ENTITIES * 8, (records - ENTITIES * 8) + 500_000_000, records)


def _holder(office: Office, firm: np.ndarray, person: np.ndarray, entity: np.ndarray) -> pa.Array:
    return where(firm, office.entity("credit_code", entity), office.person("id_number", person))


def _either(
    office: Office,
    firm: np.ndarray,
    person: np.ndarray,
    entity: np.ndarray,
    attribute: str,
    other: str | None = None,
) -> pa.Array:
    return where(firm, office.entity(other or attribute, entity), office.person(attribute, person))


REGISTERS = [
    Register(
        "natural_resources.real_estate_certificate",
        Table("natural_resources", "bdcqzxx", "djsj", "bdcqzh"),
        certificates,
        real_estate_certificate,
    )
]
