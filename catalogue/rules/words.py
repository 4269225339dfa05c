"""How rules name what they found: entries, lines, near words. No rule stands here."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from difflib import get_close_matches

from catalogue.model import Resource
from catalogue.problems import Problem, line_of


def of_resource(
    resource: Resource,
    rule: str,
    message: str,
    remedy: str,
    *at: str,
    item: str = "",
    severity: str = "error",
) -> Problem:
    """A finding on a resource; ``at`` is the place within its meta (or, with ``item``, of that column)."""
    path = ["sources", resource.department, "tables", resource.name]
    path += ["columns", item] if item else ["config", "meta", *at]
    entry = f"{resource.id}.{item}" if item else resource.id
    return Problem(resource.file, entry, rule, message, remedy, severity, line_of(resource.file, path))


def one_of(values: Sequence[str]) -> str:
    return "one of " + ", ".join(values)


def close_to(value: str, known: Sequence[str]) -> str:
    """`` (did you mean x?)`` where a known word is near."""
    near = get_close_matches(value, known, n=1)
    return f" (did you mean {near[0]}?)" if near else ""


def plain(title: str) -> str:
    """A title without punctuation, spaces and width, to find two that differ in nothing else."""
    return re.sub(r"[\W_]", "", unicodedata.normalize("NFKC", title)).casefold()
