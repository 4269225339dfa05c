"""市场监督管理局: enterprises (市场主体登记), their licences (电子营业执照), food licences (食品经营许可证),
shareholders (``shareholders``).

Three tables of a database, and one JSON document.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from demo_city.chance import uniform
from demo_city.delivery import Delivery
from demo_city.departments.common import capital_in_own_currency, certificate_states, number_tells
from demo_city.departments.shareholders import shareholder, shareholders
from demo_city.geography import county_name
from demo_city.households import TODAY
from demo_city.life import years
from demo_city.office import Office
from demo_city.register import File, Register, Table, numbered, subject, which
from demo_city.text import cat, number_text, padded, pick, spelled, where
from demo_city.vocabulary import CERTIFICATE_WORDS, CURRENCY_WORDS, STATE_WORDS, worded
from demo_city.world import World

MARKET = ("91", "92", "93")
LICENCE_TYPE = "11100000MB0143028R001"
FOOD_INDUSTRIES = ("C13", "C14", "F52", "H62")
DAY = np.timedelta64(1, "D")


def market_entities(world: World) -> np.ndarray:
    return numbered(world.entities.of_kind(*MARKET))


def enterprise_registration(office: Office, records: np.ndarray) -> Delivery:
    """市场主体登记信息, one row an enterprise, self-employed person or co-operative."""
    entities, at = office.world.entities, subject(records)
    d = Delivery("market_regulation.enterprise_registration", "main_identi_id", len(at), "gxsj", records)
    d.role("entity", "legal_entity", at, "uni_social_crd_cd")
    d.item("main_identi_id", cat("4107", padded(at, 12)))
    d.item("uni_social_crd_cd", office.entity("credit_code", at), "credit_code", number_tells(office, at))
    d.item("reg_no", office.entity("registration_number", at), tells={"entity.registration_number": None})
    d.item("comp_nm", office.entity("name", at), "organisation_name",
           {"entity.name": None, "entity.parent_credit_code": office.entity("parent_credit_code", at)})  # fmt: skip
    d.item("comp_type", office.entity("entity_type", at), tells={"entity.entity_type": None})
    status = office.entity("registration_status", at)
    words = {str(code): word for code, word in STATE_WORDS.items()}
    d.item("reg_state", worded(status, words), tells={"entity.registration_status": status})
    d.item("legal_repre", office.entity("representative_name", at), "person_name representative_name",
           {"entity.representative_name": None})  # fmt: skip
    d.item("legal_repre_id", office.entity("representative_id_number", at), "id_number",
           {"entity.representative_id_number": None})  # fmt: skip
    d.item("indv_id", office.entity("industry", at), tells={"entity.industry": None})
    d.number(
        "reg_capt",
        entities.capital[at] / 10_000,
        {"entity.capital_amount": office.entity("capital_amount", at)},
    )
    currency = office.entity("capital_currency", at)
    d.item("capt_kind", worded(currency, CURRENCY_WORDS), tells={"entity.capital_currency": currency})
    d.item("opt_scop", office.entity("business_scope", at), "text", {"entity.business_scope": None})
    d.item("addr", office.entity("address", at), "text", {"entity.address": None})
    d.item("reg_org", office.entity("registration_office", at), tells={"entity.registration_office": None})
    founded = entities.established[at]
    approved = office.day_between("approved", at, founded, TODAY - DAY)
    d.item("appr_dt", spelled(approved), "date")
    d.item("est_dt", spelled(founded), "date", {"entity.establishment_date": None})
    d.item("opt_from", spelled(founded), "date", {"entity.valid_from": None})
    d.item("opt_to", office.entity("valid_to", at), "date end_date", {"entity.valid_to": None})
    d.item("domdi_strict", office.entity("division_code", at), tells={"entity.division_code": None})
    d.item("tel", office.entity("phone", at), "phone", {"entity.phone": None})
    d.item("gxsj", office.stamps("enterprise clock", at, approved), "timestamp")
    return d


def licences(world: World) -> np.ndarray:
    """Each market entity's licence, and for three of ten the one before it (which = 1)."""
    at = world.entities.of_kind(*MARKET)
    older = (uniform(world.seed, "licence before", at) < 0.3) & (world.entities.established[at] < TODAY - 800 * DAY)
    return np.sort(np.concatenate([numbered(at), numbered(at[older], 1)]))


