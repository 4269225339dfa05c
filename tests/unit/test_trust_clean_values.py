"""What cleaning does not understand stays apart: a value in its form, or null with a rule; never something else."""

from __future__ import annotations

import os
import string
from datetime import date

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_standards_harness import RANDOM, SHARED, macros, standards

from catalogue.dbt import code_tables
from expectations.standards import STANDARDS

CASES = SHARED / "cases"


def case(number: str) -> str:
    """The folder of a shared case; on a developer's machine without them the test is left out."""
    folder = CASES / number
    if not folder.is_dir():
        if os.environ.get("CI") == "true":
            pytest.fail(f"{folder} is missing")
        pytest.skip("the shared cases are not on this machine")
    return str(folder)


# --- numbers count only in their form

RUN = "123456789012345678"  # its last character is the check character of a credit code, as are those of zeros
NO_NUMBERS = {
    "id_number": ["0" * 18, "1" * 15, "1" * 18, RUN, RUN[:15], "4.10702E+17", "410702199003070023.0", "ABC"],
    "credit_code": ["0" * 18, "0" * 15, "1" * 15, "9" * 18, RUN, "9.14107E+17", "91410700000000000X", "ABC"],
    "registration_number": ["0" * 15, "1" * 15, RUN[:15], "4.10711E+14", "410711000012345.0", "410700000000000", "ABC"],
    "organisation_code": ["0" * 9, "00000000-0", "1" * 9, RUN[:9], "7.17134E+08", "717134567.0", "ABCDEFGHI"],
    "tax_number": ["0" * 15, "000", "1" * 15, RUN[:15], "4.10711E+14", "410702171234567.0", "410702000000000", "ABC"],
    "phone": ["0" * 7, "0" * 11, "1" * 11, "8888888", "0373-2222222", "1.38E+10", "1234567"],
}


@pytest.mark.parametrize("standard", NO_NUMBERS)
def test_what_only_fills_a_field_is_no_number(standard: str) -> None:
    written = NO_NUMBERS[standard]
    found = dict(zip(written, standards().cleaned(standard, written), strict=True))
    assert {text for text, (value, _) in found.items() if value is not None} == set()
    assert {text for text, (_, rule) in found.items() if rule is None} == set()


@pytest.mark.parametrize(
    ("standard", "number"),
    [
        ("id_number", "11010519491231002X"), ("credit_code", "91410702MA44T1236B"), ("credit_code", "N2410702MA44T1236T"),
        ("registration_number", "410700100012343"), ("registration_number", "4107001000123"), ("registration_number", "321321000000006"), ("organisation_code", "717134567"),
        ("tax_number", "410702171234567"), ("tax_number", "91410702MA44T1236B"), ("phone", "13333333333"),
    ],
)  # fmt: skip
def test_a_number_in_its_form_stays(standard: str, number: str) -> None:
    assert standards().cleaned(standard, [number]) == [(number, None)]


CERTIFICATE_NUMBERS = {
    "0": True, "000": True, "1111": True, "XXXXXX": True, "123456": True, "987654321": True, "ABC": True, "4.1E+14": True,
    "4e+14": True, "12.0": True, "JY14107020000001": False, "豫(2020)新乡市不动产权第0001号": False, "C1": False, "1": False,
    "J410702-2015-000001": False, "AB": False, "410700000000001": False,
}  # fmt: skip


def test_certificate_numbers_that_are_none() -> None:
    found = standards().macro("is_placeholder", CERTIFICATE_NUMBERS)
    assert dict(zip(CERTIFICATE_NUMBERS, found, strict=True)) == CERTIFICATE_NUMBERS


@RANDOM
@given(st.lists(st.tuples(st.sampled_from(string.digits + "X"), st.integers(4, 30)), min_size=20, max_size=30))
def test_no_identifier_is_one_character_over_and_over(parts: list[tuple[str, int]]) -> None:
    written = [character * times for character, times in parts]
    for standard in NO_NUMBERS:
        assert [value for value, _ in standards().cleaned(standard, written)] == [None] * len(written)


def test_digits_in_any_order_of_counting_are_no_identity_number_and_no_credit_code() -> None:
    """Check characters do not refuse them all: 123456789012345678 is a credit code by its own, 234567890123456 a birth."""
    digits = "0123456789" * 4
    written = [(way[n:] + way)[:size] for way in (digits, digits[::-1]) for n in range(10) for size in (15, 18)]
    for standard in ("id_number", "credit_code"):
        assert [value for value, _ in standards().of(standard, written)] == [None] * len(written)


