"""公安局: the household register (常住人口户卡) and the identity cards made (居民身份证).

Codes: GB/T 2261, GB/T 3304, education by the edition of 1984, relations in words. Dates without hyphens.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from demo_city.chance import uniform
from demo_city.delivery import Delivery
from demo_city.geography import county_name
from demo_city.households import TODAY
from demo_city.life import DIVORCED, MARRIED, SINGLE, WIDOWED, full_years, years_later
from demo_city.office import Office
from demo_city.people import RELATION_WORDS
from demo_city.register import Register, Table, numbered, subject, which
from demo_city.text import cat, number_text, padded, pick, put, spelled, take, where
from demo_city.vocabulary import EDUCATION_1984
from demo_city.world import World

SECOND_GENERATION = np.datetime64("2004-06-01")  # 第二代居民身份证
CARD_TYPE = "11100000000013127D001"
DAY = np.timedelta64(1, "D")
LEVELS = [int(code) for code in EDUCATION_1984]
LONG = 200  # years; a card without end


def registered(world: World) -> np.ndarray:
    return numbered(np.flatnonzero(world.people.registered))


def household_registration(office: Office, records: np.ndarray) -> Delivery:
    """常住人口登记信息, one row a person, with those who died or moved away."""
    people, at = office.world.people, subject(records)
    d = Delivery("public_security.household_registration", "czrkrkid", len(at), "czrksjxgxsj", records)
    d.role("person", "population", at, "identi_id")
    d.item("czrkrkid", cat("4107", padded(at, 10)))
    number = office.person("id_number", at)
    birth = people.birth[at]
    d.item("identi_id", number, "id_number", {
        "person.id_number": None, "person.sex": office.person("sex", at), "person.birth_date": spelled(birth),
    })  # fmt: skip
    d.item("nm", office.person("name", at), "person_name", {"person.name": None})
    d.item("used_nm", office.person("former_name", at), "person_name", {"person.former_name": None})
    d.item("gen", office.person("sex", at), "sex", {"person.sex": None})
    d.item("nation", office.person("ethnic_group", at), "ethnic_group", {"person.ethnic_group": None})
    d.item("birth_dt", spelled(birth, "compact"), "date birth_date", {"person.birth_date": spelled(birth)})
    d.item("birth_pcc", office.person("birth_division", at), tells={"person.birth_division": None})
    d.item("native_pcc", office.person("birth_division", at))
    _education(office, d, at)
    _marital_status(office, d, at)
    moved = office.not_told("stale_address", d, "addr", at)
    address = _address_before(office, at, moved, people.address)
    d.item("addr", address, "text", {
        "person.household_address": None,
        "person.household_town": where(moved, None, office.person("household_town", at)),
        "person.household_village": where(moved, None, office.person("household_village", at)),
    })  # fmt: skip
    d.item("belo_pcc", office.person("household_division", at), tells={"person.household_division": None})
    household = office.person("household_number", at)
    d.item("czrkhhid", household, tells={"person.household_number": None})
    d.item("account_num", household)
    d.item(
        "account_type",
        office.choose(["家庭户"] * 19 + ["集体户"], "account_type", people.roster.household[at]),
    )
    relation = pick(RELATION_WORDS, people.relation[at])
    d.item(
        "household_rela",
        relation,
        tells={"person.household_relation": office.person("household_relation", at)},
    )
    d.item("tel", office.person("phone", at), "phone", {"person.phone": None})
    places, village = office.world.places, people.village[at]
    d.item("police_station_nm", cat(take(places.town_name, village), "派出所"))
    d.item("resi_commit_nm", take(places.village_name, village))
    _ends(office, d, at)
    return d


def _education(office: Office, d: Delivery, at: np.ndarray) -> None:
    """Some said what they had finished when they were last asked: one or two levels lower."""
    level = office.world.people.education[at]
    place = np.searchsorted(LEVELS, level)
    behind = office.not_told("stale_education", d, "edu_degree", at, (level > 0) & (level < 80))
    place = np.where(behind, np.minimum(place + 1, len(LEVELS) - 1), place)
    place = np.where(level > 0, place, -1)
    codes = [EDUCATION_1984[str(code)] for code in LEVELS]
    width = max(len(c) for c in codes)
    flat = [c[n % len(c)] for c in codes for n in range(width)]
    spelling = office.between("edu_degree", at, 0, width)
    d.item("edu_degree", pick(flat, np.where(place < 0, -1, place * width + spelling)), "education_1984",
           {"person.education": pick([str(code) for code in LEVELS], place)})  # fmt: skip


def _marital_status(office: Office, d: Delivery, at: np.ndarray) -> None:
    """20 已婚, sometimes 21 初婚 or 22 再婚 for it; of children nothing is noted."""
    people = office.world.people
    status = people.marital_status[at]
    behind = office.not_told("stale_marital_status", d, "marital_status", at, status != SINGLE)
    before = np.select([status == MARRIED, status == WIDOWED, status == DIVORCED], [SINGLE, MARRIED, MARRIED], status)
    said = np.where(behind, before, status)
    draw = office.chance("marital_status", at)
    written = np.where(said == MARRIED, np.where(draw < 0.7, 20, np.where(draw < 0.95, 21, 22)), said)
    child = people.age[at] < 15
    d.item("marital_status", where(child, None, number_text(written)),
           tells={"person.marital_status": where(child, None, number_text(said))})  # fmt: skip


def _address_before(office: Office, at: np.ndarray, moved: np.ndarray, now: pa.Array) -> pa.Array:
    """Some other address of the city for the rows that were not told of a move."""
    rows = np.flatnonzero(moved)
    other = office.between("address before", at[rows], 0, len(now))
    return put(take(now, at), rows, take(now, other))


def _ends(office: Office, d: Delivery, at: np.ndarray) -> None:
    """Death, moving away, and when the register was last touched."""
    people = office.world.people
    death, moved = people.death[at], people.moved_out[at]
    unknown = office.not_told("stale_death", d, "dead_dt", at, ~np.isnat(death))
    death = np.where(unknown, np.datetime64("NaT", "D"), death)
    dead, gone = ~np.isnat(death), ~np.isnat(moved)
    d.item("dead_dt", spelled(death, "compact"), "date", {"person.death_date": spelled(death)})
    d.item(
        "dead_can_type",
        where(dead, office.choose(["死亡注销", "死亡注销", "宣告死亡"], "dead_can_type", at), None),
    )
    d.item("moveout_dt", spelled(moved, "compact"), "date", {"person.move_out_date": spelled(moved)})
    d.item("moveout_can_type", where(gone, office.choose(["迁往市外", "迁往省外"], "moveout_can_type", at), None))
    cancelled = np.where(dead, death, moved)
    d.item("can_dt", spelled(cancelled, "compact"), "date")
    since = np.maximum(np.datetime64("2012-01-01"), people.birth[at])
    last = np.where(np.isnat(cancelled), office.day_between("household clock", at, since, TODAY - DAY), cancelled)
    d.item("czrksjxgxsj", office.stamps("household clock", at, last), "timestamp")


def cards(world: World) -> np.ndarray:
    """Nearly all of 16 and more, half of the children, up to three cards each; the last one has which = 0."""
    people = world.people
    registered = np.flatnonzero(people.registered)
    draw = uniform(world.seed, "has card", registered)
    holders = registered[(people.age[registered] >= 16) & (draw < 0.99) | (people.age[registered] >= 1) & (draw < 0.45)]
    more = uniform(world.seed, "cards", holders)
    issued = _issued(world, holders, np.zeros(len(holders), np.int64))
    listed = [numbered(holders)]
    for number, share in ((1, 0.3), (2, 0.08)):
        possible = _issued(world, holders, np.full(len(holders), number)) > _earliest(world, holders)
        listed.append(numbered(holders[(more < share) & possible & (issued > SECOND_GENERATION)], number))
    return np.sort(np.concatenate(listed))


def _earliest(world: World, at: np.ndarray) -> np.ndarray:
    return np.maximum(SECOND_GENERATION, world.people.birth[at] + 30 * DAY)


def _term(age: np.ndarray) -> np.ndarray:
    """居民身份证法: 5 years under 16, 10 to 25, 20 to 45, then without end."""
    return np.select([age < 16, age < 26, age < 46], [5, 10, 20], LONG)


def _issued(world: World, at: np.ndarray, number: np.ndarray) -> np.ndarray:
    """The day of issue of the last card (0) or of one before it."""
    people, first = world.people, _earliest(world, at)
    end = np.where(people.death[at] < TODAY, people.death[at], TODAY) - 10 * DAY
    span = np.minimum(_term(people.age[at]), 20) * 365
    since = np.maximum(first, end - span.astype("m8[D]"))
    width = np.maximum((end - since).astype(np.int64), 1)
    last = since + (uniform(world.seed, "card issued", at) * width).astype("m8[D]")
    for before in (1, 2):
        back = (1200 + uniform(world.seed, f"card before {before}", at) * 2400).astype("m8[D]")
        last = np.where(number >= before, last - back, last)
    return last


def identity_card(office: Office, records: np.ndarray) -> Delivery:
    """居民身份证信息, one row a card made. Older cards show the address of their time."""
    people, at, number = office.world.people, subject(records), which(records)
    d = Delivery("public_security.identity_card", "slh", len(at), "gxsj", records)
    d.role("person", "population", at, "gmsfhm")
    d.item("slh", cat("41070", padded(records, 11)))
    id_number, name = office.person("id_number", at), office.person("name", at)
    birth = people.birth[at]
    d.item("gmsfhm", id_number, "id_number", {
        "person.id_number": None, "person.sex": office.person("sex", at), "person.birth_date": spelled(birth),
        "certificate.holder_id": None,
    })  # fmt: skip
    d.item("xm", name, "person_name", {"person.name": None, "certificate.holder_name": None})
    d.item("xb", office.person("sex", at), "sex", {"person.sex": None})
    d.item("mz", office.person("ethnic_group", at), "ethnic_group", {"person.ethnic_group": None})
    d.item("csrq", spelled(birth, "compact"), "date birth_date", {"person.birth_date": spelled(birth)})
    lived_elsewhere = (number > 0) & (office.chance("card address", records) < 0.15)
    address = _address_before(office, at, lived_elsewhere, people.address)
    d.item("zz", address, "text", {"person.residence_address": None})
    issuer = _issuer(people.origin[at])
    d.item("qfjg", issuer, tells={"certificate.issuer_name": None})
    issued = _issued(office.world, at, number)
    term = _term(full_years(birth, issued))
    until = np.where(term == LONG, np.datetime64("NaT", "D"), years_later(issued, np.minimum(term, 20)))
    date = spelled(issued)
    d.item("yxqqsrq", spelled(issued, "compact"), "date",
           {"certificate.issue_date": date, "certificate.valid_from": date})  # fmt: skip
    d.item("yxqjzrq", spelled(until, "compact"), "date end_date", {"certificate.valid_to": spelled(until)})
    state = _card_state(office, at, number, until)
    d.item("zjzt", state, tells={"certificate.status": None})
    touched = np.where(number == 0, issued, np.minimum(issued + 800 * DAY, _issued(office.world, at, number - 1)))
    touched = np.where(np.isnat(people.death[at]) | (number > 0), touched, np.maximum(touched, people.death[at]))
    d.item("gxsj", office.stamps("card clock", records, touched), "timestamp")
    d.certificate(
        CARD_TYPE, "slh", holder_kind="person", holder_id=id_number, holder_name=name, issuer_name=issuer,
        issue_date=date, valid_from=date, valid_to=spelled(until), status=state,
    )  # fmt: skip
    return d


def _card_state(office: Office, at: np.ndarray, number: np.ndarray, until: np.ndarray) -> pa.Array:
    """11 valid, 10 suspended, 4 expired, 5 void (GB/T 36904 states as Henan uses them)."""
    expired = ~np.isnat(until) & (until < office.today)
    dead = ~np.isnat(office.world.people.death[at])
    lost = office.chance("card lost", at) < 0.002
    return pick(["11", "10", "4", "5"], np.select([dead | (number > 0) & ~expired, expired, lost], [3, 2, 1], 0))


def _issuer(division: np.ndarray) -> pa.Array:
    county = county_name(division)
    district = np.isin(division, [410702, 410703, 410704, 410711])
    return where(district, cat("新乡市公安局", county, "分局"), cat(county, "公安局"))


REGISTERS = [
    Register(
        "public_security.household_registration",
        Table("public_security", "czrkhk", "czrksjxgxsj", "czrkrkid"),
        registered,
        household_registration,
        frozenset({"move", "gone", "death", "name", "wedding", "divorce"}),
    ),
    Register(
        "public_security.identity_card",
        Table("public_security", "jmsfz", "gxsj", "slh"),
        cards,
        identity_card,
        frozenset({"death", "name"}),
    ),
]
