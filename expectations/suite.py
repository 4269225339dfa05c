"""From planned checks to expectations, and from Great Expectations' results back to checks.

One place for how each kind of check is said in Great Expectations; what is checked is decided in ``plan``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import great_expectations.expectations as gxe
from great_expectations.expectations.expectation import Expectation

from catalogue.secret import keyed
from expectations.plan import Planned
from expectations.rules import NoUnexpectedRows, RowsKeepRule
from expectations.standards import BLOCK, literal, quoted
from expectations.verdict import Check

SEVERITY = {BLOCK: "critical"}


def expectation(check: Planned, key: Sequence[str]) -> Expectation:
    """The expectation that asks ``check``; ``key`` names the primary key, of which hashes are shown."""
    common: dict[str, Any] = {
        "description": f"{check.rule}:{check.description}",
        "severity": SEVERITY.get(check.severity, "warning"),
        "meta": {"name": check.name},
    }
    arguments, column = check.arguments, check.column or ""
    match check.kind:
        case "columns":
            return gxe.ExpectTableColumnsToMatchOrderedList(column_list=list(arguments["names"]), **common)
        case "not_null":
            return gxe.ExpectColumnValuesToNotBeNull(column=column, **common)
        case "complete":
            return gxe.ExpectColumnProportionOfNonNullValuesToBeBetween(
                column=column, min_value=arguments["share"], **common
            )
        case "unique" if len(arguments["columns"]) == 1:
            return gxe.ExpectColumnValuesToBeUnique(column=arguments["columns"][0], **common)
        case "unique":
            return gxe.ExpectCompoundColumnsToBeUnique(column_list=list(arguments["columns"]), **common)
        case "rows":
            return gxe.ExpectTableRowCountToBeBetween(min_value=arguments["low"], max_value=arguments["high"], **common)
        case "breaks":
            query = f"select {_key_hash(key)} as key_hash from {{batch}} where {_escaped(arguments['condition'])}"
            return RowsKeepRule(condition=arguments["condition"], unexpected_rows_query=query, **common)
        case "types":
            return NoUnexpectedRows(
                unexpected_rows_query=_escaped_but_batch(_types_query(arguments["types"])), **common
            )
        case "missing":
            return NoUnexpectedRows(unexpected_rows_query=_missing_query(check, key), **common)
        case "newest":
            newest, low = f"max({quoted(arguments['column'])})", literal(arguments["low"])
            query = f"select {newest} as newest from {{batch}} having {newest} < cast({low} as timestamp)"
            return NoUnexpectedRows(unexpected_rows_query=query, **common)
    raise AssertionError(check.kind)


def _key_hash(key: Sequence[str]) -> str:
    if not key:
        return "null"
    parts = ", ".join(f"cast({quoted(name)} as varchar)" for name in key)
    hashed = keyed(f"concat_ws('|', {parts})")
    return f"left({hashed}, 16)"


def _types_query(types: Mapping[str, str]) -> str:
    """Columns whose type is not the declared one; DuckDB itself says how a declared type is spelt."""
    declared = ", ".join(f"cast(null as {type_}) as {quoted(name)}" for name, type_ in types.items() if type_)
    words = "concat(d.column_name, ': ', coalesce(c.column_type, 'missing'), ' instead of ', d.column_type)"
    return (
        f"select {words} "
        f"from (describe select {declared}) as d left join (describe select * from {{batch}}) as c "
        "using (column_name) where c.column_type is distinct from d.column_type"
    )


def _missing_query(check: Planned, key: Sequence[str]) -> str:
    value = quoted(check.column or "")
    known = " union all ".join(f"select known from {quoted(view)}" for view in check.arguments["views"])
    return f"select {_key_hash(key)} as key_hash from {{batch}} where {value} is not null and {value} not in ({known})"


def _escaped(sql: str) -> str:
    """Braces of regular expressions, doubled for Great Expectations, which formats the query."""
    return sql.replace("{", "{{").replace("}", "}}")


def _escaped_but_batch(sql: str) -> str:
    return _escaped(sql).replace("{{batch}}", "{batch}")


def check_of(planned: Planned, result: Any, rows: int) -> Check:
    """What Great Expectations found, as one of our checks. An expectation that could not be run has
    failed."""
    found = dict(result.result or {})
    passed = bool(result.success)
    count = found.get("unexpected_count")
    if result.exception_info.get("raised_exception"):
        observed, count = f"could not be asked: {_first_line(result.exception_info)}", rows
    elif planned.kind in ("breaks", "missing", "types", "newest"):
        count = int(found["observed_value"])
        observed = f"{count:,}"
    elif planned.kind == "complete":
        share = float(found.get("observed_value") or 0)
        observed, count = f"{share:.2%}", round((1 - share) * rows)
    elif count is not None:
        observed = f"{count:,}"
    else:
        observed = f"{found.get('observed_value')}" if planned.kind == "columns" else f"{rows:,} rows"
    if planned.kind in ("types", "newest") and not passed:
        observed = "; ".join(found.get("examples", ())) or observed
    return Check(
        name=planned.name,
        column=planned.column,
        rule=planned.rule,
        severity=planned.severity,
        passed=passed,
        observed=observed,
        unexpected_count=int(count or 0),
        total=rows,
        description=planned.description,
        examples=tuple(found.get("examples", ())) if planned.kind in ("breaks", "missing") else (),
    )


def _first_line(exception_info: Mapping[str, Any]) -> str:
    """The kind of failure without what may quote a value of the data."""
    lines = str(exception_info.get("exception_message") or "error").splitlines() or ["error"]
    return lines[0].partition(":")[0][:120]
