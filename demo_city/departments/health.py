"""卫生健康委员会: medical certificates of birth (出生医学证明), mostly before the child has a number.

JSON lines by year.
"""

from __future__ import annotations

import numpy as np

from demo_city.chance import uniform
from demo_city.delivery import Delivery
from demo_city.departments.common import year_of
from demo_city.geography import county_name
from demo_city.office import Office
from demo_city.register import File, Register, numbered, subject
from demo_city.text import cat, padded, spelled, where
from demo_city.vocabulary import ETHNIC_WORDS, SEX_WORDS, worded
from demo_city.world import World

SINCE = np.datetime64("2019-01-01")
DAY = np.timedelta64(1, "D")
MINUTES = [f" {hour:02}:{minute:02}" for hour in range(24) for minute in range(60)]
HOSPITALS = ["人民医院", "人民医院", "妇幼保健院", "中医院"]


def births(world: World) -> np.ndarray:
    """Children born here since 2019 whose mother is known; a few were born elsewhere."""
    people = world.people
    here = (people.birth >= SINCE) & (people.mother >= 0) & (people.birth_division // 100 == 4107)
    at = np.flatnonzero(here)
    return numbered(at[uniform(world.seed, "born in hospital", at) < 0.95])


def birth_certificate(office: Office, records: np.ndarray) -> Delivery:
    """出生医学证明签发信息: child, mother and father in one row."""
    people, at = office.world.people, subject(records)
    born = people.birth[at]
    d = Delivery("health.birth_certificate", "certNo", len(at), "updatedAt", records, year_of(born))
    mother, father = people.mother[at], people.father[at]
    d.role("child", "population", at, "babyIdNo")
    d.role("mother", "population", mother, "motherIdNo")
    d.role("father", "population", father, "fatherIdNo")
    d.item("certNo", cat("V41", padded(at, 8)))
    name, number = office.person("name", at), office.person("id_number", at)
    d.item("babyName", name, "person_name", {"child.name": None, "certificate.holder_name": None})
    sex, birth = office.person("sex", at), office.person("birth_date", at)
    d.item("babySex", worded(sex, SEX_WORDS), "sex", {"child.sex": sex})
    d.item("birthTime", cat(birth, office.choose(MINUTES, "hour", at)), "time", {"child.birth_date": birth})
    hospital = cat(county_name(people.origin[at]), office.choose(HOSPITALS, "hospital", at))
    d.item("birthPlace", cat("河南省新乡市", hospital), "text")
    numbered_later = (office.chance("baby number", at) < 0.25) & (born < office.today - 60 * DAY)
    d.item("babyIdNo", where(numbered_later, number, None), "id_number", {
        "child.id_number": None, "child.sex": sex, "child.birth_date": birth, "certificate.holder_id": None,
    })  # fmt: skip
    for side, parent in (("mother", mother), ("father", father)):
        own = office.person("id_number", parent)
        d.item(f"{side}Name", office.person("name", parent), "person_name", {f"{side}.name": None})
        d.item(f"{side}IdNo", own, "id_number", {
            f"{side}.id_number": None, f"{side}.sex": office.person("sex", parent),
            f"{side}.birth_date": office.person("birth_date", parent), f"child.{side}_id_number": None,
        })  # fmt: skip
        if side == "mother":
            nation = office.person("ethnic_group", parent)
            d.item("motherNation", worded(nation, ETHNIC_WORDS), "ethnic_group", {"mother.ethnic_group": nation})
    d.item("issueOrg", hospital, tells={"certificate.issuer_name": None})
    issued = np.minimum(born + office.between("certificate issued", at, 1, 30).astype("m8[D]"), office.today)
    date = spelled(issued)
    d.item("issueDate", date, "date", {"certificate.issue_date": None, "certificate.valid_from": None})
    d.item("updatedAt", office.stamps("birth clock", at, issued), "timestamp")
    d.certificate("local:birth", "certNo", holder_kind="person", holder_id=number, holder_name=name,
                  issuer_name=hospital, issue_date=date, valid_from=date)  # fmt: skip
    return d


REGISTERS = [
    Register(
        "health.birth_certificate",
        File("health_files", "json_lines", "birth_certificate_{part}.jsonl"),
        births,
        birth_certificate,
    )
]
