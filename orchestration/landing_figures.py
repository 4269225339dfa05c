"""What a landing asset shows: counts, places and names of files, never a value."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

import dagster as dg

from connectors.collect import Collected
from connectors.manifest import Manifest
from connectors.read_report import Finding, rows_left_out


def figures_of(collected: Collected, past: Sequence[Manifest]) -> dict[str, Any]:
    figures: dict[str, Any] = {
        "dagster/row_count": sum(manifest.rows for manifest in past),
        "state": collected.message or ("unchanged" if collected.unchanged else "landed"),
        "rows": collected.rows,
        "rows read": collected.read,
        "rows withdrawn": collected.deletes,
        "batches": ", ".join(collected.batches) or "none",
        "bytes": collected.bytes,
        "seconds": round(collected.seconds, 3),
        "rows per second": round(collected.read / collected.seconds) if collected.seconds else 0,
    }
    if past:
        newest = past[-1]
        figures["newest batch"] = newest.batch
        figures["landed at"] = dg.MetadataValue.timestamp(dt.datetime.fromisoformat(newest.finished))
        figures["path"] = dg.MetadataValue.path(newest.path)
        if newest.files:
            figures["files"] = ", ".join(file.name for file in newest.files)
    if mark := collected.watermark or next((m.watermark for m in reversed(past) if m.watermark), None):
        figures["watermark"] = f"{mark.column}: {mark.low or '–'} … {mark.high or '–'}"
        if mark.type in ("timestamp", "date", "text") and mark.high:
            figures["time at source"] = mark.high
    if collected.drift:
        figures["drift"] = dg.MetadataValue.json(dict(collected.drift))
    if collected.left_out:
        figures["left out"] = _findings(collected.left_out)
        figures["rows left out"] = rows_left_out(collected.left_out)
    if collected.remarks:
        figures["remarks"] = _findings(collected.remarks)
    if collected.problems:
        figures["unreadable rows by rule"] = counts("rule", collected.problems)
    return figures


def _findings(findings: Sequence[Finding]) -> dg.MetadataValue:
    """What was left out or remarked, how often, and the first places."""
    rows = [
        dg.TableRecord(
            {
                "what": finding.words,
                "count": finding.count,
                "rows": "?" if finding.rows is None else str(finding.rows),
                "where": ", ".join(finding.where[:5]),
            }
        )
        for finding in findings
    ]
    return dg.MetadataValue.table(rows)


def counts(what: str, of: Any) -> dg.MetadataValue:
    """A table of ``what`` and how many, the most first."""
    rows = sorted(of.items(), key=lambda pair: (-pair[1], pair[0]))
    return dg.MetadataValue.table([dg.TableRecord({what: name, "rows": number}) for name, number in rows])
