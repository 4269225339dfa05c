"""The typed, immutable objects that the rest of govshare works with; one ``Catalogue`` for an installation.

Only shapes belong here. They come from dbt's manifest (``load``), and what must hold for
them is in ``rules``. Texts that an entry leaves out are empty here, so that ``rules`` can tell all that is
missing at once.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from catalogue.vocabulary import PERSONAL


class Entry(BaseModel):
    """Anything declared: immutable, and tolerant of entries it does not know (``rules`` warns of those)."""

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)


class Department(Entry):
    """部门 (提供方): a dbt group. ``code`` is its unified social credit code."""

    name: str
    title: str = ""
    code: str = ""
    email: str = ""
    file: Path = Path()


class Item(Entry):
    """信息项: a column of a resource. ``type`` is a letter of ``ITEM_TYPES``; ``standard`` names the macro
    and ``codes`` the code table that it is cleaned by, where there is one. ``excel_day``: whether five digits in a date
    are a spreadsheet's day; where it is not said, in workbooks they are."""

    name: str
    description: str = ""
    type: str = ""
    sensitivity: str = ""
    standard: str = ""
    codes: str = ""
    excel_day: bool | None = None


class Category(Entry):
    """信息资源分类: 类, 项, and the subjects (人口, 公共服务 …) by which the resource is found."""

    class_: str = Field("", alias="class")
    item: str = ""
    subject: tuple[str, ...] = ()

    @field_validator("subject", mode="before")
    @classmethod
    def _one_or_many(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value


class Format(Entry):
    """信息资源格式."""

    category: str = ""
    type: str = ""


class Sharing(Entry):
    """共享属性: type, its condition or legal basis, and the way (mode and, on the platform, method)."""

    type: str = ""
    condition: str = ""
    legal_basis: str = ""
    mode: str = ""
    method: str = ""


class Openness(Entry):
    """开放属性: whether open to society, and on which condition."""

    open: bool | None = None
    condition: str = ""


class Claim(Entry):
    """Of which base table the rows speak, in which role; ``prefix`` begins the role's staging columns."""

    table: str = ""
    role: str = ""
    prefix: str = ""

    @model_validator(mode="before")
    @classmethod
    def _prefix_from_role(cls, value: Any) -> Any:
        if isinstance(value, dict) and value.get("role") and "prefix" not in value:
            return {**value, "prefix": f"{value['role']}_"}
        return value


class Connector(Entry):
    """接入方式. What a kind of connector needs beyond the common entries is in ``options``."""

    kind: str = ""
    connection: str = ""
    key: tuple[str, ...] = ()
    watermark: str | None = None
    mode: str = "full"
    options: Mapping[str, Any] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _rest_is_options(cls, value: Any) -> Any:
        if not isinstance(value, dict) or "options" in value:
            return value
        own = {name: value[name] for name in value if name in cls.model_fields}
        if isinstance(own.get("key"), str):
            own["key"] = (own["key"],)
        return {**own, "options": {name: v for name, v in value.items() if name not in own and v is not None}}


class Resource(Entry):
    """信息资源: a dbt source table with the guide's items. ``id`` is ``department.name``."""

    department: str
    department_title: str = ""
    name: str
    title: str = ""
    description: str = ""
    code: str = ""
    category: Category = Field(default_factory=Category)  # type: ignore[arg-type]
    summary: str = ""
    format: Format = Format()
    sharing: Sharing = Sharing()
    open: Openness = Openness()
    update_cycle: str = ""
    published_on: dt.date | None = None
    related: tuple[str, ...] = ()
    register_: str = Field("", alias="register")
    claims: tuple[Claim, ...] = ()
    connector: Connector = Connector()
    contract: str = "evolve"
    items: tuple[Item, ...] = ()
    schema_: str = Field("", alias="schema")
    file: Path = Path()

    @property
    def id(self) -> str:
        return f"{self.department}.{self.name}"

    @property
    def staging_model(self) -> str:
        return staging_model(self.department, self.name)

    @property
    def register(self) -> str:  # type: ignore[override]  # the guide's word, which pydantic's metaclass also has
        return self.register_ or self.name

    @property
    def item_names(self) -> tuple[str, ...]:
        return tuple(item.name for item in self.items)


class Column(Entry):
    """A column of a published table. ``type`` is the contract's SQL type; ``authority`` lists registers in
    order; ``completeness`` is the least share of filled values; ``references`` names base tables."""

    name: str
    type: str = ""
    description: str = ""
    title: str = ""
    constraints: tuple[str, ...] = ()
    standard: str = ""
    clause: str = ""
    codes: str = ""
    references: tuple[str, ...] = ()
    authority: tuple[str, ...] = ()
    exclusive: bool = False  # nobody but the listed registers may supply it
    agreement: int | None = Field(None, ge=2)  # a value on which so many registers agree comes before any authority
    from_key: str = ""  # the macro that reads the value out of the key
    derived_from: tuple[str, ...] = ()  # worked out of these attributes; no source says it
    sensitivity: str = ""
    completeness: float | None = None

    @field_validator("references", "authority", "derived_from", mode="before")
    @classmethod
    def _one_or_many(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value

    @model_validator(mode="after")
    def _enough_to_agree(self) -> Column:
        if self.agreement and self.agreement > len(self.authority):
            raise ValueError(
                f"agreement: {self.agreement} registers cannot agree, authority lists {len(self.authority)}"
            )
        return self

    @property
    def not_null(self) -> bool:
        return bool({"not_null", "primary_key"} & set(self.constraints))

    @property
    def personal(self) -> bool:
        return self.sensitivity in PERSONAL


class BaseTable(Entry):
    """数据标准: a model with an enforced contract. ``layer`` is ``base`` (基础库表) or ``governance``.
    ``identifier``: the attribute by which sources name the entity, where that is not the key itself."""

    name: str
    title: str = ""
    description: str = ""
    layer: str = ""
    version: str = "1"
    identifier: str = ""
    primary_key: tuple[str, ...] = ()
    columns: tuple[Column, ...] = ()
    schema_: str = Field("", alias="schema")
    file: Path = Path()

    @property
    def column_names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    @property
    def registers(self) -> frozenset[str]:
        """All registers that may supply an attribute of this table."""
        return frozenset(register for column in self.columns for register in column.authority)

    def column(self, name: str) -> Column:
        return next(column for column in self.columns if column.name == name)


class CodeTable(Entry):
    """代码表: a seed."""

    name: str
    description: str = ""
    columns: tuple[str, ...] = ()
    file: Path = Path()


class Agreement(Entry):
    """共享授权: a dbt exposure. What ``consumer`` may receive of ``table``, for what, on which basis."""

    name: str
    title: str = ""
    consumer: str = ""
    table: str = ""
    columns: tuple[str, ...] = ()
    row_filter: str = ""
    purpose: str = ""
    legal_basis: str = ""
    form: str = ""
    expiry: dt.date | None = None
    email: str = ""
    file: Path = Path()


class Catalogue(Entry):
    """All that an installation declares. Keys are names; resources' are ``department.name``."""

    departments: Mapping[str, Department] = Field(default_factory=dict)
    resources: Mapping[str, Resource] = Field(default_factory=dict)
    published_tables: Mapping[str, BaseTable] = Field(default_factory=dict)
    agreements: Mapping[str, Agreement] = Field(default_factory=dict)
    code_tables: Mapping[str, CodeTable] = Field(default_factory=dict)
    models: frozenset[str] = frozenset()

    @property
    def base_tables(self) -> dict[str, BaseTable]:
        """The base databases (人口, 法人, 证照)."""
        return {name: table for name, table in self.published_tables.items() if table.layer == "base"}

    def staged(self, table: str) -> tuple[str, ...]:
        """Staging models whose rows speak of ``table``, sorted."""
        return tuple(sorted(
            resource.staging_model
            for resource in self.resources.values()
            if any(claim.table == table for claim in resource.claims)
        ))  # fmt: skip

    def resources_of(self, department: str) -> tuple[Resource, ...]:
        return tuple(r for r in self.resources.values() if r.department == department)


def staging_model(department: str, name: str) -> str:
    """``public_security``, ``identity_card`` → ``stg_public_security__identity_card``."""
    return f"stg_{department}__{name}"