def test_what_stands_behind_the_area_of_a_tax_number_is_a_code_or_nothing() -> None:
    given_ = ["410702171234567", "410702000000000", "410702111111111", "91410702MA44T1236B", None]
    assert standards().macro("organisation_code_in_tax_number", given_) == ["171234567", None, None, None, None]


# --- telephones

TELEPHONES = {
    "3029999.0": "3029999", "13800000001.0": "13800000001", "3733029999.0": None, "1.3800000001E10": None,
    "0373-3029999*8": "0373-3029999-8", "0373-3029999#8": "0373-3029999-8", "0373-3029999ext.8": "0373-3029999-8",
    "0373-3029999 EXT 8": "0373-3029999-8", "0373-3029999转8": "0373-3029999-8", "0373-3029999-8": "0373-3029999-8",
    "0373-3029999 2楼": "0373-3029999", "0373-3029999（总机）": "0373-3029999", "0373-3029999（转8）": "0373-3029999-8",
    "0373-3029999分机8": "0373-3029999-8", "0373-3029999x8": "0373-3029999-8", "0373-3029999 转 分机 8": "0373-3029999-8",
    "0373-3029999（分机：8）": "0373-3029999-8", "0373-3029999总机转8": "0373-3029999-8", "0373-3029999内8": "0373-3029999-8",
    "0373-3029999 extension 8": "0373-3029999-8", "0373-3029999按8": "0373-3029999-8", "0373-3029999（内线：8）": "0373-3029999-8",
    "13800000001转8001": "13800000001-8001", "13800000001-8002": "13800000001-8002", "400-820-8820分机码：8": "4008208820-8",
    "0373-3029999内科": "0373-3029999", "0373-3029999按时": "0373-3029999", "13800000001-13900000002": "13800000001",
    "0373-3029999＃8": "0373-3029999-8", "3029999 8": None, "1380000000 1": None, "2楼 3029999": None,
    "3029999/3029998": "3029999", "3029999、3029998": "3029999", "3029999；3029998": "3029999", "3029999 3029998": "3029999",
    "13800000001 13900000002": "13800000001", "3029999-3029998": "3029999", "3029999或3029998": "3029999",
    "13800000001 李先生": "13800000001", "电话：3029999": "3029999", "(办)3029999 (宅)3029998": "3029999",
    "138 0000 0001": "13800000001", "138-0000-0001": "13800000001", "302 9999": "3029999", "8630 2999": "86302999",
    "2000-01-01": None, "2000/1/1": None, "2000年1月1日": None, "20000101": None, "2000-01-01 00:00:00": None,
    "1998.12.31": None, "36526": None, "3029999.5": None, "410702199003070023": None, "新乡市平原路1号": None,
}  # fmt: skip


def test_a_telephone_field_is_a_number_with_its_extension_or_nothing() -> None:
    found = dict(zip(TELEPHONES, standards().cleaned("phone", TELEPHONES), strict=True))
    assert found == {x: (number, None if number else "phone_form") for x, number in TELEPHONES.items()}


def test_telephones_that_were_doubles() -> None:
    [column] = pq.read_table(f"{case('30')}/a.parquet").columns
    texts = [None if x is None else str(x) for x in column.to_pylist()]
    assert standards().cleaned("phone", texts) == [("3029999", None), (None, None)]


@RANDOM
@given(
    st.lists(
        st.tuples(
            st.from_regex(r"\A[2-8][0-9]{6}\Z"),
            st.sampled_from(
                ["*", "#", " ", "/", "、", "ext.", "转", "-", ".", "，", "；", " 转 ", "分机", "|", "x", "~"]
            ),
            st.from_regex(r"\A[0-9]{1,9}\Z"),
        ),
        min_size=30,
        max_size=50,
    )
)
def test_digits_on_both_sides_of_a_sign_never_become_one_number(parts: list[tuple[str, str, str]]) -> None:
    written = [one + sign + other for one, sign, other in parts]
    for (one, _, other), (found, _) in zip(parts, standards().cleaned("phone", written), strict=True):
        assert found in (None, one, f"{one}-{other}"), found


# --- dates, and what stands in the wrong column


def test_five_digits_are_a_day_only_in_a_spreadsheets_column() -> None:
    sql = standards().sql("standard_of", "t", "date", None, True)
    [day] = standards().each(sql, ["44927"])
    assert day == {"value": date(2023, 1, 1), "problem": None}
    assert standards().cleaned("date", ["44927", "44927.5", "30299"]) == [(None, "date_day_number")] * 3


