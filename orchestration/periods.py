"""Resources that are delivered by day or month: their partitions, and one period's part of a resource.

The catalogue declares it in ``meta.connector``: ``delivered: month`` (or ``day``), ``delivered_from`` (the first
period, default 2020-01), and where the period stands, in any text of the entry:

    path: "参保人员_{partition:%Y%m}*.csv"
    query: "select * from jy where rq >= date '{partition}-01' and rq < date '{partition_end}-01'"

``{partition}`` is the period's first day and ``{partition_end}`` the first day after it, each as ``%Y-%m`` or
``%Y-%m-%d`` unless another form is given. Connectors get the resource with its texts filled in. A table or interface
needs ``mode: period`` besides: what lies outside of the period is not withdrawn.
"""

from __future__ import annotations

import datetime as dt
import fnmatch
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import dagster as dg

from catalogue.errors import GovshareError
from catalogue.model import Resource
from catalogue.vocabulary import CHINA
from connectors.registry import is_file

FORMS = {"day": "%Y-%m-%d", "month": "%Y-%m"}
FIRST = "2020-01-01"
PLACE = re.compile(r"\{partition(?P<end>_end)?(?::(?P<form>[^}]+))?\}")
DIGITS = {"%Y": 4, "%m": 2, "%d": 2, "%H": 2, "%M": 2, "%S": 2}


@dataclass(frozen=True)
class Period:
    """A day or a month: ``start`` to before ``end``."""

    start: dt.date
    end: dt.date

    @classmethod
    def of(cls, delivered: str, key: str) -> Period:
        """The period that Dagster's partition key names."""
        start = dt.datetime.strptime(key, FORMS[delivered]).date()
        if delivered == "day":
            return cls(start, start + dt.timedelta(days=1))
        return cls(start, (start + dt.timedelta(days=31)).replace(day=1))


def delivered(resource: Resource) -> str | None:
    """``day``, ``month``, or null for a resource that is collected as a whole."""
    by = resource.connector.options.get("delivered")
    if by is None:
        return None
    if by not in FORMS:
        raise GovshareError(
            f"connector.delivered is {by!r}",
            where=f"{resource.id} in {resource.file.name}",
            remedy=f"one of {', '.join(FORMS)}, or leave it out",
        )
    file = is_file(resource)
    if resource.connector.options.get("snapshot") if file else resource.connector.mode != "period":
        raise GovshareError(
            f"it is delivered by {by}, but each delivery counts as the whole: what is of another {by} "
            "would be withdrawn",
            where=f"{resource.id} in {resource.file.name}",
            remedy="remove connector.snapshot" if file else "write mode: period in meta.connector",
        )
    if not any(PLACE.search(text) for text in _texts(resource.connector.options)):
        raise GovshareError(
            f"it is delivered by {by}, but no text of its connector says where the {by} stands",
            where=f"{resource.id} in {resource.file.name}",
            remedy='write e.g. path: "name_{partition:%Y%m}*.csv" in meta.connector',
        )
    return str(by)


def partitions(by: str, resources: Iterable[Resource]) -> dg.TimeWindowPartitionsDefinition:
    """The periods since the earliest that one of the resources declares, the present one included."""
    first = min(str(r.connector.options.get("delivered_from") or FIRST)[:10] for r in resources)
    start = dt.date.fromisoformat(first if len(first) == 10 else f"{first}-01").strftime(FORMS[by])
    kind = dg.DailyPartitionsDefinition if by == "day" else dg.MonthlyPartitionsDefinition
    return kind(start_date=start, fmt=FORMS[by], timezone=CHINA, end_offset=1)


def of_period(resource: Resource, period: Period) -> Resource:
    """The resource as far as it was delivered for one period."""
    form = FORMS[delivered(resource) or "day"]

    def write(place: re.Match[str]) -> str:
        return (period.end if place["end"] else period.start).strftime(place["form"] or form)

    return _with_texts(resource, lambda text: PLACE.sub(write, text))


def of_all_periods(resource: Resource) -> Resource:
    """The resource with all its files: a place stands for any digits. Files only; a query has no such
    thing."""
    form = FORMS[delivered(resource) or "day"]

    def any_digits(place: re.Match[str]) -> str:
        return re.sub("%.", lambda sign: "[0-9]" * DIGITS.get(sign[0], 1), place["form"] or form)

    return _with_texts(resource, lambda text: PLACE.sub(any_digits, text))


def period_of_file(resource: Resource, name: str) -> str | None:
    """The partition key of a file by its name; null when it shows none."""
    by = delivered(resource)
    path = str(resource.connector.options.get("path", ""))
    if by is None or not PLACE.search(path):
        return None
    pattern, last = "", 0
    signs: list[str] = []
    for place in PLACE.finditer(path):
        pattern += _regex(path[last : place.start()])
        for part in re.split("(%.)", place["form"] or FORMS[by]):
            if part in DIGITS:
                signs.append(part)
                pattern += rf"(\d{{{DIGITS[part]}}})"
            else:
                pattern += re.escape(part)
        last = place.end()
    found = re.match(pattern + _regex(path[last:]), name)
    if found is None:
        return None
    told = dict(zip(signs, found.groups(), strict=True))
    try:
        day = dt.date(int(told["%Y"]), int(told["%m"]), int(told.get("%d", 1)))
    except (KeyError, ValueError):
        return None
    return day.strftime(FORMS[by])


def _regex(pattern: str) -> str:
    return fnmatch.translate(pattern).removeprefix("(?s:").removesuffix(")\\Z").removesuffix(")\\z")


def _texts(value: Any) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list | tuple):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _texts(inner)


def _with_texts(resource: Resource, change: Any) -> Resource:
    def changed(value: Any) -> Any:
        if isinstance(value, str):
            return change(value)
        if isinstance(value, dict):
            return {name: changed(inner) for name, inner in value.items()}
        return [changed(inner) for inner in value] if isinstance(value, list | tuple) else value

    connector = resource.connector.model_copy(update={"options": changed(dict(resource.connector.options))})
    return resource.model_copy(update={"connector": connector})
