"""人力资源和社会保障局: persons insured and their employers (参保人员). One file, education in words."""

from __future__ import annotations

import numpy as np

from demo_city.delivery import Delivery
from demo_city.households import TODAY
from demo_city.life import years
from demo_city.office import Office
from demo_city.register import File, Register, numbered, subject
from demo_city.text import cat, padded, put, spelled, take, where
from demo_city.vocabulary import EDUCATION_WORDS, ETHNIC_WORDS, INSURANCE_WORDS, SEX_WORDS, worded
from demo_city.world import World

FIRST_INSURED = np.datetime64("1992-01-01")


def insured(world: World) -> np.ndarray:
    return numbered(np.flatnonzero(world.people.insurance > 0))


def social_insurance(office: Office, records: np.ndarray) -> Delivery:
    """社会保险参保人员信息, one row a person; the self-insured have no employer."""
    people, at = office.world.people, subject(records)
    d = Delivery("human_resources.social_insurance", "个人编号", len(at), "更新时间", records)
    d.role("person", "population", at, "证件号码")
    d.item("个人编号", cat("4107", padded(at, 9)))
    former = office.person("former_name", at)
    changed = np.asarray(former.is_valid())
    before = office.not_told("name_of_before", d, "姓名", at, changed)
    d.item("姓名", where(before, former, office.person("name", at)), "person_name", {"person.name": None})
    sex, birth = office.person("sex", at), office.person("birth_date", at)
    d.item("证件号码", office.person("id_number", at), "id_number",
           {"person.id_number": None, "person.sex": sex, "person.birth_date": birth})  # fmt: skip
    d.item("性别", worded(sex, SEX_WORDS), "sex", {"person.sex": sex})
    d.item("出生日期", birth, "date birth_date", {"person.birth_date": None})
    nation = office.person("ethnic_group", at)
    d.item("民族", worded(nation, ETHNIC_WORDS), "ethnic_group", {"person.ethnic_group": nation})
    education = office.person("education", at)
    d.item("文化程度", worded(education, EDUCATION_WORDS), "education_word", {"person.education": education})
    state = office.person("insurance_status", at)
    d.item("参保状态", worded(state, INSURANCE_WORDS), tells={"person.insurance_status": state})
    employed = people.employer[at] >= 0
    d.item("险种", where(employed, "企业职工基本养老保险", "灵活就业人员养老保险"))
    d.item("单位编号", where(employed, cat("D", padded(np.maximum(people.employer[at], 0), 8)), None))
    d.item("单位名称", office.person("employer_name", at), "organisation_name", {"person.employer_name": None})
    d.item("单位统一社会信用代码", office.person("employer_credit_code", at), "credit_code",
           {"person.employer_credit_code": None})  # fmt: skip
    since = np.maximum(people.birth[at] + years(18), FIRST_INSURED)
    joined = office.day_between(
        "insured since", at, since, np.minimum(since + years(12), TODAY - np.timedelta64(9, "D"))
    )
    d.item("参保日期", spelled(joined), "date")
    d.item("联系电话", office.person("phone", at), "phone", {"person.phone": None})
    moved = office.not_told("stale_address", d, "联系地址", at)
    rows = np.flatnonzero(moved)
    other = office.between("insurance address before", at[rows], 0, len(people))
    address = put(office.person("residence_address", at), rows, take(people.residence, other))
    d.item("联系地址", address, "text", {"person.residence_address": None})
    d.item("行政区划", office.person("household_division", at))
    clock = office.day_between("insurance clock", at, np.datetime64("2024-01-01"), TODAY - np.timedelta64(1, "D"))
    d.item("更新时间", office.stamps("insurance clock", at, clock), "timestamp")
    return d


REGISTERS = [
    Register(
        "human_resources.social_insurance",
        File("human_resources_files", "delimited", "参保人员_{day}.csv"),
        insured,
        social_insurance,
        frozenset({"move", "gone", "death", "job"}),
    )
]