@pytest.mark.parametrize(
    ("standard", "written", "rule"),
    [
        ("name", "2000-01-01", "name_form"), ("name", "13800000001", "name_form"), ("name", "***", "name_form"),
        ("organisation_name", "2000-01-01", "organisation_name_form"), ("organisation_name", "410702", "organisation_name_form"),
        ("date", "13800000001", "date_unreadable"), ("date", "李雷", "date_unreadable"), ("date", "410702199003070023", "date_unreadable"),
        ("division", "2000-01-01", "code_unknown"), ("registration_number", "2000-01-01", "registration_number_form"),
    ],
)  # fmt: skip
def test_a_value_of_another_column_is_null(standard: str, written: str, rule: str) -> None:
    assert standards().cleaned(standard, [written]) == [(None, rule)]


DIVISIONS = {
    "410702": "410702", "410702000000": "410702", "410702001016": "410702001016", "410728": "410728", "110105": "110105",
    "110103": "110103", "41": "410000", "999999": None, "419999": None, "123456": None, "110199": None, "999999001": None,
    "419999001016": None, "000000": None,
}  # fmt: skip


def test_a_division_that_no_edition_has_is_none() -> None:
    """110103 (崇文区) was one until 2010."""
    found = dict(zip(DIVISIONS, standards().cleaned("division", DIVISIONS), strict=True))
    assert found == {x: (code, None if code else "code_unknown") for x, code in DIVISIONS.items()}


# --- entities and lost characters

ENTITIES = {
    "李&#x4DAE;": "李䶮", "李&#X4dae;": "李䶮", "李&#x4DAE": "李䶮", "李&#19886;": "李䶮", "李&#19886": "李䶮",
    "阿里&#xB7;木江": "阿里·木江", "阿里&middot;木江": "阿里·木江", "阿里&middot木江": "阿里·木江",
    "阿里&amp;middot;木江": "阿里·木江", "阿里&amp;amp;#183;木江": "阿里·木江", "阿里&amp#xB7;木江": "阿里·木江",
    "李&#x20BB7;": "李𠮷", "李&amp;#x20BB7;": "李𠮷", "新乡&lpar;集团&rpar;公司": "新乡(集团)公司", "&copy;甲": "©甲",
    "&lt;甲&gt;": "<甲>", "AT&T": "AT&T", "A&amp;B": "A&B", "M&M;KFC": "M&M KFC", "&#150;甲": "–甲", "甲&nbsp乙": "甲 乙",
    "李&#xD83D;": "李□", "李&#55362;": "李□", "李&#x110000;": "李□", "李&#99999999999999999999;": "李□", "李&#xFFFD;": "李□",
    "李&#0;": "李□", "李&#x00": "李□", "李&#26;": "李□", "李&#7;": "李",
}  # fmt: skip


def test_entities_of_all_kinds() -> None:
    assert dict(zip(ENTITIES, standards().macro("clean_text", ENTITIES), strict=True)) == ENTITIES
    assert standards().macro("clean_text", ENTITIES.values()) == list(ENTITIES.values())


def test_the_shared_case_of_entities() -> None:
    with open(f"{case('24')}/a.csv", encoding="utf-8") as file:
        names = [line.strip().split(",")[1] for line in file][1:]
    assert standards().cleaned("name", names) == [("李䶮", None)]


@RANDOM
@given(
    st.lists(
        st.characters(min_codepoint=0xA1, exclude_categories=["C", "Z"], exclude_characters="\ufffd"),
        min_size=30,
        max_size=60,
    )
)
def test_a_character_is_the_same_in_every_spelling_of_its_number(characters: list[str]) -> None:
    spellings = ["&#{0};", "&#x{0:x};", "&#X{0:X};", "&#0{0};", "&amp;#{0};", "&amp;amp;#x{0:x};", "&#{0}", "&#x{0:x}"]
    written = [f"王{spelling.format(ord(c))}" for c in characters for spelling in spellings]
    plain = [text for text in standards().macro("clean_text", [f"王{c}" for c in characters]) for _ in spellings]
    assert standards().macro("clean_text", written) == plain


def test_every_named_entity_of_the_table_is_its_character() -> None:
    words = code_tables()["html_entities"]["words"]
    names = [name for name in words if name[0] != "U"]
    found = standards().macro("without_entities", [f"甲&{name}乙" for name in names])
    wanted = [f"甲{chr(int(words[name][2:], 16))}乙" for name in names]
    assert found == wanted and len(names) > 400


