"""What a resource's entry must say by the compilation guide, item by item.

《政务信息资源目录编制指南(试行)》 (发改高技〔2017〕1272号). The rules beyond the mandatory items (names,
format against sharing) are those of a filling manual of a system that implements it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from catalogue.model import Item, Resource
from catalogue.problems import Problem
from catalogue.rules.words import close_to, of_resource, one_of
from catalogue.vocabulary import (
    CLASSES,
    FILE_FORMATS,
    FORMATS,
    ITEM_STANDARDS,
    ITEM_TYPES,
    SENSITIVITIES,
    SHARING_METHODS,
    SHARING_MODES,
    SHARING_TYPES,
    UPDATE_CYCLES,
)

CODE = re.compile(r"[1-3]\d{2}\d{3}\d*/\d+")
SYSTEM_NAME = re.compile(r"(系统|平台|数据库|信息库)$")
RUNNING_NUMBER = re.compile(r"([0-9]+|[一二三四五六七八九十]+|[IVXⅠ-Ⅻ]+)[)]?$")
TABLE_NAME = re.compile(r"[a-z][a-z0-9_]*")


def resource_rules(resource: Resource) -> Iterator[Problem]:
    """All of the guide's rules on one resource."""
    for rule in (_mandatory, _title, _code, _category, _format, _sharing, _openness, _items):
        yield from rule(resource)


def _mandatory(resource: Resource) -> Iterator[Problem]:
    items = {
        "title": ("信息资源名称", resource.title),
        "code": ("信息资源代码", resource.code),
        "summary": ("信息资源摘要", resource.summary),
        "category": ("信息资源分类", resource.category.class_),
        "format": ("信息资源格式", resource.format.category),
        "sharing": ("共享属性", resource.sharing.type),
        "open": ("开放属性", resource.open.open is not None),
        "update_cycle": ("更新周期", resource.update_cycle),
        "published_on": ("发布日期", resource.published_on),
        "connector": ("接入方式", resource.connector.kind),
    }
    for name, (words, value) in items.items():
        if not value:
            yield of_resource(
                resource,
                "mandatory",
                f"{name} ({words}) is missing",
                f"add meta.{name}; docs/add-a-resource.md shows it",
            )
    if not resource.items:
        yield of_resource(resource, "mandatory", "no items (信息项) are declared", "list the source's columns")


def _title(resource: Resource) -> Iterator[Problem]:
    title = unicodedata.normalize("NFKC", resource.title).strip()
    if SYSTEM_NAME.search(title):
        yield of_resource(
            resource, "title_of_system", f"the name {resource.title} is a system's",
            "name what the data is about, e.g. 常住人口登记信息", "title",
        )  # fmt: skip
    if RUNNING_NUMBER.search(title):
        yield of_resource(
            resource, "title_with_number", f"the name {resource.title} ends in a running number",
            "one resource is one entry: put parts together, or say in the name how they differ", "title",
        )  # fmt: skip
    if not (TABLE_NAME.fullmatch(resource.name) and TABLE_NAME.fullmatch(resource.department)):
        yield of_resource(
            resource,
            "name",
            "source and table names are small letters, digits and _, a letter first",
            "rename it",
        )


def _code(resource: Resource) -> Iterator[Problem]:
    if not resource.code:
        return
    if not CODE.fullmatch(resource.code):
        yield of_resource(
            resource, "code", f"the code {resource.code} has not the form 类(1) 项(2) 目(3) 细目/顺序",
            "write it like 307016070301/000001", "code",
        )  # fmt: skip
        return
    digit = CLASSES.get(resource.category.class_, ("",))[0]
    if digit and not resource.code.startswith(digit):
        yield of_resource(
            resource, "code",
            f"the code {resource.code} begins with another 类 than {resource.category.class_} ({digit})",
            "correct code or category.class: 1 基础, 2 主题, 3 部门", "code",
        )  # fmt: skip
    if len(resource.code.partition("/")[2]) < 6:
        yield of_resource(
            resource, "code_short", f"the sequence in {resource.code} is shorter than six digits",
            "confirm it with the department; systems fill it with zeros to six", "code", severity="warn",
        )  # fmt: skip


def _category(resource: Resource) -> Iterator[Problem]:
    category = resource.category
    if category.class_ and category.class_ not in CLASSES:
        yield of_resource(
            resource,
            "category",
            f"category.class is {category.class_}",
            one_of(list(CLASSES)),
            "category",
            "class",
        )
        return
    names = CLASSES[category.class_][1] if category.class_ else ()
    if names and category.item not in names:
        yield of_resource(
            resource,
            "category",
            f"category.item is {category.item or 'missing'}",
            one_of(names),
            "category",
            "item",
        )
    subjects = [*CLASSES["基础"][1], *CLASSES["主题"][1]]
    for subject in category.subject:
        if subject not in subjects:
            yield of_resource(
                resource, "category",
                f"category.subject {subject} is no base or theme{close_to(subject, subjects)}",
                one_of(subjects), "category", "subject",
            )  # fmt: skip


