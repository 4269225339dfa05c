"""The rules that a value must keep once it is published, as SQL conditions on one column.

Each rule gives the condition under which a row *breaks* it, in DuckDB's SQL. Written from the standards' text
(numbers and clauses stand beside the rules), not from the macros that clean. A new standard is one entry in
``STANDARDS``; base columns name it in their ``meta.standard``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from catalogue.day import day_of_build

BLOCK = "block"
WARN = "warn"


@dataclass(frozen=True)
class Rule:
    """``breaks`` takes a column as a SQL expression of type varchar (never null) and gives a SQL
    condition."""

    name: str
    severity: str
    title: str
    breaks: Callable[[str], str]


def quoted(name: str) -> str:
    """A SQL identifier. Always quoted: governance tables have a column ``row``."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A SQL text constant."""
    return "'" + text.replace("'", "''") + "'"


def _form(pattern: str) -> Callable[[str], str]:
    return lambda x: f"not regexp_full_match({x}, {literal(pattern)})"


def _digits_sum(x: str, weights: tuple[int, ...], first: int = 1) -> str:
    """Weighted sum of the digits of ``x`` from position ``first`` (1-based); anything but digits is caught by
    the form."""
    return "(" + " + ".join(f"{w} * (ascii({x}[{first + i}]) - 48)" for i, w in enumerate(weights)) + ")"


# GB 11643-1999, 4.2 and annex A: ISO 7064 MOD 11-2 over seventeen digits.
_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_ID_FORM = r"[1-9]\d{16}[\dX]"
_ID_CHECK = "10X98765432"

# GB 32100-2015, 4.4: thirty-one characters (no I O S V Z), weights 3^(i-1) mod 31.
_CODE_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_CODE_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
_CODE_FORM = r"[0-9A-HJ-NP-RTUWXY]{2}\d{6}[0-9A-HJ-NP-RTUWXY]{10}"

# GB 11714-1997, 3.3: the organisation code's own check character.
_ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)


def _id_birth_date(x: str) -> str:
    return f"try_strptime({x}[7:14], '%Y%m%d')"


def _id_birth_date_wrong(x: str) -> str:
    return f"coalesce({_id_birth_date(x)} not between timestamp '1850-01-01' and timestamp '{day_of_build()}', true)"


def _id_check_wrong(x: str) -> str:
    return f"substr('{_ID_CHECK}', {_digits_sum(x, _ID_WEIGHTS)}::int % 11 + 1, 1) <> {x}[18]"


def _code_check_wrong(x: str) -> str:
    value = [f"{w} * (strpos('{_CODE_ALPHABET}', {x}[{i}]) - 1)" for i, w in enumerate(_CODE_WEIGHTS, 1)]
    return f"substr('{_CODE_ALPHABET}', ((31 - ({' + '.join(value)}) % 31) % 31)::int + 1, 1) <> {x}[18]"


def _organisation_check_wrong(x: str, first: int = 1) -> str:
    # 0-9 count as themselves, A = 10 … Z = 35 (here the whole alphabet, unlike in GB 32100)
    alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    value = [f"{w} * (strpos('{alphabet}', {x}[{first + i}]) - 1)" for i, w in enumerate(_ORGANISATION_WEIGHTS)]
    # 11 - sum mod 11, where 10 is written X and 11 is written 0
    return f"substr('0X987654321', (({' + '.join(value)}) % 11)::int + 1, 1) <> {x}[{first + 8}]"


def _date_wrong(x: str) -> str:
    # 9999 and its kin mean "no end" and must have become null; nothing in the registers is older than 1800.
    return f"coalesce(try_cast({x} as date) not between date '1800-01-01' and date '2199-12-31', true)"


def text_wrong(x: str) -> str:
    """Traces of an uncleaned text: empty, outer spaces, control, invisible, full-width or destroyed (U+FFFD)
    characters, entities."""
    entity = literal(r"&(#\d+|[a-zA-Z]+);")
    untidy = literal(r"^[\s　]|[\s　]$|[\x00-\x1f\x7f]|[０-９Ａ-Ｚａ-ｚ]|[\x{FFFD}\x{FEFF}\x{200B}\x{A0}]")
    return f"({x} = '' or regexp_matches({x}, {entity}) or regexp_matches({x}, {untidy}))"


def placeholder(x: str) -> str:
    """Texts that say nothing (real registers: ``N/A``, ``----``, a literal ``\\n``)."""
    return f"upper({x}) in ('N/A', 'NA', 'NULL', 'NONE', '-', '--', '----', '/', '\\N', '\\n', '无')"


_TEXT = Rule("text", BLOCK, "没有首尾空格、控制字符、HTML 实体等未清洗的痕迹", text_wrong)
_PLACEHOLDER = Rule("placeholder", BLOCK, "不是“N/A、----、无”一类的占位文字", placeholder)
TEXT_EVERYWHERE = (
    Rule("text", WARN, _TEXT.title, text_wrong),
    Rule("placeholder", WARN, _PLACEHOLDER.title, placeholder),
)

