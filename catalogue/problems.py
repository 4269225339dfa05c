"""What is wrong with the catalogue: a ``Problem`` for each finding, with file, line, entry, rule and remedy.

Here also belongs finding the line of an entry in its YAML file. The rules themselves are in ``rules``.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]

from catalogue.errors import GovshareError
from catalogue.installation import PROJECT_ROOT

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the one in C where libyaml is there: ten times as fast


@dataclass(frozen=True)
class Problem:
    """One finding. ``severity`` is ``error`` (nothing runs) or ``warn``; ``entry`` is the catalogue's name of
    the thing (``department.resource`` or ``department.resource.item``); ``line`` is 1-based."""

    file: Path
    entry: str
    rule: str
    message: str
    remedy: str
    severity: str = "error"
    line: int | None = None

    @property
    def place(self) -> str:
        """``file:line``, relative to where the reader stands if it lies below."""
        file = self.file
        for root in (Path.cwd(), PROJECT_ROOT):
            if file.is_relative_to(root):
                file = file.relative_to(root)
                break
        return f"{file}:{self.line}" if self.line else str(file)

    def __str__(self) -> str:
        """For a terminal of any width: place, entry and rule on one line, then what is wrong and what to
        do."""
        return f"{self.severity}: {self.place}: {self.entry} [{self.rule}]\n  {self.message}\n  → {self.remedy}"

    def as_dict(self) -> dict[str, Any]:
        return {
            "severity": self.severity, "file": os.fspath(self.file), "line": self.line, "entry": self.entry,
            "rule": self.rule, "message": self.message, "remedy": self.remedy,
        }  # fmt: skip


class CatalogueError(GovshareError):
    """The catalogue cannot be used as it is; ``problems`` has every finding."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        first = problems[0]
        more = f" (the first of {len(problems)} problems)" if len(problems) > 1 else ""
        super().__init__(
            f"{first.entry}: {first.message}{more}",
            where=first.place,
            remedy=f"{first.remedy}; `govshare check` lists all",
        )
        self.problems = tuple(problems)


def line_of(file: Path, path: Sequence[str]) -> int | None:
    """The line (1-based) of the entry at ``path``: keys of mappings, and ``name`` of list members.

    Where the path ends in something that is not there, the line of the nearest entry above it.
    """
    try:
        node = yaml.compose(file.read_text(encoding="utf-8"), Loader=LOADER)
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return None
    line = None
    for step in path:
        found = _child(node, step)
        if found is None:
            break
        line, node = found
    return line


def _child(node: yaml.Node | None, step: str) -> tuple[int, yaml.Node] | None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == step:
                return key.start_mark.line + 1, value
    if isinstance(node, yaml.SequenceNode):
        for member in node.value:
            name = _child(member, "name")
            if (name is not None and getattr(name[1], "value", None) == step) or member.value == step:
                return member.start_mark.line + 1, member
    return None
