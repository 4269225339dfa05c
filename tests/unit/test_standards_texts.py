"""Texts, names and telephone numbers: what is repaired, what is left alone, and that cleaning twice is cleaning once."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_standards_harness import RANDOM, standards

UNTIDY = "ab1 中国王·　\u00a0\t\n\r\x00\x1f\u200b\ufeff\u202aＡ９ｚ&;#amplt38x26nbsp<>"
texts = st.text(st.sampled_from(UNTIDY), max_size=24).map(lambda x: x.replace("\0", ""))
entities = st.lists(
    st.sampled_from(["&amp;", "&lt;", "&#38;", "&#x26;", "amp;", "lt;", "&", "#38;", "&nbsp;", "&foo;", "王", "&#29724;", "&#12288;", "&#65297;", "&#0;", "&#55296;", "&#92;", " ", "ｌｔ;"]),
    max_size=8,
).map("".join)  # fmt: skip


@RANDOM
@given(
    st.lists(
        st.one_of(texts, entities, st.text(max_size=12).map(lambda x: x.replace("\0", ""))), min_size=40, max_size=60
    )
)
def test_cleaning_twice_is_cleaning_once(values: list[str]) -> None:
    once = standards().macro("clean_text", values)
    assert standards().macro("clean_text", once) == once
    for text in filter(None, once):
        assert text == text.strip() and "  " not in text
        assert not any(unicodedata.category(c) in ("Cc", "Zs", "Zl", "Zp") and c != " " for c in text)
        assert not any("０" <= c <= "９" or "Ａ" <= c <= "Ｚ" or "ａ" <= c <= "ｚ" for c in text)


@RANDOM
@given(st.lists(st.one_of(texts, entities), min_size=40, max_size=60))
def test_the_look_over_a_row_sees_whatever_cleaning_changes(values: list[str]) -> None:
    """``stage`` cleans only the rows in which ``untidy`` sees something; empty words it looks for by itself.
    U+001F is what it puts between the texts."""
    values = [value.replace("\x1f", "") for value in values]
    seen = standards().macro("untidy", values)
    beside = standards().each(standards().sql("untidy", "concat_ws('\x1f', 'x', t, 'y')"), values)
    assert seen == beside
    cleaned = standards().macro("clean_text", values)
    nothing = standards().macro("says_nothing", values)
    for value, untidy, clean, empty in zip(values, seen, cleaned, nothing, strict=True):
        assert untidy or empty or clean == value, repr(value)


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("王&#29724;", "王琜"), ("新乡&nbsp;", "新乡"), ("甲&#12288;乙", "甲 乙"), ("A&amp;B", "A&B"), ("A&B", "A&B"),
        ("&amp;lt;b&amp;gt;", "<b>"), ("&amp;amp;middot;", "·"), ("&#183;", "·"), ("&ldquo;豫&rdquo;", "“豫”"),
        ("a&unknown;b", "a&unknown b"), ("&#0;x", "□x"), ("１８号楼", "18号楼"), ("Ｎ／Ａ", "N／A"), ("a\u200bb", "ab"),
        ("\u202a410702\u202c", "410702"), ("a\u00a0 b", "a b"), ("第一行\r\n第二行", "第一行 第二行"), ("it's", "it's"),
        ("back\\slash", "back\\slash"), ("&#92;", "\\"), ("\u2003x\u2028y", "x y"),
    ],
)  # fmt: skip
def test_what_cleaning_makes_of_a_text(text: str, clean: str) -> None:
    assert standards().macro("clean_text", [text]) == [clean]


def test_what_says_nothing_is_null() -> None:
    given = [
        "",
        " ",
        "　",
        "N/A",
        "n/a",
        "----",
        "-",
        "—",
        "\\n",
        "\\N",
        "无",
        "不详",
        "NULL",
        "null",
        "None",
        "#N/A",
        "暂无",
        "ＮＡ",
    ]
    assert standards().macro("clean_text", given) == [None] * len(given)
    assert standards().macro("clean_text", ["无锡", "N", "0", "--号", "空军"]) == ["无锡", "N", "0", "--号", "空军"]


# --- names


MIDDLE_DOTS = "·•・．.‧･∙⋅●ㆍ﹒。"
han = st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5), min_size=1, max_size=4)


@RANDOM
@given(
    st.lists(
        st.tuples(han, han, han, st.sampled_from(MIDDLE_DOTS), st.sampled_from(["{}", " {} ", "{}{}"])),
        min_size=30,
        max_size=50,
    )
)
def test_every_middle_dot_is_the_one_of_the_standard(parts: list[tuple[str, ...]]) -> None:
    written = [first + form.format(dot, dot) + second + dot + third for first, second, third, dot, form in parts]
    assert standards().cleaned("name", written) == [
        (f"{first}·{second}·{third}", None) for first, second, third, _, _ in parts
    ]


@RANDOM
@given(
    st.lists(
        st.text(st.sampled_from("王伟买提·•. 2\ue000\ue863⻢a（）é中\U00020087"), max_size=10), min_size=40, max_size=60
    )
)
def test_a_clean_name_stays(values: list[str]) -> None:
    for standard in ("name", "organisation_name"):
        once = [value for value, _ in standards().cleaned(standard, values)]
        assert [value for value, _ in standards().cleaned(standard, once)] == once


@pytest.mark.parametrize(
    ("written", "name", "problem"),
    [
        ("韩　梅", "韩梅", None), ("韩 梅", "韩梅", None), ("John  Smith", "John Smith", None), ("J. Smith", "J. Smith", None),
        ("王2", "王2", "digits_in_name"), ("王２", "王2", "digits_in_name"), ("王\ue000", "王\ue000", "name_private_use"),
        ("王\U000f0001", "王\U000f0001", "name_private_use"), ("张＊", "张＊", None), ("王&#29724;", "王琜", None),
        ("\u2f45\u2ee2", "方马", None), ("阿依古丽.", "阿依古丽", None), ("𠮷田", "𠮷田", None), ("㛃", "㛃", None),
        ("\uf9d1", "六", None), ("Rene\u0301", "René", None), ("----", None, None), (None, None, None),
    ],
)  # fmt: skip
def test_names(written: str | None, name: str | None, problem: str | None) -> None:
    assert standards().cleaned("name", [written]) == [(name, problem)]


def test_characters_that_gbk_kept_in_private_use_have_their_code_now() -> None:
    """GB 18030: two-byte FE50 to FEA0 stood at U+E815 to U+E864. Python's codec knows most of their codes of today."""
    trail = [byte for byte in range(0x50, 0xA1) if byte != 0x7F]
    private = [chr(0xE815 + n) for n in range(len(trail))]
    today = [bytes([0xFE, byte]).decode("gb18030") for byte in trail]
    found = [value for value, _ in standards().of("name", [f"王{c}" for c in private])]
    known = [(f"王{c}", name) for c, name in zip(today, found, strict=True) if not 0xE000 <= ord(c) <= 0xF8FF]
    assert len(known) == 66 and all(expected == name for expected, name in known)
    assert not any(0xE000 <= ord(c) <= 0xF8FF for name in found for c in name)
    assert len(set(found)) == 80 and "王䶮" in found