STANDARDS: Mapping[str, tuple[Rule, ...]] = {
    "id_number": (
        Rule(
            "id_number_form",
            BLOCK,
            "公民身份号码为 17 位数字加 1 位数字或大写 X(GB 11643-1999 4.1)",
            _form(_ID_FORM),
        ),
        Rule(
            "id_number_birth_date",
            BLOCK,
            "第 7 至 14 位是实有且不晚于今日的日期(GB 11643-1999)",
            _id_birth_date_wrong,
        ),
        Rule("id_number_check_digit", BLOCK, "校验码正确(GB 11643-1999,ISO 7064 MOD 11-2)", _id_check_wrong),
    ),
    "credit_code": (
        Rule(
            "credit_code_form",
            BLOCK,
            "统一社会信用代码 18 位,字符在 31 字符集内(GB 32100-2015)",
            _form(_CODE_FORM),
        ),
        Rule("credit_code_check_digit", BLOCK, "第 18 位校验码正确(GB 32100-2015)", _code_check_wrong),
        Rule(
            "credit_code_inner_check",
            WARN,
            "第 9 至 17 位主体标识码自身的校验码正确(GB 11714-1997)",
            lambda x: _organisation_check_wrong(x, 9),
        ),
    ),
    "organisation_code": (
        Rule("organisation_code_form", BLOCK, "组织机构代码 9 位(GB 11714-1997)", _form(r"[0-9A-Z]{8}[0-9X]")),
        Rule(
            "organisation_code_check",
            WARN,
            "组织机构代码校验码正确(GB 11714-1997)",
            _organisation_check_wrong,
        ),
    ),
    "registration_number": (Rule("registration_number_form", WARN, "工商注册号 15 位数字", _form(r"\d{15}")),),
    "tax_number": (
        Rule(
            "tax_number_form",
            WARN,
            "纳税人识别号 15、17、18 或 20 位大写字母与数字",
            _form(r"[0-9A-Z]{15}|[0-9A-Z]{17,18}|[0-9A-Z]{20}"),
        ),
    ),
    "date": (Rule("date_range", BLOCK, "ISO 日期,在 1800 至 2199 年之间;“长期”为空值(GB/T 7408)", _date_wrong),),
    "division": (
        Rule(
            "division_form",
            BLOCK,
            "行政区划代码 6、9 或 12 位(GB/T 2260、GB/T 10114)",
            _form(r"[1-9]\d{5}(\d{3}){0,2}"),
        ),
    ),
    "currency": (Rule("currency_form", BLOCK, "币种为 3 位大写字母(ISO 4217)", _form(r"[A-Z]{3}")),),
    "phone": (
        Rule(
            "phone_form",
            WARN,
            "手机 11 位(可带分机),或固定电话 7 至 12 位,可带区号与分机",
            _form(r"(\+?86-?)?1\d{10}(-\d{1,6})?|(0\d{2,3}-?)?\d{7,8}(-\d{1,6})?|[48]00-?\d{3}-?\d{4}"),
        ),
    ),
    "name": (
        _TEXT,
        _PLACEHOLDER,
        Rule("digits_in_name", WARN, "姓名中没有数字", lambda x: f"regexp_matches({x}, '[0-9]')"),
    ),
    "organisation_name": (_TEXT, _PLACEHOLDER),
    "always_true": (Rule("true", BLOCK, "恒为真", lambda x: f"{x} <> 'true'"),),
}


def _derived_birth_date(key: str, x: str) -> str:
    return f"try_cast({x} as date) <> {_id_birth_date(key)}::date"


def _derived_sex(key: str, x: str) -> str:
    # GB 11643-1999, 4.3: the sequence's last digit is odd for men. 0 and 9 (unknown, not stated) say nothing.
    return f"({x} = '1' and ascii({key}[17]) % 2 = 0 or {x} = '2' and ascii({key}[17]) % 2 = 1)"


def _derived_organisation_code(key: str, x: str) -> str:
    return f"{x} <> {key}[9:17]"


# GB 32100-2015, annex A: registering authority and category, as far as a kind of entity follows from them.
_KINDS = {
    "11": "agency",
    "12": "public_institution",
    "51": "social_organisation",
    "52": "social_organisation",
    "53": "social_organisation",
    "54": "self_governing",
    "71": "religious_place",
    "91": "enterprise",
    "92": "self_employed",
    "93": "cooperative",
    "N1": "collective",
    "N2": "collective",
    "N3": "collective",
}


def _derived_entity_kind(key: str, x: str) -> str:
    kinds = " ".join(f"when '{begin}' then '{kind}'" for begin, kind in _KINDS.items())
    return f"{x} <> case {key}[1:2] {kinds} end"


# ``meta.from_key`` of a column: the value can also be read from the table's key, so the two must agree. Only
# a warning: a register may know better than the number that was once given.
FROM_KEY: Mapping[str, tuple[str, str, Callable[[str, str], str]]] = {
    "id_number_birth_date": (
        "birth_date_disagrees_with_id",
        "出生日期与公民身份号码一致",
        _derived_birth_date,
    ),
    "id_number_sex": ("sex_disagrees_with_id", "性别与公民身份号码一致", _derived_sex),
    "credit_code_kind": (
        "entity_kind_disagrees_with_credit_code",
        "单位类别与统一社会信用代码前两位一致",
        _derived_entity_kind,
    ),
    "organisation_code_in": (
        "organisation_code_disagrees_with_credit_code",
        "组织机构代码与统一社会信用代码一致",
        _derived_organisation_code,
    ),
}