def business_licence(office: Office, records: np.ndarray) -> Delivery:
    """电子营业执照信息, one row a licence made."""
    entities, at, number = office.world.entities, subject(records), which(records)
    d = Delivery("market_regulation.business_licence", "zzbh", len(at), "gxsj", records)
    d.role("entity", "legal_entity", at, "tyshxydm")
    d.item("zzbh", cat("4107", padded(records, 12)))
    code, name = office.entity("credit_code", at), office.entity("name", at)
    d.item("tyshxydm", code, "credit_code", {**number_tells(office, at), "certificate.holder_id": None})
    d.item("mc", name, "organisation_name", {"entity.name": None, "certificate.holder_name": None})
    d.item("lx", office.entity("entity_type", at), tells={"entity.entity_type": None})
    person = entities.representative[at]
    former = office.person("former_name", person)
    before = office.not_told("name_of_before", d, "fddbr", records, np.asarray(former.is_valid()))
    d.item("fddbr", where(before, former, office.person("name", person)), "person_name representative_name",
           {"entity.representative_name": None})  # fmt: skip
    d.item("zczb", capital_in_own_currency(office, at), "capital", {
        "entity.capital_amount": office.entity("capital_amount", at),
        "entity.capital_currency": office.entity("capital_currency", at),
    })  # fmt: skip
    founded = entities.established[at]
    d.item("clrq", spelled(founded), "date", {"entity.establishment_date": None})
    d.item("yyqx_q", spelled(founded), "date", {"entity.valid_from": None, "certificate.valid_from": None})
    until = office.entity("valid_to", at)
    d.item("yyqx_z", until, "date end_date", {"entity.valid_to": None, "certificate.valid_to": None})
    d.item("jyfw", office.entity("business_scope", at), "text", {"entity.business_scope": None})
    issuer = office.entity("registration_office", at)
    d.item("djjg", issuer, tells={"entity.registration_office": None, "certificate.issuer_name": None})
    made = _licence_day(office, at, number)
    d.item("hzrq", spelled(made), "date", {"certificate.issue_date": None})
    d.item("zs", office.entity("address", at), "text", {"entity.address": None})
    ended = entities.status[at] != 1
    unaware = office.not_told("stale_status", d, "zt", records, ended)
    status = where(unaware | (number > 0), "1", office.entity("registration_status", at))
    shown = certificate_states(status)
    d.item("zt", status, tells={"entity.registration_status": None, "certificate.status": shown})
    d.item("gxsj", office.stamps("licence clock", records, made), "timestamp")
    d.certificate(
        LICENCE_TYPE, "zzbh", holder_kind="legal_entity", holder_id=code, holder_name=name,
        issuer_name=issuer, issue_date=spelled(made), valid_from=spelled(founded), valid_to=until,
        status=certificate_states(where(number > 0, "1", office.entity("registration_status", at))),
    )  # fmt: skip
    return d


def _licence_day(office: Office, at: np.ndarray, number: np.ndarray) -> np.ndarray:
    """The older licence is from the first half of the time since the founding."""
    founded = office.world.entities.established[at]
    middle = founded + (TODAY - founded) // 2
    older = office.day_between("licence before made", at, founded, middle)
    return np.where(number > 0, older, office.day_between("licence made", at, middle + DAY, TODAY - DAY))