def test_radicals_are_their_characters() -> None:
    radicals = [chr(code) for code in range(0x2F00, 0x2FD6)]
    assert standards().of("name", [f"王{c}" for c in radicals]) == [
        (f"王{unicodedata.normalize('NFKC', c)}", None) for c in radicals
    ]


@pytest.mark.parametrize(
    ("written", "name"),
    [("新乡市平原商贸（集团）有限公司", "新乡市平原商贸(集团)有限公司"), ("新乡市 商贸有限公司　", "新乡市商贸有限公司"),
     ("A&amp;B Trading", "A&B Trading"), ("ＡＢＣ商贸", "ABC商贸")],
)  # fmt: skip
def test_names_of_organisations(written: str, name: str) -> None:
    assert standards().cleaned("organisation_name", [written]) == [(name, None)]


# --- telephone numbers


mobiles = st.builds(
    "{}{}{}".format, st.just("1"), st.sampled_from("3456789"), st.text("0123456789", min_size=9, max_size=9)
)
local7 = st.builds("{}{}".format, st.sampled_from("2345678"), st.text("0123456789", min_size=6, max_size=6))
local8 = st.builds("{}{}".format, st.sampled_from("2345678"), st.text("0123456789", min_size=7, max_size=7))
lines = st.one_of(
    st.builds("{}-{}".format, st.sampled_from(["010", "020", "021", "029"]), local8),
    st.builds("{}-{}".format, st.sampled_from(["0373", "0371", "0755", "0999"]), st.one_of(local7, local8)),
)
MOBILE_FORMS = [
    "{0}",
    "+86{0}",
    "+86 {0}",
    "86-{0}",
    "0086{0}",
    "0{0}",
    "{1}-{2}-{3}",
    "{1} {2} {3}",
    "{0}/0373-3029999",
    "{0}、13900000000",
]
LINE_FORMS = [
    "{0}",
    "{1}{2}",
    "({1}){2}",
    "（{1}）{2}",
    "{1} {2}",
    "{1}－{2}",
    "+86-{3}-{2}",
    "0086{1}{2}",
    "86{3}{2}",
    "{0}/3029998",
    "{0}；13900000000",
]


@RANDOM
@given(
    st.lists(mobiles, min_size=3, max_size=5),
    st.lists(lines, min_size=3, max_size=5),
    st.sampled_from(["8", "801", "12345"]),
)
def test_a_telephone_number_is_the_same_in_every_form(cells: list[str], wires: list[str], extension: str) -> None:
    written = [form.format(x, x[:3], x[3:7], x[7:]) for x in cells for form in MOBILE_FORMS]
    assert standards().cleaned("phone", written) == [(x, None) for x in cells for _ in MOBILE_FORMS]
    parts = [(x, *x.split("-"), x.split("-")[0][1:]) for x in wires]
    written = [form.format(*part) for part in parts for form in LINE_FORMS]
    assert standards().cleaned("phone", written) == [(x, None) for x in wires for _ in LINE_FORMS]
    extended = [form.format(x, extension) for x in wires for form in ("{}-{}", "{}转{}", "{} 转 {}", "{}--{}")]
    assert standards().cleaned("phone", extended) == [(f"{x}-{extension}", None) for x in wires for _ in range(4)]
    clean = [*cells, *wires, *(f"{x}-{extension}" for x in wires)]
    assert standards().cleaned("phone", clean) == [(x, None) for x in clean]


def test_other_telephone_numbers_and_what_is_none() -> None:
    given = {
        "3029999": "3029999",
        "30299991": "30299991",
        "400-800-1234": "4008001234",
        "8001234567": "8001234567",
        "3029999-801": "3029999-801",
    }
    assert standards().cleaned("phone", given) == [(number, None) for number in given.values()]
    none = ["138000000", "12345", "见备注", "11111111111", "0373-30", "138000000012", "1234567"]
    assert standards().cleaned("phone", none) == [(None, "phone_form")] * len(none)
    assert standards().cleaned("phone", ["无", None]) == [(None, None)] * 2
