"""Words and codes that departments use for the same thing.

What is true is the code; which word comes is chance.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from demo_city.names import FACTS

PLACEHOLDERS = ["\\n", "N/A", "----", "", "无", "-"]
OPEN_ENDS = ["9999-9-9", "9999-12-31", "长期"]
SEX_WORDS = {"1": ["男", "1", "男性"], "2": ["女", "2", "女性"]}
# Codes of GB/T 4658-2006 that the edition of 1984 does not have, or has with another meaning.
EDUCATION_EDITION = ["14", "44", "46", "47"]
# GB/T 4658-2006 top code to the words of offices, the usual one first.
EDUCATION_WORDS = {
    "10": ["研究生", "研究生教育", "硕士研究生"],
    "20": ["大学本科", "本科", "大学本科教育"],
    "30": ["大学专科", "大专", "专科"],
    "40": ["中等专科", "中专", "中等职业教育"],
    "60": ["普通高中", "高中"],
    "70": ["初级中学", "初中"],
    "80": ["小学", "小学教育"],
    "90": ["其他"],
}
# GB/T 4658-2006 top code to the codes of 1984 that the police use for it.
EDUCATION_1984 = {"10": ["11", "10"], "20": ["21", "20"], "30": ["31", "30"], "40": ["41", "42", "40"],
                  "60": ["61", "60"], "70": ["71", "70"], "80": ["81", "80"], "90": ["90"]}  # fmt: skip
STATE_WORDS = {1: "存续（在营、开业、在册）", 2: "吊销", 4: "注销", 6: "迁出"}

INSURANCE_WORDS = {"1": "正常参保", "2": "暂停参保", "3": "终止参保"}
CERTIFICATE_WORDS = {"11": "有效", "4": "过期", "5": "注销"}
CURRENCY_WORDS = {"CNY": "人民币", "USD": "美元"}
# Types of market entities as the tax office words them (samr_enterprise_type).
ENTITY_TYPE_WORDS = {
    "1110": "有限责任公司(国有独资)", "1130": "有限责任公司(自然人投资或控股)",
    "1151": "有限责任公司(自然人独资)", "1190": "其他有限责任公司", "1220": "股份有限公司(非上市)",
    "2100": "有限责任公司分公司", "3100": "全民所有制",
    "3200": "集体所有制", "3400": "股份合作制", "4533": "有限合伙企业", "4540": "个人独资企业",
    "5100": "有限责任公司(外商投资)", "9500": "个体工商户",
}  # fmt: skip


def worded(codes: pa.Array, words: Mapping[str, str | Sequence[str]]) -> pa.Array:
    """The usual word for each code; null where there is no code or no word for it."""
    usual = [word if isinstance(word, str) else word[0] for word in words.values()]
    at = pc.index_in(codes, pa.array(list(words), pa.string()))
    return pa.array(usual, pa.string()).take(at)


def _ethnic_words() -> dict[str, list[str]]:
    """GB/T 3304-1991 code to 汉族, 汉 and 01."""
    with (FACTS / "ethnic_groups.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return {row["code"]: [row["name"], row["name"].removesuffix("族") or row["name"], row["code"]] for row in rows}


ETHNIC_WORDS = _ethnic_words()
