"""What became of spoiled values: by defect, how many were published, and how many of those are right.

The published ``_provenance`` tells which row a value came from. Part of ``scoring``, which brings the views.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from demo_city.standard import KEYS

if TYPE_CHECKING:
    from demo_city.scoring import Scoring

# An attribute is right if this much of it is; everything else must be equal.
COMPARED = {"marital_status": "left({}, 1)", "division_code": "left({}, 6)"}


def spoiled_values(scoring: Scoring) -> list[dict[str, Any]]:
    """One entry a defect: ``values`` spoiled, ``published`` from the spoiled row, ``right`` of those."""
    total: dict[str, Counter[str]] = {}
    for table, key in KEYS.items():
        columns = scoring.columns(f"published_{table}")
        if "_provenance" not in columns:
            continue
        attributes = scoring.rows(f"select distinct attribute from cells where table_name = '{table}'")
        supplied = _supplied(scoring, table)
        for attribute in sorted(row["attribute"] for row in attributes):
            if attribute in columns and attribute != key and (supplied is None or attribute in supplied):
                for row in scoring.rows(_statement(table, columns[0], attribute)):
                    total.setdefault(row.pop("defect"), Counter()).update(row)
    return [{"defect": defect, **counts} for defect, counts in sorted(total.items())]


def _supplied(scoring: Scoring, table: str) -> set[str] | None:
    """Attributes that have a source; others are worked out of them. None where the type does not tell."""
    provenance = scoring.session.sql(f"select _provenance from published_{table} limit 0").types[0]
    return {name for name, _ in provenance.children} if provenance.id == "struct" else None


def _statement(table: str, key: str, attribute: str) -> str:
    form = COMPARED.get(attribute, "{}")
    said, stated = form.format("cells.said"), form.format(f"cast(published.{attribute} as varchar)")
    source = "(cells.resource, claims.place[1], claims.place[2])"
    used = f"published.{attribute} is not null and published._provenance['{attribute}'] = {source}"
    return f"""
        select cells.defect, count(*) as "values", count(*) filter ({used}) as published,
            count(*) filter ({used} and {said} = {stated}) as "right"
        from cells
        left join claims using (resource, record_key, role)
        left join published_{table} as published on claims.entity_id = published.{key}
        where cells.table_name = '{table}' and cells.attribute = '{attribute}'
        group by cells.defect
    """
