"""What ``meta.connector`` may say beside kind, connection, key, watermark and mode: names, types and limits.

The one list of options. ``govshare check`` and each collection hold an entry against it, so that a wrong value is
refused before a source is read. What an option means stands in the docstring of the module that reads it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

Text = Annotated[str, StringConstraints(min_length=1, pattern=r"^[^\x00]*$")]
Count = Annotated[int, Field(ge=0, le=10**9)]
Positive = Annotated[int, Field(ge=1, le=10**12)]
Seconds = Annotated[float, Field(ge=0, le=10**9)]
Names = list[Text]
Compare = Text | bool | Annotated[int, Field(ge=0)]  # see connectors.comparing
Megabytes = Annotated[int, Field(ge=1, le=10**7)]


class Options(BaseModel):
    """Options of every kind. Values are taken as they are: no text for a number, no number for a text."""

    model_config = ConfigDict(strict=True, extra="ignore")

    max_fall: Annotated[float, Field(ge=0, le=1)] | None = None
    optional: bool | Names | None = None
    delivered: Literal["day", "month"] | None = None
    delivered_from: Text | date | None = None


class DatabaseOptions(Options):
    table: str | None = None
    schema_: Annotated[str | None, Field(alias="schema")] = None
    query: str | None = None
    where: str | None = None
    timeout_seconds: Annotated[float, Field(gt=0, le=10**7)] | None = None
    fetch_rows: Positive | None = None
    rows_per_second: Annotated[float, Field(gt=0)] | None = None
    allowed_hours: Text | None = None
    overlap: Seconds | None = None
    encoding: Text | None = None
    sessions: Annotated[int, Field(ge=1, le=64)] | None = None
    range_rows: Count | None = None
    range_key: Text | None = None
    as_text: Names | None = None
    operation: Text | None = None
    marks: Mapping[str, Any] | None = None
    watermark_type: Literal["integer", "date", "timestamp", "text"] | None = None
    timezone: Text | None = None
    sequence: Text | None = None
    compare: Compare | None = None


class FileOptions(Options):
    path: Text | None = None
    may_be_empty: bool | None = None
    settle: Annotated[float, Field(ge=0, le=3600)] | None = None
    ready: Text | None = None
    snapshot: bool | Literal["folder"] | None = None
    member: Text | Names | None = None
    zip_password: Text | None = None
    unpacked_limit_mb: Megabytes | None = None
    memory_mb: Annotated[int, Field(ge=64, le=10**7)] | None = None
    cpu_seconds: Annotated[int, Field(ge=1, le=10**7)] | None = None
    columns_limit: Annotated[int, Field(ge=1, le=10**6)] | None = None
    cell_limit_mb: Megabytes | None = None


class TextOptions(FileOptions):
    encoding: Text | None = None


class DelimitedOptions(TextOptions):
    header_row: Count | None = None
    columns: Names | None = None
    delimiter: Text | None = None
    quote: str | None = None
    escape: Text | None = None


class FixedWidthOptions(TextOptions):
    header_row: Count | None = None
    fields: list[Mapping[str, Any]] | None = None
    unit: Literal["bytes", "characters"] | None = None
    trimmed: bool | None = None


class ExcelOptions(FileOptions):
    header_row: Count | None = None
    header_rows: Annotated[int, Field(ge=1, le=20)] | None = None
    sheet: Text | Count | list[Text | Count] | None = None


class RecordsOptions(TextOptions):
    records: Text | None = None


class Paging(BaseModel):
    """``paging`` of an interface; see connectors.http.paging."""

    model_config = ConfigDict(strict=True, extra="forbid")

    kind: Literal["none", "page", "offset", "cursor"] | None = None
    page: Text | None = None
    offset: Text | None = None
    cursor: Text | None = None
    size: Text | None = None
    page_size: Positive | None = None
    first: Count | None = None
    next: Text | None = None
    ends: list[Text | int] | None = None
    empty_ends: bool | None = None


class Window(BaseModel):
    """``window`` of an interface; see connectors.http.windows."""

    model_config = ConfigDict(strict=True, extra="forbid")

    from_: Annotated[Text, Field(alias="from")]
    to: Text
    since: Text | date
    days: Annotated[float, Field(gt=0, le=10**5)] | None = None
    hours: Annotated[float, Field(gt=0, le=10**6)] | None = None
    format: Annotated[str, StringConstraints(pattern=r"%|^m?s$")] | None = None
    lag: Seconds | None = None


class HttpOptions(Options):
    path: str | None = None
    method: Literal["GET", "POST", "get", "post"] | None = None
    send: Literal["query", "json", "form"] | None = None
    params: Mapping[str, Any] | None = None
    paging: Paging | None = None
    records: str | None = None
    total: Text | None = None
    success: Mapping[str, Any] | None = None
    verify: Literal["all", "overlap", "ends", "none"] | None = None
    read_again: Annotated[int, Field(ge=0, le=100)] | None = None
    since: Text | None = None
    start: str | int | None = None
    window: Window | None = None
    overlap: Seconds | None = None
    timezone: Text | None = None
    watermark_type: Literal["timestamp", "integer", "seconds", "milliseconds"] | None = None
    compare: Compare | None = None
    repeated_keys: bool | None = None
    deadline: Annotated[float, Field(gt=0, le=10**7)] | None = None
    pages_limit: Positive | None = None
    bytes_limit_mb: Megabytes | None = None


OPTIONS: dict[str, type[Options]] = {
    "database": DatabaseOptions,
    "delimited": DelimitedOptions,
    "fixed_width": FixedWidthOptions,
    "excel": ExcelOptions,
    "dbf": TextOptions,
    "xml": RecordsOptions,
    "json": RecordsOptions,
    "json_lines": TextOptions,
    "python_literal": TextOptions,
    "parquet": FileOptions,
    "http": HttpOptions,
}


def known_options(kind: str) -> tuple[str, ...]:
    """The names of a kind's options; none for an unknown kind."""
    model = OPTIONS.get(kind)
    return tuple(field.alias or name for name, field in model.model_fields.items()) if model else ()


def wrong_options(kind: str, options: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """(option, what is wrong with its value) of each option that cannot be used; values are never shown.

    >>> list(wrong_options("delimited", {"max_fall": "half", "settle": 2}))
    [('max_fall', 'Input should be a valid number')]
    """
    model = OPTIONS.get(kind)
    if model is None:
        return
    try:
        model.model_validate({name: value for name, value in options.items() if value is not None})
    except ValidationError as error:
        found: dict[str, list[str]] = {}
        for entry in error.errors(include_url=False, include_input=False, include_context=False):
            found.setdefault(_place(entry["loc"]), []).append(entry["msg"])
        for name, words in found.items():
            yield name, " or ".join(dict.fromkeys(words))


def _place(steps: tuple[str | int, ...]) -> str:
    """The option that an error is of, with the name in it for `window` and `paging`; no alternatives of a type."""
    nested = steps[0] in ("window", "paging") and len(steps) > 1
    return f"{steps[0]}.{str(steps[1])[:40]}" if nested else str(steps[0])