def food_traders(world: World) -> np.ndarray:
    entities = world.entities
    at = entities.of_kind("91", "92")
    trade = np.isin(np.asarray(entities.industry.take(pa.array(at)).to_numpy(zero_copy_only=False)), FOOD_INDUSTRIES)
    return numbered(at[trade & (uniform(world.seed, "food", at) < 0.75)])


def food_licence(office: Office, records: np.ndarray) -> Delivery:
    """食品经营许可证信息; the oldest clerks still enter the registration number of before 2015."""
    entities, at = office.world.entities, subject(records)
    d = Delivery("market_regulation.food_licence", "许可证编号", len(at), "发证日期", records)
    d.role("entity", "legal_entity", at, "统一社会信用代码")
    d.inner = frozenset({"old_number"})
    d.item("old_number", office.entity("registration_number", at))
    serves = office.chance("food kind", at) < 0.4
    d.item("许可证编号", cat(where(serves, "JY2", "JY1"), number_text(entities.division[at]), padded(at, 7)))
    code, name = office.entity("credit_code", at), office.entity("name", at)
    d.item("经营者名称", name, "organisation_name", {"entity.name": None, "certificate.holder_name": None})
    old = {"entity.registration_number": pa.nulls(len(at), pa.string())}  # filled where it is written
    d.item(
        "统一社会信用代码",
        code,
        "credit_code",
        {**number_tells(office, at), **old, "certificate.holder_id": None},
    )
    d.item("法定代表人", office.entity("representative_name", at), "person_name representative_name",
           {"entity.representative_name": None})  # fmt: skip
    address = office.entity("address", at)
    d.item("住所", address, "text", {"entity.address": None})
    d.item("经营场所", address, "text")
    d.item("主体业态", where(serves, "餐饮服务经营者", "食品销售经营者"))
    d.item("经营项目", where(serves, "热食类食品制售", "预包装食品销售"), "text")
    first = np.maximum(entities.established[at], np.datetime64("2018-06-01"))
    issued = office.day_between("food issued", at, first, TODAY - 3 * DAY)
    until = issued + years(5) - DAY
    d.item("发证日期", spelled(issued), "date", {"certificate.issue_date": None})
    issuer = cat(county_name(entities.division[at]), "市场监督管理局")
    d.item("发证机关", issuer, tells={"certificate.issuer_name": None})
    d.item("有效期自", spelled(issued), "date", {"certificate.valid_from": None})
    d.item("有效期至", spelled(until), "date", {"certificate.valid_to": None})
    status = pick(["11", "4", "5"], np.where(entities.status[at] != 1, 2, np.where(until < office.today, 1, 0)))
    d.item("许可证状态", worded(status, CERTIFICATE_WORDS), tells={"certificate.status": status})
    d.item("区域", number_text(entities.division[at]))
    d.certificate(
        "local:food_licence", "许可证编号", holder_kind="legal_entity", holder_id=code, holder_name=name,
        issuer_name=issuer, issue_date=spelled(issued), valid_from=spelled(issued), valid_to=spelled(until),
        status=status,
    )  # fmt: skip
    return d


REGISTERS = [
    Register(
        "market_regulation.enterprise_registration",
        Table("market_regulation", "scztxx", "gxsj", "main_identi_id"),
        market_entities,
        enterprise_registration,
        frozenset({"firm", "closed"}),
    ),
    Register(
        "market_regulation.business_licence",
        Table("market_regulation", "yyzz", "gxsj", "zzbh"),
        licences,
        business_licence,
        frozenset({"firm", "closed"}),
    ),
    Register(
        "market_regulation.food_licence",
        File("market_regulation_files", "json", "食品经营许可证_{day}.json", records="data"),
        food_traders,
        food_licence,
        frozenset({"closed"}),
    ),
    Register(
        "market_regulation.shareholder",
        Table("market_regulation", "gdczxx", "gxsj", "invid"),
        shareholders,
        shareholder,
        frozenset({"firm"}),
    ),
]
