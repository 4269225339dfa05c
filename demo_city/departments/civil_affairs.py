"""民政局: marriages by year (婚姻登记), cremations (殡葬火化登记), social organisations (社会组织登记).
Files only.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from demo_city.chance import uniform
from demo_city.delivery import Delivery
from demo_city.departments.common import capital_text, certificate_of_entity, certificate_states, year_of
from demo_city.geography import county_name
from demo_city.households import TODAY
from demo_city.life import REGISTER_SINCE
from demo_city.office import Office
from demo_city.register import File, Register, numbered, subject, which
from demo_city.text import cat, constant, number_text, padded, pick, spelled, where
from demo_city.vocabulary import SEX_WORDS, STATE_WORDS, worded
from demo_city.world import World

DAY = np.timedelta64(1, "D")
WEDDING, DIVORCE, AGAIN = 0, 1, 2
BUSINESS = ["结婚登记", "离婚登记", "补领结婚证"]
LETTERS = ["J", "L", "B"]
KINDS_OF_ORGANISATION = {"51": "社会团体", "52": "民办非企业单位", "53": "基金会"}


def marriages(world: World) -> np.ndarray:
    """Weddings and divorces since the register is electronic; certificates issued again for older ones."""
    marriage = world.people.marriage
    everyone = np.arange(len(marriage))
    weddings = np.flatnonzero(marriage.date >= REGISTER_SINCE)
    divorces = np.flatnonzero(~np.isnat(marriage.divorced))
    standing = np.isnat(marriage.divorced) & (marriage.date < REGISTER_SINCE)
    death = world.people.death
    alive = np.isnat(death[marriage.husband]) & np.isnat(death[marriage.wife])
    again = np.flatnonzero(standing & alive & (uniform(world.seed, "married again", everyone) < 0.06))
    listed = [numbered(weddings, WEDDING), numbered(divorces, DIVORCE), numbered(again, AGAIN)]
    return np.sort(np.concatenate(listed))


def marriage(office: Office, records: np.ndarray) -> Delivery:
    """婚姻登记信息, one row an act of registration; a file for each year."""
    people, at, act = office.world.people, subject(records), which(records)
    entry = people.marriage
    husband, wife = entry.husband[at], entry.wife[at]
    again = office.day_between("certificate again", at, np.maximum(entry.date[at], REGISTER_SINCE), TODAY - DAY)
    day = np.select([act == WEDDING, act == DIVORCE], [entry.date[at], entry.divorced[at]], again)
    d = Delivery("civil_affairs.marriage", "登记字号", len(at), "登记日期", records, year_of(day))
    d.role("husband", "population", husband, "男方身份证号")
    d.role("wife", "population", wife, "女方身份证号")
    county = people.origin[husband]
    number = cat(pick(LETTERS, act), number_text(county), "-", year_of(day), "-", padded(at, 7))
    d.item("登记字号", number)
    status = where(act == DIVORCE, "40", "20")
    both = {f"{side}.marital_status": status for side in ("husband", "wife")}
    d.item("业务类型", pick(BUSINESS, act), tells=both)
    date = spelled(day)
    wedding = where(act == WEDDING, date, None)
    d.item("登记日期", date, "date", {
        "husband.marriage_date": wedding, "wife.marriage_date": wedding,
        "certificate.issue_date": date, "certificate.valid_from": date,
    })  # fmt: skip
    sides = (("husband", "男方", husband, "wife", wife), ("wife", "女方", wife, "husband", husband))
    for side, word, person, other_side, _ in sides:
        own = office.person("id_number", person)
        name, birth = office.person("name", person), office.person("birth_date", person)
        name_tells: dict[str, pa.Array | None] = {f"{side}.name": None}
        number_tells: dict[str, pa.Array | None] = {
            f"{side}.id_number": None,
            f"{side}.sex": office.person("sex", person),
            f"{side}.birth_date": birth,
            f"{other_side}.spouse_id_number": where(act == DIVORCE, None, own),
        }
        if side == "husband":
            name_tells["certificate.holder_name"] = number_tells["certificate.holder_id"] = None
        d.item(f"{word}姓名", name, "person_name", name_tells)
        d.item(f"{word}身份证号", own, "id_number", number_tells)
        d.item(f"{word}出生日期", birth, "date birth_date", {f"{side}.birth_date": None})
        d.item(f"{word}国籍", constant("中国", len(at)))
    register_office = cat(county_name(county), "民政局婚姻登记处")
    d.item("登记机关", register_office, tells={"certificate.issuer_name": None})
    d.certificate(
        "local:marriage", "登记字号", holder_kind="person", holder_id=office.person("id_number", husband),
        holder_name=office.person("name", husband), issuer_name=register_office, issue_date=date,
        valid_from=date,
    )  # fmt: skip
    return d


def deaths(world: World) -> np.ndarray:
    """Nine of ten are cremated here, and in the books a few days later."""
    dead = np.flatnonzero(~np.isnat(world.people.death))
    return numbered(dead[uniform(world.seed, "cremated", dead) < 0.92])


def death(office: Office, records: np.ndarray) -> Delivery:
    """殡葬火化登记信息, one row a person; a workbook for each year, with date cells and texts for dates."""
    people, at = office.world.people, subject(records)
    died = people.death[at]
    d = Delivery("civil_affairs.death", "火化证号", len(at), "登记日期", records, year_of(died))
    d.role("person", "population", at, "身份证号")
    d.item("火化证号", cat("火4107-", padded(at, 8)))
    d.item("姓名", office.person("name", at), "person_name", {"person.name": None})
    sex = office.person("sex", at)
    d.item("性别", worded(sex, SEX_WORDS), "sex", {"person.sex": sex})
    birth = office.person("birth_date", at)
    d.item("身份证号", office.person("id_number", at), "id_number",
           {"person.id_number": None, "person.sex": sex, "person.birth_date": birth})  # fmt: skip
    real = office.chance("death cells", at) < 0.6
    kind = "date spreadsheet_date"
    d.item("出生日期", birth, f"{kind} birth_date", {"person.birth_date": None}, real.copy())
    d.item("死亡日期", spelled(died), kind, {"person.death_date": None}, real.copy())
    d.item("死亡原因", office.choose(["疾病", "疾病", "疾病", "正常死亡", "意外"], "cause", at))
    d.item("户籍地址", office.person("household_address", at), "text")
    county = county_name(people.origin[at])
    city = office.chance("crematory", at) < 0.4
    d.item("登记单位", where(city, "新乡市殡仪馆", cat(county, "殡仪馆")))
    entered = np.minimum(died + office.between("entered", at, 1, 7).astype("m8[D]"), office.today)
    d.item("登记日期", spelled(entered), kind, cells=real.copy())
    return d


def organisations(world: World) -> np.ndarray:
    return numbered(world.entities.of_kind("51", "52", "53"))


def social_organisation(office: Office, records: np.ndarray) -> Delivery:
    """社会组织登记信息, one row an organisation."""
    entities, at = office.world.entities, subject(records)
    d = Delivery("civil_affairs.social_organisation", "登记证号", len(at), "有效期起", records)
    d.role("entity", "legal_entity", at, "统一社会信用代码")
    d.item("登记证号", cat("豫新社证字第", padded(at, 7), "号"))
    code, name = office.entity("credit_code", at), office.entity("name", at)
    d.item("统一社会信用代码", code, "credit_code", {
        "entity.credit_code": None, "entity.entity_kind": office.entity("entity_kind", at),
        "entity.organisation_code": office.entity("organisation_code", at), "certificate.holder_id": None,
    })  # fmt: skip
    d.item("组织名称", name, "organisation_name", {"entity.name": None, "certificate.holder_name": None})
    d.item("组织类型", worded(entities.kind.take(pa.array(at)), KINDS_OF_ORGANISATION))
    d.item("法定代表人", office.entity("representative_name", at), "person_name representative_name",
           {"entity.representative_name": None})  # fmt: skip
    d.item("法定代表人证件号", office.entity("representative_id_number", at), "id_number",
           {"entity.representative_id_number": None})  # fmt: skip
    d.item("成立登记日期", office.entity("establishment_date", at), "date", {"entity.establishment_date": None})
    d.item("住所", office.entity("address", at), "text", {"entity.address": None})
    county = county_name(entities.division[at])
    d.item(
        "业务主管单位",
        cat(county, office.choose(["民政局", "教育局", "体育局", "文化广电和旅游局"], "patron", at)),
    )
    d.item("注册资金", capital_text(entities.capital[at]), "capital", {
        "entity.capital_amount": office.entity("capital_amount", at),
        "entity.capital_currency": office.entity("capital_currency", at),
    })  # fmt: skip
    issuer = office.entity("registration_office", at)
    d.item("登记管理机关", issuer, tells={"entity.registration_office": None, "certificate.issuer_name": None})
    states = {str(code): word for code, word in STATE_WORDS.items()}
    status = office.entity("registration_status", at)
    d.item("登记状态", worded(status, states | {"1": "存续"}),
           tells={"entity.registration_status": status, "certificate.status": certificate_states(status)})  # fmt: skip
    certificate_of_entity(office, d, at, "local:social_organisation", "登记证号", issuer)
    return d


REGISTERS = [
    Register(
        "civil_affairs.marriage",
        File("civil_affairs_files", "delimited", "婚姻登记_{part}.csv"),
        marriages,
        marriage,
    ),
    Register("civil_affairs.death", File("civil_affairs_files", "xlsx", "殡葬火化登记_{part}.xlsx"), deaths, death),
    Register(
        "civil_affairs.social_organisation",
        File("civil_affairs_files", "xls", "社会组织登记.xls"),
        organisations,
        social_organisation,
    ),
]
