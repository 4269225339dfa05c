"""The standards' macros as SQL, in milliseconds: dbt's own Jinja renders them, DuckDB runs them over values.

``Standards`` is what the other tests of the standards ask. That dbt compiles the very same SQL is proved once, in
``tests/integration/test_standards_dbt.py``: dbt itself takes seconds to start.
"""

from __future__ import annotations

import datetime as dt
import os
import re
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from dbt_common.clients.jinja import BaseMacroGenerator, get_template
from dbt_common.exceptions.macros import MacroReturn
from hypothesis import HealthCheck, Phase, settings

from catalogue.dbt import code_tables
from catalogue.installation import DBT_PROJECT, PROJECT_ROOT

SHARED = Path(os.environ.get("GOVSHARE_SHARED") or PROJECT_ROOT.parent / "shared")
MACROS = DBT_PROJECT / "macros"
# Values come in lists, since a query costs 50 ms for one as for a hundred; a list is not worth shrinking.
RANDOM = settings(
    max_examples=12,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=(HealthCheck.too_slow, HealthCheck.large_base_example, HealthCheck.data_too_large),
)
DEFINED = re.compile(r"{%-? macro (\w+)\(")
STANDARDS = (
    "id_number", "credit_code", "registration_number", "organisation_code", "tax_number", "date", "division",
    "industry", "phone", "name", "organisation_name", "currency",
)  # fmt: skip


class _Macro(BaseMacroGenerator):
    """One macro of a file, called as dbt calls it: what it returns is the value, else the text it renders."""

    def __init__(self, name: str, template: Any, context: dict[str, Any]) -> None:
        super().__init__(context)
        self.name, self.template = name, template

    def get_name(self) -> str:
        return self.name

    def get_template(self) -> Any:
        return self.template

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.call_macro(*args, **kwargs)


class _Adapter:
    """Dispatch as dbt does it: the engine's macro, else the default one."""

    def __init__(self, engine: str, context: dict[str, Any]) -> None:
        self.engine, self.context = engine, context

    def dispatch(self, name: str) -> Callable[..., Any]:
        found = self.context.get(f"{self.engine}__{name}") or self.context.get(f"default__{name}")
        if found is None:
            raise KeyError(f"{name} is not written for {self.engine}")
        return found

    def quote(self, name: str) -> str:
        return f'"{name}"'


class _Exceptions:
    def raise_compiler_error(self, message: str) -> None:
        raise ValueError(message)


def _return(value: Any) -> None:
    raise MacroReturn(value)


def macros(engine: str = "duckdb") -> dict[str, Any]:
    """All macros of the project by name, for an engine."""
    context: dict[str, Any] = {
        "var": lambda name, default=None: default,
        "graph": {"codes": code_tables(), "inputs": {"day": dt.date.today().isoformat()}},
        "ref": lambda name: name,
        "return": _return,
        "execute": True,
        "exceptions": _Exceptions(),
    }
    context["context"] = context
    context["adapter"] = _Adapter(engine, context)
    for file in sorted(MACROS.rglob("*.sql")):
        text = file.read_text(encoding="utf-8")
        template = get_template(text, {})
        for name in DEFINED.findall(text):
            context[name] = _Macro(name, template, context)
    return context


class Standards:
    """Macros over values: ``standards.of("id_number", values)`` gives (value, problem) of each."""

    def __init__(self) -> None:
        self.macros = macros()
        self.duckdb = duckdb.connect()
        self.duckdb.execute("set threads = 1")

    def sql(self, macro: str, *arguments: Any, **named: Any) -> str:
        return self.macros[macro](*arguments, **named)

    def each(self, sql: str, values: Iterable[Any], **columns: Sequence[Any]) -> list[Any]:
        """``sql`` over the column ``t`` (and others, named) for each value, in order."""
        values = list(values)
        table = {"n": range(len(values)), "t": pa.array(values, pa.string()), **columns}
        given = pa.table(table)
        self.duckdb.register("given", given)
        return [x for (x,) in self.duckdb.execute(f"select {sql} from given order by n").fetchall()]

    def macro(self, macro: str, values: Iterable[Any], **named: Any) -> list[Any]:
        """A macro with one column as its argument."""
        return self.each(self.sql(macro, "t", **named), values)

    def of(self, standard: str, values: Iterable[Any], codes: str | None = None) -> list[tuple[Any, Any]]:
        """(value, problem) by a standard or code table, over clean texts."""
        found = self.each(self.sql("standard_of", "t", standard, codes), values)
        return [(x["value"], x["problem"]) for x in found]

    def cleaned(self, standard: str, values: Iterable[Any], codes: str | None = None) -> list[tuple[Any, Any]]:
        """The same over texts as they land: first ``clean_text``, as ``stage`` does."""
        return self.of(standard, self.macro("clean_text", values), codes)

    def broken(self, standard: str, values: Iterable[Any], codes: str | None = None) -> list[str | None]:
        return [problem for _, problem in self.cleaned(standard, values, codes)]


@cache
def standards() -> Standards:
    """Rendered once for a test session."""
    return Standards()


# --- what the macros may hold


ENGINE_ONLY = re.compile(
    r"\b(list_\w+|map_\w+|unnest|regexp_\w+|strptime|try_strptime|strftime|epoch_ms|to_timestamp|nfc_normalize|strlen|hex"
    r"|suffix|starts_with|array_\w+|struct_pack)\s*\(|lambda|\w::[a-z]|\btry_cast\(",
    re.IGNORECASE,
)


@pytest.mark.parametrize("file", sorted((MACROS / "standards").glob("*.sql")), ids=lambda file: file.stem)
def test_what_only_one_engine_has_stands_in_engine_macros(file: Path) -> None:
    text = re.sub(r"\{#.*?#\}", "", file.read_text(encoding="utf-8"), flags=re.DOTALL)
    ours = {name for engine in (MACROS / "engine").glob("*.sql") for name in DEFINED.findall(engine.read_text())}
    assert not {found.group(0) for found in ENGINE_ONLY.finditer(text) if found.group(1) not in ours}
