"""The catalogue entry that a survey suggests: YAML of the form that ``sources/<department>.yml`` has.

What the source cannot know (title, code, sharing, claims …) is left as 待填, and ``govshare check`` names
each of them. Reading entries is the catalogue's.
"""

from __future__ import annotations

from typing import Any

import yaml  # type: ignore[import-untyped]

from connectors.survey import Survey, Surveyed, watermark_of

TO_FILL = "待填"
FORMATS = {
    "delimited": ("电子表格", "csv"), "excel": ("电子表格", "xlsx"), "fixed_width": ("电子文件", "txt"),
    "xml": ("电子文件", "xml"), "dbf": ("数据库", "dbf"),
}  # fmt: skip


class _Flow(dict[str, Any]):
    """A mapping that is written on one line."""


class _Dumper(yaml.SafeDumper):
    pass


_Dumper.add_representer(
    _Flow,
    lambda dumper, value: dumper.represent_mapping("tag:yaml.org,2002:map", value.items(), flow_style=True),
)
_Dumper.add_representer(
    list,
    lambda dumper, value: dumper.represent_sequence(
        "tag:yaml.org,2002:seq", value, flow_style=not (value and isinstance(value[0], dict))
    ),
)


def entry(survey: Survey) -> str:
    """One list item, indented as under ``tables:``."""
    resource = survey.resource
    name = resource.id.partition(".")[2]
    title = resource.title if resource.items else survey.comment or TO_FILL
    document = {
        "name": name,
        "description": survey.comment or title,
        "config": {
            "meta": {
                "title": title,
                "code": TO_FILL,
                "category": _Flow({"class": "部门", "item": TO_FILL, "subject": [TO_FILL]}),
                "summary": "、".join(column.comment or column.name for column in survey.columns),
                "format": _format(survey),
                "sharing": {"type": TO_FILL, "condition": TO_FILL, "mode": TO_FILL, "method": TO_FILL},
                "open": _Flow({"open": False, "condition": TO_FILL}),
                "update_cycle": TO_FILL,
                "published_on": TO_FILL,
                "register": TO_FILL,
                "claims": [_Flow({"table": TO_FILL, "role": TO_FILL})],
                "connector": _connector(survey),
                "contract": resource.contract,
            }
        },
        "columns": [_column(column) for column in survey.columns],
    }
    text = yaml.dump(
        [document],
        Dumper=_Dumper,
        allow_unicode=True,
        sort_keys=False,
        width=10_000,
        default_flow_style=False,
    )
    return "".join(f"      {line}\n" for line in text.splitlines())


def _format(survey: Survey) -> _Flow:
    category, kind = FORMATS.get(survey.resource.connector.kind, ("数据库", TO_FILL))
    return _Flow({"category": category, "type": kind})


def _connector(survey: Survey) -> _Flow:
    spec = survey.resource.connector
    made = _Flow({"kind": spec.kind, "connection": spec.connection, **spec.options})
    keys = list(spec.key) or [column.name for column in survey.columns if column.key]
    made["key"] = keys or [TO_FILL]
    watermark = spec.watermark or (watermark_of(survey.columns) if not spec.key else None)
    if spec.kind == "database" and watermark:
        return _Flow({**made, "mode": "incremental", "watermark": watermark})
    return _Flow({**made, "mode": spec.mode})


def _column(column: Surveyed) -> _Flow:
    meta: dict[str, Any] = {"type": column.type}
    if column.sensitivity:
        meta["sensitivity"] = column.sensitivity
    return _Flow(
        {
            "name": column.name,
            "description": column.comment or column.name,
            "config": _Flow({"meta": _Flow(meta)}),
        }
    )
