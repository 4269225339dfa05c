"""Data Docs: Great Expectations' own page for each table and an index over all, to be opened from a disk.

Great Expectations' pages fetch styles, scripts and pictures from half a dozen hosts, with a time stamp for
their statistics. An office's network reaches none of them, and nobody outside is to learn when the gate was
run: every reference to another host is taken out, and a style sheet of our own is put in.
"""

from __future__ import annotations

import html
import json
import re
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from great_expectations.render.renderer import ValidationResultsPageRenderer
from great_expectations.render.view import DefaultJinjaPageView

from catalogue.files import read_derived, write_whole
from catalogue.installation import Installation
from expectations.verdict import Verdict

if TYPE_CHECKING:
    from catalogue.model import BaseTable

FACTS = {"table", "title", "judged_at", "verdict", "rows", "checks"}
_REMOTE = (
    re.compile(r"<script\b.*?</script>", re.S),  # all of them: they only serve the remote parts
    re.compile(r"<link\b[^>]*>", re.S),
    re.compile(r"<img\b[^>]*>", re.S),
    re.compile(r"<iframe\b.*?</iframe>", re.S),
    re.compile(r"<footer\b.*?</footer>", re.S),
    re.compile(r"@import[^;]*;"),
    re.compile(r"[\w-]+\s*:[^;{}]*url\(['\"]?https?:[^;}]*;"),
)
_ANCHOR = re.compile(r"<a\b[^>]*href=\"https?://[^\"]*\"[^>]*>(.*?)</a>", re.S)
_INDEX_LINK = re.compile(r'href="(?:\.\./)+(?:index\.html|expectations/[^"]*)"')
_STYLE = """<style>
body { font: 14px/1.5 system-ui, "Noto Sans CJK SC", "Microsoft YaHei", sans-serif; margin: 0 auto;
  max-width: 1200px; padding: 0 1.5rem 3rem; color: #1b1f24; background: #fff }
table { border-collapse: collapse; width: 100%; margin: .6rem 0 }
th, td { border-bottom: 1px solid #d8dee4; padding: .35rem .6rem; text-align: left; vertical-align: top }
h1, h4, h5 { margin: 1.2rem 0 .4rem } a { color: #0550ae; text-decoration: none }
.sticky, .ge-walkthrough-modal, .modal, .cooltip .top, i.fas { display: none }
.collapse { display: block } .show-scrollbars { overflow-x: auto }
.passed, .text-success { color: #1a7f37 } .failed, .text-danger { color: #cf222e } .warned { color: #9a6700 }
ol.ge-breadcrumbs { list-style: none; padding: 0; display: flex; gap: 1rem }
</style>"""
_STATUS = (
    ("text-success", "✓"),
    ("text-danger", "✗"),
    ("text-warning", "!"),
)


def write_report(installation: Installation, table: BaseTable, verdict: Verdict, result: Any) -> None:
    """Write ``data_docs/<table>.html`` with its verdict beside it, and the index anew."""
    page = _view().render(ValidationResultsPageRenderer().render(result))
    write_whole(installation.data_docs / f"{table.name}.html", cleaned(page, f"{table.title} {table.name}"))
    facts = {
        "table": table.name,
        "title": table.title,
        "judged_at": datetime.now(UTC).isoformat(timespec="seconds"),
        **verdict.as_dict(),
    }
    write_whole(installation.data_docs / f"{table.name}.json", json.dumps(facts, ensure_ascii=False, indent=1))
    write_whole(installation.data_docs / "index.html", _index(installation))


@cache
def _view() -> DefaultJinjaPageView:
    """Kept, because it compiles twenty templates."""
    return DefaultJinjaPageView()


def cleaned(page: str, title: str) -> str:
    """The page without anything that another host would have to serve."""
    for pattern in _REMOTE:
        page = pattern.sub("", page)
    page = _ANCHOR.sub(r"\1", page)
    page = _INDEX_LINK.sub('href="index.html"', page)
    for css, sign in _STATUS:
        # The signs were letters of a remote font.
        page = re.sub(rf'<i class="[^"]*{css}[^"]*"[^>]*></i>', f'<span class="{css}">{sign}</span>', page)
    page = re.sub(r"<title>[^<]*</title>", "", page)
    head = f"<title>{html.escape(title)}</title>\n{_STYLE}\n</head>"
    return page.replace("</head>", head, 1)


def _index(installation: Installation) -> str:
    """All tables with their verdict, and every check that failed."""
    rows, failed = [], []
    for path in sorted(installation.data_docs.glob("*.json")):
        facts = read_derived(path)
        if facts is None or not facts.keys() >= FACTS:  # until its table is judged again
            continue
        name, checks = facts["table"], facts["checks"]
        css = {"passed": "passed", "failed": "failed"}.get(facts["verdict"], "warned")
        good = sum(check["passed"] for check in checks)
        link = f'<a href="{name}.html">{html.escape(name)}</a>'
        cells = (link, html.escape(facts["title"]), f"{facts['rows']:,}", f"{good}/{len(checks)}")
        rows.append(_row(*cells, f'<span class="{css}">{facts["verdict"]}</span>', html.escape(facts["judged_at"])))
        for check in checks:
            if not check["passed"]:
                told = (check["name"], check["severity"], check["observed"], check["description"])
                failed.append(_row(link, *(html.escape(str(text)) for text in told)))
    tables = _row("table", "名称", "rows", "checks", "verdict", "judged", tag="th")
    faults = _row("table", "check", "severity", "observed", "rule", tag="th")
    return (
        '<!DOCTYPE html><html lang="zh"><head><meta charset="UTF-8"><title>发布前质检</title>'
        f"{_STYLE}</head><body><h1>发布前质检 · the gate</h1>"
        f"<table>{tables}{''.join(rows)}</table>"
        "<h4>未通过的检查 · checks that failed</h4>"
        f"<table>{faults}{''.join(failed)}</table>"
        "</body></html>"
    )


def _row(*cells: str, tag: str = "td") -> str:
    return "<tr>" + "".join(f"<{tag}>{cell}</{tag}>" for cell in cells) + "</tr>"
