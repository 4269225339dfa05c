"""Rules on departments and agreements, and on what must not occur twice in the catalogue."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator

from catalogue.codes import credit_code_problem
from catalogue.model import Agreement, Catalogue, Department, Resource
from catalogue.problems import Problem, line_of
from catalogue.rules.words import close_to, of_resource, one_of, plain
from catalogue.vocabulary import SHARING_METHODS

EMAIL = re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")


def department_rules(department: Department) -> Iterator[Problem]:
    def problem(rule: str, message: str, remedy: str, *at: str) -> Problem:
        line = line_of(department.file, ["groups", department.name, *at])
        return Problem(department.file, department.name, rule, message, remedy, line=line)

    if not department.title:
        yield problem("provider", "the department has no name (信息资源提供方)", "add config.meta.title")
    why = credit_code_problem(department.code)
    if why:
        yield problem(
            "provider_code",
            f"the provider's code (信息资源提供方代码) {department.code or 'is missing'}: {why}",
            "config.meta.code is the department's unified social credit code (GB 32100-2015), in quotes",
            "config", "meta", "code",
        )  # fmt: skip
    if not EMAIL.fullmatch(department.email):
        yield problem(
            "owner_email",
            f"the owner's e-mail is {department.email!r}",
            "owner.email must be an address such as office@city.example; Dagster shows it as the owner",
            "owner",
        )


def twice(catalogue: Catalogue) -> Iterator[Problem]:
    codes: dict[str, list[Resource]] = defaultdict(list)
    titles: dict[str, list[Resource]] = defaultdict(list)
    for resource in catalogue.resources.values():
        codes[resource.code].append(resource)
        titles[plain(resource.title)].append(resource)
    for code, resources in codes.items():
        for resource in resources[1:] if code else []:
            yield of_resource(
                resource, "code_twice", f"the code {code} is that of {resources[0].id}",
                "one resource has one code: take the next free sequence", "code",
            )  # fmt: skip
    for title, resources in titles.items():
        for resource in resources[1:] if title else []:
            # Two departments may hold data of one name, though one should lead (一数一源).
            same = resource.department == resources[0].department
            yield of_resource(
                resource, "title_twice",
                f"the name {resource.title} is, but for punctuation, that of {resources[0].id}",
                "one resource one name: say in the name how they differ", "title",
                severity="error" if same else "warn",
            )  # fmt: skip


def agreement_rules(agreement: Agreement, catalogue: Catalogue) -> Iterator[Problem]:
    def problem(rule: str, message: str, remedy: str, *at: str) -> Problem:
        within = at if at[:1] == ("owner",) else ("config", "meta", *at)
        line = line_of(agreement.file, ["exposures", agreement.name, *within])
        return Problem(agreement.file, f"agreement {agreement.name}", rule, message, remedy, line=line)

    if agreement.consumer not in catalogue.departments:
        yield problem(
            "agreement_consumer",
            f"the consumer {agreement.consumer or 'is missing'}"
            f"{close_to(agreement.consumer, list(catalogue.departments))}",
            "meta.consumer is a department of departments.yml", "consumer",
        )  # fmt: skip
    if not EMAIL.fullmatch(agreement.email):
        yield problem(
            "owner_email",
            f"the owner's e-mail is {agreement.email!r}",
            "owner.email must be an address",
            "owner",
        )
    for name, value in (
        ("purpose", agreement.purpose),
        ("form", agreement.form),
        ("columns", agreement.columns),
    ):
        if not value:
            yield problem("agreement_mandatory", f"{name} is missing", f"add meta.{name}", name)
    if agreement.form and agreement.form not in SHARING_METHODS:
        yield problem("agreement_form", f"form is {agreement.form}", one_of(SHARING_METHODS), "form")
    if agreement.expiry is None:
        yield problem("agreement_expiry", "expiry is missing", "add meta.expiry: the last day, e.g. 2027-12-31")
    table = catalogue.published_tables.get(agreement.table)
    if table is None:
        yield problem(
            "agreement_table", f"{agreement.table or 'no single table'} is not published",
            "depends_on has one ref to a published table (or meta.table names it): "
            + ", ".join(catalogue.published_tables), "table",
        )  # fmt: skip
        return
    for name in agreement.columns:
        if name not in table.column_names:
            yield problem(
                "agreement_columns", f"{table.name} has no column {name}{close_to(name, table.column_names)}",
                "list columns of the table only", "columns",
            )  # fmt: skip
    personal = [c.name for c in table.columns if c.name in agreement.columns and c.personal]
    if personal and not agreement.legal_basis:
        yield problem(
            "agreement_legal_basis", f"personal data ({', '.join(personal)}) without a legal basis",
            "add meta.legal_basis: the duty in law for which the consumer needs them",
        )  # fmt: skip
