"""教育局: pupils and their guardians (学籍).

A workbook for each county, date cells and texts side by side.
"""

from __future__ import annotations

import numpy as np

from demo_city.delivery import Delivery
from demo_city.geography import county_name
from demo_city.households import TODAY
from demo_city.office import Office
from demo_city.register import File, Register, numbered, subject
from demo_city.text import cat, padded, pick, where
from demo_city.vocabulary import ETHNIC_WORDS, SEX_WORDS, worded
from demo_city.world import World

GRADES = [
    *(f"小学{n}年级" for n in "一二三四五六"),
    *(f"初中{n}年级" for n in "一二三"),
    *(f"高中{n}年级" for n in "一二三"),
]
FIRST_GRADE_AGE = 6


def pupils(world: World) -> np.ndarray:
    return numbered(np.flatnonzero(world.people.school >= 0))


def school_enrolment(office: Office, records: np.ndarray) -> Delivery:
    """中小学学籍信息, one row a pupil; the guardian is the father, else the mother."""
    people, at = office.world.people, subject(records)
    county = county_name(people.division[at])
    d = Delivery("education.school_enrolment", "学籍号", len(at), None, records, county)
    d.role("person", "population", at, "身份证件号")
    guardian = _guardians(office, at)
    d.role("guardian", "population", guardian, "监护人身份证号")
    d.item("学籍号", cat("G4107", padded(at, 11)))
    d.item("姓名", office.person("name", at), "person_name", {"person.name": None})
    sex, birth = office.person("sex", at), office.person("birth_date", at)
    d.item("性别", worded(sex, SEX_WORDS), "sex", {"person.sex": sex})
    real = office.chance("enrolment cells", at) < 0.7
    d.item("出生日期", birth, "date spreadsheet_date birth_date", {"person.birth_date": None}, real)
    d.item("身份证件号", office.person("id_number", at), "id_number",
           {"person.id_number": None, "person.sex": sex, "person.birth_date": birth})  # fmt: skip
    nation = office.person("ethnic_group", at)
    d.item("民族", worded(nation, ETHNIC_WORDS), "ethnic_group", {"person.ethnic_group": nation})
    d.item("学校名称", office.person("school_name", at), tells={"person.school_name": None})
    d.item("学校标识码", cat("3141", padded(people.school[at], 8)))
    age = ((TODAY - people.birth[at]).astype(np.int64) / 365.2425).astype(int)
    grade = np.clip(age - FIRST_GRADE_AGE, 0, len(GRADES) - 1)
    d.item("年级", pick(GRADES, grade))
    stage = np.where(grade < 6, grade, (grade - 6) % 3)
    began = np.datetime64("2026-09-01") - (stage * 365.25).astype("m8[D]")
    d.item("入学年月", pick([f"{year}-09" for year in range(2010, 2030)], _year(began) - 2010))
    d.item("学生状态", office.choose(["在读"] * 30 + ["休学"], "pupil state", at))
    d.item("户口所在地", office.person("household_address", at), "text")
    d.item("现住址", office.person("residence_address", at), "text", {"person.residence_address": None})
    d.item("监护人姓名", office.person("name", guardian), "person_name", {"guardian.name": None})
    d.item("监护人身份证号", office.person("id_number", guardian), "id_number", {
        "guardian.id_number": None, "guardian.sex": office.person("sex", guardian),
        "guardian.birth_date": office.person("birth_date", guardian),
    })  # fmt: skip
    is_father = guardian == people.father[at]
    d.item("监护人关系", where(guardian < 0, None, where(is_father, "父亲", "母亲")))
    d.item("监护人电话", office.person("phone", guardian), "phone", {"guardian.phone": None})
    return d


def _year(days: np.ndarray) -> np.ndarray:
    return days.astype("M8[Y]").astype(np.int64) + 1970


def _guardians(office: Office, at: np.ndarray) -> np.ndarray:
    """The father if he lives, else the mother if she does; -1 where a pupil has neither here."""
    people = office.world.people
    father, mother = people.father[at], people.mother[at]
    alive = np.isnat(people.death)
    father = np.where((father >= 0) & alive[father], father, -1)
    mother = np.where((mother >= 0) & alive[mother], mother, -1)
    first = office.chance("guardian", at) < 0.6
    return np.where((father >= 0) & (first | (mother < 0)), father, mother)


REGISTERS = [
    Register(
        "education.school_enrolment",
        File("education_files", "xlsx", "学籍_{part}_{day}.xlsx"),
        pupils,
        school_enrolment,
        frozenset({"move"}),
    )
]