def _format(resource: Resource) -> Iterator[Problem]:
    form, known = resource.format, FORMATS.get(resource.format.category)
    if not form.category:
        return
    if known is None:
        yield of_resource(
            resource,
            "format",
            f"format.category is {form.category}",
            one_of(list(FORMATS)),
            "format",
            "category",
        )
    elif not form.type:
        yield of_resource(resource, "format", "format.type is missing", "name the type, e.g. xlsx or mysql", "format")
    elif known and form.type.casefold() not in [t.casefold() for t in known]:
        others = [name for name, types in FORMATS.items() if form.type.casefold() in [t.casefold() for t in types]]
        yield of_resource(
            resource, "format", f"format.type {form.type} is not of category {form.category}",
            f"correct category to {others[0]}" if others else one_of(known),
            "format", "type", severity="error" if others else "warn",
        )  # fmt: skip


def _sharing(resource: Resource) -> Iterator[Problem]:
    sharing = resource.sharing
    if not sharing.type:
        return
    if sharing.type not in SHARING_TYPES:
        yield of_resource(
            resource,
            "sharing_type",
            f"sharing.type is {sharing.type}",
            one_of(SHARING_TYPES),
            "sharing",
            "type",
        )
    if sharing.type == "有条件共享" and not sharing.condition:
        yield of_resource(
            resource, "sharing_condition", "有条件共享 without its condition",
            "add sharing.condition: who may use it, and what for", "sharing",
        )  # fmt: skip
    if sharing.type == "无条件共享" and sharing.condition:
        yield of_resource(
            resource, "sharing_condition", "无条件共享 with a condition",
            "remove sharing.condition, or make it 有条件共享", "sharing", "condition",
        )  # fmt: skip
    if sharing.type == "不予共享" and not sharing.legal_basis:
        yield of_resource(
            resource, "sharing_legal_basis", "不予共享 without its legal basis",
            "add sharing.legal_basis: the law, regulation or State Council decision it rests on", "sharing",
        )  # fmt: skip
    if sharing.type == "不予共享":
        return
    if sharing.mode not in SHARING_MODES:
        yield of_resource(
            resource,
            "sharing_mode",
            f"sharing.mode is {sharing.mode or 'missing'}",
            one_of(SHARING_MODES),
            "sharing",
        )
    if sharing.mode != "共享平台方式":
        return
    if sharing.method not in SHARING_METHODS:
        yield of_resource(
            resource,
            "sharing_mode",
            f"sharing.method is {sharing.method or 'missing'}",
            one_of(SHARING_METHODS),
            "sharing",
        )
    elif resource.format.category in FILE_FORMATS and sharing.method != "文件":
        yield of_resource(
            resource, "format_and_sharing",
            f"the format is a file ({resource.format.category}), the sharing method {sharing.method}",
            "a file is shared as 文件: correct format.category or sharing.method",
            "sharing", "method",
        )  # fmt: skip
    elif resource.format.category == "数据库" and sharing.method == "文件":
        yield of_resource(
            resource, "format_and_sharing", "the format is 数据库, the sharing method 文件",
            "a database is shared as 数据库 or 接口: correct format.category or sharing.method",
            "sharing", "method",
        )  # fmt: skip


def _openness(resource: Resource) -> Iterator[Problem]:
    secret = [item.name for item in resource.items if item.sensitivity == "sensitive_personal"]
    if resource.open.open and not resource.open.condition and secret:
        yield of_resource(
            resource, "open_sensitive",
            f"open to society without condition, with sensitive items {', '.join(secret)}",
            "say in open.condition what is left out, or do not open it (个人信息保护法 第二十八条)", "open",
        )  # fmt: skip
    if resource.update_cycle and resource.update_cycle not in UPDATE_CYCLES:
        yield of_resource(
            resource, "update_cycle",
            f"update_cycle is {resource.update_cycle}{close_to(resource.update_cycle, UPDATE_CYCLES)}",
            one_of(UPDATE_CYCLES), "update_cycle",
        )  # fmt: skip


def _items(resource: Resource) -> Iterator[Problem]:
    for item in resource.items:
        yield from _item(resource, item)


def _item(resource: Resource, item: Item) -> Iterator[Problem]:
    def problem(rule: str, message: str, remedy: str) -> Problem:
        return of_resource(resource, rule, message, remedy, item=item.name)

    if not item.description:
        yield problem("item_description", "the item has no description (信息项名称)", "say in Chinese what it holds")
    if item.type not in ITEM_TYPES:
        types = ", ".join(f"{letter} {words}" for letter, words in ITEM_TYPES.items())
        yield problem("item_type", f"the item's type is {item.type or 'missing'}", f"meta.type is one of {types}")
    if item.sensitivity and item.sensitivity not in SENSITIVITIES:
        yield problem("item_sensitivity", f"sensitivity is {item.sensitivity}", one_of(SENSITIVITIES))
    if item.standard and item.standard not in ITEM_STANDARDS:
        yield problem(
            "item_standard",
            f"standard is {item.standard}{close_to(item.standard, ITEM_STANDARDS)}",
            one_of(ITEM_STANDARDS),
        )
    if item.standard == "id_number" and item.sensitivity != "sensitive_personal":
        yield problem(
            "item_sensitivity",
            "an identity number that is not marked as sensitive",
            "add sensitivity: sensitive_personal",
        )
    if item.name.startswith("_"):
        yield problem("item_name", "names that begin with _ are govshare's own", "give the column an alias in a query")