LOST = [
    "李¿",
    "¿明",
    "¿¿",
    "李﹖",
    "李?",
    "?李",
    "李？",
    "新乡市??路",
    "??",
    "李□",
    "〓明",
    "锟斤拷",
    "烫烫烫",
    "新乡ï¿½路",
    "李\ufffd",
    "锟芥潕",
]
WHOLE = ["李䶮", "锟铻", "李锟", "张锟明", "http://a.cn/?x=1", "屯屯村", "麻辣烫", "What?", "3*5", "平原路1号"]


def test_lost_characters_are_seen_and_whole_texts_are_left() -> None:
    assert standards().macro("lost_character", LOST) == [True] * len(LOST)
    assert standards().macro("lost_character", WHOLE) == [False] * len(WHOLE)
    assert all(standards().macro("untidy", LOST))  # else nobody looks closer


def test_the_substitute_that_a_database_writes_for_a_character_is_one_that_was_lost() -> None:
    """DB2 and others write \\x1a; elsewhere it ends a text of DOS."""
    written = ["李\x1a", "\x1a明", "李\x1a\x1a明", "新乡市\x1a路1号", "\x1a", "ABC\x1a", "1号 \x1a"]
    clean = ["李□", "□明", "李□明", "新乡市□路1号", None, "ABC", "1号"]
    assert standards().macro("clean_text", written) == clean
    assert all(standards().macro("untidy", written[:4])) and all(standards().macro("maybe_damaged", written[:4]))


def test_marks_alone_are_no_name() -> None:
    assert standards().cleaned("name", ["■■", "¿¿", "○", "△▲"]) == [(None, "name_form")] * 4


def test_masked_names_are_seen() -> None:
    masked, whole = (
        [
            "李＊",
            "李*",
            "*明",
            "王**",
            "李×",
            "李某",
            "李某某",
            "欧阳某",
            "某女",
            "张○",
            "李○○",
            "陈△华",
            "■明",
            "欧阳▉",
        ],
        ["李明", "某", "阿某提", "John", "李〇", "二○二一年", "平原路●商铺", "■餐饮；■住宿"],
    )
    assert standards().macro("masked_name", masked) == [True] * len(masked)
    assert standards().macro("masked_name", whole) == [False] * len(whole)
    assert all(standards().macro("untidy", masked))


# --- orders and keys that have room


def test_more_registers_or_resources_than_an_order_has_room_for_are_refused() -> None:
    known = macros()
    registers = [f"register_{n}" for n in range(31)]
    attribute = {"authority": registers, "agreement": None, "from_key": None, "text": False}
    with pytest.raises(ValueError, match=r"room for 30.*Remedy"):
        known["attribute_order"]("name", attribute, "key", registers)
    known["attribute_order"]("name", attribute | {"authority": registers[:30]}, "key", registers[:30])
    known["graph"].update({"nodes": {"x": {}}, "sources": {}})
    known["staged_models"] = lambda table=None: [f"stg_a__{n}" for n in range(1024)]
    with pytest.raises(ValueError, match=r"room for 1,023.*Remedy"):
        known["claims_on"]("population")


@RANDOM
@given(st.lists(st.tuples(*[st.text("a|^", max_size=4)] * 2), min_size=30, max_size=60, unique=True))
def test_keys_of_several_parts_are_never_taken_for_each_other(parts: list[tuple[str, str]]) -> None:
    sql = standards().sql("record_key", ["t", "other"])
    found = standards().each(sql, [one for one, _ in parts], other=[other for _, other in parts])
    keys = [key for key, part in zip(found, parts, strict=True) if any(part)]
    assert len(set(keys)) == len(keys) and None not in keys


def test_a_number_of_the_build_s_day_has_been_born_and_one_of_the_next_has_not() -> None:
    """By the day of the build, not by the machine's clock: a build made again says the same."""
    from stdnum.iso7064 import mod_11_2

    known = macros()
    known["graph"]["inputs"] = {"day": "2024-03-07"}
    numbers = [n + mod_11_2.calc_check_digit(n) for n in ("41070220240307001", "41070220240308001")]
    sql = known["id_number_checked"]("t")
    assert [x["problem"] for x in standards().each(sql, numbers)] == [None, "id_number_birth_date"]
    assert "current_date" not in sql and "now()" not in sql


def test_the_gate_goes_by_the_day_of_the_build_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOVSHARE_DAY", "2024-03-07")
    [rule] = [rule for rule in STANDARDS["id_number"] if rule.name == "id_number_birth_date"]
    found = standards().each(rule.breaks("t"), ["410702202403070011", "410702202403080011"])
    assert found == [False, True]
